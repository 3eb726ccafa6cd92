"""The plugin as QGIS sees it: the Processing provider always, windows where there is a QGIS with windows."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

from .algorithms.provider import RoadpulseProvider
from .mapping.language import load_translation


class RoadpulsePlugin:
    """Pairs every init with its unload; `iface` is None under qgis_process."""

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._provider: Optional[RoadpulseProvider] = None
        self._windows: Any = None
        self._translator: Optional[QTranslator] = None

    def initProcessing(self) -> None:
        """Called by QGIS and by qgis_process."""
        if self._provider is not None:
            return
        self._translator = load_translation()
        self._provider = RoadpulseProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:
        """Called by QGIS with windows."""
        self.initProcessing()
        from .ui.plugin_gui import PluginGui  # noqa: PLC0415  (no windows under qgis_process)

        self._windows = PluginGui(self._iface)
        self._windows.load()

    def unload(self) -> None:
        """Called by QGIS when the plugin is switched off or QGIS closes."""
        if self._windows is not None:
            self._windows.unload()
            self._windows = None
        if self._provider is not None:
            if not sip.isdeleted(self._provider):
                QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None
