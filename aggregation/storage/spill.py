"""Rows in a temporary file if they exceed memory, written and read in portions."""

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
    """Rows of one or more columns; `dtype` is the structured type of a row, or that of the only column.

    Up to `room` rows are in memory: the last ones that were appended, or all of them.
    """

    def __init__(self, path: Path, dtype: Any, room: int) -> None:
        self._path, self.dtype, self.room = path, np.dtype(dtype), room
        self._n = self._in_file = 0
        self._held: list[NDArray[Any]] = []

    def __len__(self) -> int:
        return self._n

    def append(self, *columns: NDArray[Any]) -> None:
        """Append rows, given as columns of equal length in the order of the type's fields."""
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
        """Return up to `n` rows from row `start`."""
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
        """Yield the rows in [start, end), or all, in order, `n` at a time."""
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
        """Move all rows of another `Spill` to this empty one, sorted by group.

        `group_of` returns the groups of rows, `sizes` is the number of rows of each group; `n` rows are
        processed at once, or all if they are in memory.
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
    """Yield an empty `Spill`; its file is removed when the block ends."""
    with scratch.file("rows") as path:
        yield Spill(path, dtype, room)
