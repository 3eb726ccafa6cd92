"""Water and parks on the bent ground, and which roads are bridges."""

from __future__ import annotations

from typing import Optional

import numpy as np
from numpy.typing import NDArray

from .plan import Plan
from .roads import Road
from .warp import Warp, to_lon_lat

Floats = NDArray[np.float64]

_CELL = 250.0
_SHAPES = ((0.68, 4), (0.64, 3), (0.6, 2), (0.55, 1), (0.5, 1), (0.45, 0), (0.35, 0))
"""Width of the water as a share of the distance of the quays, and rounds of smoothing; the first dry one."""


def flood(plan: Plan, roads: list[Road], warp: Warp) -> tuple[Floats, ...]:
    """Return the river as a ring of longitude and latitude; roads over it become bridges with names.

    A main road whose line crosses the middle of the river is a bridge, and so is a motorway over water. All
    other roads stay dry: the water is as wide as they allow.
    """
    if not plan.banks[0]:
        return ()
    counts = _counts(plan, plan.banks[0])
    banks = [warp(_densify(plan, bank, counts)) for bank in plan.banks]
    middle = (banks[0] + banks[1]) / 2
    segments, owner = _segments_near(roads, middle)
    crossing = set(owner[_meet(segments, middle)].tolist())
    spans = [road.kind not in ("quay", "end", "core") and road.highway not in _SMALL for road in roads]
    bridges = {i for i in crossing if spans[i]}
    fast = np.array([roads[i].highway.startswith("motorway") for i in owner], dtype=bool)
    must_stay_dry = ~fast & ~np.isin(owner, list(bridges))
    for width, rounds in _SHAPES:
        sides = [_smooth(middle + width * (bank - middle), rounds) for bank in banks]
        if not any(_meet(segments[must_stay_dry], side).any() for side in sides):
            break
    for side in sides:
        bridges |= set(owner[fast & _meet(segments, side)].tolist())
    for i in sorted(bridges):
        roads[i].kind = "bridge"
        if not roads[i].highway.startswith("motorway"):
            roads[i].name = plan.names.bridge()
    return (to_lon_lat(np.vstack((sides[0], sides[1][::-1], sides[0][:1]))),)


_SMALL = ("residential", "unclassified")


def parks(plan: Plan, warp: Warp) -> tuple[Floats, ...]:
    """Rings of longitude and latitude, a little inside the streets around them."""
    rings = []
    for block in plan.parks:
        ring = warp(_densify(plan, [*block.corners, block.corners[0]]))
        middle = ring[:-1].mean(axis=0)
        rings.append(to_lon_lat(middle + 0.965 * (ring - middle)))
    return tuple(rings)


def _densify(plan: Plan, chain: list[int], counts: Optional[list[int]] = None) -> Floats:
    """Return points (n, 2) of the plan along a chain of nodes, near enough to each other to be bent.

    `counts` says how many points each piece gets.
    """
    points = np.array([plan.nodes[node] for node in chain])
    counts = counts or _counts(plan, chain)
    shares = [np.linspace(0.0, 1.0, count, endpoint=False)[:, None] for count in counts]
    pieces = [a + share * (b - a) for a, b, share in zip(points, points[1:], shares)]
    return np.vstack([*pieces, points[-1:]])


def _counts(plan: Plan, chain: list[int]) -> list[int]:
    steps = np.diff(np.array([plan.nodes[node] for node in chain]), axis=0)
    return [max(12, int(length // 60)) for length in np.hypot(steps[:, 0], steps[:, 1]).tolist()]


def _smooth(line: Floats, rounds: int) -> Floats:
    for _ in range(rounds):
        line[1:-1] = 0.25 * line[:-2] + 0.5 * line[1:-1] + 0.25 * line[2:]
    return line


def _segments_near(roads: list[Road], line: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Segments (n, 2, 2) of the roads near a line, and the number of the road of each."""
    segments = np.concatenate([np.stack((road.line[:-1], road.line[1:]), axis=1) for road in roads])
    owner = np.repeat(np.arange(len(roads)), [len(road.line) - 1 for road in roads])

    def cells(points: Floats) -> NDArray[np.int64]:
        return np.asarray((np.floor(points / _CELL).astype(np.int64) + 2**20) @ np.array([2**22, 1]))

    around = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]) * _CELL
    river = np.unique(np.concatenate([cells(line + step) for step in around]))
    near = np.isin(cells(segments.mean(axis=1)), river)
    return segments[near], owner[near]


def _meet(segments: Floats, line: Floats) -> NDArray[np.bool_]:
    """Return which of the segments (n, 2, 2) cross a line (m, 2)."""
    p, d = line[:-1], np.diff(line, axis=0)
    a, e = segments[:, 0, None], (segments[:, 1] - segments[:, 0])[:, None]
    cross = d[:, 0] * e[..., 1] - d[:, 1] * e[..., 0]
    gap = a - p
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (gap[..., 0] * e[..., 1] - gap[..., 1] * e[..., 0]) / cross
        u = (gap[..., 0] * d[:, 1] - gap[..., 1] * d[:, 0]) / cross
    return np.asarray(((t >= 0) & (t < 1) & (u >= 0) & (u < 1)).any(axis=1))
