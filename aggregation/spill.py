"""Rows that may be too many for the memory: in a temporary file, written and read some at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import storage
from .storage import scratch


class Spill:
    """Rows of some columns; `dtype` is the structured type of a row, or that of the only column.

    Up to `room` rows are in memory: the last ones that were added, or all of them.
    """

    def __init__(self, path: Path, dtype: Any, room: int) -> None:
        self._path, self._dtype, self._room = path, np.dtype(dtype), room
        self._n = self._in_file = 0
        self._held: list[NDArray[Any]] = []

    def __len__(self) -> int:
        return self._n

    def append(self, *columns: NDArray[Any]) -> None:
        """Add rows, given as columns of one length in the order of the type's fields."""
        rows = np.empty(len(columns[0]), dtype=self._dtype)
        if self._dtype.names is None:
            rows[:] = columns[0]
        for name, column in zip(self._dtype.names or (), columns):
            rows[name] = column
        self._held.append(rows)
        self._n += len(rows)
        if self._n - self._in_file > self._room:
            with storage.disk_errors("put points aside", self._path.parent), self._path.open("ab") as file:
                for held in self._held:
                    held.tofile(file)
            self._held.clear()
            self._in_file = self._n

    def read(self, start: int, n: int) -> NDArray[Any]:
        """Up to `n` rows from row `start` on."""
        end = min(start + n, self._n)
        found = [np.empty(0, self._dtype)]
        if start < self._in_file:
            n_here, offset = min(end, self._in_file) - start, start * self._dtype.itemsize
            found.append(np.fromfile(self._path, dtype=self._dtype, count=n_here, offset=offset))
        begin = self._in_file
        for rows in self._held:
            found.append(rows[max(start - begin, 0) : max(end - begin, 0)])
            begin += len(rows)
        return found[1].copy() if len(found) == 2 else np.concatenate(found)

    def portions(self, n: int) -> Iterator[NDArray[Any]]:
        """All rows in their order, `n` at a time."""
        for start in range(0, self._n, n):
            yield self.read(start, n)


@contextlib.contextmanager
def spill(dtype: Any, room: int = 0) -> Iterator[Spill]:
    """Yield an empty `Spill`; its file goes when the block ends."""
    with scratch.file("rows") as path:
        yield Spill(path, dtype, room)
