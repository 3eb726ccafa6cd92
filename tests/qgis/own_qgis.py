"""A QGIS of a test's own: settings, authentication database and process apart from everybody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class OwnQgis:
    """QGIS in a process and with a settings folder of its own, and an authentication database in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "master").write_text("the master password")
        self.environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QGIS_CUSTOM_CONFIG_PATH": str(folder),
            "QGIS_AUTH_DB_DIR_PATH": str(folder),
            "QGIS_AUTH_PASSWORD_FILE": str(folder / "master"),
            "QGIS_PLUGINPATH": str(ROOT / "build" / "plugins"),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "build" / "plugins"), sysconfig.get_path("purelib"))),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def entry(self, method: str = "Basic", **values: str) -> str:
        """Make an entry of the authentication database; returns its id."""
        return self.python(f"""
config = QgsAuthMethodConfig({method!r})
config.setName("a cluster")
for name, value in {values!r}.items():
    config.setConfig(name, value)
manager = QgsApplication.authManager()
assert manager.setMasterPassword("the master password", True)
assert manager.storeAuthenticationConfig(config)[0]
print(config.id())""")

    def python(self, code: str, windows: bool = False) -> str:
        """Run code there, in the main thread; returns what it prints last."""
        before = (
            "from qgis.core import QgsApplication, QgsAuthMethodConfig\n"
            f"application = QgsApplication([], {windows})\napplication.initQgis()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", before + code], env=self.environment, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()[-1]

    def script(self, path: Path, *arguments: str) -> str:
        """Run a script that starts a QGIS itself; returns what it prints last."""
        done = subprocess.run(
            [sys.executable, str(path), *arguments], env=self.environment, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()[-1]

    def credentials(self, **profile: str) -> list[str]:
        """What `read_credentials` reads for the log-in of a profile."""
        return self.keys(
            "[keys.ssh.user, keys.ssh.password, keys.ssh.key_path, keys.ssh.passphrase]", **profile
        )

    def keys(self, wanted: str, **profile: str) -> list[str]:
        """Parts of what `read_credentials` reads for a profile."""
        values = {"kind": "ssh", "name": "x", "host": "pi0", **profile}
        return json.loads(
            self.python(f"""
import json
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.workflow.credentials import read_credentials
from roadpulse.cluster_client.profiles.profile import Profile
try:
    keys = read_credentials(Profile(**{values!r}))
    print(json.dumps({wanted}))
except RunError as error:
    print(json.dumps([type(error).__name__, error.message]))
""")
        )

    def process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call qgis_process."""
        return subprocess.run(
            ["qgis_process", *arguments], env=self.environment, capture_output=True, text=True, timeout=400,
            check=False,
        )  # fmt: skip
