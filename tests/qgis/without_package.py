"""Go through every entry of the plugin in a QGIS that lacks one Python package.

    python without_package.py PACKAGE FOLDER

FOLDER holds `parameters.json`, the parameters of every algorithm. Prints one JSON object: by entry `works`,
or what a person is told, or `FAULT` and a traceback.
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

package, folder = sys.argv[1], Path(sys.argv[2])
application = QgsApplication([], True)
QgsApplication.initQgis()


class Hide:
    """Imports find no such package."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


for name in [name for name in sys.modules if name.partition(".")[0] == package]:
    del sys.modules[name]  # QGIS itself uses it
sys.meta_path.insert(0, Hide())
_find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, where=None: None if name == package else _find_spec(name, where)

import roadpulse  # noqa: E402
from roadpulse.aggregation.errors import RunError  # noqa: E402
from roadpulse.algorithms.provider import ALGORITHMS, RoadpulseProvider  # noqa: E402

sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
import processing  # noqa: E402
from processing.core.Processing import Processing  # noqa: E402

Processing.initialize()
provider = RoadpulseProvider()
QgsApplication.processingRegistry().addProvider(provider)
said: dict[str, str] = {}


def enter(name: str, entry: Callable[[], Any]) -> Any:
    try:
        result = entry()
    except (RunError, QgsProcessingException) as error:
        said[name] = str(error)
    except Exception:  # noqa: BLE001  (told in the test)
        said[name] = "FAULT " + traceback.format_exc()
    else:
        said[name] = "works"
        return result
    return None


parameters = json.loads((folder / "parameters.json").read_text())
for algorithm in ALGORITHMS:
    enter(algorithm.ID, lambda: processing.run(f"roadpulse:{algorithm.ID}", parameters[algorithm.ID]))  # noqa: B023

from qgis.gui import QgsMapCanvas, QgsMessageBar  # noqa: E402
from qgis.PyQt.QtWidgets import QMainWindow  # noqa: E402
from roadpulse.algorithms import credentials, diagnose, locations, lookouts, requirements, steps  # noqa: E402
from roadpulse.cluster_client.profile import LOCAL, Profile  # noqa: E402
from roadpulse.ui.main import MainUi  # noqa: E402
from roadpulse.ui.messages import message_of  # noqa: E402
from roadpulse.ui.runs_watch import Place  # noqa: E402

for module in pkgutil.walk_packages(roadpulse.ui.__path__, "roadpulse.ui."):
    enter(module.name, lambda: importlib.import_module(module.name))  # noqa: B023

window = QMainWindow()
canvas, bar = QgsMapCanvas(window), QgsMessageBar(window)


class Interface:
    """What the plugin asks of QGIS's windows."""

    def mainWindow(self) -> QMainWindow:
        return window

    def mapCanvas(self) -> QgsMapCanvas:
        return canvas

    def messageBar(self) -> QgsMessageBar:
        return bar

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


ui = MainUi(Interface())
enter("load", ui.load)
enter("run dialog", ui.show_dialog)
if not requirements.missing((*requirements.RUNS, *requirements.MAPS)):
    enter("run dialog, made", lambda: list(ui._opening(lambda _dialog: None)))
enter("runs", ui.runs._make_dock)
for name in ("profiles", "check", "help"):
    enter(name, getattr(ui.profiles, f"show_{name}"))

profiles = {
    "local": LOCAL,
    "ssh": Profile(kind="ssh", name="ssh", host="head.invalid", user="pi"),
    "livy": Profile(
        kind="livy", name="livy", livy_url="https://livy.invalid", host="head.invalid", user="pi"
    ),
}
for kind, profile in profiles.items():
    keys = enter(f"{kind}: credentials", lambda: credentials.read_credentials(profile))  # noqa: B023
    enter(f"{kind}: backend", lambda: Place(profile, keys).backend(locations.run_store()))  # noqa: B023
    enter(f"{kind}: lookout", lambda: lookouts.lookout_for(profile, keys))  # noqa: B023
    enter(f"{kind}: check", lambda: diagnose.look_at(profile, keys).checks())  # noqa: B023
    enter(f"{kind}: steps", lambda: steps.backend_for(profile, locations.run_store(), keys))  # noqa: B023
try:
    importlib.import_module(package)
except ImportError as error:
    said["message"] = message_of(error)
print("\n" + json.dumps(said), flush=True)
os._exit(0)  # threads of windows may still look around
