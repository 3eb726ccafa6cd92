"""The tool bar itself: buttons, track and clock, without knowing where they come from."""

from __future__ import annotations

from typing import Any, Callable, Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QActionGroup, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from ...mapping.language import tr
from ..widgets.plain_text import PlainLabel, tip
from .track import Track
from .track_model import TrackModel

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Bins a second that are offered."""
_ICON = 1.15
"""Height of an icon by that of the person's font."""


class TimeBar(QToolBar):
    """Buttons, the track between them, and the clock in words. QGIS keeps its place by its object name."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Roadpulse time bar"), parent)
        self.setObjectName("RoadpulseTimeBar")
        icon = round(self.fontMetrics().height() * _ICON)
        self.setIconSize(QSize(icon, icon))
        self.setAllowedAreas(Qt.ToolBarArea.TopToolBarArea | Qt.ToolBarArea.BottomToolBarArea)
        self._play_icon, self._pause_icon = _icon("forward"), _icon("pause")
        self.first = self._action("first", _icon("rewindToStart"), tr("First"), tr("Go to the first bin"))
        self.previous = self._action("previous", _icon("previous"), tr("Previous"), tr("Go one bin back"))
        self.play = self._action("play", self._play_icon, tr("Play"), "")
        self.next = self._action("next", _icon("next"), tr("Next"), tr("Go one bin on"))
        self.off = self._action(
            "off", QgsApplication.getThemeIcon("/mTemporalNavigationOff.svg"), tr("Whole period"),
            tr("Show the whole period in place of a time"),
        )  # fmt: skip
        self.track = Track()
        self.addWidget(self.track)
        self.clock = PlainLabel()
        self.clock.setObjectName("roadpulse_time_clock")
        self.clock.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.clock.setContentsMargins(6, 0, 6, 0)
        self.addWidget(self.clock)
        self.worst = self._action("worst", QIcon(), tr("Worst hour"), "")
        self.loop = self._action(
            "loop", QgsApplication.getThemeIcon("/mActionReload.svg"), tr("Loop"),
            tr("Begin again after the last bin"), checkable=True,
        )  # fmt: skip
        self.speed = QToolButton()
        self.speed.setObjectName("roadpulse_time_speed")
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.speed.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.speed.setAutoRaise(True)
        self.speed.setToolTip(tr("Bins shown in a second"))
        self.speed.setAccessibleName(tr("Speed"))
        self.speed_menu = QMenu(self.speed)
        self.speed.setMenu(self.speed_menu)
        self.addWidget(self.speed)
        self.on_map = self._action(
            "clock", QgsApplication.getThemeIcon("/mIconFieldTime.svg"), tr("Clock on the map"),
            tr("Show time and zone in a corner of the map; it is neither printed nor kept in the project"),
            checkable=True,
        )  # fmt: skip
        self._speeds = QActionGroup(self.speed_menu)

    @property
    def actions_of_time(self) -> tuple[QAction, ...]:
        """The actions that need a map that plays."""
        return self.first, self.previous, self.play, self.next, self.off, self.worst, self.loop, self.on_map

    def offer_speeds(self, chosen: Callable[[float], None]) -> None:
        """Fill the menu of speeds; `chosen` is called with bins a second."""
        for speed in SPEEDS:
            action = self.speed_menu.addAction(_speed_text(speed))
            action.setCheckable(True)
            action.setData(speed)
            action.triggered.connect(lambda _checked=False, speed=speed: chosen(speed))
            self._speeds.addAction(action)

    def show_speed(self, speed: float) -> None:
        """Say how many bins are shown in a second."""
        self.speed.setText(tr("{n}/s").format(n=f"{speed:g}"))
        for action in self._speeds.actions():
            action.setChecked(action.data() == speed)

    def show_map(self, model: Optional[TrackModel], note: str) -> None:
        """Show the track of a map, or without one a note that says why."""
        self.track.show_model(model, note)
        for action in self.actions_of_time:
            action.setEnabled(model is not None)
        self.speed.setEnabled(model is not None)
        if model is not None:
            bin_text = _bin_text(model.timeline.bin_minutes)
            self.worst.setText(tr("Worst {bin}").format(bin=bin_text))

    def show_clock(self, words: str, widest: str, about: str) -> None:
        """Show the time in words, in a place as wide as the widest; `about` is the tool tip."""
        self.clock.setText(words)
        self.clock.setToolTip(tip(about))
        self.clock.setVisible(bool(words))
        margins = self.clock.contentsMargins()
        wide = max(self.clock.fontMetrics().horizontalAdvance(text) for text in (words, widest))
        self.clock.setFixedWidth(wide + margins.left() + margins.right() + 2)

    def show_playing(self, playing: bool) -> None:
        """Make the play button one that pauses, or back."""
        self.play.setIcon(self._pause_icon if playing else self._play_icon)
        self.play.setText(tr("Pause") if playing else tr("Play"))

    def _action(self, name: str, icon: QIcon, text: str, about: str, checkable: bool = False) -> QAction:
        action = QAction(icon, text, self)
        action.setObjectName(f"roadpulse_time_{name}")
        action.setToolTip(tip(about or text))
        action.setCheckable(checkable)
        self.addAction(action)
        return action


def _icon(name: str) -> QIcon:
    return QgsApplication.getThemeIcon(f"/temporal_navigation/{name}.svg")


def _speed_text(speed: float) -> str:
    text = tr("{n} bin a second") if speed == 1 else tr("{n} bins a second")
    return text.format(n=f"{speed:g}")


def _bin_text(minutes: int) -> str:
    if minutes == 60:
        return tr("hour")
    return tr("{n} h").format(n=minutes // 60) if minutes % 60 == 0 else tr("{n} min").format(n=minutes)


def widest_of(texts: Any) -> str:
    """Return the longest of texts."""
    return max(texts, key=len, default="")
