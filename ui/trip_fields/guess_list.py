"""List of guesses about a trip file, each with its reason and a way to use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ...mapping.language import tr
from ..widgets.notes import Note

if TYPE_CHECKING:
    from .recognition import Guess, Recognition

_TO_USE = ("unit", "zone", "times")
"""Entries whose value can be used with a click."""


class GuessList(QWidget):
    """Shows the guesses of a recognition.

    `used` carries the entry and the value of a guess that the person clicks. If `brief`, only those that
    differ from what is chosen are shown.
    """

    used = pyqtSignal(str, str)

    def __init__(self, brief: bool = False, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._brief = brief
        self._notes: list[Note] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """The lines that are shown."""
        return [note.plain for note in self._notes if note.plain]

    def show_guesses(self, found: Optional[Recognition], chosen: dict[str, str]) -> None:
        """Show the guesses; those for entries with another value in `chosen` can be used with a click."""
        guesses = list(found.guesses if found else ())
        if self._brief:
            asking = (*_TO_USE, "trips")
            guesses = [one for one in guesses if one.entry in asking and one.value != chosen.get(one.entry)]
        lines = [(_text(guess), guess) for guess in guesses]
        while len(self._notes) < len(lines) + 1:
            self._add_note()
        for note in self._notes:
            note.show_text("")
        remark = found.remark if found else ""
        if remark:
            self._notes[0].show_warning(remark)
        for note, (text, guess) in zip(self._notes[1:], lines):
            if guess.entry in _TO_USE and guess.value != chosen.get(guess.entry):
                use = tr("Use {value}").format(value=guess.value)
                note.show_warning(text, use, f"{guess.entry} {guess.value}")
            elif guess.entry == "trips":
                note.show_warning(text)
            else:
                note.show_text(text)
        self.setVisible(bool(self.texts))

    def _add_note(self) -> None:
        note = Note()
        note.clicked.connect(lambda name: self.used.emit(*name.split(" ", 1)))
        self._notes.append(note)
        self._column.addWidget(note)


def _text(guess: Guess) -> str:
    """Return a guess as a sentence."""
    value, reason = guess.value, guess.reason
    return {
        "unit": tr("Speeds are probably in {value}: {reason}."),
        "zone": tr("The zone is probably {value}: {reason}."),
        "times": tr("Times are probably local: {reason}."),
        "format": tr("Times are written as {value}: {reason}."),
        "direction": tr("The direction is probably {value}: {reason}."),
        "trips": tr("There is one trip a file: {reason}."),
        "ids": {
            "text": tr("Link ids are texts, {reason}."),
            "signed": tr("Link ids have a sign: {reason}."),
        }.get(value, tr("Link ids are whole numbers, {reason}.")),
    }[guess.entry].format(value=value, reason=reason)
