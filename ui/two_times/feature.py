"""Compare two times: a second canvas beside the main one, at a time of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QAction, QDockWidget

from ...mapping.language import tr
from ..widgets.feature import add_to_menu, remove_from_menu

if TYPE_CHECKING:
    from ..time_bar.feature import TimeBarFeature
    from .dock import TwoTimesDock


class TwoTimesFeature:
    """The button in the time bar and the menu, and the dock while it is pressed."""

    def __init__(self, iface: Any, time_bar: TimeBarFeature) -> None:
        self.iface, self._time_bar = iface, time_bar
        self.action: Optional[QAction] = None
        self.dock: Optional[TwoTimesDock] = None

    def load(self) -> None:
        """Add the button."""
        icon = QgsApplication.getThemeIcon("/mActionNewMap.svg")
        self.action = QAction(icon, tr("Compare two times"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_two_times")
        self.action.setCheckable(True)
        self.action.setToolTip(tr("Show the map at a second time beside the first, at the same extent"))
        self.action.toggled.connect(self._show)
        add_to_menu(self.iface, self.action)
        if self._time_bar.bar is not None and self._time_bar.shown is not None:
            self._time_bar.bar.addAction(self.action)
            self._time_bar.shown.changed.connect(self._follow_map)
        self._follow_map()

    def unload(self) -> None:
        """Remove button and dock."""
        self._close()
        if self._time_bar.shown is not None and not sip.isdeleted(self._time_bar.shown):
            self._time_bar.shown.changed.disconnect(self._follow_map)
        action, self.action = self.action, None
        remove_from_menu(self.iface, action)

    def _show(self, shown: bool) -> None:
        if not shown:
            self._close()
        elif self.dock is None:
            self._open()

    def _open(self) -> None:
        from .dock import TwoTimesDock  # noqa: PLC0415

        played, main = self._time_bar.map, self.iface.mainWindow()
        if played is None or played.model is None:
            return
        canvas = self.iface.mapCanvas()
        half = canvas.width() // 2
        self.dock = dock = TwoTimesDock(canvas, main)
        beside = [
            one
            for one in main.findChildren(QDockWidget)
            if one is not dock and one.isVisible() and not one.isFloating()
            and main.dockWidgetArea(one) == Qt.DockWidgetArea.RightDockWidgetArea
        ]  # fmt: skip
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        if beside:
            main.splitDockWidget(beside[0], dock, Qt.Orientation.Horizontal)
        main.resizeDocks([dock], [half], Qt.Orientation.Horizontal)
        dock.closed.connect(self._closed)
        dock.show_map(played)
        totals = played.model.totals
        busiest = totals.index(max(totals))
        dock.show_bin(None if busiest == self._time_bar.current() else busiest)
        self._time_bar.show_clock_always(True)

    def _closed(self) -> None:
        """Release the button when the dock was closed by its own button."""
        if self.action is not None and not sip.isdeleted(self.action):
            QTimer.singleShot(0, lambda: self.action and self.action.setChecked(False))

    def _close(self) -> None:
        dock, self.dock = self.dock, None
        if dock is not None and not sip.isdeleted(dock):
            dock.leave()
            self.iface.removeDockWidget(dock)
            dock.deleteLater()
            self._time_bar.show_clock_always(False)

    def _follow_map(self) -> None:
        """Follow the map of the time bar; without one there is nothing to compare."""
        played, action = self._time_bar.map, self.action
        if action is None or sip.isdeleted(action):
            return
        action.setEnabled(played is not None and played.model is not None)
        if played is None:
            action.setChecked(False)
        elif self.dock is not None and not sip.isdeleted(self.dock):
            action.setEnabled(True)
            self.dock.show_map(played)
