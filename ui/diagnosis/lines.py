"""The lines of a diagnosis: a mark, what was looked at, what was found and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QFontMetrics, QPalette, QResizeEvent
from qgis.PyQt.QtWidgets import QFrame, QGridLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ...mapping.language import tr
from ..widgets.entry_labels import in_form
from ..widgets.notes import bad, good, muted, warning
from ..widgets.number_format import duration
from ..widgets.plain_text import PlainLabel, Wrapped, tip, visible

if TYPE_CHECKING:
    from ...cluster_client.diagnosis.checks import Finding

_SIGNS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–", "looking": "…", "waiting": "·"}
_STATE_TEXTS = {
    "ok": "all right", "warning": "to look at", "failed": "wrong", "skipped": "not looked at",
    "looking": "being looked at", "waiting": "not looked at yet",
}  # fmt: skip
_LONG_SECONDS = 1.0
_PAD = 7
_TITLE_LETTERS = 28


def colour(state: str, palette: QPalette) -> QColor:
    """Return the colour of a check's mark."""
    return {"ok": good, "warning": warning, "failed": bad}.get(state, muted)(palette)


class DiagnosisLines(QWidget):
    """A line for every check, in one grid, so that the columns stand under each other."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.lines: list[Line] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._table = QWidget()
        self._column.addWidget(self._table)
        self._column.addStretch(1)

    def begin(self, checks: Sequence[tuple[str, str]]) -> None:
        """Show the (name, title) of checks that are still to be carried out."""
        self._column.removeWidget(self._table)
        self._table.deleteLater()
        self._table = QWidget()
        self._column.insertWidget(0, self._table)
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(2, 1)
        self.lines = []
        for name, title in checks:
            if self.lines:
                rule = QFrame()
                rule.setFrameShape(QFrame.Shape.HLine)
                rule.setStyleSheet("color: palette(midlight);")
                grid.addWidget(rule, grid.rowCount(), 0, 1, 4)
            self.lines.append(Line(name, title, grid))

    def show_running(self, at: int) -> None:
        """Show that the check at this position has begun."""
        self.lines[at].show_state("looking")

    def show_finding(self, at: int, finding: Finding) -> None:
        """Show the result of the check at this position."""
        self.lines[at].show_finding(finding)

    def stop(self) -> None:
        """Show that the remaining checks are not carried out."""
        for line in self.lines:
            if line.state in ("looking", "waiting"):
                line.show_state("skipped", tr("The diagnosis was stopped."))


class Line:
    """One check: a passed one is folded to one line of text, a failed one is shown in full."""

    def __init__(self, name: str, title: str, grid: QGridLayout) -> None:
        self.name, self.state = name, "waiting"
        self._unfolded = False
        self.mark, self.title = PlainLabel(), PlainLabel(tr(title))
        self.mark.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
        self.mark.setMinimumWidth(QFontMetrics(self.mark.font()).horizontalAdvance("MM"))
        for label, scale in ((self.mark, 1.15), (self.title, 1.0)):
            font = label.font()
            font.setBold(True)
            font.setPointSizeF(font.pointSizeF() * scale)
            label.setFont(font)
        widest = self.title.fontMetrics().horizontalAdvance("n") * _TITLE_LETTERS
        cut = self.title.fontMetrics().elidedText(self.title.text(), Qt.TextElideMode.ElideMiddle, widest)
        self.title.setToolTip(tip("" if cut == self.title.text() else self.title.text()))
        self.title.setText(cut)
        self.text = OneLine()
        self.text.setObjectName(f"{name} found")
        self.todo = Wrapped()
        self.todo.setObjectName(f"{name} todo")
        self.took = Wrapped()
        self.fold = QToolButton()
        self.fold.setObjectName(f"{name} fold")
        self.fold.setStyleSheet("QToolButton { border: none; background: none; }")
        self.fold.setAccessibleName(tr("Details of {check}").format(check=tr(title)))
        self.fold.clicked.connect(lambda _=False: self._unfold(not self._unfolded))
        self.text.resized.connect(self._offer)
        texts = QWidget()
        column = QVBoxLayout(texts)
        column.setSpacing(3)
        for label in (self.text, self.todo, self.took):
            column.addWidget(label)
        column.addStretch(1)
        column.setContentsMargins(0, _PAD, 0, _PAD)
        self.fold.setFixedHeight(self.title.sizeHint().height())
        beside = QWidget()
        aside = QVBoxLayout(beside)
        aside.setContentsMargins(0, _PAD, 0, _PAD)
        aside.addWidget(self.fold)
        for label in (self.mark, self.title):
            label.setContentsMargins(0, _PAD, 0, _PAD)
        # The sign may come from another font, with higher lines: it stands beside the words all the same.
        self.mark.setFixedHeight(self.title.sizeHint().height())
        at, top = grid.rowCount(), Qt.AlignmentFlag.AlignTop
        grid.addWidget(self.mark, at, 0, top)
        grid.addWidget(self.title, at, 1, top)
        grid.addWidget(texts, at, 2)
        grid.addWidget(beside, at, 3, top)
        policy = self.fold.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.fold.setSizePolicy(policy)
        self._unfold(False)
        self.show_state("waiting")

    def show_state(self, state: str, text: str = "") -> None:
        """Show how far the check is."""
        self.state = state
        palette = self.title.palette()
        ink = colour(state, palette).name()
        self.mark.setText(_SIGNS[state])
        self.mark.setStyleSheet(f"color: {ink}")
        self.mark.setAccessibleName(tr(_STATE_TEXTS[state]))
        quiet = state in ("waiting", "skipped")
        self.title.setStyleSheet(f"color: {muted(palette).name()}" if quiet else "")
        self.text.setStyleSheet(f"color: {muted(palette).name()}" if quiet or state == "looking" else "")
        self.text.show_text(tr("Looking…") if state == "looking" else text)
        self._offer()

    def show_finding(self, finding: Finding) -> None:
        """Show the result of the check."""
        self.show_state(finding.outcome.value, in_form(finding.found))
        self.todo.setText(f"→ {in_form(finding.todo)}" if finding.todo else "")
        if finding.seconds >= _LONG_SECONDS:
            self.took.setText(tr("This took {time}.").format(time=duration(finding.seconds)))
        self.took.setStyleSheet(f"color: {muted(self.title.palette()).name()}")
        self._unfold(finding.outcome.value in ("failed", "warning"))

    def _unfold(self, unfolded: bool) -> None:
        self._unfolded = unfolded
        self.fold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.text.unfold(unfolded)
        self.todo.setVisible(unfolded and bool(self.todo.text()))
        self.took.setVisible(unfolded and bool(self.took.text()))
        self._offer()

    def _offer(self) -> None:
        """Offer to unfold where there is more than the line shows."""
        self.fold.setVisible(self.text.too_long or bool(self.todo.text() or self.took.text()))


class OneLine(Wrapped):
    """Text that is cut to one line until it is unfolded."""

    resized = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.whole = ""
        self._unfolded = False

    def show_text(self, text: str) -> None:
        """Show another text."""
        self.whole = visible(text)
        self._cut()

    def unfold(self, unfolded: bool) -> None:
        """Show all of it, or what fits into a line."""
        self._unfolded = unfolded
        self.setWordWrap(unfolded)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the text to the new width."""
        super().resizeEvent(event)
        self._cut()
        self.resized.emit()

    @property
    def too_long(self) -> bool:
        """Return True if the text does not fit into one line."""
        return self.fontMetrics().horizontalAdvance(self.whole) > self.width()

    def _cut(self) -> None:
        metrics = self.fontMetrics()
        cut = metrics.elidedText(self.whole, Qt.TextElideMode.ElideRight, max(40, self.width()))
        shown = self.whole if self._unfolded else cut
        if shown != self.text():
            self.setText(shown)
        self.setToolTip(tip("" if shown == self.whole else self.whole))
