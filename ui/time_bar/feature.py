"""The time bar in QGIS: follows the map that the person looks at, and QGIS's temporal controller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis, QgsSettings, QgsTemporalNavigationObject
from qgis.gui import QgsGui
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction

from ...mapping.language import tr
from ..background.tasks import LatestTask
from ..widgets.feature import MENU
from ..widgets.messages import show_error, show_message
from ..widgets.plain_text import tip
from ..widgets.statistics import name_of
from .bar import TimeBar, widest_of
from .clock import CanvasClock, clock_lines, time_words
from .controller import TimeController
from .shown_map import PlayedMap, ShownMap

if TYPE_CHECKING:
    from ...mapping.timeline import Timeline

_WANTED, _CLOCK = "roadpulse/time_bar", "roadpulse/time_bar_clock"
KEYS = {"play": "F8", "worst": "Shift+F8", "previous": "Alt+,", "next": "Alt+."}
"""Keys of the actions at first, where nothing else in QGIS has them; the person may change them in QGIS."""


class TimeBarFeature:
    """The bar, the clock on the map, and their keys."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.bar: Optional[TimeBar] = None
        self.controller: Optional[TimeController] = None
        self.shown: Optional[ShownMap] = None
        self.clock: Optional[CanvasClock] = None
        self._owner: Optional[QObject] = None
        self._worst: Optional[LatestTask] = None
        self._asked: tuple[Any, ...] = ()
        self._found: dict[tuple[Any, ...], Optional[int]] = {}
        self._clock_always = False
        self._registered: list[QAction] = []

    def load(self) -> None:
        """Add the bar, which shows itself when there is a map; not without a temporal controller."""
        if not isinstance(self.iface.mapCanvas().temporalController(), QgsTemporalNavigationObject):
            return
        main = self.iface.mainWindow()
        self._owner = QObject(main)
        self.bar = bar = TimeBar(main)
        main.addToolBar(Qt.ToolBarArea.BottomToolBarArea, bar)
        bar.hide()
        bar.toggleViewAction().setObjectName("roadpulse_time_bar")
        bar.toggleViewAction().triggered.connect(self._want)
        self.iface.addPluginToVectorMenu(MENU, bar.toggleViewAction())
        self.controller = TimeController(self.iface, self._owner)
        self.controller.changed.connect(self._follow)
        self.shown = ShownMap(self.iface, self._owner)
        self.shown.changed.connect(self._show_map)
        self.clock = CanvasClock(self.iface.mapCanvas())
        self._worst = LatestTask(tr("Roadpulse: the worst hour"), self._owner, wait=0)
        self._worst.done.connect(self._keep_worst)
        self._worst.failed.connect(self._worst_failed)
        bar.on_map.setChecked(QgsSettings().value(_CLOCK, True, type=bool))
        bar.offer_speeds(self.controller.set_speed)
        bar.track.chosen.connect(self.show_bin)
        bar.track.play_pressed.connect(self._play)
        bar.first.triggered.connect(lambda _checked=False: self.show_bin(0))
        bar.previous.triggered.connect(lambda _checked=False: self._step(-1))
        bar.next.triggered.connect(lambda _checked=False: self._step(1))
        bar.play.triggered.connect(lambda _checked=False: self._play())
        bar.off.triggered.connect(lambda _checked=False: self._switch_off())
        bar.worst.triggered.connect(lambda _checked=False: self._go_to_worst())
        bar.loop.triggered.connect(self._set_looping)
        bar.on_map.triggered.connect(self._set_clock)
        for name, key in KEYS.items():
            action = getattr(bar, name)
            free = QgsGui.shortcutsManager().objectForSequence(QKeySequence(key)) is None
            self.iface.registerMainWindowAction(action, key if free else "")
            main.addAction(action)  # its key works while the bar is closed, too
            self._registered.append(action)
        self.iface.initializationCompleted.connect(self._show_map)  # QGIS has put its bars where they were
        self._show_map()

    def unload(self) -> None:
        """Remove bar, clock and keys; QGIS's controller stays as the person left it."""
        if self.bar is None:
            return
        self.iface.initializationCompleted.disconnect(self._show_map)
        for action in self._registered:
            if not sip.isdeleted(action):
                self.iface.mainWindow().removeAction(action)
                self.iface.unregisterMainWindowAction(action)
        self._registered.clear()
        for part in (self.controller, self.shown):
            if part is not None and not sip.isdeleted(part):
                part.leave()
        if self.clock is not None:
            self.clock.remove()
        bar, owner = self.bar, self._owner
        self.bar = self.controller = self.shown = self.clock = self._worst = self._owner = None
        if owner is not None and not sip.isdeleted(owner):
            owner.deleteLater()
        if bar is not None and not sip.isdeleted(bar):
            self.iface.removePluginVectorMenu(MENU, bar.toggleViewAction())
            self.iface.mainWindow().removeToolBar(bar)
            bar.deleteLater()

    # -- what is shown ------------------------------------------------------------------------------

    @property
    def map(self) -> Optional[PlayedMap]:
        """The map whose track is shown."""
        return None if self.shown is None else self.shown.map

    @property
    def timeline(self) -> Optional[Timeline]:
        """The bins of the map, None if it does not play."""
        played = self.map
        return None if played is None or played.model is None else played.model.timeline

    def current(self) -> Optional[int]:
        """Return the bin that the map shows."""
        if self.timeline is None or self.controller is None or not self.controller.is_on:
            return None
        from ...mapping.style.temporal import frame_at  # noqa: PLC0415

        return frame_at(self.timeline, self.controller.shown)

    def _show_map(self) -> None:
        played, bar = self.map, self.bar
        if bar is None:
            return
        none = tr("There is no map of Roadpulse in the project: run one, or add a map file.")
        bar.show_map(played.model if played else None, played.reason if played else none)
        wanted = QgsSettings().value(_WANTED, True, type=bool)
        bar.setVisible(wanted and (played is not None or self._is_asked_for()))
        _explain(bar.worst, _worst_rule(played))
        self._follow()

    def _is_asked_for(self) -> bool:
        """Return True once the person has opened the bar of a project without a map."""
        return bool(self.bar is not None and self.bar.property("asked_for"))

    def _want(self, shown: bool) -> None:
        """Keep that the person has opened or closed the bar."""
        QgsSettings().setValue(_WANTED, shown)
        if self.bar is not None:
            self.bar.setProperty("asked_for", shown and self.map is None)

    def _follow(self) -> None:
        """Show the time that the map has."""
        bar, controller, played = self.bar, self.controller, self.map
        if bar is None or controller is None or self.clock is None:
            return
        bar.show_playing(controller.is_playing)
        _explain(bar.play, tr("Pause") if controller.is_playing else tr("Play the bins one after another"))
        bar.show_speed(controller.speed)
        bar.loop.setChecked(controller.is_looping)
        timeline, current = self.timeline, self.current()
        if played is None or timeline is None:
            bar.track.show_current(None, "")
            bar.show_clock("", "", "")
            self.clock.show_lines()
            return
        controller.skip_empty(timeline, current)
        bar.off.setEnabled(controller.is_on)
        words = time_words(timeline, current, controller.is_on)
        zone = played.zone
        bar.track.show_bounds(*controller.bounds(timeline))
        bar.track.show_current(current, f"{words}, {zone}")
        widest = widest_of(timeline.span(first) for first in range(0, len(timeline), timeline.n_bins))
        about = tr("“{layer}”, local time of {zone}").format(layer=played.candidate.name, zone=zone)
        bar.show_clock(f"{words}, {zone}", f"{widest}, {zone}", about)
        is_shown = self._clock_always or (bar.on_map.isChecked() and controller.is_on)
        lines = clock_lines(timeline, current, controller.is_on, zone) if is_shown else ()
        self.clock.show_lines(*lines)

    def show_clock_always(self, always: bool) -> None:
        """Show the clock on the map also without a time and with its switch off; False ends that."""
        self._clock_always = always
        self._follow()

    # -- what the person does -----------------------------------------------------------------------

    def show_bin(self, number: int) -> None:
        """Show a bin of the map."""
        if self.timeline is not None and self.controller is not None:
            self.controller.show(self.timeline, number)

    def _step(self, steps: int) -> None:
        if self.timeline is not None and self.controller is not None:
            self.controller.step(self.timeline, self.current(), steps)

    def _play(self) -> None:
        if self.timeline is None or self.controller is None:
            return
        if self.controller.is_playing:
            self.controller.pause()
        else:
            self.controller.play(self.timeline, self.current())

    def _switch_off(self) -> None:
        if self.controller is not None:
            self.controller.switch_off()

    def _set_looping(self, looping: bool) -> None:
        if self.controller is not None:
            self.controller.set_looping(looping)

    def _set_clock(self, shown: bool) -> None:
        QgsSettings().setValue(_CLOCK, shown)
        self._follow()

    # -- the worst hour -----------------------------------------------------------------------------

    def _go_to_worst(self) -> None:
        played, worst = self.map, self._worst
        if played is None or played.file is None or worst is None:
            return
        file, key = played.file, played.statistic
        self._asked = (played.candidate.path, played.model, key)
        if self._asked in self._found:
            self._show_worst(self._found[self._asked])
        else:
            if self.bar is not None:
                self.bar.worst.setEnabled(False)  # until it is found
            worst.submit(lambda task: file.worst_frame(key, task.check))

    def _keep_worst(self, number: Optional[int]) -> None:
        self._found = {self._asked: number}
        self._offer_worst()
        played = self.map
        if played is not None and self._asked == (played.candidate.path, played.model, played.statistic):
            self._show_worst(number)

    def _show_worst(self, number: Optional[int]) -> None:
        if number is not None:
            self.show_bin(number)
            return
        text = tr("No bin of this map has a value, as too few trips were counted in each.")
        show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Info, 8)

    def _offer_worst(self) -> None:
        if self.bar is not None:
            self.bar.worst.setEnabled(self.timeline is not None)

    def _worst_failed(self, error: Exception) -> None:
        self._offer_worst()
        show_error(self.iface.messageBar(), error)


def _explain(action: QAction, text: str) -> None:
    """Set a tool tip, with the action's key as QGIS shows it."""
    key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setToolTip(tip(f"{text} ({key})" if key else text))


def _worst_rule(played: Optional[PlayedMap]) -> str:
    """Return how the worst bin is found, in words."""
    if played is None or played.model is None:
        return tr("Go to the bin in which traffic is worst")
    from ...aggregation.contract.statistic import LOW, statistic  # noqa: PLC0415

    one = statistic(played.statistic)
    text = tr(
        "Go to the bin in which the {statistic} is furthest {side} usual: the sum over all links of the "
        "difference between the bin and the whole period, each link weighted by its trips"
    )
    side = tr("above") if one.good == LOW else tr("below")
    return text.format(statistic=name_of(one), side=side)
