"""Rows that may be too many for the memory: in a temporary file, written and read some at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from .local import scratch
from .local.files import disk_errors


class Spill:
    """Rows of some columns; `dtype` is the structured type of a row, or that of the only column.

    Up to `room` rows are in memory: the last ones that were added, or all of them.
    """

    def __init__(self, path: Path, dtype: Any, room: int) -> None:
        self._path, self.dtype, self.room = path, np.dtype(dtype), room
        self._n = self._in_file = 0
        self._held: list[NDArray[Any]] = []

    def __len__(self) -> int:
        return self._n

    def append(self, *columns: NDArray[Any]) -> None:
        """Add rows, given as columns of one length in the order of the type's fields."""
        rows = np.empty(len(columns[0]), dtype=self.dtype)
        if self.dtype.names is None:
            rows[:] = columns[0]
        for name, column in zip(self.dtype.names or (), columns):
            rows[name] = column
        self._held.append(rows)
        self._n += len(rows)
        if self._n - self._in_file > self.room:
            with disk_errors("put points aside", self._path.parent), self._path.open("ab") as file:
                for held in self._held:
                    held.tofile(file)
            self._held.clear()
            self._in_file = self._n

    def read(self, start: int, n: int) -> NDArray[Any]:
        """Up to `n` rows from row `start` on."""
        end = min(start + n, self._n)
        found = [np.empty(0, self.dtype)]
        if start < self._in_file:
            n_here, offset = min(end, self._in_file) - start, start * self.dtype.itemsize
            found.append(np.fromfile(self._path, dtype=self.dtype, count=n_here, offset=offset))
        begin = self._in_file
        for rows in self._held:
            found.append(rows[max(start - begin, 0) : max(end - begin, 0)])
            begin += len(rows)
        return found[1].copy() if len(found) == 2 else np.concatenate(found)

    def portions(self, n: int, start: int = 0, end: Optional[int] = None) -> Iterator[NDArray[Any]]:
        """The rows from `start` up to but not `end`, or all of them, in their order, `n` at a time."""
        end = self._n if end is None else end
        for first in range(start, end, n):
            yield self.read(first, min(n, end - first))

    def take_grouped(
        self,
        rows: Spill,
        group_of: Callable[[NDArray[Any]], NDArray[np.int64]],
        sizes: NDArray[np.int64],
        n: int,
    ) -> None:
        """Fill this empty one with the rows of another, which loses them, group after group.

        `group_of` tells the groups of some rows, `sizes` how many rows each group has; `n` rows are
        looked at at once, or all where they are in memory.
        """
        self._n = len(rows)
        if not rows._in_file:
            found = rows.read(0, len(rows))
            rows._held.clear()
            rows._n = 0
            self._held = [found[np.argsort(group_of(found), kind="stable")]]
            return
        self._in_file = self._n
        to = np.cumsum(sizes) - sizes
        with disk_errors("put points aside", self._path.parent), self._path.open("wb") as file:
            for portion in rows.portions(n):
                groups = group_of(portion)
                order = np.argsort(groups, kind="stable")
                for some in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
                    group = groups[some[0]]
                    file.seek(int(to[group]) * self.dtype.itemsize)
                    file.write(portion[some].tobytes())
                    to[group] += len(some)


@contextlib.contextmanager
def spill(dtype: Any, room: int = 0) -> Iterator[Spill]:
    """Yield an empty `Spill`; its file goes when the block ends."""
    with scratch.file("rows") as path:
        yield Spill(path, dtype, room)
