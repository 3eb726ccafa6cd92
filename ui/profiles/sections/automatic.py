"""A whole number that may also be left to Roadpulse, or be none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from qgis.PyQt.QtGui import QValidator

from ....workflow.translation import tr
from .fields import ALL, CalmSpinBox, Field

_AUTOMATIC = -1


class AutomaticField(Field):
    """A number from 0 on, which is "none", or None, which is "automatic"."""

    stretch = 0

    def __init__(self, entry: str, high: int, kinds: Sequence[str] = ALL, tip: str = "") -> None:
        self.spin = _SpinBox()
        super().__init__(entry, self.spin, kinds, tip)
        self.spin.setRange(_AUTOMATIC, high)
        self.spin.setValue(_AUTOMATIC)
        self.spin.valueChanged.connect(self._edited)

    def value(self) -> Optional[int]:
        """The number; None: automatic."""
        number = int(self.spin.value())
        return None if number == _AUTOMATIC else number

    def _show(self, value: Optional[int]) -> None:
        self.spin.setValue(_AUTOMATIC if value is None else value)


class _SpinBox(CalmSpinBox):
    """Writes two of its numbers as words, which may be typed too."""

    def __init__(self) -> None:
        super().__init__()
        self._words = {_AUTOMATIC: tr("automatic"), 0: tr("none")}

    def textFromValue(self, value: int) -> str:
        """The word of a number, or its digits."""
        return self._words.get(value) or super().textFromValue(value)

    def valueFromText(self, text: str) -> int:
        """The number of a word, or of digits."""
        typed = text.strip().lower()
        found = next((value for value, word in self._words.items() if word.lower() == typed), None)
        return super().valueFromText(text) if found is None else found

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """A word may be typed letter by letter."""
        typed = text.strip().lower()
        words = [word.lower() for word in self._words.values()]
        if typed in words:
            return QValidator.State.Acceptable, text, position
        if typed and any(word.startswith(typed) for word in words):
            return QValidator.State.Intermediate, text, position
        if typed.startswith("-"):
            return QValidator.State.Invalid, text, position
        state, text, position = super().validate(text, position)
        return state, text, position
