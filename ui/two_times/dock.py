"""The second canvas in a dock, with a track of its own below it."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsApplication, QgsDateTimeRange
from qgis.gui import QgsMapCanvas, QgsMapToolPan
from qgis.PyQt.QtCore import QDateTime, pyqtSignal
from qgis.PyQt.QtWidgets import QDockWidget, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ...mapping.language import tr
from ..time_bar.clock import CanvasClock, clock_lines
from ..time_bar.shown_map import PlayedMap
from ..time_bar.track import Track
from ..widgets.plain_text import visible
from .linked_views import LinkedViews

NO_TIME = QgsDateTimeRange(QDateTime(), QDateTime())


class TwoTimesDock(QDockWidget):
    """Shows the map at a time of its own, beside the main canvas. `closed` is emitted once."""

    closed = pyqtSignal()

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget) -> None:
        super().__init__(tr("Second time"), parent)
        self.setObjectName("RoadpulseTwoTimes")
        self.number: Optional[int] = None
        self._map: Optional[PlayedMap] = None
        self.canvas = QgsMapCanvas()
        self.canvas.setObjectName("roadpulse_second_canvas")
        self.canvas.setMinimumSize(160, 120)
        self._pan = QgsMapToolPan(self.canvas)
        self.canvas.setMapTool(self._pan)
        self.clock = CanvasClock(self.canvas)
        self.views = LinkedViews(main_canvas, self.canvas)
        self.track = Track()
        self.track.setAccessibleName(tr("Second time"))
        self.track.chosen.connect(self.show_bin)
        self.whole = QToolButton()
        self.whole.setObjectName("roadpulse_second_whole")
        self.whole.setIcon(QgsApplication.getThemeIcon("/mTemporalNavigationOff.svg"))
        self.whole.setToolTip(tr("Show the whole period in place of a time"))
        self.whole.setAccessibleName(tr("Whole period"))
        self.whole.setAutoRaise(True)
        self.whole.clicked.connect(lambda _checked=False: self.show_bin(None))
        below = QHBoxLayout()
        below.setContentsMargins(4, 0, 4, 4)
        below.addWidget(self.whole)
        below.addWidget(self.track, 1)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.canvas, 1)
        column.addLayout(below)
        self.setWidget(content)

    def show_map(self, played: PlayedMap) -> None:
        """Show the track of a map, and keep the time if the map has it, too."""
        from ...mapping.style.temporal import frame_at  # noqa: PLC0415

        self._map = played
        self.track.show_model(played.model, played.reason)
        kept = None
        if played.model is not None and self.number is not None:
            kept = frame_at(played.model.timeline, self.canvas.temporalRange())
        self.show_bin(kept)

    def show_bin(self, number: Optional[int]) -> None:
        """Show a bin of the map, or None for its whole period."""
        from ...mapping.style.temporal import frame_range  # noqa: PLC0415

        played = self._map
        model = None if played is None else played.model
        if played is None or model is None:
            self.number = None
            self.canvas.setTemporalRange(NO_TIME)
            self.clock.show_lines()
            return
        self.number = number
        time = NO_TIME if number is None else frame_range(model.timeline, number)
        if time != self.canvas.temporalRange():
            self.canvas.setTemporalRange(time)
            self.canvas.refresh()
        lines = clock_lines(model.timeline, number, number is not None, played.zone)
        self.clock.show_lines(*lines)
        words = lines[0] if number is None else model.timeline.span(number)
        self.track.show_current(number, f"{words}, {played.zone}")
        self.setWindowTitle(visible(tr("Second time: {time}").format(time=words)))
        self.whole.setEnabled(number is not None)

    def leave(self) -> None:
        """Unlink the canvas, which stops drawing."""
        self.views.leave()
        self.canvas.stopRendering()
        self.canvas.unsetMapTool(self._pan)

    def closeEvent(self, event: Any) -> None:
        """Report that the person has closed the dock."""
        super().closeEvent(event)
        self.closed.emit()
