"""Go through every entry of the plugin in a QGIS that lacks one Python package, for several packages.

    python without_package.py FOLDER PACKAGE...

FOLDER holds `parameters.json`, the parameters of every algorithm, in which OUT stands for a folder of the
package's own. Prints one JSON object: by package, by entry `works`, or what a person is told, or `FAULT` and
a traceback.

Everything but the plugin is imported once. Each package is tested in a process that is forked from there,
with a QGIS of its own; as many at once as there are processors.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsProcessingException
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtWidgets import QMainWindow


class Interface:
    """What the plugin asks of QGIS's windows."""

    def __init__(self) -> None:
        self.window = QMainWindow()
        self.canvas, self.bar = QgsMapCanvas(self.window), QgsMessageBar(self.window)

    def mainWindow(self) -> QMainWindow:
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def messageBar(self) -> QgsMessageBar:
        return self.bar

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class Hide:
    """Imports find no such package."""

    def __init__(self, package: str) -> None:
        self.package = package
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
        sys.meta_path.insert(0, self)
        find_spec = importlib.util.find_spec
        importlib.util.find_spec = lambda name, where=None: (
            None if name == package else find_spec(name, where)
        )

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class Entries:
    """Enters, and notes what it says."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def enter(self, name: str, entry: Callable[..., Any], *arguments: Any) -> Any:
        from roadpulse.aggregation.contract.errors import RunError

        try:
            result = entry(*arguments)
        except (RunError, QgsProcessingException) as error:
            self.said[name] = str(error)
        except Exception:  # noqa: BLE001  (told in the test)
            self.said[name] = "FAULT " + traceback.format_exc()
        else:
            self.said[name] = "works"
            return result
        return None


def algorithms(entries: Entries, parameters: dict[str, Any]) -> None:
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    import processing
    from processing.core.Processing import Processing

    from roadpulse.algorithms.provider import ALGORITHMS, RoadpulseProvider

    Processing.initialize()
    provider = RoadpulseProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    for algorithm in ALGORITHMS:
        entries.enter(algorithm.ID, processing.run, f"roadpulse:{algorithm.ID}", parameters[algorithm.ID])
    QgsApplication.processingRegistry().removeProvider(provider)


def windows(entries: Entries, interface: Interface) -> None:
    import roadpulse.ui

    for module in pkgutil.walk_packages(roadpulse.ui.__path__, "roadpulse.ui."):
        entries.enter(module.name, importlib.import_module, module.name)
    from roadpulse.ui.plugin_gui import PluginGui
    from roadpulse.workflow import requirements

    ui = PluginGui(interface)
    entries.enter("load", ui.load)
    entries.enter("run dialog", ui.run_dialog.open)
    if not requirements.missing((*requirements.RUNS, *requirements.MAPS)):
        entries.enter("run dialog, made", lambda: list(ui.run_dialog._opening(lambda _dialog: None)))
    entries.enter("runs", ui.runs_dock._make_dock)
    for name, feature in (("profiles", ui.profiles), ("check", ui.diagnosis), ("help", ui.manual)):
        entries.enter(name, feature.show)


def places(entries: Entries) -> None:
    from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
    from roadpulse.ui.runs.poller import PolledBackend
    from roadpulse.workflow import backends, credentials, locations

    far = {"host": "head.invalid", "user": "pi"}
    store = locations.run_store()
    for profile in (
        LOCAL,
        Profile(kind="ssh", name="ssh", **far),
        Profile(kind="livy", name="livy", livy_url="https://livy.invalid", **far),
    ):
        kind = profile.kind
        keys = entries.enter(f"{kind}: credentials", credentials.read_credentials, profile)
        entries.enter(f"{kind}: backend", PolledBackend(profile, keys).backend, store)
        entries.enter(f"{kind}: probe", backends.probe_for, profile, keys)
        entries.enter(f"{kind}: check", lambda: backends.checks_for(profile, keys).checks())  # noqa: B023
        entries.enter(f"{kind}: steps", backends.backend_for, profile, store, keys)


def without(package: str, folder: Path) -> dict[str, str]:
    """What each entry says without that package; `folder` is the package's own."""
    for variable, name in (
        ("QGIS_CUSTOM_CONFIG_PATH", "qgis"),
        ("QGIS_AUTH_DB_DIR_PATH", "qgis"),
        ("XDG_CACHE_HOME", "cache"),
    ):
        os.environ[variable] = str(folder / name)
    (folder / "qgis").mkdir(parents=True)
    application = QgsApplication([], True)
    application.initQgis()
    Hide(package)
    entries, interface = Entries(), Interface()
    text = (folder.parent / "parameters.json").read_text().replace("OUT/", f"{folder}/")
    algorithms(entries, json.loads(text))
    windows(entries, interface)
    places(entries)
    from roadpulse.ui.widgets.messages import message_of

    try:
        importlib.import_module(package)
    except ImportError as error:
        entries.said["message"] = message_of(error)
    return entries.said


def begin(package: str, folder: Path) -> int:
    """Test without a package in a process of its own; returns its id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        said = without(package, folder / package)
        (folder / f"{package}.json").write_text(json.dumps(said))
        code = 0
    except BaseException:  # noqa: BLE001  (of a forked process nothing must get out)
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)  # threads of windows may still look around


def main(folder: Path, packages: list[str]) -> None:
    for name in (*packages, "numpy", "osgeo.gdal", "osgeo.gdal_array"):
        importlib.import_module(name)
    waiting, going = list(packages), 0
    while waiting or going:
        while waiting and going < (os.cpu_count() or 1):
            begin(waiting.pop(0), folder)
            going += 1
        _, status = os.wait()
        going -= 1
        if status:
            sys.exit("a process for one of the packages failed")
    said = {package: json.loads((folder / f"{package}.json").read_text()) for package in packages}
    print("\n" + json.dumps(said), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
