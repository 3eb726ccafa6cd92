"""Roadpulse: speeds per road link from GPS trips, as a QGIS plugin."""


def classFactory(iface):  # noqa: N802  (the name QGIS looks for)
    """Return the plugin object for the running QGIS; called by QGIS when the plugin is loaded."""
    from .plugin import RoadpulsePlugin

    return RoadpulsePlugin(iface)
