"""Class limits: round numbers in the unit shown, one set a statistic, shared by all of its bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ...aggregation.contract.statistic import DELAY, RATE, RATIO, SHARE, SPEED
from ..language import number_text, tr

FEWEST, MOST = 6, 9
"""Numbers of classes that are distinguishable and still informative."""

WANTED = 7
STEPS = (1.0, 2.0, 2.5, 5.0)
"""Round steps, times a power of ten."""

SMALLEST_STEPS = {SPEED: 0.1, RATIO: 0.01, SHARE: 0.01, DELAY: 0.1, RATE: 0.1}
"""No class is narrower, by kind of unit: values are not known better than this."""

DEFAULTS = {"mph": 5.0, "km/h": 10.0, "m/s": 2.0, "knots": 5.0}
"""Step of the classes of speeds from 0 on where nothing is drawn."""
_OTHER_DEFAULTS = {RATIO: 0.25, SHARE: 0.1, DELAY: 10.0, RATE: 5.0}

_AROUND_1 = 0.9
"""A ratio of which few values are lower is one to 1: its classes begin there."""


def usual_limits(unit: str, kind: str = SPEED) -> list[float]:
    """Limits of the classes where nothing is drawn."""
    step = DEFAULTS.get(unit, 10.0) if kind == SPEED else _OTHER_DEFAULTS[kind]
    return [_clean(i * step) for i in range(WANTED + 1)]


def class_limits(
    values: NDArray[Any],
    unit: str = "km/h",
    kind: str = SPEED,
    counts: Optional[NDArray[Any]] = None,
    wanted: int = WANTED,
) -> list[float]:
    """Limits of 6 to 9 classes, ascending (classes + 1 numbers), from the values that are drawn.

    For another number `wanted` there are one less to two more than that.

    `values` is any shape of float of a kind of unit, speeds in `unit`; what is not finite does not count.
    With `counts` they are ascending, each drawn so often. The first class also holds what is below its lower
    limit, the last what is above its upper one: a handful of values far out does not widen all classes (the
    limits follow the 5th and 95th percentile). Limits start at 0, or at 1 for ratios about it, unless even
    low values are far from it.
    """
    spread = _spread(values) if counts is None else _counted_spread(values, counts)
    if spread is None:
        return usual_limits(unit, kind)
    low, high, top = spread
    zero = 1.0 if kind == RATIO and low >= _AROUND_1 else 0.0
    if zero <= low <= zero + 0.5 * (high - zero) or high - low < 0.05 * abs(high):
        low = min(zero, low)
    fewest, most = max(wanted - WANTED + FEWEST, 1), wanted - WANTED + MOST
    best: Optional[tuple[tuple[float, ...], list[float]]] = None
    for step in _steps(high - low, SMALLEST_STEPS[kind]):
        first = math.floor(low / step + 1e-9)
        last = max(math.ceil(high / step - 1e-9), first + 1)
        last += top > last * step * (1 + 1e-9)  # one more, open class for what lies beyond
        empty = max(fewest - (last - first), 0)  # classes added at the high end
        last += empty
        if last - first > most:
            continue
        rank = (empty, abs(last - first - wanted), -step)
        if best is None or rank < best[0]:
            best = (rank, [_clean(i * step) for i in range(first, last + 1)])
    return best[1] if best else [0.0, max(high, 1.0)]


def class_labels(limits: Sequence[float]) -> list[str]:
    """Legend texts of the classes: `0 – 5`, …, `over 40` for the last, which is open."""
    texts = [number_text(limit) for limit in limits]
    labels = [tr("{begin} – {end}").format(begin=low, end=high) for low, high in zip(texts, texts[1:])]
    if labels:
        labels[-1] = tr("over {limit}").format(limit=texts[-2])
        if limits[0] != 0:
            labels[0] = tr("up to {limit}").format(limit=texts[1])
    return labels


def _spread(values: NDArray[Any]) -> Optional[tuple[float, float, float]]:
    """Return the 5th and 95th percentile and the largest of values, None for no values."""
    drawn = np.asarray(values, dtype=float).ravel()
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return None
    low, high = np.quantile(drawn, [0.05, 0.95]).tolist()
    return low, high, float(drawn.max())


def _counted_spread(values: NDArray[Any], counts: NDArray[Any]) -> Optional[tuple[float, float, float]]:
    """The same of ascending values that occur `counts` times."""
    up_to = np.cumsum(counts)
    if not len(up_to) or not up_to[-1]:
        return None
    low, high = (values[np.searchsorted(up_to, share * up_to[-1])] for share in (0.05, 0.95))
    return float(low), float(high), float(values[np.flatnonzero(counts)[-1]])


def _steps(span: float, smallest: float) -> list[float]:
    """Round steps that could cut `span` into a few classes."""
    power = math.floor(math.log10(max(span, smallest)))
    steps = [base * 10.0**exponent for exponent in range(power - 3, power + 2) for base in STEPS]
    return [step for step in steps if step >= smallest * 0.999]


def _clean(value: float) -> float:
    """Remove the noise of binary fractions: 0.30000000000000004 is 0.3."""
    return float(f"{value:.12g}")
