"""Class limits: round numbers in the unit shown, one set a statistic, shared by all bins of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

FEWEST, MOST = 6, 9
"""Numbers of classes that are distinguishable and still informative."""

WANTED = 7
STEPS = (1.0, 2.0, 2.5, 5.0)
"""Round steps, times a power of ten."""

SMALLEST_STEP = 0.1
"""No class is narrower: speeds are not known better than this."""

DEFAULTS = {"mph": 5.0, "km/h": 10.0, "m/s": 2.0}
"""Step of the classes from 0 on where nothing is drawn."""


def class_limits(values: NDArray[Any], unit: str = "km/h") -> list[float]:
    """Limits of 6 to 9 classes, ascending (classes + 1 numbers), from the values that are drawn.

    `values` is any shape of float in `unit`; what is not finite does not count. The first class also
    holds what is slower than its lower limit, the last what is faster than its upper one: a handful of
    values far out does not widen all classes (the limits follow the 5th and 95th percentile). Limits
    start at 0 unless even slow links are far from it.
    """
    drawn = np.asarray(values, dtype=float).ravel()
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        step = DEFAULTS.get(unit, 10.0)
        return [i * step for i in range(WANTED + 1)]
    low, high = np.quantile(drawn, [0.05, 0.95]).tolist()
    if 0 <= low <= 0.5 * high or high - low < 0.05 * abs(high):
        low = min(0.0, low)
    top = float(drawn.max())
    best: Optional[tuple[tuple[float, ...], list[float]]] = None
    for step in _steps(high - low):
        first = math.floor(low / step + 1e-9)
        last = max(math.ceil(high / step - 1e-9), first + 1)
        last += top > last * step * (1 + 1e-9)  # one more, open class for what lies beyond
        empty = max(FEWEST - (last - first), 0)  # classes added on the fast side
        last += empty
        if last - first > MOST:
            continue
        rank = (empty, abs(last - first - WANTED), -step)
        if best is None or rank < best[0]:
            best = (rank, [_clean(i * step) for i in range(first, last + 1)])
    return best[1] if best else [0.0, max(high, 1.0)]


def class_labels(limits: Sequence[float]) -> list[str]:
    """Legend texts of the classes: `0 – 5`, …, `over 40` for the last, which is open."""
    texts = [number(limit) for limit in limits]
    labels = [f"{low} – {high}" for low, high in zip(texts, texts[1:])]
    if labels:
        labels[-1] = f"over {texts[-2]}"
        if limits[0] > 0:
            labels[0] = f"up to {texts[1]}"
    return labels


def number(value: float) -> str:
    """Return a limit as a person writes it: `5`, `2.5`, `12,000`."""
    text = f"{value:,.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−") if text != "-0" else "0"


def _steps(span: float) -> list[float]:
    """Round steps that could cut `span` into a few classes."""
    power = math.floor(math.log10(max(span, SMALLEST_STEP)))
    steps = [base * 10.0**exponent for exponent in range(power - 3, power + 2) for base in STEPS]
    return [step for step in steps if step >= SMALLEST_STEP * 0.999]


def _clean(value: float) -> float:
    """Remove the noise of binary fractions: 0.30000000000000004 is 0.3."""
    return float(f"{value:.12g}")
