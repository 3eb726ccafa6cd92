"""A part of the profile's form: rows of fields, under a heading that folds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ...widgets.notes import Note
from ...widgets.plain_text import PlainLabel
from .fields import Field

if TYPE_CHECKING:
    from ....cluster_client.backends.base.backend_type import BackendType, FormSection


def runs_here(kind: BackendType) -> bool:
    """Return True if the runs of a type of backend execute on this computer."""
    return kind.runs_here


class Row:
    """A label and the fields beside it; for the types of backend that are `others`, another label."""

    def __init__(
        self,
        label: QLabel,
        holder: QWidget,
        fields: Sequence[Field],
        texts: Mapping[str, str],
        others: Callable[[BackendType], bool],
    ) -> None:
        self.label, self.holder, self.fields, self.texts = label, holder, tuple(fields), dict(texts)
        self._others = others

    def suit(self, kind: BackendType, entries: Collection[str]) -> None:
        """Show the row as a type of backend needs it, whose profiles have these `entries` in its section."""
        for field in self.fields:
            field.suit(kind, entries)
        other = "other" if self._others(kind) else ""
        self.label.setText(self.texts.get(other, self.texts[""]))
        wanted = any(field.wanted for field in self.fields)
        self.label.setVisible(wanted)
        self.holder.setVisible(wanted)


class ProfileSection(QWidget):
    """Rows of fields, for those entries that a type of backend has in this `form_section`.

    With a `title` they stand under a heading; `folded` says that they are so at first, unless something in
    them is not as usual.
    """

    changed = pyqtSignal()

    def __init__(self, form_section: Optional[FormSection], title: str = "", folded: bool = False) -> None:
        super().__init__()
        self.form_section, self.folded = form_section, folded
        self.rows: list[Row] = []
        self.group: Optional[QgsCollapsibleGroupBox] = None
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        # What is hidden within the body stays so when QGIS's group shows or hides all that it holds itself.
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 6, 10, 8)
        column.setSpacing(6)
        if title:
            self.group = QgsCollapsibleGroupBox(title)
            self.group.setFlat(True)
            self.group.setSaveCollapsedState(False)
            self.group.setScrollOnExpand(True)
            holder = QVBoxLayout(self.group)
            holder.setContentsMargins(0, 0, 0, 0)
            holder.addWidget(body)
            around.addWidget(self.group)
        else:
            column.setContentsMargins(17, 0, 13, 0)  # in line with the groups and their frames
            around.addWidget(body)
        self.intro = Note()
        column.addWidget(self.intro)
        # Not a form layout, which leaves gaps where rows are hidden.
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(12)
        self.grid.setVerticalSpacing(6)
        self.grid.setColumnStretch(1, 1)
        column.addLayout(self.grid)

    def add(
        self, label: str, *parts: Any, other: str = "", others: Callable[[BackendType], bool] = runs_here
    ) -> None:
        """Add a row; between fields there may be words, and `None` leaves the rest empty.

        With an `other` label it has that for the types of backend that are `others`.
        """
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        fields = [part for part in parts if isinstance(part, Field)]
        height = fields[0].control.sizeHint().height()
        for part in parts:
            if part is None:
                line.addStretch(1)
            elif isinstance(part, str):
                line.addWidget(_words(part, height), 0, Qt.AlignmentFlag.AlignTop)
            else:
                line.addWidget(part, 0 if None in parts else part.stretch, Qt.AlignmentFlag.AlignTop)
                part.changed.connect(self.changed)
        title = _words(label, height)
        title.setBuddy(fields[0].control)
        at = self.grid.rowCount()
        self.grid.addWidget(title, at, 0, Qt.AlignmentFlag.AlignTop)
        self.grid.addWidget(holder, at, 1)
        texts = {"": label, "other": other} if other else {"": label}
        self.rows.append(Row(title, holder, fields, texts, others))

    def add_note(self, note: Note) -> None:
        """Add a note of its own under the last row."""
        self.grid.addWidget(note, self.grid.rowCount(), 1)

    @property
    def fields(self) -> list[Field]:
        """All fields, also those that the present type of backend does not have."""
        return [field for row in self.rows for field in row.fields]

    def entries_of(self, kind: BackendType) -> Collection[str]:
        """Return the entries that profiles of a type of backend have in this section."""
        return kind.form.get(self.form_section, ()) if self.form_section is not None else ()

    def suit(self, kind: BackendType) -> None:
        """Show the section as a type of backend needs it: what its profiles do not have is hidden."""
        entries = self.entries_of(kind)
        for row in self.rows:
            row.suit(kind, entries)
        self.setVisible(any(field.wanted for field in self.fields))

    def fold(self, usual: Mapping[str, Any]) -> None:
        """Show what differs from the `usual` values, and fold away what does not."""
        different = any(field.wanted and field.value() != usual.get(field.entry) for field in self.fields)
        if self.group is not None:
            self.group.setCollapsed(self.folded and not different)

    def unfold(self) -> None:
        """Show the rows."""
        if self.group is not None:
            self.group.setCollapsed(False)

    def refresh(self) -> None:
        """Update the section as a whole; called after every change."""


def _words(text: str, height: int) -> QLabel:
    """Words as high as a line of controls, so that they stand on their base line."""
    label = PlainLabel(text)
    label.setMinimumHeight(height)
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return label
