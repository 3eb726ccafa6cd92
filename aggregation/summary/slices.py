"""Rows in files, divided into slices of whole links, cells or trips that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..storage.spill import Spill
from .samples import Ints

_NONE = np.empty(0, dtype=np.int64)


class Counts:
    """Counts `n` of each of the ascending integers `values`, of arrays that are shown one after the other."""

    def __init__(self, values: Ints = _NONE, n: Ints = _NONE) -> None:
        self._values, self._n = values, n

    def add(self, values: NDArray[Any]) -> None:
        """Count the values of an array, in which many are equal to the one before."""
        if not len(values):
            return
        starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        lengths = np.diff(np.append(starts, len(values)))
        self._values, place = np.unique(np.concatenate([self._values, values[starts]]), return_inverse=True)
        self._n = np.bincount(place, np.concatenate([self._n, lengths]), len(self._values)).astype(np.int64)

    def sorted(self) -> tuple[Ints, Ints]:
        """Return the distinct integers in ascending order, and their counts."""
        return self._values, self._n


@dataclass(frozen=True)
class Slice:
    """Rows whose links, cells or trips are `values`: of all `rows` the `n` from `start` on.

    If there are too many for memory, they are those of one value.
    """

    values: Ints
    rows: Spill
    start: int
    n: int

    def read(self) -> NDArray[Any]:
        """Return all rows."""
        return self.rows.read(self.start, self.n)

    def portions(self, limit: int) -> Iterator[NDArray[Any]]:
        """Yield the rows, `limit` at a time."""
        return self.rows.portions(limit, self.start, self.start + self.n)


def divided(rows: Spill, ordered: Spill, column: str, counts: Counts, limit: int) -> list[Slice]:
    """Move rows to `ordered`; return slices of at most `limit` rows, or of one value of a column with more.

    `counts` are those of the column, in whose order the slices are.
    """
    values, n = counts.sorted()
    ends, firsts, first = np.cumsum(n), [], 0
    while first < len(ends):
        firsts.append(first)
        before = ends[first - 1] if first else 0
        first = max(int(np.searchsorted(ends, before + limit, side="right")), first + 1)
    return along(rows, ordered, column, counts, values[firsts], limit)


def along(rows: Spill, ordered: Spill, column: str, counts: Counts, firsts: Ints, limit: int) -> list[Slice]:
    """Move rows to `ordered`; return the slices whose first values are at least `firsts`, which ascend."""
    values, n = counts.sorted()
    if not len(firsts):
        return []
    slice_of = np.searchsorted(firsts, values, side="right") - 1
    sizes = np.bincount(slice_of, n, len(firsts)).astype(np.int64)
    ordered.take_grouped(
        rows, lambda some: np.searchsorted(firsts, some[column], side="right") - 1, sizes, limit
    )
    ends_of_values = np.searchsorted(slice_of, np.arange(len(firsts)), side="right").tolist()
    ends = np.cumsum(sizes).tolist()
    return [
        Slice(values[start:end], ordered, first, last - first)
        for start, end, first, last in zip([0, *ends_of_values], ends_of_values, [0, *ends], ends)
    ]
