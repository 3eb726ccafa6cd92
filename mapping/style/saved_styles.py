"""The style that Roadpulse saves in a map file, in the table that QGIS keeps for styles."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.core import QgsVectorLayer

from ..errors import MapError
from ..map_file import MapFile
from ..sqlite_file import end_log

STYLE_NAME = "Speeds"
"""Name of the style that Roadpulse saves in a map file."""


def check_save(layer: QgsVectorLayer) -> None:
    """Raise `MapError` where no style can be saved in the file of a layer.

    It may not be written, or writing would run what others put in the place of our tables.
    """
    path = MapFile.of(layer).path
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):  # SQLite needs its journal there
        raise MapError(
            f"The style cannot be kept in {path}, which may not be written. Style the layer without keeping "
            "the style in its file, or copy the file first."
        )


def save_style(layer: QgsVectorLayer) -> None:
    """Make a layer's present style the default one of its table, in its file; raises `MapError`."""
    fault = layer.saveStyleToDatabase(STYLE_NAME, "Roadpulse", True, "")
    if fault:
        raise MapError(f"The style cannot be kept in {layer.source()}: {fault}", fault)
    end_log(Path(layer.source().split("|", maxsplit=1)[0]))
