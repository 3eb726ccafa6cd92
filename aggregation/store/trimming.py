"""Points that are left out of a trip when it is read: standing, and the ends of the trip (see `Trim`).

A point slower than 1 km/h stands. Stretches of such points are left out where the trip begins or ends with
them, and where the time from their first to their last point is longer than `stationary_seconds`. Then
distances and times along what remains are measured: the distance to a point is the sum of speed × duration
(see traversals) of the points before it, the time that of the steps between their times, without steps back.
Points within `ends_metres` or `ends_seconds` of the first or last point that has a time are left out, and
points without a time outside of the rest, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.spec import KILOMETRES_PER_HOUR, METRES_PER_SECOND, DecodeRules
from ..trips.times import MICROSECONDS, NO_TIME
from ..trips.values import TRIM_REASONS
from .traversals import LONGEST

STANDING = 1.0
"""Speed in km/h below which a vehicle stands."""

Portion = tuple[NDArray[np.int64], NDArray[np.float64]]
Portions = Callable[[], Iterator[Portion]]
"""Returns times and speeds of a trip's points in the file's order, some at a time, whenever it is called."""


def trimmed(portions: Portions, n: int, rules: DecodeRules) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which of a trip's `n` points are kept, and how many are not by reason (`values.TRIM_REASONS`).

    A byte a point is held in memory.
    """
    keep = np.ones(n, dtype=bool)
    trim, counts = rules.trim, []
    if trim.stationary_seconds:
        _leave_out_standing(keep, portions, rules)
    counts.append(n - int(np.count_nonzero(keep)))
    if trim.ends_metres or trim.ends_seconds:
        start, end = _inner(keep, portions, rules)
        keep[:start] = keep[end:] = False
    counts.append(n - int(np.count_nonzero(keep)) - counts[0])
    return keep, {reason: count for reason, count in zip(TRIM_REASONS, counts) if count}


@dataclass
class _Stretch:
    """Stretch of standing points from number `start` on, with its first and last time (`NO_TIME`: none)."""

    start: int
    first: int = NO_TIME
    last: int = NO_TIME


def _leave_out_standing(keep: NDArray[np.bool_], portions: Portions, rules: DecodeRules) -> None:
    longest = rules.trim.stationary_seconds * MICROSECONDS
    factor = KILOMETRES_PER_HOUR[rules.speed_unit]
    going: Optional[_Stretch] = None
    done = 0

    def end(stretch: _Stretch, at: int) -> None:
        if stretch.start == 0 or at == len(keep) or stretch.last - stretch.first > longest:
            keep[stretch.start : at] = False

    for time, speed in portions():
        stands = speed * factor < STANDING
        edges = np.flatnonzero(np.diff(stands, prepend=going is not None))
        bounds = [0, *edges.tolist(), len(stands)]
        for begin, upto in zip(bounds, bounds[1:]):
            if begin < upto and stands[begin]:
                going = going or _Stretch(done + begin)
                given = time[begin:upto][time[begin:upto] != NO_TIME]
                if len(given):
                    going.first = int(given[0]) if going.first == NO_TIME else going.first
                    going.last = int(given[-1])
            elif going is not None and begin < upto:
                end(going, done + begin)
                going = None
        done += len(stands)
    if going is not None:
        end(going, done)


@dataclass
class _Along:
    """Distance in m and time in µs up to the last point with a time, which has a `speed` in m/s."""

    time: int = NO_TIME
    speed: float = 0.0
    metres: float = 0.0
    elapsed: int = 0


def _measured(
    keep: NDArray[np.bool_], portions: Portions, factor: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.int64]]]:
    """Yield numbers of the kept points with a time, with the distance in m and the time in µs to each."""
    before, done = _Along(), 0
    for time, speed in portions():
        at = np.flatnonzero(keep[done : done + len(time)] & (time != NO_TIME))
        moments, speeds = time[at], speed[at] * factor
        if before.time != NO_TIME:
            moments, speeds = np.append(np.int64(before.time), moments), np.append(before.speed, speeds)
        if len(at):
            step = np.maximum(np.diff(moments), 0)
            each = speeds[:-1] * (np.minimum(step, LONGEST) / MICROSECONDS)
            metres = np.cumsum(np.append(before.metres, each))  # adds in order
            elapsed = np.cumsum(np.append(np.int64(before.elapsed), step))
            before = _Along(int(moments[-1]), float(speeds[-1]), float(metres[-1]), int(elapsed[-1]))
            yield at + done, metres[-len(at) :], elapsed[-len(at) :]
        done += len(time)


def _inner(keep: NDArray[np.bool_], portions: Portions, rules: DecodeRules) -> tuple[int, int]:
    """Return the range of the points that are far enough from both ends."""
    factor, far = METRES_PER_SECOND[rules.speed_unit], float(rules.trim.ends_metres)
    late = rules.trim.ends_seconds * MICROSECONDS
    start: Any = None
    length, duration = 0.0, 0
    for at, metres, elapsed in _measured(keep, portions, factor):
        inside = np.flatnonzero((metres >= far) & (elapsed >= late))
        if start is None and len(inside):
            start = int(at[inside[0]])
        length, duration = float(metres[-1]), int(elapsed[-1])
    end = 0
    for at, metres, elapsed in _measured(keep, portions, factor):
        inside = np.flatnonzero((length - metres >= far) & (duration - elapsed >= late))
        end = int(at[inside[-1]]) + 1 if len(inside) else end
    return (0, 0) if start is None or start >= end else (start, end)
