"""QGIS's command line program, with a profile of a test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def environment(home: Path) -> dict[str, str]:
    """Return the variables of a QGIS without a screen that has the plugin and a profile below `home`."""
    return {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "QGIS_PLUGINPATH": str(ROOT / "build" / "plugins"),
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "QGIS_CUSTOM_CONFIG_PATH": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
    }


class Terminal:
    """Calls qgis_process with a QGIS profile of its own."""

    def __init__(self, home: Path) -> None:
        self.environment = environment(home)
        self("plugins", "enable", "roadpulse")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["qgis_process", *arguments], env=self.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            # A shell's background jobs ignore SIGINT, and so would their children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )  # fmt: skip

    def __call__(self, *arguments: str, given: str = "", code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(given, timeout=400)
        assert process.returncode == code, err + out
        return out if code == 0 else err + out

    def run(self, algorithm: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Results of an algorithm whose inputs go in as JSON."""
        return json.loads(self("run", algorithm, "-", given=json.dumps({"inputs": inputs})))["results"]
