"""Roadpulse: speeds per road link from GPS trips, as a QGIS plugin."""

from __future__ import annotations

from typing import Any


def classFactory(iface: Any) -> Any:  # noqa: N802  (the name QGIS looks for)
    """Return the plugin object for the running QGIS; called by QGIS when the plugin is loaded."""
    from .plugin import RoadpulsePlugin  # noqa: PLC0415  (needs a running QGIS)

    return RoadpulsePlugin(iface)
