"""One algorithm in a process of its own, so that QGIS's windows answer while it works.

`python -m roadpulse.algorithms.child_process` reads a request, a line of JSON, from its standard input. When
that ends, as it does when the process that started it goes, the algorithm is cancelled, and leaves nothing
behind. Progress is written to the standard output (`child_feedback`), a line each: `percent`, `picture` (the
path of a picture that is drawn), `said`, and last `result`, `error`, or `cancelled`.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsLayerDefinition,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProject,
    QgsReadWriteContext,
)
from qgis.PyQt.QtCore import QLocale
from qgis.PyQt.QtXml import QDomDocument

from ..aggregation.contract.json_text import decode
from ..cluster_client.backends.local.python_path import child_environment, find_python
from ..mapping.language import load_translation
from ..mapping.layer_definition import WriteFiles, layer_definition
from .child_feedback import ChildFeedback, report
from .provider import ALGORITHMS

_GENTLE = 5
_MODULE = f"{__package__}.child_process"
_PACKAGE_PARENT = Path(__file__).absolute().parents[2]


# -- in the process that starts it -----------------------------------------------------------------------


def command() -> tuple[list[str], dict[str, str]]:
    """Return the call that starts the process, and its environment; raises `StartError`."""
    environment = child_environment(_PACKAGE_PARENT)
    if sys.platform.startswith("linux"):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    return [find_python(), "-m", _MODULE], environment


def request(
    algorithm: str, parameters: dict[str, Any], layers: list[QgsMapLayer], folder: Path
) -> tuple[str, WriteFiles]:
    """Return a request, a line, and what writes the files that it names before it is sent.

    `parameters` are texts and numbers, a layer is named by its id.

    Layers go along with their styles, as the project has them, and lie there in this order, the first on top.
    `folder`, which has to stay as long as the process, takes those of this process's memory.
    """
    definition, write_files = layer_definition(layers, folder)
    asked = {
        "algorithm": algorithm,
        "parameters": parameters,
        "layers": definition.toString(-1),
        "order": [layer.id() for layer in layers],
        "prefix": QgsApplication.prefixPath(),
        "locale": QLocale().name(),
        "language": QgsApplication.locale(),
    }
    return json.dumps(asked) + "\n", write_files


# -- in the process itself -------------------------------------------------------------------------------


def main() -> None:
    """Carry out the request."""
    asked = decode(sys.stdin.readline(), "the request")
    with suppress(AttributeError, OSError):  # not on Windows
        os.nice(_GENTLE)
    QgsApplication.setPrefixPath(asked["prefix"], True)
    application = QgsApplication([], False)
    QLocale.setDefault(QLocale(asked["locale"]))
    application.initQgis()
    translator = load_translation(asked["language"])
    project = QgsProject.instance()
    document = QDomDocument()
    document.setContent(asked["layers"])
    layers = {
        layer.id(): layer
        for layer in QgsLayerDefinition.loadLayerDefinitionLayers(document, QgsReadWriteContext())
    }
    project.addMapLayers(list(layers.values()), False)
    for name in asked["order"]:
        if name in layers:
            project.layerTreeRoot().addLayer(layers[name])
    context = QgsProcessingContext()
    context.setProject(project)
    algorithm = next(each for each in ALGORITHMS if asked["algorithm"] == each.ID)().create()
    feedback = ChildFeedback()
    good, why = algorithm.checkParameterValues(asked["parameters"], context)
    if not good:
        report(error=why)
        return
    try:
        results, _ = algorithm.run(asked["parameters"], context, feedback, {}, False)
    except QgsProcessingException as error:
        report(error=str(error))
        return
    report(**({"cancelled": True} if feedback.isCanceled() else {"result": results}))
    del translator


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # QGIS's own end takes time, and may crash on layers that Python still holds
