"""From the plan to roads on the ground: pieces between junctions with their bent lines, and the motorway.

Everything is in metres east and north of the city's origin. England drives on the left.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, hypot

import numpy as np
from numpy.typing import NDArray

from .chance import Chance
from .plan import Plan
from .warp import Warp

Floats = NDArray[np.float64]

_SAMPLE = 38.0  # metres between the points of a bent line
_LESSER = {"secondary": "tertiary", "tertiary": "residential"}  # what a main road is where it leads nowhere
_CARRIAGEWAY = 9.0  # metres from the middle of the motorway to that of one carriageway


@dataclass
class Road:
    """A piece of road between two junctions; `line` (n, 2) runs from node `a` to node `b`."""

    a: int
    b: int
    highway: str
    name: str
    street: int
    line: Floats
    kind: str = ""
    oneway: bool = False
    closed: bool = False


def lay_roads(plan: Plan, warp: Warp, chance: Chance) -> tuple[list[Road], Floats]:
    """Roads of the plan and all node coordinates (n, 2); the motorway has its carriageways and slip roads."""
    pieces = []
    for number, street in enumerate(plan.streets):
        if street.highway:
            stops = sorted(street.stops)
            pieces += [(number, a, b) for (_, a), (_, b) in zip(stops, stops[1:])]
    lines = _bend(plan, warp, [(a, b) for _, a, b in pieces])
    roads = []
    for (number, a, b), line in zip(pieces, lines):
        street = plan.streets[number]
        roads.append(Road(a, b, street.highway, street.name, number, line, street.kind))
    nodes = list(warp(np.array(plan.nodes)))
    roads = _shorten_stubs(plan, roads, nodes, chance)
    roads = _build_motorway(roads, nodes)
    return roads, np.array(nodes)


def _bend(plan: Plan, warp: Warp, pairs: list[tuple[int, int]]) -> list[Floats]:
    """Bent lines between pairs of nodes, all in one go."""
    ends = np.array([(plan.nodes[a], plan.nodes[b]) for a, b in pairs])
    lengths = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    counts = np.maximum(1, np.ceil(lengths / _SAMPLE)).astype(int)
    starts = np.concatenate(([0], np.cumsum(counts + 1)))
    which = np.repeat(np.arange(len(pairs)), counts + 1)
    share = (np.arange(starts[-1]) - starts[which]) / counts[which]
    points = ends[which, 0] + share[:, None] * (ends[which, 1] - ends[which, 0])
    # The very coordinates of the nodes, so that neighbours end at the same place to the last digit.
    points[starts[:-1]], points[starts[1:] - 1] = ends[:, 0], ends[:, 1]
    bent = warp(points)
    return [bent[s:e] for s, e in zip(starts, starts[1:])]


def _shorten_stubs(plan: Plan, roads: list[Road], nodes: list[Floats], chance: Chance) -> list[Road]:
    """Streets that ran into the river, the motorway or the edge of the map end before it, or go."""
    touched = {node for street in plan.streets for _, node in street.touches} - set(plan.gateways)
    edge = [street for street in plan.streets if street.kind == "ring" and not street.highway]
    at_edge = {node for street in edge for _, node in street.touches}
    degree: dict[int, int] = {}
    for road in roads:
        for node in (road.a, road.b):
            degree[node] = degree.get(node, 0) + 1
    kept = []
    for road in roads:
        end = next((node for node in (road.a, road.b) if degree[node] == 1 and node in touched), None)
        if end is None:
            kept.append(road)
            continue
        line = road.line if end == road.b else road.line[::-1]
        total = length(line)
        keep = total - max(40.0, total * chance.one(0.1, 0.4))
        if keep < 45.0:
            continue
        line = cut(line, 0.0, keep)
        nodes[end] = line[-1]
        if end not in at_edge:
            road.highway = _LESSER.get(road.highway, road.highway)
        road.line = line if end == road.b else line[::-1]
        kept.append(road)
    return kept


def length(line: Floats) -> float:
    """Return length of a line (n, 2)."""
    steps = np.diff(line, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def cut(line: Floats, start: float, end: float) -> Floats:
    """Return the part of a line between two distances from its start."""
    steps = np.diff(line, axis=0)
    at = np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))
    inside = (at > start + 0.5) & (at < end - 0.5)
    distances = np.concatenate(([start], at[inside], [end]))
    return np.round(np.column_stack([np.interp(distances, at, line[:, c]) for c in (0, 1)]), 2)


def offset_left(line: Floats, distance: float) -> Floats:
    """Return a line beside this one, to the left of its direction."""
    steps = np.diff(line, axis=0)
    steps = steps / np.hypot(steps[:, 0], steps[:, 1])[:, None]
    tangent = np.vstack((steps[:1], steps[:-1] + steps[1:], steps[-1:]))
    tangent = tangent / np.hypot(tangent[:, 0], tangent[:, 1])[:, None]
    return np.asarray(
        np.round(line + distance * np.column_stack((-tangent[:, 1], tangent[:, 0])), 2), dtype=np.float64
    )


def _build_motorway(roads: list[Road], nodes: list[Floats]) -> list[Road]:
    """Replace the ring of motorway pieces by two carriageways with slip roads at every radial."""
    ring = [road for road in roads if road.highway == "motorway"]
    if not ring:
        return roads
    others = [road for road in roads if road.highway != "motorway"]
    n = len(ring)
    lengths = [length(road.line) for road in ring]
    slips = [min(340.0, 0.3 * min(lengths[i - 1], lengths[i])) for i in range(n)]
    whole = np.vstack([road.line[:-1] for road in ring])
    for _ in range(8):  # no motorway has the kinks that the wedges between radials leave
        whole = 0.25 * np.roll(whole, 1, axis=0) + 0.5 * whole + 0.25 * np.roll(whole, -1, axis=0)
    whole = np.round(whole, 2)
    circle = np.vstack((whole, whole[:1]))
    at = _stations(circle, [len(road.line) - 1 for road in ring])
    twice = np.vstack((circle, circle[1:]))  # two rounds, so that no piece has to cross the start
    result = []
    bridges: dict[int, tuple[int, int]] = {}
    for i, road in enumerate(ring):
        others, bridges[i] = _cross_over(others, nodes, road.a, slips[i])
    for forward in (True, False):
        middle = twice if forward else twice[::-1]
        order = list(range(n)) if forward else [0, *range(n - 1, 0, -1)]
        stations = [at[i] if forward else (at[-1] - at[i]) % at[-1] for i in order]
        side = offset_left(middle, _CARRIAGEWAY)
        carriageway = _Stretch(middle, side)
        name = f"{ring[0].name} {'anticlockwise' if forward else 'clockwise'}"
        ends = []
        for centre, i in zip(stations, order):
            station = centre + at[-1] if centre < slips[i] else centre
            ends.append((station - slips[i], station + slips[i], station, i))
        made = []
        for leave, join, station, i in ends:
            through = carriageway.part(leave, join)
            nodes += [through[0], through[-1]]
            made.append((len(nodes) - 2, len(nodes) - 1, leave, join))
            result.append(
                Road(len(nodes) - 2, len(nodes) - 1, "motorway", name, ring[i].street, through, "", True)
            )
            result += _slip_roads(nodes, bridges[i], carriageway, (leave, station, join), ring[i].street)
        for (_, start, _, join), (goal, _, leave, _) in zip(made, made[1:] + made[:1]):
            line = carriageway.part(join, leave if leave > join else leave + at[-1])
            line[0], line[-1] = nodes[start], nodes[goal]
            result.append(Road(start, goal, "motorway", name, ring[0].street, line, "", True))
    return others + result


def _stations(circle: Floats, counts: list[int]) -> Floats:
    """Distances along the closed ring at which its pieces of so many points start, and its whole length."""
    steps = np.diff(circle, axis=0)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))
    return np.asarray(along[np.concatenate(([0], np.cumsum(counts)))])


class _Stretch:
    """A carriageway measured by distances along the middle of the motorway."""

    def __init__(self, middle: Floats, side: Floats) -> None:
        steps = np.diff(middle, axis=0)
        self._at = np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))
        self._side = side

    def part(self, start: float, end: float) -> Floats:
        inside = (self._at > start + 0.5) & (self._at < end - 0.5)
        distances = np.concatenate(([start], self._at[inside], [end]))
        return np.round(
            np.column_stack([np.interp(distances, self._at, self._side[:, c]) for c in (0, 1)]), 2
        )


def _cross_over(
    roads: list[Road], nodes: list[Floats], crossing: int, room: float
) -> tuple[list[Road], tuple[int, int]]:
    """Carry the radial over the motorway: one piece between two new junctions, one on either side."""
    arms = [road for road in roads if crossing in (road.a, road.b)]
    roads = [road for road in roads if crossing not in (road.a, road.b)]
    parts, ends = [], []
    for arm in arms:
        line = arm.line if arm.a == crossing else arm.line[::-1]
        far = arm.b if arm.a == crossing else arm.a
        gap = min(75.0, 0.5 * length(line), 0.6 * room)
        near = cut(line, 0.0, gap)
        rest = cut(line, gap, length(line))
        rest[-1] = nodes[far]
        nodes.append(near[-1])
        ends.append(len(nodes) - 1)
        parts.append(near)
        roads.append(Road(ends[-1], far, arm.highway, arm.name, arm.street, rest, arm.kind))
    over = np.vstack((parts[0][::-1], parts[1][1:]))
    roads.append(Road(ends[0], ends[1], arms[0].highway, arms[0].name, arms[0].street, over, arms[0].kind))
    return roads, (ends[0], ends[1])


def _slip_roads(
    nodes: list[Floats],
    junctions: tuple[int, int],
    way: _Stretch,
    where: tuple[float, float, float],
    street: int,
) -> list[Road]:
    """Off and on, between the carriageway's last two nodes and the radial's junction on the left."""
    leave, station, join = where
    off, on = len(nodes) - 2, len(nodes) - 1
    before, here, after = way.part(station - 5.0, station + 5.0)[[0, 0, -1]]
    flow = after - before
    left = [flow[0] * (nodes[j][1] - here[1]) - flow[1] * (nodes[j][0] - here[0]) for j in junctions]
    junction = junctions[0] if left[0] > left[1] else junctions[1]
    roads = []
    for start, goal, first, last in ((off, junction, leave, station), (junction, on, station, join)):
        a, b = nodes[start], nodes[goal]
        bend = offset_left(way.part(first, last), 24.0)[len(way.part(first, last)) // 2]
        t = np.linspace(0.0, 1.0, ceil(hypot(*(b - a)) / 30.0) + 2)[:, None]
        line = np.round((1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b, 2)
        roads.append(Road(start, goal, "motorway_link", "Slip road", street, line, "", True))
    return roads
