"""Sorting by several integer keys, and external sorting of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .spill import Spill, spill

DIGIT_BITS = 16


def order_by(*keys: NDArray[Any]) -> NDArray[np.intp]:
    """Return the indices of a stable sort by non-negative integer keys of equal length, first key first.

    numpy sorts 16-bit integers by radix, several times faster than 64-bit ones by comparison, so each key
    is divided into digits of that size for `lexsort`.
    """
    digits: list[NDArray[Any]] = []
    for key in reversed(keys):
        bits = int(key.max()).bit_length() if len(key) else 0
        for shift in range(0, max(bits, 1), DIGIT_BITS):
            digits.append((key >> shift if shift else key).astype(np.uint16))
    order: NDArray[np.intp] = np.lexsort(digits)
    return order


@contextmanager
def sorted_numbers(numbers: Spill, limit: int) -> Iterator[Spill]:
    """Yield the numbers sorted in ascending order, with about `limit` in memory at a time."""
    if len(numbers) <= limit:
        with spill(np.float64, limit) as held:
            held.append(np.sort(numbers.read(0, len(numbers))))
            yield held
        return
    with spill(np.float64) as runs, spill(np.float64) as merged:
        for some in numbers.portions(limit):
            some.sort()
            runs.append(some)
        for some in _merged(runs, limit):
            merged.append(some)
        yield merged


def _merged(runs: Spill, length: int) -> Iterator[NDArray[np.float64]]:
    """Merge sorted runs of `length` numbers (the last may be shorter), some of each in memory."""
    starts = np.arange(0, len(runs), length)
    ends = np.minimum(starts + length, len(runs))
    block = max(length // max(len(starts), 1), 64)
    held = [runs.read(int(start), min(block, int(end - start))) for start, end in zip(starts, ends)]
    starts = np.minimum(starts + block, ends)
    first = np.array([some[0] for some in held])
    last = np.array([some[-1] for some in held])
    while len(live := np.flatnonzero(~np.isnan(first))):
        more = live[starts[live] < ends[live]]
        up_to = last[more].min() if len(more) else np.inf  # no smaller number remains in any file
        taken = []
        for run in live[first[live] <= up_to].tolist():
            end = int(np.searchsorted(held[run], up_to, side="right"))
            taken.append(held[run][:end])
            held[run] = held[run][end:]
            if not len(held[run]):
                held[run] = runs.read(int(starts[run]), min(block, int(ends[run] - starts[run])))
                starts[run] += len(held[run])
            first[run] = held[run][0] if len(held[run]) else np.nan
            last[run] = held[run][-1] if len(held[run]) else np.nan
        some = np.concatenate(taken)
        some.sort()
        yield some
