"""The ruled plan of the city: ring roads and radials, before river, blocks and bending.

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
        """Return number of a new node."""
        self.nodes.append(point)
        return len(self.nodes) - 1

    def add_street(self, a: int, b: int, highway: str, name: str, kind: str = "") -> int:
        """Return number of a new street between two nodes."""
        street = Street(a, b, highway, name, highway not in ("", "motorway"), kind, [(0.0, a), (1.0, b)])
        self.streets.append(street)
        return len(self.streets) - 1

    def length(self, street: Street) -> float:
        """Return length in metres."""
        (x0, y0), (x1, y1) = self.nodes[street.a], self.nodes[street.b]
        return hypot(x1 - x0, y1 - y0)

    def share(self, street: Street, point: Point) -> float:
        """Return the position of a point along the street: 0 at `a`, 1 at `b`."""
        (x0, y0), (x1, y1) = self.nodes[street.a], self.nodes[street.b]
        dx, dy = x1 - x0, y1 - y0
        return ((point[0] - x0) * dx + (point[1] - y0) * dy) / (dx * dx + dy * dy)

    def node_at(self, number: int, share: float, snap: float, low: float = 0.0, high: float = 1.0) -> int:
        """Return the node on a street at this share of its length: one within `snap` metres, or a new one.

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
    """Rings and radials of a city whose orbital has this radius in metres."""
    inner = min(max(0.16 * radius, 160.0), 480.0)
    n_rings = max(2, round(log(radius / inner) / log(1.9))) + 1
    rings = [inner * (radius / inner) ** (k / (n_rings - 1)) for k in range(n_rings)]
    rings.append(radius * 1.5)
    n_radials = min(max(round(5 + radius / 800), 6), 12)
    spacing = 2 * pi / n_radials
    angles = np.array([j * spacing + 0.24 * spacing * chance.one(-1, 1) for j in range(n_radials)]) + 0.3
    plan = Plan(radius, rings, angles, Names(chance))
    shape = [(number, chance.one(0.0, 2 * pi), chance.one(0.5, 1.0)) for number in (1, 2, 3)]
    for k, r in enumerate(rings):
        for angle in angles:
            # No ring is a circle round the market: the farther out, the less.
            far = 0.0 if k == 0 else 0.5 + 0.5 * k / len(rings)
            sway = sum(size * cos(number * angle + phase + 0.3 * k) for number, phase, size in shape)
            out = r * (1.0 + 0.085 * far * sway)
            plan.add_node((round(out * cos(angle), 3), round(out * sin(angle), 3)))
    plan.gateways = list(range((len(rings) - 1) * n_radials, len(rings) * n_radials))
    _add_streets(plan, chance)
    _add_blocks(plan)
    return plan


def _ring_class(plan: Plan, k: int) -> tuple[str, str]:
    orbital = len(plan.rings) - 2
    if k == orbital + 1:
        return "", ""
    if k == orbital:
        return ("motorway", "M98 Orbital") if plan.radius > 1000 else ("trunk", "Orbital Way")
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
            if 0 < k < orbital and chance.maybe(0.2):  # grown rings have gaps that smaller streets close
                plan.add_street(
                    k * n + j, k * n + (j + 1) % n, "tertiary", plan.names.street("tertiary"), "ring"
                )
            else:
                plan.add_street(k * n + j, k * n + (j + 1) % n, highway, name, "ring")
    first = chance.below(3)
    for j in range(n):
        name = plan.names.radial(j)
        for k in range(len(plan.rings) - 1):
            highway = "primary" if (j + first) % 3 != 0 else "secondary"
            if k == orbital and (j + first) % 3 == 1:
                highway = "trunk"
            if k == 0 and highway == "secondary" and chance.maybe(0.5):
                highway = "tertiary"
            plan.add_street(k * n + j, (k + 1) * n + j, highway, name, "radial")


def ring_street(plan: Plan, k: int, j: int) -> int:
    """Return number of the piece of ring k between radials j and j + 1."""
    return k * len(plan.angles) + j % len(plan.angles)


def radial_street(plan: Plan, k: int, j: int) -> int:
    """Return number of the piece of radial j between rings k and k + 1."""
    n, rings = len(plan.angles), len(plan.rings)
    return rings * n + (j % n) * (rings - 1) + k


def _add_blocks(plan: Plan) -> None:
    """The core first, then the cells between two rings and two radials: cell (k, j) is block 1 + k n + j."""
    n = len(plan.angles)
    plan.blocks.append(Block(list(range(n)), [ring_street(plan, 0, j) for j in range(n)], -1))
    for k in range(len(plan.rings) - 1):
        for j in range(n):
            after = (j + 1) % n
            corners = [k * n + j, (k + 1) * n + j, (k + 1) * n + after, k * n + after]
            sides = [radial_street(plan, k, j), ring_street(plan, k + 1, j)]
            sides += [radial_street(plan, k, after), ring_street(plan, k, j)]
            plan.blocks.append(Block(corners, sides, k))
