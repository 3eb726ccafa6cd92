"""Starts the real QGIS Desktop under Xvfb with its own profile, lets a script drive it, reads its report."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCREEN = "1920x1200x24"
SCREENS = os.environ.get("ROADPULSE_GUI_SCREENS", str(HERE.parents[1] / "build" / "screens"))
"""Where the screenshots go."""
PROFILE = "gui"
LONGEST_GAP_MS = 100
"""Nothing keeps the event loop for longer."""

_INI = """\
[PythonPlugins]
roadpulse=true

[qgis]
checkVersion=false
showTips349=false
showTips=false
hideSplash=true
newsFeed\\httpsfeedqgisorg\\disabled=true

[core]
NewsFeed\\httpsfeedqgisorg\\disabled=true
NewsFeed\\httpfeedqgisorg\\disabled=true

[app]
askToSaveProjectChanges=false
projections\\unknownCrsBehavior=NoAction

[migration]
settings=true
firstRunVersion=34000
fileVersion=2

[UI]
UITheme=default
"""


def waits(report: dict[str, Any]) -> dict[str, Any]:
    """What of the measured parts of a scenario kept the window waiting: its longest gaps (`Heartbeat`)."""
    return {name: gaps for name, gaps in report["gaps"].items() if gaps[0][0] > LONGEST_GAP_MS}


def always_waits(report: dict[str, Any], again: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What kept the window waiting each time: where something did, the scenario is driven again, up to twice.

    A fault of the window comes every time; a disk that others keep busy does not.
    """
    found = waits(report)
    for _ in range(2):
        if found:
            found = {name: gaps for name, gaps in waits(again()).items() if name in found}
    return found


@dataclass
class Desktop:
    """One QGIS profile in `folder`, and how QGIS is started with it."""

    folder: Path
    plugins: Path
    """Folder that holds `roadpulse`: the checkout's link, or an unpacked zip."""
    in_profile: bool = False
    """Whether the plugin is copied into the profile, as the plugin manager does it."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        profile = self.folder / "profiles" / PROFILE
        settings = profile / "QGIS" / "QGIS3.ini"
        if not settings.exists():
            settings.parent.mkdir(parents=True, exist_ok=True)
            settings.write_text(_INI, encoding="utf-8")
        target = profile / "python" / "plugins" / "roadpulse"
        if self.in_profile and not target.exists():
            shutil.copytree(self.plugins / "roadpulse", target)

    @property
    def profile(self) -> Path:
        return self.folder / "profiles" / PROFILE

    def command(self, scenario: Path) -> list[str]:
        return [
            "xvfb-run", "-a", "-s", f"-screen 0 {SCREEN}",
            "qgis", "--nologo", "--noversioncheck", "--profiles-path", str(self.folder), "--profile", PROFILE,
            "--code", str(scenario),
        ]  # fmt: skip

    def variables(self, report: Path, options: dict[str, Any]) -> dict[str, str]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([sysconfig.get_paths()["purelib"], str(HERE)]),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "HOME": str(self.folder / "home"),
            "ROADPULSE_GUI_REPORT": str(report),
            "ROADPULSE_GUI_OPTIONS": json.dumps(options, default=str),
            "TZ": "Europe/London",
            "LC_ALL": "C.UTF-8",
            "PYTHONFAULTHANDLER": "1",
            **self.environment,
        }
        environment.pop("QT_QPA_PLATFORM", None)
        environment.pop("QGIS_PLUGINPATH", None)
        if not self.in_profile:
            environment["QGIS_PLUGINPATH"] = str(self.plugins)
        for name in ("home", "run", "cache"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "run").chmod(0o700)
        return environment

    def drive(self, scenario: str, timeout: float = 400, **options: Any) -> dict[str, Any]:
        """Run one scenario of `scenarios/` to its end; returns its report. A failed step fails the test."""
        report = self.folder / f"{scenario}.json"
        report.unlink(missing_ok=True)
        script = HERE / "scenarios" / f"{scenario}.py"
        with (self.folder / f"{scenario}.log").open("w") as log:
            # A session of its own, so that what is still there after a timeout is ended together.
            child = subprocess.Popen(
                self.command(script), env=self.variables(report, options), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            try:
                child.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, 9)
                child.wait()
                raise AssertionError(f"QGIS did not end within {timeout} s\n{self.tail(scenario)}") from None
        if not report.exists():
            raise AssertionError(f"QGIS ended without a report\n{self.tail(scenario)}")
        values: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        if values.get("failure"):
            raise AssertionError(f"{values['failure']}\n{self.tail(scenario)}")
        return values

    def tail(self, scenario: str) -> str:
        """The last lines that QGIS printed."""
        text = (self.folder / f"{scenario}.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-40:])
