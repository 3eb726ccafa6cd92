"""Drive of one vehicle along a route: position and speed second by second.

Along the route every metre has a speed that the vehicle would like; junctions, bends and red lights lower
it to a point. What it really drives is the fastest motion below that line with limited acceleration a and
braking b: v(s)^2 = min over s' of (w(s')^2 + 2 a (s - s')), which a running minimum gives without a loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .chance import Chance
from .network import Network
from .traffic import Traffic, rush

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP = 4.0  # metres between the points at which speed is worked out
_ACCELERATION, _BRAKING = 1.5, 2.2  # m/s2
_CRAWL = 0.7  # m/s: the slowest rolling
_RANK = np.array([0, 1, 1, 2, 3, 4, 5, 5])  # of HIGHWAYS: who gives way to whom


@dataclass(frozen=True)
class Drive:
    """One point a second: second of the local day, row of the link, metres along the route, speed in m/s."""

    second: Ints
    link: Ints
    metres: Floats
    speed: Floats
    lon: Floats
    lat: Floats


def drive(
    network: Network, traffic: Traffic, route: Ints, start: float, chance: Chance, most: int = 1 << 30
) -> Drive:
    """Drive a route of consecutive links from a second of the local day; at most `most` points."""
    lengths = network.length[route]
    ends = np.cumsum(lengths)
    # Twice: the first pass gives the time at which each link is reached, the second its speed then.
    wanted = traffic.speed(route, np.full(len(route), start / 3600.0))
    arrival = start + np.cumsum(lengths / wanted) * 1.25
    hours = arrival / 3600.0 % 24.0
    taste = 0.95 + 0.07 * float(chance.bell(1)[0])
    wanted = (
        traffic.speed(route, hours) * min(max(taste, 0.78), 1.18) * (0.93 + 0.14 * chance.uniform(len(route)))
    )
    pause, passing = _junctions(network, route, hours, wanted, chance)
    at, speed = _profile(ends, wanted, passing, chance)
    at, time = _clock(at, speed, ends, pause)
    seconds = np.arange(0.0, min(np.floor(time[-1]), most - 1.0) + 1.0)
    # A pause is one place with two times, so speed is read from distances a second apart.
    metres = np.interp(seconds, time, at)
    speeds = np.diff(metres, append=metres[-1:] + (metres[-1:] - metres[-2:-1] if len(metres) > 1 else 0.0))
    link = np.minimum(np.searchsorted(ends, metres, side="right"), len(route) - 1)
    lon, lat = _coordinates(network, route, metres)
    first = int(start)
    return Drive(first + seconds.astype(np.int64), route[link], metres, np.maximum(speeds, 0.0), lon, lat)


def _junctions(
    network: Network, route: Ints, hours: Floats, wanted: Floats, chance: Chance
) -> tuple[Floats, Floats]:
    """Seconds of waiting at the end of every link of the route (n), and the speed of passing there (m/s)."""
    n = len(route)
    node = network.to_node[route]
    rank = _RANK[network.highway[route]]
    following = np.append(rank[1:], 9)
    morning, evening, everyday = rush(hours)
    busy = np.maximum(np.maximum(morning, evening), everyday)
    draw, long = chance.uniform(n), chance.uniform(n)
    signal = network.signals[node]
    red = signal & (draw < 0.30 + 0.28 * busy)
    yields = ~signal & (following < rank) & (draw < 0.18 + 0.45 * busy) & (rank > 1)
    pause = np.where(red, 3.0 + long * (16.0 + 34.0 * busy), np.where(yields, 1.0 + long * 9.0 * busy, 0.0))
    pause[-1] = 0.0
    after = np.append(wanted[1:], _CRAWL)
    passing = np.minimum(wanted, after)
    passing = np.minimum(passing, _turn_speed(network, route))
    minor = ~signal & (following < rank) & (rank > 1)
    passing = np.where(minor, np.minimum(passing, 5.0), passing)
    passing = np.where(pause > 0, _CRAWL, passing)
    passing[-1] = _CRAWL
    return pause, passing


def _turn_speed(network: Network, route: Ints) -> Floats:
    """Speed (m/s) at which the turn into the next link can be driven: about 5 at a right angle."""
    line = network.metres
    last, first = network.first[route + 1] - 1, network.first[route]
    out, into = line[last] - line[last - 1], line[first + 1] - line[first]
    size = np.hypot(out[:, 0], out[:, 1]), np.hypot(into[:, 0], into[:, 1])
    dot = (out[:-1] * into[1:]).sum(axis=1) / np.maximum(size[0][:-1] * size[1][1:], 1e-6)
    speed = np.full(len(route), 99.0)
    speed[:-1] = np.where(dot > 0.9, 99.0, 4.0 + 7.0 * np.maximum(dot, 0.0))
    return speed


def _profile(ends: Floats, wanted: Floats, passing: Floats, chance: Chance) -> tuple[Floats, Floats]:
    """Distances (m) from the start and the speed driven there (m/s)."""
    total = ends[-1]
    grid = np.arange(0.0, total, _STEP)
    at = np.concatenate((grid, ends))
    ceiling = np.concatenate(
        (wanted[np.minimum(np.searchsorted(ends, grid, side="right"), len(ends) - 1)], passing)
    )
    # Slow waves of traffic: some tens of metres long and stronger where it is dense.
    knots = np.arange(0.0, total + 120.0, 60.0)
    wave = np.interp(grid, knots, chance.uniform(len(knots)))
    ceiling[: len(grid)] *= 0.84 + 0.32 * wave
    order = np.argsort(at, kind="stable")
    at, ceiling = at[order], ceiling[order]
    ceiling[0] = _CRAWL
    square = np.maximum(ceiling, _CRAWL) ** 2
    gain = 2 * _ACCELERATION * (0.8 + 0.4 * chance.one())
    square = np.minimum.accumulate(square - gain * at) + gain * at
    back = (square + 2 * _BRAKING * at)[::-1]
    square = np.minimum.accumulate(back)[::-1] - 2 * _BRAKING * at
    return at, np.sqrt(np.maximum(square, _CRAWL**2))


def _clock(at: Floats, speed: Floats, ends: Floats, pause: Floats) -> tuple[Floats, Floats]:
    """Distances, and the seconds from the start at which they are reached; a pause is one place twice."""
    steps = np.diff(at) * 2.0 / (speed[:-1] + speed[1:]) + 1e-9
    reached = np.concatenate(([0.0], np.cumsum(steps)))
    halts = pause > 0
    where = np.searchsorted(at, ends[halts], side="right") - 1
    waited = np.bincount(where + 1, weights=pause[halts], minlength=len(at) + 1)[: len(at)]
    reached = reached + np.cumsum(waited)
    return np.insert(at, where + 1, at[where]), np.insert(reached, where + 1, reached[where] + pause[halts])


def _coordinates(network: Network, route: Ints, metres: Floats) -> tuple[Floats, Floats]:
    """Longitude and latitude of distances along the route, on the lines of its links."""
    first, last = network.first[route], network.first[route + 1]
    counts = last - first
    offsets = np.cumsum(counts) - counts
    rows = np.arange(counts.sum()) - np.repeat(offsets, counts) + np.repeat(first, counts)
    line = network.metres[rows]
    steps = np.hypot(np.diff(line[:, 0], prepend=line[0, 0]), np.diff(line[:, 1], prepend=line[0, 1]))
    steps[offsets] = 0.0  # from one link to the next is no way at all
    along = np.cumsum(steps)
    # Rounded lengths and those of the lines differ by millimetres: scale them to each other.
    along *= float(network.length[route].sum()) / along[-1]
    vertices = network.lon_lat[rows]
    return np.interp(metres, along, vertices[:, 0]), np.interp(metres, along, vertices[:, 1])
