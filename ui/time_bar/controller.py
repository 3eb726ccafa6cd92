"""QGIS's temporal controller as the time bar drives it, in step with QGIS's own panel."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import Qgis, QgsDateTimeRange, QgsProject, QgsTemporalNavigationObject
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDateTime, QObject, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QDateTimeEdit, QDockWidget, QToolButton

from ...mapping.timeline import Timeline

_PANEL = "Temporal Controller"
_ENTRY = ("roadpulse", "/time")
"""Entry of a project with the time that its map showed, which QGIS does not keep."""
_FORMAT = "yyyy-MM-ddTHH:mm:ss"


class TimeController(QObject):
    """Plays, steps and jumps; `changed` is emitted when the time, its range or the mode has changed.

    The controller belongs to the person, who may use QGIS's panel, too. It is given a map's days and bins
    only when the person asks for a bin that it does not have.
    """

    changed = pyqtSignal()

    def __init__(self, iface: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self._object: QgsTemporalNavigationObject = self._canvas.temporalController()
        self._skips = False
        self._bounds: tuple[Any, tuple[int, int]] = ((), (0, 0))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.changed)
        # Signals with an enumeration of the navigation object reach no slot of Python, but one of Qt.
        self._signals = (
            self._object.updateTemporalRange,
            self._object.navigationModeChanged,
            self._object.stateChanged,
            self._object.temporalExtentsChanged,
            self._object.temporalFrameDurationChanged,
            self._canvas.temporalRangeChanged,
        )
        for signal in self._signals:
            signal.connect(self._timer.start)
        self._loop_box = self._panel_part(QCheckBox, "mAnimationLoopingCheckBox")
        if self._loop_box is not None:
            self._loop_box.toggled.connect(self._timer.start)
        project = QgsProject.instance()
        project.writeProject.connect(self._keep_time)
        project.readProject.connect(self._take_time)
        project.cleared.connect(self._clear_time)

    def leave(self) -> None:
        """Disconnect from QGIS's controller, which stays as it is."""
        project = QgsProject.instance()
        project.writeProject.disconnect(self._keep_time)
        project.readProject.disconnect(self._take_time)
        project.cleared.disconnect(self._clear_time)
        if not sip.isdeleted(self._object) and not sip.isdeleted(self._canvas):
            for signal in self._signals:
                signal.disconnect(self._timer.start)
        if self._loop_box is not None and not sip.isdeleted(self._loop_box):
            self._loop_box.toggled.disconnect(self._timer.start)
        self._timer.stop()

    # -- what it shows ------------------------------------------------------------------------------

    @property
    def shown(self) -> QgsDateTimeRange:
        """The time that the map shows; infinite without one."""
        return self._canvas.temporalRange()

    @property
    def is_on(self) -> bool:
        """True while the map shows a time, and not the whole period."""
        return not self.shown.isInfinite()

    @property
    def is_playing(self) -> bool:
        """True while the controller plays, in either direction."""
        return self._object.animationState() != Qgis.AnimationState.Idle

    @property
    def is_looping(self) -> bool:
        """True if it begins again after the last bin."""
        return self._object.isLooping()

    @property
    def speed(self) -> float:
        """Bins shown in a second."""
        return self._object.framesPerSecond()

    def bounds(self, timeline: Timeline) -> tuple[int, int]:
        """Return the first bin of the controller's range and the one after its last; all where none is."""
        from ...mapping.style.temporal import frame_range  # noqa: PLC0415

        every, extents = (0, len(timeline)), self._object.temporalExtents()
        if not self.is_on or extents.isInfinite():
            return every
        begin, end = _clock(extents.begin()), _clock(extents.end())
        if self._bounds[0] != (timeline, begin, end):  # a frame of the film is no time to count anew
            starts = (_clock(frame_range(timeline, number).begin()) for number in range(len(timeline)))
            inside = [number for number, start in enumerate(starts) if begin <= start < end]
            found = (inside[0], inside[-1] + 1) if inside else every
            self._bounds = (timeline, begin, end), found
        return self._bounds[1]

    # -- what the person does -----------------------------------------------------------------------

    def show(self, timeline: Timeline, number: int) -> None:
        """Show a bin; the controller gets the map's days and bins if it has no such frame."""
        from ...mapping.style.temporal import frame_range  # noqa: PLC0415

        wanted = frame_range(timeline, number)
        frame = self._frame_of(wanted)
        if frame is None:
            self._take(timeline)
            frame = self._object.findBestFrameNumberForFrameStart(wanted.begin())
        self._object.setCurrentFrameNumber(frame)

    def play(self, timeline: Timeline, current: Optional[int]) -> None:
        """Play on from the bin that is shown, or from the first; after the last from the beginning."""
        if current is None or not self._animates:
            self.show(timeline, current or 0)
        elif self._object.currentFrameNumber() >= self._object.totalFrameCount() - 1:
            self._object.rewindToStart()
        self._skips = True
        self._object.playForward()

    def pause(self) -> None:
        """Stop playing."""
        self._skips = False
        self._object.pause()

    def step(self, timeline: Timeline, current: Optional[int], steps: int) -> None:
        """Go to the next bin (1) or the one before (-1), round the ends if it loops."""
        from ...mapping.style.temporal import frame_range  # noqa: PLC0415

        if current is None or not self._animates:
            self.show(timeline, current or 0)
            return
        last = self._object.totalFrameCount() - 1
        at = self._object.currentFrameNumber()
        inside = 0 <= current + steps < len(timeline)
        frame = self._frame_of(frame_range(timeline, current + steps)) if inside else None
        if frame is None:  # another step than the bins', or an end of the range
            frame = at + steps
        if self.is_looping and not 0 <= frame <= last:
            frame = 0 if steps > 0 else last
        self._object.setCurrentFrameNumber(min(max(frame, 0), last))

    def switch_off(self) -> None:
        """Show the whole period in place of a time."""
        self.pause()
        self._set_mode(Qgis.TemporalNavigationMode.NavigationOff, "mNavigationOff")

    def skip_empty(self, timeline: Timeline, current: Optional[int]) -> None:
        """While playing from the bar, go on at the next day on which the map has something."""
        from ...mapping.style.temporal import frame_range  # noqa: PLC0415

        if not (self._skips and self.is_playing and current is None and self.is_on):
            return
        now = _clock(self.shown.begin())
        coming = (frame_range(timeline, n * timeline.n_bins) for n in range(len(timeline.names)))
        following = next((one for one in coming if _clock(one.begin()) > now), None)
        frame = None if following is None else self._frame_of(following)
        if frame is not None:
            self._object.setCurrentFrameNumber(frame)

    def set_looping(self, looping: bool) -> None:
        """Begin again after the last bin, or stop there; QGIS's panel says so, too."""
        if self._loop_box is not None and not sip.isdeleted(self._loop_box):
            self._loop_box.setChecked(looping)
        self._object.setLooping(looping)

    def set_speed(self, bins_per_second: float) -> None:
        """Show so many bins in a second, in this project."""
        self._object.setFramesPerSecond(bins_per_second)
        QgsProject.instance().timeSettings().setFramesPerSecond(bins_per_second)
        QgsProject.instance().setDirty(True)
        self._timer.start()

    # -- the controller -----------------------------------------------------------------------------

    @property
    def _animates(self) -> bool:
        return self._object.navigationMode() == Qgis.TemporalNavigationMode.Animated

    def _frame_of(self, wanted: QgsDateTimeRange) -> Optional[int]:
        """Return the number of a frame, None if the controller has none that begins and ends so."""
        if not self._animates:
            return None
        frame = self._object.findBestFrameNumberForFrameStart(wanted.begin())
        found = self._object.dateTimeRangeForFrameNumber(frame)
        # QGIS numbers frames beyond its range, too.
        inside = 0 <= frame < self._object.totalFrameCount()
        same = (
            inside
            and _clock(found.begin()) == _clock(wanted.begin())
            and _clock(found.end()) == _clock(wanted.end())
        )
        return frame if same else None

    def _take(self, timeline: Timeline) -> None:
        """Give controller and project the days and bins of a map, and switch the controller on."""
        from ...mapping.style.temporal import bin_interval, set_project_time, whole_range  # noqa: PLC0415

        settings = QgsProject.instance().timeSettings()
        is_new, speed = settings.temporalRange().isInfinite(), settings.framesPerSecond()
        set_project_time(QgsProject.instance(), timeline)
        if is_new:  # a map that was added by hand
            self._object.setFramesPerSecond(settings.framesPerSecond())
        else:
            settings.setFramesPerSecond(speed)
        if not self._animates:
            self._set_mode(Qgis.TemporalNavigationMode.Animated, "mNavigationAnimated")
        self._object.setAvailableTemporalRanges([])
        days = whole_range(timeline)
        # QGIS's panel keeps in the project what is chosen in its fields, in place of the project's own range.
        for name, moment in (("mStartDateTime", days.begin()), ("mEndDateTime", days.end())):
            field = self._panel_part(QDateTimeEdit, name)
            if field is not None:
                field.setDateTime(moment)
        self._object.setTemporalExtents(days)
        self._object.setFrameDuration(bin_interval(timeline))

    def _set_mode(self, mode: Any, name: str) -> None:
        """Choose a mode by its button in QGIS's panel, which writes it into the project, too."""
        button = self._panel_part(QToolButton, name)
        if button is not None:
            button.click()
        self._object.setNavigationMode(mode)

    def _panel_part(self, kind: type, name: str) -> Any:
        """Return a widget of QGIS's panel; None in a QGIS that has no such part."""
        panel = self._iface.mainWindow().findChild(QDockWidget, _PANEL)
        return None if panel is None else panel.findChild(kind, name)

    # -- the project --------------------------------------------------------------------------------

    def _keep_time(self, _document: Any) -> None:
        project = QgsProject.instance()
        if self._animates and self.is_on:
            project.writeEntry(*_ENTRY, self.shown.begin().toString(_FORMAT))
        elif project.readEntry(*_ENTRY)[1]:
            project.removeEntry(*_ENTRY)

    def _clear_time(self) -> None:
        QTimer.singleShot(0, self._end_time)

    def _end_time(self) -> None:
        """Take the time off the map of a new project: QGIS's slider leaves one when it becomes shorter."""
        if sip.isdeleted(self) or not self.is_on:
            return
        if self._object.navigationMode() == Qgis.TemporalNavigationMode.NavigationOff:
            self._canvas.setTemporalRange(QgsDateTimeRange(QDateTime(), QDateTime()))

    def _take_time(self, _document: Any) -> None:
        QTimer.singleShot(0, self._show_kept)  # after QGIS's panel has taken its part

    def _show_kept(self) -> None:
        text, is_there = QgsProject.instance().readEntry(*_ENTRY)
        if sip.isdeleted(self) or not is_there or not self._animates:
            return
        kept = QDateTime.fromString(text, _FORMAT)
        total = self._object.totalFrameCount()
        if not kept.isValid() or not total > 0:
            return
        kept.setTimeSpec(self._object.temporalExtents().begin().timeSpec())
        self._object.setCurrentFrameNumber(self._object.findBestFrameNumberForFrameStart(kept))


def _clock(moment: QDateTime) -> str:
    """Return date and time as a clock shows them, whatever zone QGIS has labelled them with."""
    return moment.toString(_FORMAT)
