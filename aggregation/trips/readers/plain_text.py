"""Columns out of the text of a CSV by its bytes, where no field holds a quote, a delimiter or a line.

Python objects are made only of what has to be looked at as text: of consecutive equal values one, and none of
speeds and times that are written as most programs do. What is read here is what the decoder's rules give.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Optional, overload

import numpy as np
from numpy.typing import NDArray

from ..repeated import Repeated

_PAD = b"\0" * 8
_WIDEST = 64  # bytes of values that are compared with the one before
_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_ZEROS, _BEYOND_NINE = np.uint64(0x3030303030303030), np.uint64(0x7676767676767676)
_POINTS = np.uint64(int.from_bytes(b".", "little")) * _ONES
_ALL, _BYTE = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0xFF)
_PAIRS, _OF_HUNDREDS, _OF_UNITS = map(np.uint64, (0x000000FF000000FF, 0x000F424000000064, 0x0000271000000001))
_POWERS = 10.0 ** np.arange(9)


class PlainText:
    """Rows of fields, each row in a line; field by row and column lie at `starts` to `ends` in `text`."""

    def __init__(self, text: bytes, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> None:
        self._text, self._starts, self._ends = text, starts, ends
        # The eight bytes that begin at each place.
        self._words: NDArray[np.uint64] = np.ndarray(len(text) - 7, "<u8", text, 0, (1,))

    @classmethod
    def of(cls, text: bytes, delimiter: str, n_columns: int) -> Optional[PlainText]:
        """Return the rows of a text; None if it may be read otherwise, or a row has another number of fields.

        Fields may be in quotes as a whole.
        """
        if n_columns < 2 or not text or b"\0" in text:
            return None
        text = _PAD + text + (b"" if text.endswith(b"\n") else b"\n")
        found = np.frombuffer(text, dtype=np.uint8)
        ends = found == ord("\n")
        seps = np.flatnonzero(ends | (found == ord(delimiter)))
        n_rows = np.count_nonzero(ends)
        if len(seps) != n_rows * n_columns or not ends[seps[n_columns - 1 :: n_columns]].all():
            return None
        starts = np.append(len(_PAD), seps[:-1] + 1)
        if b'"' in text:
            quotes = found == ord('"')
            is_quoted = quotes[starts] & quotes[seps - 1] & (seps - starts > 1)
            if np.count_nonzero(quotes) != 2 * np.count_nonzero(is_quoted):
                return None  # one is inside of a field
            starts, seps = starts + is_quoted, seps - is_quoted
        return cls(text, starts.reshape(-1, n_columns), seps.reshape(-1, n_columns))

    def __len__(self) -> int:
        return len(self._ends)

    def texts(self, column: int) -> Texts:
        """Return a column as texts."""
        return Texts(self._text, self._starts[:, column], self._ends[:, column])

    def repeated(self, *columns: int) -> list[Repeated]:
        """Return columns, with the rows together in which none of them changes."""
        begins = np.zeros(len(self), dtype=bool)
        begins[0] = True
        for column in columns:
            starts, ends = self._starts[:, column], self._ends[:, column]
            widths = ends - starts
            begins[1:] |= (widths[1:] != widths[:-1]) | (widths[1:] > _WIDEST)
            for back in range(0, min(int(widths.max()), _WIDEST), 8):
                word = self._word(ends - back, widths - back)
                begins[1:] |= word[1:] != word[:-1]
        first = np.flatnonzero(begins)
        times = np.diff(first, append=len(self))
        return [Repeated(self.texts(column).at(first), times) for column in columns]

    def _word(self, ends: NDArray[np.intp], widths: NDArray[np.intp]) -> NDArray[np.uint64]:
        """Return the last eight bytes before `ends`, and 0 for those that are not of the value."""
        before = np.clip(8 - widths, 0, 8)
        word: NDArray[np.uint64] = self._words[np.maximum(ends - 8, 0)]
        if not before.any():
            return word
        shift = (np.minimum(before, 7) * 8).astype(np.uint64)
        found: NDArray[np.uint64] = np.where(before == 8, np.uint64(0), word & (_ALL << shift))
        return found

    def whole_numbers(self, column: int) -> Optional[NDArray[np.int64]]:
        """Return a column of numbers of up to sixteen digits; None if another value is there."""
        starts, ends = self._starts[:, column], self._ends[:, column]
        widths = ends - starts
        if int(widths.min()) < 1 or int(widths.max()) > 16:
            return None
        found = np.zeros(len(self), dtype=np.uint64)
        for back in (8, 0):
            word = self._word(ends - back, widths - back)
            shift = (np.clip(8 - (widths - back), 0, 7) * 8).astype(np.uint64)
            digits = np.where(widths > back, (word ^ _ZEROS) & (_ALL << shift), np.uint64(0))
            if ((((digits + _BEYOND_NINE) | digits) & _HIGH) != 0).any():
                return None
            found = found * np.uint64(10**8) + _number_of(digits)
        return found.view(np.int64)

    def decimals(self, column: int, missing: float) -> Optional[NDArray[np.float64]]:
        """Return a column of numbers of up to eight characters, digits with or without a point between them.

        `missing` stands for empty fields. None if another value is there.
        """
        starts, ends = self._starts[:, column], self._ends[:, column]
        widths = ends - starts
        if int(widths.max()) > 8:
            return None
        word = self._words[ends - 8]
        shift = (np.clip(8 - widths, 0, 7) * 8).astype(np.uint64)
        inside = _ALL << shift
        # The lowest byte that is a point, as 1 in it; the bytes below are moved over it.
        like = (word ^ _POINTS) | ~inside
        point = (like - _ONES) & ~like & _HIGH
        point = (point & (~point + np.uint64(1))) >> np.uint64(7)
        has_point = point != 0
        below = np.where(has_point, point - np.uint64(1), np.uint64(0))
        above = np.where(has_point, ~((below << np.uint64(8)) | _BYTE), _ALL)
        digits = (word ^ _ZEROS) & inside
        digits = (digits & above) | ((digits & below) << np.uint64(8))
        is_number = (((digits + _BEYOND_NINE) | digits) & _HIGH) == 0
        # A digit on both sides of a point.
        lone = has_point & ((point == (np.uint64(1) << shift)) | (point >> np.uint64(56) != 0))
        empty = widths == 0
        if not (is_number & ~lone | empty).all():
            return None
        # Of less than 2^53 and a small power of ten the quotient is the nearest float.
        place = (np.frexp(point.astype(np.float64))[1] - 1) // 8
        found: NDArray[np.float64] = (
            _number_of(digits).astype(np.float64) / _POWERS[np.where(has_point, 7 - place, 0)]
        )
        found[empty] = missing
        return found

    def block(self, column: int) -> Optional[NDArray[np.uint8]]:
        """Return a column of texts of one length, each with the byte after it; None for others."""
        starts, ends = self._starts[:, column], self._ends[:, column]
        width = int(ends[0] - starts[0])
        if not width or ((ends - starts) != width).any():
            return None
        windows: NDArray[np.uint8] = np.ndarray(
            (len(self._text) - width, width + 1), np.uint8, self._text, 0, (1, 1)
        )
        found: NDArray[np.uint8] = windows[starts]
        return found


def _number_of(digits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers of eight digits, each in a byte, the first in the lowest."""
    pairs = digits * np.uint64(10) + (digits >> np.uint64(8))
    of_four = (pairs & _PAIRS) * _OF_HUNDREDS + ((pairs >> np.uint64(16)) & _PAIRS) * _OF_UNITS
    return of_four >> np.uint64(32)


class Texts(Sequence[Optional[str]]):
    """A column as texts, made when asked for; None for empty ones."""

    def __init__(self, text: bytes, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> None:
        self._text, self._starts, self._ends = text, starts, ends

    def __len__(self) -> int:
        return len(self._ends)

    def at(self, rows: NDArray[np.intp]) -> list[Optional[str]]:
        """Return the texts of some rows."""
        text = self._text
        return [
            text[start:end].decode("utf-8", "surrogateescape") or None
            for start, end in zip(self._starts[rows].tolist(), self._ends[rows].tolist())
        ]

    @cached_property
    def all(self) -> list[Optional[str]]:
        """Return all texts of the column."""
        return self.at(np.arange(len(self)))

    @overload
    def __getitem__(self, index: int) -> Optional[str]: ...

    @overload
    def __getitem__(self, index: slice) -> list[Optional[str]]: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.at(np.arange(len(self))[index])
        return self.at(np.array([index]))[0]

    def __iter__(self) -> Iterator[Optional[str]]:
        return (self[row] for row in range(len(self)))
