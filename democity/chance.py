"""Chance that is the same everywhere: numbers that depend on the seed and on nothing else.

numpy promises the raw stream of a bit generator for all versions and machines, but not what its
`Generator` makes of it (NEP 19). So every number of the city is made from the raw stream here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Chance:
    """A stream of random numbers for a key such as `(seed, "trip", 17)`."""

    def __init__(self, seed: int, purpose: str = "", number: int = 0) -> None:
        words = [seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF, number, *purpose.encode()]
        self._bits = np.random.PCG64(np.random.SeedSequence(words))

    def uniform(self, n: int) -> NDArray[np.float64]:
        """`n` numbers in [0, 1)."""
        raw: NDArray[np.uint64] = np.asarray(self._bits.random_raw(n), dtype=np.uint64)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def one(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return one number in [low, high)."""
        return low + (high - low) * (int(self._bits.random_raw()) >> 11) * 2.0**-53

    def bell(self, n: int) -> NDArray[np.float64]:
        """`n` numbers, nearly normal with mean 0 and standard deviation 1 (the sum of four uniforms)."""
        parts = self.uniform(4 * n).reshape(4, n)
        return np.asarray((parts[0] + parts[1] + parts[2] + parts[3] - 2.0) * 1.7320508075688772)

    def below(self, n: int) -> int:
        """Return a whole number in [0, n)."""
        return int(self.one() * n)

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`."""
        return items[self.below(len(items))]

    def maybe(self, probability: float) -> bool:
        """True with this probability."""
        return self.one() < probability
