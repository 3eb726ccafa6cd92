"""Open QGIS with the plugin enabled and a project loaded, in a profile of its own.

python development/run_qgis.py FOLDER_OF_THE_DEMO
"""

from __future__ import annotations

import configparser
import os
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(folder: Path) -> None:
    """Replace this process by QGIS."""
    profiles = ROOT / "build" / "qgis-profiles"
    settings = profiles / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    _enable_plugin(settings)
    plugins = ROOT / "build" / "plugins"
    path = os.pathsep.join([str(plugins), sysconfig.get_path("purelib")])
    environment = {**os.environ, "QGIS_PLUGINPATH": str(plugins), "PYTHONPATH": path}
    environment.pop("QT_QPA_PLATFORM", None)
    if not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY"):
        raise SystemExit("There is no display. Start this on a desktop, or with xvfb-run.")
    project = folder / "speeds.qgz"
    command = ["qgis", "--nologo", "--profiles-path", str(profiles)]
    os.execvpe("qgis", [*command, *([str(project)] if project.exists() else [])], environment)


def _enable_plugin(settings: Path) -> None:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    if settings.exists():
        parser.read(settings, encoding="utf-8")
    if not parser.has_section("PythonPlugins"):
        parser.add_section("PythonPlugins")
    parser.set("PythonPlugins", "roadpulse", "true")
    settings.parent.mkdir(parents=True, exist_ok=True)
    with settings.open("w", encoding="utf-8") as stream:
        parser.write(stream, space_around_delimiters=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "demo")
