"""Tables by the numbers of trips in an ingest, which may have wide gaps.

The tasks of a run number the trips of their files independently of each other, so that numbers of one ingest
are spread over int32. A table is held by pages of numbers, and only those that occur.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BITS = 10
PAGE = 1 << _BITS
"""Numbers in a page."""

NONE = -1

Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class NumberTable:
    """Values (int32, from 0 up) by number; -1 for numbers without one.

    `pages` has for each page of numbers the place of its values in `values`, in pages; that of an empty one
    is the last page, which holds -1.
    """

    pages: Numbers
    values: Numbers

    @classmethod
    def of(cls, numbers: Numbers, values: Numbers) -> NumberTable:
        """Return the table with values of some numbers."""
        page = numbers >> _BITS
        used = np.unique(page)
        pages = np.full(int(used[-1]) + 1 if len(used) else 0, len(used), dtype=np.int32)
        pages[used] = np.arange(len(used), dtype=np.int32)
        table = np.full((len(used) + 1) * PAGE, NONE, dtype=np.int32)
        table[(pages[page] << _BITS) | (numbers & (PAGE - 1))] = values
        return cls(pages, table)

    def __getitem__(self, numbers: Numbers) -> Numbers:
        """Return the values of some numbers."""
        is_dense = len(self.values) == (len(self.pages) + 1) * PAGE
        numbers = np.asarray(numbers)
        page = numbers >> _BITS
        if int(page.max(initial=0)) >= len(self.pages):
            known = page < len(self.pages)
            found = np.full(numbers.shape, NONE, dtype=np.int32)
            found[known] = self[numbers[known]] if known.any() else NONE
            return found
        place = numbers if is_dense else (self.pages[page] << _BITS) | (numbers & (PAGE - 1))
        found = self.values[place]
        return found  # noqa: RET504  (typed)
