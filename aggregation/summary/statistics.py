"""Formulas of the statistics of the registry, each stated once.

A formula names what it takes: samples of a group's points, trips or paces, sums over its traversals, or other
statistics. Speeds have the unit of the run; NaN stands for a value that does not exist.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..contract import statistic
from ..contract.spec import KILOMETRES_PER_HOUR, FreeFlow, RunSpec
from .samples import Floats, Ints, Paces, Sample

POINTS, WINDOW, TRIPS, PACES = "points", "points of the free-flow window", "trips", "paces"
"""Inputs: a `Sample` of the speeds of the points, of those in the window of the free-flow rule, and of the
trips (each trip's is the mean of its points in the group); `Paces` of the trips."""

TRIP_COUNT, PASSAGES, RULE, UNIT = "number of trips", "traversals", "free-flow rule", "km/h of the unit"
"""Inputs: the number of distinct trips of each group; `Passages`; a `FreeFlow`; the speed unit in km/h."""

STOPPED = 5.0
"""Speed in km/h below which a point stands."""

SLOWEST = 1.0
"""Speed in km/h that a slower trip, and a slower free flow, counts as in paces."""

Column = NDArray[np.generic]


@dataclass(frozen=True)
class Passages:
    """Traversals that enter each group: number, sums of speed × time and of time in s, and hard brakings."""

    n: Ints
    weighted: Floats
    seconds: Floats
    brakes: Ints


class Formula:
    """Computation of a statistic, one value per group, from `inputs`: names above, or keys of statistics."""

    def __init__(self, value: Callable[..., Column], *inputs: str) -> None:
        self.value, self.inputs = value, inputs


class _Ordered(Protocol):
    """Values that percentiles are taken of: a `Sample`, or `Paces`."""

    @property
    def n(self) -> Ints:
        """Number of values of each group."""

    def order_statistic(self, rank: Ints) -> Floats:
        """Return the value of each group at its rank, from 0 for the lowest."""


def percentile_of(sample: _Ordered, percentile: int) -> Floats:
    """Return a percentile, linear between order statistics (Hyndman and Fan 1996, type 7)."""
    n = sample.n
    position = (n - 1) * (percentile / 100)
    below = np.floor(position).astype(np.int64)
    low, high = sample.order_statistic(below), sample.order_statistic(np.minimum(below + 1, n - 1))
    value: Floats = low + (high - low) * (position - below)
    return value


def _std(sample: Sample) -> Floats:
    """Return the sample standard deviation (n - 1); NaN for one value."""
    n = sample.n
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation: Floats = np.where(n > 1, np.sqrt(sample.squares / (n - 1)), np.nan)
    return deviation


def _ratio(numerator: Column, denominator: Column) -> Floats:
    """Return the quotient; NaN where the denominator is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Floats = np.where(denominator == 0, np.nan, numerator / denominator)  # type: ignore[operator]
    return ratio


def _half_width(trips: Sample) -> Floats:
    """Return the half width of the 95 % confidence interval of the mean; NaN for one trip.

    That of Student's t for a mean with unknown variance: t(n - 1; 0.975) · s / √n.
    """
    sizes, size_of = np.unique(trips.n, return_inverse=True)
    quantiles = np.array([t_quantile(n - 1) if n > 1 else np.nan for n in sizes.tolist()])
    width: Floats = quantiles[size_of] * _std(trips) / np.sqrt(trips.n)
    return width


def _free_flow(points: Sample, window: Sample, rule: FreeFlow) -> Floats:
    speed = percentile_of(points, rule.percentile)
    enough = window.n >= rule.min_points
    if enough.any():
        speed[enough] = percentile_of(window.only(enough), rule.percentile)
    return speed


def _reliability(paces: Paces) -> Floats:
    ratio: Floats = percentile_of(paces, 80) / percentile_of(paces, 50)
    return ratio


def _buffer(paces: Paces) -> Floats:
    index: Floats = (percentile_of(paces, 95) - paces.mean) / paces.mean
    return index


def _delay(paces: Paces, free_flow: Floats, unit: float) -> Floats:
    """Return the seconds lost a kilometre, not below 0."""
    hours = paces.mean - 1 / np.maximum(free_flow, SLOWEST / unit)  # an hour by the distance of the unit
    delay: Floats = np.maximum(hours * (3600 / unit), 0.0)
    return delay


FORMULAS: dict[str, Formula] = {
    "n_points": Formula(lambda points: points.n, POINTS),
    "n_trips": Formula(lambda n: n, TRIP_COUNT),
    "n_traversals": Formula(lambda passages: passages.n, PASSAGES),
    "mean": Formula(lambda points: points.mean, POINTS),
    "std": Formula(_std, POINTS),
    "min": Formula(lambda points: points.order_statistic(np.zeros_like(points.n)), POINTS),
    "max": Formula(lambda points: points.order_statistic(points.n - 1), POINTS),
    "weighted_mean": Formula(lambda passages: _ratio(passages.weighted, passages.seconds), PASSAGES),
    "trip_mean": Formula(lambda trips: trips.mean, TRIPS),
    "trip_hmean": Formula(lambda paces: 1 / paces.mean, PACES),
    "ci95": Formula(_half_width, TRIPS),
    "free_flow": Formula(_free_flow, POINTS, WINDOW, RULE),
    "free_flow_share": Formula(_ratio, "trip_hmean", "free_flow"),
    "tti": Formula(_ratio, "free_flow", "trip_hmean"),
    "pti": Formula(lambda paces, free_flow: free_flow * percentile_of(paces, 95), PACES, "free_flow"),
    "bti": Formula(_buffer, PACES),
    "reliability": Formula(_reliability, PACES),
    "delay": Formula(_delay, PACES, "free_flow", UNIT),
    "stopped_share": Formula(
        lambda points, unit: points.n_below(STOPPED / unit) / points.n, POINTS, UNIT
    ),
    "brakes": Formula(lambda passages: _ratio(100 * passages.brakes, passages.n), PASSAGES),
}  # fmt: skip
"""The formula of each statistic of the registry that is no percentile, by its key."""

PERCENTILES_OF = {statistic.POINTS: POINTS, statistic.TRIPS: TRIPS}
"""The input of percentiles, by their family."""


def formula(key: str) -> Formula:
    """Return the formula of a statistic; raises `KeyError`."""
    entry = statistic.statistic(key)
    if entry.percentile is None:
        return FORMULAS[key]
    return Formula(partial(percentile_of, percentile=entry.percentile), PERCENTILES_OF[entry.family])


def inputs_of(keys: Iterable[str]) -> frozenset[str]:
    """Return everything that the statistics are computed from: inputs, and keys of other statistics."""
    found: set[str] = set()
    for key in keys:
        inputs = formula(key).inputs
        found.update(inputs, inputs_of(name for name in inputs if statistic.is_statistic(name)))
    return frozenset(found)


def settings_of(spec: RunSpec) -> dict[str, Any]:
    """Return the inputs that are the same for all groups."""
    return {RULE: spec.free_flow, UNIT: KILOMETRES_PER_HOUR[spec.unit]}


def slowest(spec: RunSpec) -> float:
    """Return the speed that a slower trip counts as in paces, in the unit of the run."""
    return SLOWEST / KILOMETRES_PER_HOUR[spec.unit]


def compute(keys: Iterable[str], inputs: Mapping[str, Any]) -> dict[str, Column]:
    """Return the statistics by their keys, one value per group; each is computed once.

    `inputs` has what `inputs_of` names, perhaps without statistics, which are then computed too.
    """
    found = dict(inputs)
    return {key: _value(key, found) for key in keys}


def _value(name: str, found: dict[str, Any]) -> Any:
    """Return an input or a statistic, which is computed unless it is among those `found`."""
    if name not in found:
        needed = formula(name)
        found[name] = needed.value(*(_value(one, found) for one in needed.inputs))
    return found[name]


_NORMAL = 1.959963984540054
"""The 0.975 quantile of the normal distribution."""

_SERIES_FROM = 1000
"""Degrees of freedom from which the series is as exact as a double."""


@lru_cache(maxsize=4096)
def t_quantile(degrees: int) -> float:
    """Return the 0.975 quantile of Student's t distribution with `degrees` ≥ 1 degrees of freedom.

    Abramowitz and Stegun (1964): from 1000 degrees on the asymptotic expansion 26.7.5, below by Newton's
    method on the finite sums 26.7.3 and 26.7.4 for the probability P(|t| ≤ x). Rounded to 13 digits, as the
    last ones depend on a computer's library of functions.
    """
    x = _NORMAL
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    estimate = x + sum(term / degrees**power for power, term in enumerate(terms, start=1))
    if degrees < _SERIES_FROM:
        root = math.sqrt(degrees)
        estimate = root * math.tan(_angle(degrees, math.atan(estimate / root)))
    return float(f"{estimate:.13g}")


def _angle(degrees: int, theta: float) -> float:
    """Return θ = arctan(x / √degrees) with P(|t| ≤ x) = 0.95, by Newton's method from an estimate."""
    # dP/dθ is 2 Γ((ν + 1) / 2) / (√π Γ(ν / 2)) · cos(θ) ** (ν - 1).
    logarithm = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(math.pi) / 2
    for _ in range(50):
        slope = 2 * math.exp(logarithm) * math.cos(theta) ** (degrees - 1)
        step = (_probability(degrees, theta) - 0.95) / slope
        theta -= step
        if abs(step) < 1e-10:  # the error is that of the step squared
            break
    return theta


def _probability(degrees: int, theta: float) -> float:
    """Return P(|t| ≤ √degrees · tan θ) (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4)."""
    sine, cosine = math.sin(theta), math.cos(theta)
    odd = degrees % 2
    term = cosine if odd else 1.0
    found = [] if degrees == 1 else [term]
    for k in range(2, degrees - 1 - odd, 2):
        term *= (k - 1 + odd) / (k + odd) * cosine * cosine
        found.append(term)
    inner = math.fsum(found)
    return 2 / math.pi * (theta + sine * inner) if odd else sine * inner
