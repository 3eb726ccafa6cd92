"""The phases of a run, one line each: a mark, a name, and real numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QFontMetrics, QPalette
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QWidget

from ...aggregation.contract.run_state import RunState
from ...cluster_client.profiles.profile import LOCAL, Profile
from ...cluster_client.runs.phases import Phase
from ...cluster_client.runs.status import RunStatus
from ...mapping.language import many, tr
from ..runs.execution_summary import done_by
from ..runs.phases import RunProgress, phases_of
from ..runs.run_texts import location_name
from ..widgets.notes import muted
from ..widgets.number_format import count, counted, rate, size
from ..widgets.plain_text import PlainLabel

_ICON = 16


class PhaseRows(QWidget):
    """Lines for the phases of one run."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._profile = LOCAL
        self._phases: tuple[Phase, ...] = tuple(Phase)
        self._last: dict[Phase, RunStatus] = {}
        self._icons: dict[Phase, QLabel] = {}
        self._names: dict[Phase, QLabel] = {}
        self._numbers: dict[Phase, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        names = {
            Phase.STARTING: tr("Start"),
            Phase.LISTING: tr("Find the trips"),
            Phase.READING: tr("Read new trips"),
            Phase.COMPUTING: tr("Compute speeds"),
            Phase.FETCHING: tr("Fetch the result"),
            Phase.MAPPING: tr("Draw the map"),
        }
        for row, (phase, name) in enumerate(names.items()):
            icon, label, numbers = PlainLabel(), PlainLabel(name), PlainLabel()
            icon.setFixedSize(_ICON, _ICON)
            icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
            numbers.setObjectName(f"phase_{phase.name.lower()}")
            for column, widget in enumerate((icon, label, numbers)):
                grid.addWidget(widget, row, column)
            self._icons[phase], self._names[phase], self._numbers[phase] = icon, label, numbers

    def begin(self, profile: Profile) -> None:
        """Show the phases of a new run of this profile."""
        self._profile = profile
        self._phases, self._last = phases_of(profile), {}
        self._names[Phase.STARTING].setText(tr("Start on {place}").format(place=location_name(profile)))
        bold = self.font()
        bold.setBold(True)
        for phase in Phase:
            # The active one is bold: nothing moves when the next becomes active.
            wide = QFontMetrics(bold).horizontalAdvance(self._names[phase].text())
            self._names[phase].setMinimumWidth(wide)
            shown = phase in self._phases
            for widget in (self._icons[phase], self._names[phase], self._numbers[phase]):
                widget.setVisible(shown)
            self._mark(phase, "waiting")
            self._numbers[phase].setText("")
        self._mark(self._phases[0], "active")
        if self._phases[0] is Phase.STARTING:
            self._numbers[Phase.STARTING].setText(tr("sending what the run needs"))

    def show_progress(self, moment: RunProgress) -> None:
        """Show the progress of the run."""
        for phase in self._phases:
            at = self._phases.index(phase) - self._phases.index(moment.phase)
            self._mark(phase, "done" if at < 0 else "active" if at == 0 else "waiting")
        if moment.phase is not Phase.STARTING:
            self._numbers[Phase.STARTING].setText("")
        if moment.phase in (Phase.COMPUTING, Phase.FETCHING, Phase.MAPPING):
            self._all_is_read()
        if moment.status is not None:
            if moment.status.state is not RunState.UNKNOWN:  # then nothing is known of its numbers either
                self._show_status(moment.phase, moment.status)
        elif moment.phase is Phase.FETCHING:
            done, whole = moment.fetched
            text = tr("{done} of {total}").format(done=size(done), total=size(whole))
            self._numbers[Phase.FETCHING].setText(text)
        elif moment.phase is Phase.MAPPING:
            self._numbers[Phase.MAPPING].setText(f"{moment.done:.0%}".replace("%", " %"))

    def finish(self, manifest: Mapping[str, Any], new_bytes: int, output: str) -> None:
        """Show the numbers of the finished phases."""
        for phase in Phase:
            self._mark(phase, "done")
        files, points = manifest["files"], manifest["points"]
        self._numbers[Phase.STARTING].setText(done_by(self._profile, manifest.get("runner")))
        self._numbers[Phase.LISTING].setText(counted(files["named"], tr("file"), tr("files")))
        self._numbers[Phase.READING].setText(_read_text(manifest, new_bytes))
        self._numbers[Phase.COMPUTING].setText(tr("{n} points counted").format(n=many(points["counted"])))
        self._numbers[Phase.MAPPING].setText(output)

    def _show_status(self, phase: Phase, status: RunStatus) -> None:
        if status.files.total:
            self._numbers[Phase.LISTING].setText(counted(status.files.total, tr("file"), tr("files")))
        if status.state is RunState.WAITING:
            self._numbers[phase].setText(status.message or tr("waiting for cores…"))
            return
        if phase is Phase.STARTING:
            begun = status.state is not RunState.QUEUED
            self._numbers[phase].setText(tr("starting…") if begun else tr("sending what the run needs"))
        if phase is Phase.READING:
            self._last[phase] = status
            self._numbers[phase].setText("  ·  ".join(_reading(status)))
        elif phase is Phase.COMPUTING:
            parts = [tr("{n} points").format(n=many(status.points))]
            if status.tasks.total:
                text = tr("{done} of {total} parts")
                parts.append(text.format(done=count(status.tasks.done), total=count(status.tasks.total)))
            self._numbers[phase].setText("  ·  ".join(parts))

    def _all_is_read(self) -> None:
        """Mark the reading as ended, also after a last status that was not."""
        read = self._last.get(Phase.READING)
        if read is not None:
            parts = [size(read.bytes.total), *([rate(read.speed)] if read.speed else [])]
            self._numbers[Phase.READING].setText("  ·  ".join(parts))
        elif not self._numbers[Phase.READING].text():
            self._numbers[Phase.READING].setText(tr("none is new"))

    def _mark(self, phase: Phase, state: str) -> None:
        icon, name = self._icons[phase], self._names[phase]
        font = name.font()
        font.setBold(state == "active")
        name.setFont(font)
        palette = name.palette()
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        palette.setColor(QPalette.ColorRole.WindowText, muted(self.palette()) if state == "waiting" else ink)
        name.setPalette(palette)
        if state == "done":
            icon.setPixmap(QgsApplication.getThemeIcon("/mIconSuccess.svg").pixmap(_ICON, _ICON))
        else:
            icon.setText("●" if state == "active" else "○")
            icon.setPalette(palette)


def _reading(status: RunStatus) -> list[str]:
    text = tr("{done} of {total} files")
    parts = [text.format(done=count(status.files.done), total=count(status.files.total))]
    text = tr("{done} of {total}")
    parts.append(text.format(done=size(status.bytes.done), total=size(status.bytes.total)))
    return [*parts, rate(status.speed)] if status.speed else parts


def _read_text(manifest: Mapping[str, Any], new_bytes: int) -> str:
    """Return the size of what was read, and the speed."""
    files = manifest["files"]
    decoded = files["decoded"]
    if not decoded:
        return tr("none is new")
    parts = [counted(decoded, tr("file"), tr("files"))]
    n_bytes = new_bytes or (files["bytes"] if decoded == files["named"] else 0)
    seconds = float(manifest.get("timings", {}).get("decode", 0))
    if n_bytes and seconds:
        parts += [size(n_bytes), rate(n_bytes / seconds)]
    return "  ·  ".join(parts)
