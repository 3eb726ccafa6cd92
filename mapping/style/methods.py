"""The methods by which values are put into classes. Limits are one set for all bins of a statistic.

QGIS has most of these methods for the values of a layer, one a feature. A statistic that plays has millions,
which a map file holds packed, and QGIS's natural breaks would look at a part of them, chosen by chance. Here
they are counted: each different value once, with how often it occurs, so that a result is exact, takes a
second, and is the same every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from ...aggregation.contract.statistic import RATIO, SHARE, statistic
from ..errors import MapError
from .breaks import SMALLEST_STEPS, WANTED, class_limits, usual_limits

ROUND, BY_HAND = "round", "hand"
DEFAULT_METHOD = ROUND
USUAL = (ROUND, WANTED)
"""Method and number of classes of the limits that a map file holds."""

FEWEST_CLASSES, MOST_CLASSES = 2, 12
"""Numbers of classes that a person may ask for."""

_BANDS = (0.0, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the free-flow speed."""


@dataclass(frozen=True)
class Distribution:
    """Values (n,) of the statistic `key`, ascending and each once, and how often each is drawn, in all bins.

    Speeds are in `unit`.
    """

    key: str
    unit: str
    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def kind(self) -> str:
        """Kind of unit of the values."""
        return statistic(self.key).unit


@dataclass(frozen=True)
class Method:
    """A method under a key; `limits` returns those of about n classes, and `counts` says if n matters."""

    key: str
    label: str
    definition: str
    limits: Callable[[Distribution, int], list[float]]
    counts: bool = True
    needs_values: bool = True

    def fits(self, key: str) -> bool:
        """Return True if the method can be used for a statistic."""
        return self.key != "bands" or _share_of_free_flow(key)


def limits_of(method: str, distribution: Distribution, n: int) -> tuple[float, ...]:
    """Return class limits (classes + 1), ascending, of about n classes; raises `MapError`.

    There are fewer classes where the values do not give as many limits that differ as they are rounded:
    speeds to 0.1, shares and ratios to 0.01.
    """
    if not METHODS[method].fits(distribution.key):
        raise MapError(
            f"{METHODS[method].label} are bands of the share of free-flow speed or of the travel-time index, "
            f"not of the {statistic(distribution.key).label.lower()}. Choose one of those statistics "
            "(free_flow_share, tti), or another method."
        )
    if not len(distribution.values) and METHODS[method].needs_values:
        return tuple(usual_limits(distribution.unit, distribution.kind))
    return tuple(METHODS[method].limits(distribution, n))


def _round(all_: Distribution, n: int) -> list[float]:
    return class_limits(all_.values, all_.unit, all_.kind, all_.counts, n)


def _equal(all_: Distribution, n: int) -> list[float]:
    """Classes of the same width from the lowest to the highest value."""
    return _rounded(np.linspace(all_.values[0], all_.values[-1], n + 1), all_)


def _quantiles(all_: Distribution, n: int) -> list[float]:
    """Classes of the same number of values: the i-th limit is the lowest value that i/n are not above."""
    up_to = np.cumsum(all_.counts)
    places = np.searchsorted(up_to, np.arange(1, n) / n * up_to[-1])
    return _rounded([all_.values[0], *all_.values[places], all_.values[-1]], all_)


def _natural(all_: Distribution, n: int) -> list[float]:
    """Classes with the least sum of squared distances from the class's mean.

    Fisher, "On grouping for maximum homogeneity", JASA 53 (1958), as Jenks brought it to maps, over counted
    values. The last class of the best grouping of the first values begins no earlier for one value more, so
    each step looks at a part of the places (divide and conquer, as in Wang and Song, "Ckmeans.1d.dp", The R
    Journal 3/2, 2011, version 4): n · k · log n steps, all halves of a level in one pass of numpy.
    """
    values, weights = all_.values, all_.counts.astype(float)
    size, n = len(values), min(n, len(values))
    shifted = values - np.average(values, weights=weights)  # squares of large numbers would lose digits
    count, total, squares = (
        np.concatenate(([0.0], np.cumsum(weights * shifted**power))) for power in (0, 1, 2)
    )

    def cost(first: NDArray[Any], end: NDArray[Any]) -> NDArray[np.float64]:
        """Squared distances within classes of the values from `first` up to `end`."""
        sums = total[end] - total[first]
        return np.asarray(squares[end] - squares[first] - sums * sums / (count[end] - count[first]))

    ends = np.arange(1, size + 1)
    best = np.concatenate(([0.0], cost(np.zeros(size, int), ends)))
    begins = []
    for number in range(1, n):
        best, begin = _one_more(best, cost, number, size)
        begins.append(begin)
    at, limits = size, [values[-1]]
    for begin in reversed(begins):
        at = int(begin[at])
        limits.append(values[at - 1])
    return _rounded([values[0], *limits[::-1]], all_)


def _one_more(
    best: NDArray[np.float64],
    cost: Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]],
    number: int,
    size: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the cost of the first e values in `number` + 1 classes, and where the last of them begins.

    `best` has the cost in `number` classes. Index is e, 0 to `size`.
    """
    found, begin = np.full(size + 1, np.inf), np.zeros(size + 1, np.int64)
    low, high = number + 1, size  # ends with enough values
    spans = [(np.array([low]), np.array([high]), np.array([number]), np.array([size - 1]))]
    while spans:
        first, last, least, most = spans.pop()
        middle = (first + last) // 2
        top = np.minimum(most, middle - 1)
        lengths = top - least + 1
        owner = np.repeat(np.arange(len(middle)), lengths)
        starts = np.cumsum(lengths) - lengths
        tried = np.arange(lengths.sum()) - starts[owner] + least[owner]
        costs = best[tried] + cost(tried, middle[owner])
        lowest = np.minimum.reduceat(costs, starts)
        places = np.flatnonzero(costs == lowest[owner])
        chosen = np.full(len(middle), size)
        np.minimum.at(chosen, owner[places], tried[places])
        found[middle], begin[middle] = lowest, chosen
        halves = (
            np.concatenate((first, middle + 1)), np.concatenate((middle - 1, last)),
            np.concatenate((least, chosen)), np.concatenate((chosen, most)),
        )  # fmt: skip
        kept = halves[0] <= halves[1]
        if kept.any():
            first, last, least, most = (half[kept] for half in halves)
            spans.append((first, last, least, most))
    return found, begin


def _bands(all_: Distribution, _n: int) -> list[float]:
    """Bands of the free-flow speed; of a travel-time index, which is its reciprocal, the same ones."""
    if all_.kind == SHARE:
        return list(_BANDS)
    return [*(round(1 / share, 3) for share in reversed(_BANDS[1:])), 2.0]


def _share_of_free_flow(key: str) -> bool:
    entry = statistic(key)
    return entry.unit in (SHARE, RATIO) and {"free_flow", "trip_hmean"} == set(entry.derived_from)


def _rounded(limits: Any, all_: Distribution) -> list[float]:
    """Return limits without more digits than the values are good for, ascending, each once, at least two.

    A first class of the lowest value alone begins a step below it, or at 0 ends a step above.
    """
    step = SMALLEST_STEPS[all_.kind]
    numbers = [round(limit / step) for limit in limits]
    if numbers[0] == numbers[1]:
        numbers[numbers[0] == 0] += 1 if numbers[0] == 0 else -1
    return [float(f"{number * step:.12g}") for number in sorted(set(numbers))]


METHODS: Mapping[str, Method] = {
    method.key: method
    for method in (
        Method(
            ROUND, "Round limits", "round numbers in the unit shown; values far out do not count", _round
        ),
        Method("natural", "Natural breaks", "limits in the gaps between groups of values (Jenks)", _natural),
        Method("quantiles", "Quantiles", "as many values in each class", _quantiles),
        Method(
            "equal", "Equal intervals", "classes of one width from the lowest to the highest value", _equal
        ),
        Method(
            "bands", "Bands of free flow", "0 – 60 – 70 – 80 – 90 – 100 % of the free-flow speed", _bands,
            counts=False, needs_values=False,
        ),
        Method(BY_HAND, "By hand", "limits that are typed", _round, counts=False),
    )
}  # fmt: skip
"""All methods by their keys."""
