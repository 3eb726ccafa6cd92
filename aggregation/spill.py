"""Rows that are too many for the memory: in a temporary file, written and read some at a time."""

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
    """Rows of some columns in a file; `dtype` is the structured type of a row, or that of the only column."""

    def __init__(self, path: Path, dtype: Any) -> None:
        self._path, self._dtype = path, np.dtype(dtype)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, *columns: NDArray[Any]) -> None:
        """Add rows, given as columns of one length in the order of the type's fields."""
        rows = np.empty(len(columns[0]), dtype=self._dtype)
        if self._dtype.names is None:
            rows[:] = columns[0]
        for name, column in zip(self._dtype.names or (), columns):
            rows[name] = column
        with storage.disk_errors("put points aside", self._path.parent), self._path.open("ab") as file:
            rows.tofile(file)
        self._n += len(rows)

    def read(self, start: int, n: int) -> NDArray[Any]:
        """Up to `n` rows from row `start` on."""
        offset = start * self._dtype.itemsize
        n = max(min(n, self._n - start), 0)
        return (
            np.fromfile(self._path, dtype=self._dtype, count=n, offset=offset)
            if n
            else np.empty(0, self._dtype)
        )

    def portions(self, n: int) -> Iterator[NDArray[Any]]:
        """All rows in their order, `n` at a time."""
        for start in range(0, self._n, n):
            yield self.read(start, n)


@contextlib.contextmanager
def spill(dtype: Any) -> Iterator[Spill]:
    """Yield an empty `Spill`; its file goes when the block ends."""
    with scratch.file("rows") as path:
        yield Spill(path, dtype)
