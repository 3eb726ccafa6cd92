"""Cutting a large JSON file between the elements of one array of it, at any depth.

Looks at brackets, commas and quotes alone, with numpy and a block at a time, so that a file of any size takes
no memory. The decoder of the pieces decides whether the text between them is JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import BinaryIO, Optional

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 18
AROUND = 2 << 20
"""Bytes around the array that are kept completely; beyond, only content no deeper than the array is kept."""

_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_STEP = np.zeros(256, dtype=np.int8)  # change of depth by a byte
_STEP[[ord("{"), ord("[")]] = 1
_STEP[[ord("}"), ord("]")]] = -1
_MARK = _STEP != 0
_MARK[ord(",")] = True
_KEY = re.compile(rb'("(?:[^"\\]|\\.)*")\s*:\s*\Z', re.DOTALL)


@dataclass
class Cuts:
    """An array in a file: its elements are between the byte offsets `start` and `end`.

    `commas` are offsets of some commas between elements. `start` is -1 if the file has no such array, `end`
    is -1 if the array does not end. `around` is the file with the array emptied; `whole` is True if nothing
    else is omitted from it.
    """

    start: int = -1
    end: int = -1
    commas: list[int] = field(default_factory=list)
    around: bytes = b""
    whole: bool = True

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Return beginning and end of the pieces between the commas; -1 stands for the file's end."""
        starts = [self.start, *(comma + 1 for comma in self.commas)]
        return list(zip(starts, [*self.commas, self.end])) if self.start >= 0 else []


def find_cuts(stream: BinaryIO, path: tuple[str, ...], piece: int) -> Cuts:
    """Find cuts of the array at the end of a path of object keys, into pieces of about `piece` bytes.

    Of several arrays under one path the last counts, as with every JSON decoder.
    """
    scan = _Scan(path, piece)
    while block := stream.read(BLOCK):
        scan.take(block)
    return scan.ended()


class _Scan:
    """State of the scan at the end of a block."""

    def __init__(self, path: tuple[str, ...], piece: int) -> None:
        self._path, self._piece = path, piece
        self._offset = 0
        self._in_text = self._escaped = False
        self._depth = 0
        self._keys: list[Optional[str]] = []  # keys of the open objects and arrays, down to the array
        self._inside = False  # the array of the path
        self._shallow = bytearray()  # content no deeper than the array
        self._bracket = 0  # end of its last bracket
        self._full: Optional[bytearray] = bytearray()  # all but the array
        self._cuts = Cuts()

    def take(self, block: bytes) -> None:
        """Scan the next block."""
        found = np.frombuffer(block, dtype=np.uint8)
        marks = np.flatnonzero(_MARK[found])
        quotes = self._quotes(found)
        in_text = (np.searchsorted(quotes, marks) + self._in_text) & 1
        self._in_text = bool((len(quotes) + self._in_text) & 1)
        marks = marks[in_text == 0]
        step = _STEP[found[marks]]
        after = self._depth + np.cumsum(step, dtype=np.int64)
        outer = np.minimum(after, after - step)  # for a bracket, the depth outside
        level = len(self._path)
        commas = marks[(step == 0) & (after == level + 1)]
        begun = 0
        for n in np.flatnonzero((step != 0) & (outer <= level)).tolist():
            at = int(marks[n])
            if step[n] > 0:
                self._keep(block[begun : at + 1], shallow=True)
                self._open(block[at], at)
            else:
                self._cut(commas, begun, at)
                self._keep(block[begun:at], shallow=len(self._keys) <= level)
                self._keep(block[at : at + 1], shallow=True, always=True)
                self._close(at)
            begun = at + 1
        self._cut(commas, begun, len(block))
        self._keep(block[begun:], shallow=len(self._keys) <= level)
        self._depth = int(after[-1]) if len(after) else self._depth
        self._offset += len(block)

    def ended(self) -> Cuts:
        """Return the cuts, now that the file has ended."""
        self._cuts.whole = self._full is not None
        self._cuts.around = bytes(self._shallow if self._full is None else self._full)
        return self._cuts

    def _quotes(self, found: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the positions of the quotes around texts in a block."""
        quotes = np.flatnonzero(found == _QUOTE)
        slashes = np.flatnonzero(found == _BACKSLASH)
        if not len(slashes) and not self._escaped:
            return quotes
        # Of several backslashes in a row every other one escapes what comes after it.
        first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
        lengths = np.diff(np.append(first, len(slashes)))
        starts = slashes[first]
        odd = lengths % 2 == 1
        if self._escaped and len(starts) and starts[0] == 0:
            odd[0] = not odd[0]
        escaped = (starts + lengths)[odd]
        if self._escaped and not (len(starts) and starts[0] == 0):
            escaped = np.append(escaped, 0)
        self._escaped = bool((escaped == len(found)).any())
        return quotes[~np.isin(quotes, escaped)]

    def _open(self, bracket: int, at: int) -> None:
        """Handle the beginning of an object or array no deeper than the array of the path."""
        end = len(self._shallow) - 1
        key = _KEY.search(self._shallow, max(end - _longest(self._path), self._bracket), end)
        self._bracket = end + 1
        self._keys.append(_text(key.group(1)) if key else None)
        if bracket == ord("[") and tuple(self._keys[1:]) == self._path:
            self._inside = True
            self._cuts = Cuts(start=self._offset + at + 1)

    def _close(self, at: int) -> None:
        if self._inside:
            self._inside = False
            self._cuts.end = self._offset + at
        self._bracket = len(self._shallow)
        del self._keys[-1:]

    def _cut(self, commas: NDArray[np.int64], begin: int, end: int) -> None:
        """Choose cuts among the commas of a range within the array."""
        if not self._inside:
            return
        last = (self._cuts.commas or [self._cuts.start])[-1]
        here = commas[(commas >= begin) & (commas < end)] + self._offset
        while len(here) and here[-1] - last >= self._piece:
            last = int(here[np.searchsorted(here, last + self._piece)])
            self._cuts.commas.append(last)

    def _keep(self, text: bytes, shallow: bool, always: bool = False) -> None:
        if shallow:
            self._shallow += text
        if self._full is not None and (always or not self._inside):
            self._full += text
            if len(self._full) > AROUND:
                self._full = None


def _longest(path: tuple[str, ...]) -> int:
    """Return the largest number of bytes to look at for a key and the spaces around it."""
    return 12 * max(map(len, path), default=0) + 4096


def _text(quoted: bytes) -> Optional[str]:
    try:
        found = json.loads(quoted)
    except ValueError:
        return None
    return str(found)
