"""Columns of texts with many equal values one after the other, which are held once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any, Optional, overload

import numpy as np
from numpy.typing import NDArray


class Repeated(Sequence[Optional[str]]):
    """A sequence in which each of `values` stands as often as `times` says."""

    def __init__(self, values: list[Optional[str]], times: NDArray[np.int64]) -> None:
        self.values, self.times = values, times
        self._ends = np.cumsum(times)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @overload
    def __getitem__(self, index: int) -> Optional[str]: ...

    @overload
    def __getitem__(self, index: slice) -> list[Optional[str]]: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return list(self)[index]
        return self.values[int(np.searchsorted(self._ends, range(len(self))[index], side="right"))]

    def __iter__(self) -> Iterator[Optional[str]]:
        return chain.from_iterable(map(repeat, self.values, self.times.tolist()))

    def taken(self, kept: NDArray[np.intp]) -> Repeated:
        """Return the texts at ascending places."""
        at = np.searchsorted(self._ends, kept, side="right")
        return Repeated(self.values, np.bincount(at, minlength=len(self.values)))
