"""Speeds of a trip's points out of their positions and times, where the files give none (`speed_from`).

A point's speed is the distance from the point before it over the time between them. Points without a
position or a time have none, and neither have those more than `LONGEST_STEP` after the one before, not after
it at all, or farther from it than `FASTEST` reaches. The first point has the speed of the second. The points
are those of the trip that have a link, in the file's order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.spec import METRES_PER_SECOND
from ..storage.spill import Spill
from ..trips.decoder import Points
from ..trips.times import MICROSECONDS, NO_TIME
from ..trips.values import POSITION_REASONS

LONGEST_STEP = 120 * MICROSECONDS
"""Longest time between two points, in µs, over which a speed is computed."""

FASTEST = 70.0
"""Speed in m/s from one position to the next above which one of them is wrong."""

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the Earth in m (Moritz 2000, Geodetic Reference System 1980)."""

Floats = NDArray[np.float64]


class Places(NamedTuple):
    """Times in µs (`NO_TIME` for none) and positions in degrees (NaN for none) of points."""

    time: NDArray[np.int64]
    longitude: Floats
    latitude: Floats

    def part(self, start: int, end: Optional[int]) -> Places:
        """Return some of the points."""
        return Places(self.time[start:end], self.longitude[start:end], self.latitude[start:end])

    @classmethod
    def joined(cls, parts: Sequence[Places]) -> Places:
        """Return the points of all parts."""
        return cls(
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.longitude for part in parts]),
            np.concatenate([part.latitude for part in parts]),
        )


def distances(longitude: Floats, latitude: Floats) -> Floats:
    """Return the great-circle distance in m of each point but the first from the one before it.

    Haversine formula (Sinnott 1984, Virtues of the Haversine, Sky and Telescope 68, 159).
    """
    east, north = np.radians(longitude), np.radians(latitude)
    half = np.sin(np.diff(north) / 2) ** 2
    half += np.cos(north[:-1]) * np.cos(north[1:]) * np.sin(np.diff(east) / 2) ** 2
    metres: Floats = 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return metres


def speeds_of(places: Places, unit: str) -> tuple[Floats, NDArray[np.uint8]]:
    """Return the speeds of a trip's points in `unit`, NaN for none, and the reasons for that.

    A reason is the place in `POSITION_REASONS`, from 1 on; 0 is none.
    """
    time, longitude, latitude = places
    speed, code = np.full(len(time), np.nan), np.ones(len(time), dtype=np.uint8)
    at = np.flatnonzero((time != NO_TIME) & ~np.isnan(longitude) & ~np.isnan(latitude))
    if not len(at):
        return speed, code
    step = np.diff(time[at])
    metres = distances(longitude[at], latitude[at])
    fits = (step > 0) & (step <= LONGEST_STEP)
    found, why = np.full(len(at), np.nan), np.full(len(at), _NO_STEP, dtype=np.uint8)
    with np.errstate(divide="ignore", invalid="ignore"):
        found[1:] = metres / (step / MICROSECONDS)
    slow = found[1:] <= FASTEST
    why[1:] = np.where(fits, np.where(slow, 0, _JUMP), _NO_STEP)
    if len(at) > 1:
        found[0] = found[1]
        why[0] = why[1] and _NO_STEP
    found[why > 0] = np.nan
    speed[at], code[at] = found / METRES_PER_SECOND[unit], why
    return speed, code


def speeds_of_portions(portions: Iterator[Places], unit: str) -> Iterator[tuple[Floats, NDArray[np.uint8]]]:
    """Yield `speeds_of` the portions of one trip; those of a few points may come with the next one."""
    waiting: list[Places] = []  # the trip's beginning, until two of its points have a place
    before: Optional[Places] = None  # the last point with a place
    for some in portions:
        waiting.append(some)
        places = Places.joined(waiting)
        given = np.flatnonzero((places.time != NO_TIME) & ~np.isnan(places.longitude + places.latitude))
        if before is None and len(given) < 2:
            continue
        yield _after(before, places, unit)
        waiting = []
        before = places.part(given[-1], given[-1] + 1) if len(given) else before
    if waiting:
        yield _after(before, Places.joined(waiting), unit)


def _after(before: Optional[Places], places: Places, unit: str) -> tuple[Floats, NDArray[np.uint8]]:
    if before is None:
        return speeds_of(places, unit)
    speed, code = speeds_of(Places.joined([before, places]), unit)
    return speed[1:], code[1:]


def take_speeds(trip: Points, unit: str) -> dict[str, int]:
    """Give the points of a trip, with positions, their speeds; leave out others and return their counts."""
    if trip.position is None:
        raise ValueError("the points have no positions")
    speed, code = speeds_of(Places(trip.time, *trip.position.T), unit)
    trip.speed, counts = speed, counts_of(code)
    if counts:
        trip.keep(code == 0, counts)
    return counts


def take_speeds_of_rows(read: Spill, left: Spill, unit: str, at_once: int) -> dict[str, int]:
    """Append the points of a trip to `left` with their speeds, without others; return the counts of these."""

    def places() -> Iterator[Places]:
        for some in read.portions(at_once):
            yield Places(*(some[name].copy() for name in Places._fields))

    counts: dict[str, int] = {}
    done = 0
    for speed, code in speeds_of_portions(places(), unit):
        some: Any = read.read(done, len(speed))
        done += len(speed)
        some["speed"] = speed
        left.append(*(some[code == 0][name] for name in some.dtype.names))
        for reason, n in counts_of(code).items():
            counts[reason] = counts.get(reason, 0) + n
    return counts


def counts_of(code: NDArray[np.uint8]) -> dict[str, int]:
    """Return the number of points without a speed by reason."""
    found = np.bincount(code, minlength=len(POSITION_REASONS) + 1)[1:].tolist()
    return {reason: n for reason, n in zip(POSITION_REASONS, found) if n}


_NO_STEP, _JUMP = (POSITION_REASONS.index(reason) + 1 for reason in ("no_step", "jump"))
