"""Rows of a task by bucket: held in memory, or in a file in blocks that are sorted by bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

import numpy as np

from ..storage.local import scratch
from ..storage.local.files import disk_errors
from ..store.order import bucket_of
from .link_tables import Columns, no_rows
from .samples import Ints

Range = tuple[int, int]
"""Buckets from a first one up to an end."""


class BucketRows:
    """Rows with the columns of `dtype`, the first of which is the link id, of the buckets in [first, end).

    Up to `room` rows are held in memory; then they are written to the file as a block.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], buckets: Range, room: int) -> None:
        self._path, self._dtype, self._room = path, dtype, room
        self._first, self._end = buckets
        self._held: list[Columns] = []  # the buckets, and the columns
        self._n_held = 0
        self._blocks: list[Ints] = []  # ends of the buckets in each block
        self._ordered: Optional[tuple[Columns, Ints]] = None
        self._counts: Ints = np.zeros(self._end - self._first, dtype=np.int64)

    def take(self, portions: Iterable[Columns]) -> None:
        """Add rows, given in portions."""
        for columns in portions:
            bucket = bucket_of(columns[0]) - np.int16(self._first)
            self._counts += np.bincount(bucket, minlength=len(self._counts))
            self._held.append((bucket, *columns))
            self._n_held += len(bucket)
            del columns, bucket
            if self._n_held > self._room:
                self._write()

    def ranges(self, limit: int) -> list[Range]:
        """Return ranges that follow each other, of at most `limit` rows or of one bucket that has more."""
        ends, bounds = np.cumsum(self._counts), [0]
        while bounds[-1] < len(ends):
            start = bounds[-1]
            before = ends[start - 1] if start else 0
            bounds.append(max(int(np.searchsorted(ends, before + limit, side="right")), start + 1))
        return [(self._first + start, self._first + end) for start, end in zip(bounds, bounds[1:])]

    def n_in(self, buckets: Range) -> int:
        """Return the number of rows in a range."""
        return int(self._counts[buckets[0] - self._first : buckets[1] - self._first].sum())

    def read(self, buckets: Range) -> Columns:
        """Return the rows in a range."""
        if buckets == (self._first, self._end) and not self._blocks and self._ordered is None:
            return _joined([columns[1:] for columns in self._held], self._dtype)
        return _joined(list(self._stretches(buckets)), self._dtype)

    def portions(self, buckets: Range, limit: int) -> Iterator[Columns]:
        """Yield the rows in a range, at most `limit` at a time."""
        for some in self._stretches(buckets):
            for start in range(0, len(some[0]), limit):
                yield tuple(column[start : start + limit] for column in some)

    def _stretches(self, buckets: Range) -> Iterator[Columns]:
        """Yield the rows in a range, out of each block and out of the memory."""
        start, end = buckets[0] - self._first, buckets[1] - self._first
        at = 0
        for ends in self._blocks:
            if n := int(ends[end] - ends[start]):
                offset = (at + int(ends[start])) * self._dtype.itemsize
                rows = np.fromfile(self._path, dtype=self._dtype, count=n, offset=offset)
                yield tuple(rows[name].copy() for name in self._dtype.names or ())
            at += int(ends[-1])
        if self._ordered is None:
            self._ordered = self._in_order()
        columns, ends = self._ordered
        if ends[end] > ends[start]:
            yield tuple(column[ends[start] : ends[end]] for column in columns)

    def _in_order(self) -> tuple[Columns, Ints]:
        """Return the held rows sorted by bucket, and the ends of the buckets; nothing is held then."""
        held = [list(columns) for columns in self._held]
        self._held.clear()
        self._n_held = 0
        bucket = np.concatenate([np.empty(0, dtype=np.int16), *(columns.pop(0) for columns in held)])
        ends = np.append(0, np.cumsum(np.bincount(bucket, minlength=len(self._counts))))
        order = np.argsort(bucket, kind="stable")  # by radix, as it has 16 bits
        found = no_rows(self._dtype)
        if held:  # a column at a time, for the memory
            found = tuple(
                np.concatenate([columns.pop(0) for columns in held])[order] for _ in self._dtype.names or ()
            )
        return found, ends

    def _write(self) -> None:
        """Write the held rows to the file."""
        columns, ends = self._in_order()
        rows = np.empty(len(columns[0]), dtype=self._dtype)
        for name, column in zip(self._dtype.names or (), columns):
            rows[name] = column
        del columns
        with disk_errors("put points aside", self._path.parent), self._path.open("ab") as file:
            rows.tofile(file)
        self._blocks.append(ends)


@contextmanager
def bucket_rows(dtype: np.dtype[Any], buckets: Range, room: int) -> Iterator[BucketRows]:
    """Yield an empty `BucketRows`; its file is removed when the block ends."""
    with scratch.file("rows") as path:
        yield BucketRows(path, dtype, buckets, room)


def _joined(found: list[Columns], dtype: np.dtype[Any]) -> Columns:
    if not found:
        return no_rows(dtype)
    return found[0] if len(found) == 1 else tuple(map(np.concatenate, zip(*found)))
