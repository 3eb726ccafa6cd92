"""The ruled plan of the city: ring roads, radials and the river, before blocks and bending.

All lines are straight here. A `Street` knows where on it which nodes lie; a `Block` is a convex piece of
land with a street on every side. `blocks.py` cuts the blocks into smaller ones, `warp.py` bends the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, hypot, log, pi, sin

import numpy as np
from numpy.typing import NDArray

from .chance import Chance
from .names import Names

Point = tuple[float, float]


@dataclass
class Street:
    """A straight street from node `a` to node `b`.

    `highway` is the OSM class, empty where a side is no road (a river bank, the edge of the map). Streets
    that end at a motorway or at no road make no junction with it: `joins` is False, and their nodes are
    kept in `touches` instead of `stops`. Both hold (share of the length, node).
    """

    a: int
    b: int
    highway: str
    name: str
    joins: bool = True
    kind: str = ""
    stops: list[tuple[float, int]] = field(default_factory=list)
    touches: list[tuple[float, int]] = field(default_factory=list)


@dataclass
class Block:
    """A convex piece of land, counter-clockwise: side i, along street `sides[i]`, leaves corner i."""

    corners: list[int]
    sides: list[int]
    ring: int


@dataclass
class Plan:
    """Everything drawn so far. `radius` is the orbital's (m), `rings` all radii, edge of the map last."""

    radius: float
    rings: list[float]
    angles: NDArray[np.float64]
    names: Names
    nodes: list[Point] = field(default_factory=list)
    streets: list[Street] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    gateways: list[int] = field(default_factory=list)
    banks: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    parks: list[Block] = field(default_factory=list)

    def add_node(self, point: Point) -> int:
        """Number of a new node."""
        self.nodes.append(point)
        return len(self.nodes) - 1

    def add_street(self, a: int, b: int, highway: str, name: str, kind: str = "") -> int:
        """Number of a new street between two nodes."""
        street = Street(a, b, highway, name, highway not in ("", "motorway"), kind, [(0.0, a), (1.0, b)])
        self.streets.append(street)
        return len(self.streets) - 1

    def length(self, street: Street) -> float:
        """Length in metres."""
        (x0, y0), (x1, y1) = self.nodes[street.a], self.nodes[street.b]
        return hypot(x1 - x0, y1 - y0)

    def share(self, street: Street, point: Point) -> float:
        """Where along the street a point lies: 0 at `a`, 1 at `b`."""
        (x0, y0), (x1, y1) = self.nodes[street.a], self.nodes[street.b]
        dx, dy = x1 - x0, y1 - y0
        return ((point[0] - x0) * dx + (point[1] - y0) * dy) / (dx * dx + dy * dy)

    def node_at(self, number: int, share: float, snap: float, low: float = 0.0, high: float = 1.0) -> int:
        """The node on a street at this share of its length: one within `snap` metres, or a new one.

        Only nodes between the shares `low` and `high` are taken.
        """
        street = self.streets[number]
        length = self.length(street)
        found = street.stops if street.joins else street.touches
        within = (stop for stop in found if low <= stop[0] <= high)
        near = min(within, key=lambda stop: abs(stop[0] - share), default=None)
        if near is not None and abs(near[0] - share) * length < snap:
            return near[1]
        (x0, y0), (x1, y1) = self.nodes[street.a], self.nodes[street.b]
        node = self.add_node((x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
        found.append((share, node))
        return node

    def middle(self, block: Block) -> Point:
        """Mean of the corners."""
        points = [self.nodes[node] for node in block.corners]
        return sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)

    def area(self, block: Block) -> float:
        """Area in square metres."""
        points = [self.nodes[node] for node in block.corners]
        pairs = zip(points, points[1:] + points[:1])
        return sum(p[0] * q[1] - q[0] * p[1] for p, q in pairs) / 2


def draw_main_roads(radius: float, chance: Chance) -> Plan:
    """Rings, radials and river of a city whose orbital has this radius in metres."""
    inner = min(max(0.16 * radius, 160.0), 480.0)
    n_rings = max(2, round(log(radius / inner) / log(1.9))) + 1
    rings = [inner * (radius / inner) ** (k / (n_rings - 1)) for k in range(n_rings)]
    rings.append(radius * 1.38)
    n_radials = min(max(round(5 + radius / 800), 6), 12)
    spacing = 2 * pi / n_radials
    angles = np.array([j * spacing + 0.24 * spacing * chance.one(-1, 1) for j in range(n_radials)]) + 0.3
    plan = Plan(radius, rings, angles, Names(chance))
    for r in rings:
        for angle in angles:
            plan.add_node((round(r * cos(angle), 3), round(r * sin(angle), 3)))
    plan.gateways = list(range((len(rings) - 1) * n_radials, len(rings) * n_radials))
    _add_streets(plan, chance)
    _add_blocks(plan)
    _cut_river(plan, chance)
    return plan


def _ring_class(plan: Plan, k: int) -> tuple[str, str]:
    orbital = len(plan.rings) - 2
    if k == orbital + 1:
        return "", ""
    if k == orbital:
        return ("motorway", "M98 Orbital") if plan.radius > 1300 else ("trunk", "Orbital Way")
    if k == 0:
        return "primary", "Inner Ring"
    outer = k == orbital - 1
    return ("primary", "Outer Ring Road") if outer else ("secondary", "Middle Ring Road")


def _add_streets(plan: Plan, chance: Chance) -> None:
    """Streets in a fixed order: all ring sides first, ring by ring, then the pieces of the radials."""
    n, orbital = len(plan.angles), len(plan.rings) - 2
    for k in range(len(plan.rings)):
        highway, name = _ring_class(plan, k)
        for j in range(n):
            plan.add_street(k * n + j, k * n + (j + 1) % n, highway, name, "ring")
    first = chance.below(3)
    for j in range(n):
        name = plan.names.radial(j)
        for k in range(len(plan.rings) - 1):
            highway = "primary" if (j + first) % 3 != 0 else "secondary"
            if k == orbital and (j + first) % 3 == 1:
                highway = "trunk"
            plan.add_street(k * n + j, (k + 1) * n + j, highway, name, "radial")


def _ring_street(plan: Plan, k: int, j: int) -> int:
    return k * len(plan.angles) + j % len(plan.angles)


def _radial_street(plan: Plan, k: int, j: int) -> int:
    n, rings = len(plan.angles), len(plan.rings)
    return rings * n + (j % n) * (rings - 1) + k


def _add_blocks(plan: Plan) -> None:
    """The core first, then the cells between two rings and two radials: cell (k, j) is block 1 + k n + j."""
    n = len(plan.angles)
    plan.blocks.append(Block(list(range(n)), [_ring_street(plan, 0, j) for j in range(n)], -1))
    for k in range(len(plan.rings) - 1):
        for j in range(n):
            after = (j + 1) % n
            corners = [k * n + j, (k + 1) * n + j, (k + 1) * n + after, k * n + after]
            sides = [_radial_street(plan, k, j), _ring_street(plan, k + 1, j)]
            sides += [_radial_street(plan, k, after), _ring_street(plan, k, j)]
            plan.blocks.append(Block(corners, sides, k))


def _river_course(plan: Plan, chance: Chance) -> NDArray[np.float64]:
    """Points (m, 2) every few metres along the river: past the core, bending more the farther out."""
    r = plan.rings
    u = np.arange(-1.6 * r[-1], 1.6 * r[-1], 4.0)
    passing = r[0] + 0.42 * (r[1] - r[0])
    phase, waves = chance.one(0.0, 2 * pi), chance.one(2.6, 3.4)
    far = np.minimum(np.abs(u) / plan.radius, 1.2)
    v = -passing + 0.30 * plan.radius * far**1.5 * np.sin(waves * u / plan.radius + phase)
    turn = chance.one(-0.35, 0.35)
    return np.column_stack((u * cos(turn) - v * sin(turn), u * sin(turn) + v * cos(turn)))


def _cell_of(plan: Plan, point: NDArray[np.float64]) -> tuple[int, int]:
    """(ring, sector) of the cell that holds a point; ring -1 is the core, the last one is off the map."""
    n = len(plan.angles)
    theta = float(np.arctan2(point[1], point[0])) % (2 * pi)
    j = (int(np.searchsorted(plan.angles, theta, side="right")) - 1) % n
    low = plan.angles[j]
    high = plan.angles[(j + 1) % n] + (2 * pi if j == n - 1 else 0.0)
    middle, half = (low + high) / 2, (high - low) / 2
    chord = float(np.hypot(*point)) * cos(theta - middle) / cos(half)
    k = sum(chord >= r for r in plan.rings) - 1
    return k, j


def _cut_river(plan: Plan, chance: Chance) -> None:
    """Lay the river through the cells it meets: two banks across each, crossed by main roads alone."""
    course = _river_course(plan, chance)
    n, last = len(plan.angles), len(plan.rings) - 1
    path: list[tuple[tuple[int, int], int]] = []
    for i, point in enumerate(course):
        cell = _cell_of(plan, point)
        if not -1 < cell[0] <= last or (path and path[-1][0] == cell):
            continue
        known = [c for c, _ in path]
        if cell in known:  # out and back again: leave the detour out
            path = path[: known.index(cell) + 1]
            continue
        path.append((cell, i))
    inside = [i for i, (cell, _) in enumerate(path) if cell[0] < last]
    path = path[max(inside[0] - 1, 0) : inside[-1] + 2]
    width = min(36.0 + 0.022 * plan.radius, 125.0)
    crossings = []
    for (cell, _), (following, i) in zip(path, path[1:]):
        (k, j), (k2, j2) = cell, following
        if k == k2:
            street = _radial_street(plan, k, j2 if (j + 1) % n == j2 else j)
        elif j == j2:
            street = _ring_street(plan, max(k, k2), j)
        else:
            raise ValueError("the river runs through a crossing of main roads")
        crossings.append((street, _bank_nodes(plan, street, course, i, width)))
    for ((k, j), _), (enter, first), (leave, second) in zip(path[1:], crossings, crossings[1:]):
        _cut_cell(plan, 1 + k * n + j, (enter, first), (leave, second))
    done = {1 + k * n + j for (k, j), _ in path[1:-1] if k < last}
    plan.blocks = [block for i, block in enumerate(plan.blocks) if i not in done]


def _bank_nodes(
    plan: Plan, number: int, course: NDArray[np.float64], i: int, width: float
) -> tuple[int, int]:
    """Nodes on a main road at both banks, in the road's order."""
    street = plan.streets[number]
    (x0, y0), (x1, y1) = plan.nodes[street.a], plan.nodes[street.b]
    length = plan.length(street)
    flow = course[min(i + 5, len(course) - 1)] - course[i - 5]
    slant = abs((x1 - x0) * flow[1] - (y1 - y0) * flow[0]) / (length * float(np.hypot(*flow)))
    half = width / 2 / max(slant, 0.75) / length
    share = plan.share(street, (float(course[i][0]), float(course[i][1])))
    share = min(max(share, 0.22 + half), 0.78 - half)
    first, second = plan.node_at(number, share - half, 1.0), plan.node_at(number, share + half, 1.0)
    return first, second


def _cut_cell(
    plan: Plan, index: int, one: tuple[int, tuple[int, int]], two: tuple[int, tuple[int, int]]
) -> None:
    """Cut a cell along both banks, from the crossing of one side to that of another."""
    block = plan.blocks[index]
    ends = sorted(((block.sides.index(side), nodes) for side, nodes in (one, two)), key=lambda end: end[0])
    (i, first), (j, second) = [(side, _along(plan, block, side, nodes)) for side, nodes in ends]
    orbital = len(plan.rings) - 2
    highway = "tertiary" if block.ring < orbital else ""
    higher = (
        plan.nodes[first[0]][1] + plan.nodes[second[1]][1]
        > plan.nodes[first[1]][1] + plan.nodes[second[0]][1]
    )
    names = ("North Quay", "South Quay") if higher else ("South Quay", "North Quay")
    left = plan.add_street(first[0], second[1], highway, names[0], "quay")
    right = plan.add_street(second[0], first[1], highway, names[1], "quay")
    n = len(block.corners)
    outside = [block.corners[c % n] for c in range(j + 1, i + n + 1)]
    between = [block.corners[c] for c in range(i + 1, j + 1)]
    around = [block.sides[c % n] for c in range(j, i + n + 1)]
    plan.blocks.append(Block([second[1], *outside, first[0]], [*around, left], block.ring))
    plan.blocks.append(Block([first[1], *between, second[0]], [*block.sides[i : j + 1], right], block.ring))
    opposite = {first[0]: second[1], second[1]: first[0], first[1]: second[0], second[0]: first[1]}
    for bank, node in zip(plan.banks, one[1]):
        if not bank:
            bank.append(node)
        bank.append(opposite[bank[-1]])


def _along(plan: Plan, block: Block, side: int, nodes: tuple[int, int]) -> tuple[int, int]:
    """The two nodes in the order in which one walks around the block."""
    street = plan.streets[block.sides[side]]
    return nodes if street.a == block.corners[side] else (nodes[1], nodes[0])
