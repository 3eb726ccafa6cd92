"""The Runs dock. Light to make, so that QGIS can put it where it was; filled when it is first seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QDockWidget, QWidget

from ...mapping.language import tr

if TYPE_CHECKING:
    from ..run_dialog.dialog import RunDialog
    from ..runs.poller import RunsPoller
    from .panel import RunsPanel


class RunsDock(QDockWidget):
    """Lists every run. QGIS remembers its place by its object name."""

    def __init__(
        self,
        iface: Any,
        poller: Callable[[], RunsPoller],
        with_dialog: Callable[[Callable[[RunDialog], None]], None],
        parent: Optional[QWidget] = None,
    ) -> None:
        super().__init__(tr("Roadpulse runs"), parent or iface.mainWindow())
        self.setObjectName("RoadpulseRuns")
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self.panel: Optional[RunsPanel] = None
        self._iface, self._poller, self._with_dialog = iface, poller, with_dialog
        self._wanted: Optional[tuple[str, bool]] = None
        self._filling = False
        self.visibilityChanged.connect(self._seen)

    def show_run(self, key: str, on_map: bool = False) -> None:
        """Open the dock with that run selected, and, if wanted, put it on the map."""
        self._wanted = (key, on_map)
        self.show()
        self.raise_()
        if self.panel is not None:
            self._show_wanted()

    def _seen(self, visible: bool) -> None:
        if visible and self.panel is None and not self._filling:
            self._filling = True
            QTimer.singleShot(0, self._fill)  # not while QGIS lays its window out

    def _fill(self) -> None:
        from .panel import RunsPanel  # noqa: PLC0415

        self.panel = RunsPanel(self._iface, self._poller(), self._with_dialog, self)
        self.setWidget(self.panel)
        self._show_wanted()

    def _show_wanted(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None and self.panel is not None:
            self.panel.select(*wanted)
