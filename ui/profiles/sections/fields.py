"""Editors of a profile's entries: a control with a note under it for faults and hints."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.core import QgsApplication
from qgis.gui import QgsAuthConfigSelect, QgsFileWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QWheelEvent
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from ....mapping.language import tr
from ...widgets import plain_text
from ...widgets.notes import Note

if TYPE_CHECKING:
    from ....cluster_client.backends.base.backend_type import BackendType


class Field(QWidget):
    """Edits one entry of a profile, named as `ProfileError.entry` names it.

    Of two editors of one entry, `here` is True for runs on this computer and False for runs elsewhere
    (None: there is one editor). `wanted` says whether the present type of backend has it; `touched` whether a
    person has changed it.
    `hint` gives something to know about a value, `doubt` what is odd about it and yet no fault.
    """

    changed = pyqtSignal()
    stretch = 1

    def __init__(self, entry: str, control: QWidget, tip: str = "", here: Optional[bool] = None) -> None:
        super().__init__()
        self.entry, self.control, self.here = entry, control, here
        self.wanted, self.touched, self.faulty = True, False, False
        self.hint: Callable[[Any], str] = _nothing
        self.doubt: Callable[[Any], str] = _nothing
        self._filling = False
        control.setObjectName(entry)
        if tip:
            control.setToolTip(plain_text.tip(tip))
        self.note = Note()
        self.note.setObjectName(f"{entry} note")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(control)
        column.addWidget(self.note)

    def value(self) -> Any:
        """Return the value of the control."""
        raise NotImplementedError

    def fill(self, value: Any) -> None:
        """Show a value and reset `touched`."""
        self._filling = True
        self._show(value)
        self._filling = False
        self.touched = False
        self.show_fault("")

    def _show(self, value: Any) -> None:
        raise NotImplementedError

    def suit(self, kind: BackendType, entries: Collection[str]) -> None:
        """Show the field as a type of backend needs it; its section has these `entries` there."""
        self.wanted = self.entry in entries and self.here in (None, kind.runs_here)
        self.setVisible(self.wanted)

    def show_fault(self, fault: str) -> None:
        """Show the fault, or else a doubt, or else the hint."""
        self.faulty = bool(fault)
        asked = fault or self.doubt(self.value())
        if asked:
            self.note.show_warning(asked)
        else:
            self.note.show_text(self.hint(self.value()))

    def go_to(self) -> None:
        """Focus the control."""
        self.control.setFocus(Qt.FocusReason.OtherFocusReason)

    def _edited(self, *_: object) -> None:
        if not self._filling:
            self.touched = True
            self.changed.emit()


class TextField(Field):
    """A line of text."""

    def __init__(
        self,
        entry: str,
        placeholder: str = "",
        tip: str = "",
        here: Optional[bool] = None,
        edit: Optional[QLineEdit] = None,
        control: Optional[QWidget] = None,
    ) -> None:
        self.edit = edit or QLineEdit()
        super().__init__(entry, control or self.edit, tip, here)
        self._given = ""
        self.edit.setPlaceholderText(placeholder)
        self.edit.textChanged.connect(self._edited)

    def value(self) -> str:
        """Return the text, without the blanks that come with pasting."""
        text = self.edit.text()
        return text if text == self._given else text.strip()

    def _show(self, value: str) -> None:
        self._given = value
        self.edit.setText(value)
        self.edit.setCursorPosition(0)


class PathField(TextField):
    """A file or folder of this computer, with a button to choose it."""

    def __init__(
        self,
        entry: str,
        placeholder: str = "",
        tip: str = "",
        here: Optional[bool] = None,
        folder: bool = False,
    ) -> None:
        self.chooser = QgsFileWidget()
        mode = QgsFileWidget.StorageMode
        self.chooser.setStorageMode(mode.GetDirectory if folder else mode.GetFile)
        super().__init__(entry, placeholder, tip, here, self.chooser.lineEdit(), self.chooser)
        self.chooser.setFocusProxy(self.edit)
        if not folder:
            self.doubt = _missing


class NumberField(Field):
    """A whole number; 0 has words."""

    stretch = 0

    def __init__(
        self,
        entry: str,
        low: int,
        high: int,
        special: str = "",
        tip: str = "",
    ) -> None:
        self.spin = CalmSpinBox()
        super().__init__(entry, self.spin, tip)
        self.spin.setRange(low, high)
        self.spin.setSpecialValueText(special)
        self.spin.valueChanged.connect(self._edited)

    def value(self) -> int:
        """Return the number."""
        return int(self.spin.value())

    def _show(self, value: int) -> None:
        self.spin.setValue(value)


class ChoiceField(Field):
    """One of several texts."""

    def __init__(self, entry: str, items: Sequence[tuple[str, str]], tip: str = "") -> None:
        self.chooser = CalmComboBox()
        super().__init__(entry, self.chooser, tip)
        for text, value in items:
            self.chooser.addItem(text, value)
        self.chooser.currentIndexChanged.connect(self._edited)

    def value(self) -> str:
        """Return the value of the chosen text."""
        return str(self.chooser.currentData() or "")

    def _show(self, value: str) -> None:
        self.chooser.setCurrentIndex(max(0, self.chooser.findData(value)))


class CheckField(Field):
    """Yes or no."""

    def __init__(self, entry: str, text: str, tip: str = "") -> None:
        self.box = QCheckBox(text)
        super().__init__(entry, self.box, tip)
        self.box.toggled.connect(self._edited)

    def value(self) -> bool:
        """True if the box is checked."""
        return bool(self.box.isChecked())

    def _show(self, value: bool) -> None:
        self.box.setChecked(value)


class AuthField(Field):
    """An entry of QGIS's authentication database; only its id is known here.

    `methods` are the kinds that will do; `good` is said where one is chosen. An id that is not in this
    computer's database, since a colleague wrote the profile, is kept until another one is chosen.
    """

    def __init__(self, entry: str, methods: Sequence[str], tip: str = "") -> None:
        # Of the names by which QGIS filters, this one leaves users and passwords alone.
        self.select = QgsAuthConfigSelect(None, "proxy" if tuple(methods) == ("Basic",) else "")
        super().__init__(entry, self.select, tip)
        self._methods, self._id = tuple(methods), ""
        self.good = ""
        self.doubt = self._unsuitable
        self.hint = lambda chosen: self.good if chosen else ""
        self.select.layout().setContentsMargins(0, 0, 0, 0)
        self.select.selectedConfigIdChanged.connect(self._selected)

    def value(self) -> str:
        """Return the entry's id."""
        return self._id

    def _show(self, value: str) -> None:
        self._id = value
        self.select.setConfigId(value)

    def _selected(self, chosen: str) -> None:
        if not self._filling:
            self._id = chosen
            self._edited()

    def _unsuitable(self, chosen: str) -> str:
        manager = QgsApplication.authManager()
        if not chosen:
            return ""
        if manager.isDisabled():
            return tr("QGIS's authentication database is switched off in this QGIS.")
        if chosen not in manager.configIds():
            return tr(
                "The profile names the entry {id}, which this QGIS does not have. Choose or add one."
            ).format(id=chosen)
        method = manager.configAuthMethodKey(chosen)
        if method not in self._methods:
            return tr("An entry of the kind {kind} will not do here; choose {wanted}.").format(
                kind=method, wanted=tr(" or ").join(self._methods)
            )
        return ""


class CalmSpinBox(QSpinBox):
    """Leaves the wheel to the form that scrolls, unless it has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the number only while the field has the focus."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class CalmComboBox(QComboBox):
    """Leaves the wheel to the form that scrolls, unless it has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the choice only while the field has the focus."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


def _nothing(_value: Any) -> str:
    return ""


def _missing(path: str) -> str:
    # pathlib raises at the home of a user who is not there.
    if not path or os.path.isfile(os.path.expanduser(path)):  # noqa: PTH111, PTH113
        return ""
    return tr("There is no such file on this computer.")
