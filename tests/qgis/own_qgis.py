"""A QGIS of a test's own: settings, authentication database and process apart from everybody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import threading
import weakref
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


_ANSWER = "answer: "
_SERVER = f"""
import contextlib, io, json, sys, traceback
from qgis.core import QgsApplication, QgsAuthMethodConfig
application = QgsApplication([], sys.argv[1] == "windows")
application.initQgis()
names = {{"QgsApplication": QgsApplication, "QgsAuthMethodConfig": QgsAuthMethodConfig}}
for line in sys.stdin:
    said, fault = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(said):
            exec(json.loads(line), dict(names))
    except BaseException:
        fault = traceback.format_exc()
    print("\\n{_ANSWER}" + json.dumps([said.getvalue(), fault]), flush=True)
"""
"""A QGIS that carries out code, a line of JSON at a time."""


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


@cache
def _enabled() -> dict[str, bytes]:
    """Files of settings, by their paths, in which the plugin is enabled; QGIS itself writes them once."""
    with tempfile.TemporaryDirectory(prefix="roadpulse-qgis-") as name:
        own = OwnQgis(Path(name) / "qgis")
        done = own.process("plugins", "enable", "roadpulse")
        assert done.returncode == 0, done.stderr + done.stdout
        return {str(path.relative_to(own.folder)): path.read_bytes() for path in own.folder.rglob("*.ini")}


class OwnQgis:
    """QGIS in processes and with a settings folder of its own, and an authentication database in it.

    Starting a QGIS takes a second, so that those in which code runs are kept: one makes entries, one without
    and one with windows runs what asks for them. The latter get the master password from its file.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._servers: dict[str, subprocess.Popen[str]] = {}
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
        return self._answer(
            "entries",
            f"""
config = QgsAuthMethodConfig({method!r})
config.setName("a cluster")
for name, value in {values!r}.items():
    config.setConfig(name, value)
manager = QgsApplication.authManager()
assert manager.setMasterPassword("the master password", True)
assert manager.storeAuthenticationConfig(config)[0]
print(config.id())""",
        )

    def python(self, code: str, windows: bool = False) -> str:
        """Run code there, in the main thread; returns what it prints last."""
        return self._answer("windows" if windows else "code", code)

    def _answer(self, server: str, code: str) -> str:
        """Run code in the QGIS of that name, which is started where it does not run."""
        if server not in self._servers:
            with (self.folder / f"{server}.log").open("w") as log:
                self._servers[server] = subprocess.Popen(
                    [sys.executable, "-c", _SERVER, server], env=self.environment, text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                )  # fmt: skip
            weakref.finalize(self, _end, self._servers[server])
        process = self._servers[server]
        assert process.stdin is not None and process.stdout is not None
        too_long = threading.Timer(240, process.kill)
        too_long.start()
        try:
            process.stdin.write(json.dumps(code) + "\n")
            process.stdin.flush()
            answers = (line for line in process.stdout if line.startswith(_ANSWER))
            answer = next(answers, "")
        finally:
            too_long.cancel()
        assert answer, (self.folder / f"{server}.log").read_text()
        said, fault = json.loads(answer.removeprefix(_ANSWER))
        assert not fault, fault
        return said.strip().splitlines()[-1]

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

    def enable_plugin(self) -> None:
        """Enable the plugin for `process`, as `qgis_process plugins enable roadpulse` leaves it."""
        for name, content in _enabled().items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call qgis_process."""
        return subprocess.run(
            ["qgis_process", *arguments], env=self.environment, capture_output=True, text=True, timeout=400,
            check=False,
        )  # fmt: skip
