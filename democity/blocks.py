"""Cuts the land between the main roads into blocks, again and again, as cities grow."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, exp, hypot, pi, sin, sqrt
from typing import NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from .chance import Chance
from .plan import Block, Plan, Point

Floats = NDArray[np.float64]

HECTARE = 10_000.0
_MARGIN = 32.0  # metres from a corner to a new junction
_NEAREST = 12.0  # and to one that is there already


class Hit(NamedTuple):
    """The point in which a cut meets a street: the share of its length, and bounds for other junctions."""

    share: float
    low: float
    high: float


@dataclass
class Land:
    """Use of the land: the city's edge, villages, works, and so the size of blocks."""

    plan: Plan
    fingers: list[tuple[float, float, float]]
    villages: list[tuple[float, float, float]]
    works: list[tuple[float, float, float]]

    @classmethod
    def draw(cls, plan: Plan, chance: Chance) -> Land:
        """Choose the uses of the land for a plan of main roads."""
        fingers = [(float(number), chance.one(0, 2 * pi), chance.one(0.03, 0.07)) for number in (1, 2, 3, 4)]
        radius, villages, works = plan.radius, [], []
        for angle in plan.angles:
            if chance.maybe(0.6):
                far = radius * chance.one(1.16, 1.3)
                turned = angle + chance.one(-0.05, 0.05)
                villages.append((far * cos(turned), far * sin(turned), chance.one(200.0, 380.0)))
            if chance.maybe(0.4):
                near, turned = radius * chance.one(0.72, 1.08), angle + chance.one(-0.3, 0.3)
                works.append((near * cos(turned), near * sin(turned), radius * chance.one(0.09, 0.16)))
        return cls(plan, fingers, villages, works)

    def built_up(self, point: Point) -> float:
        """Distance from the centre in units of the city's reach in that direction: 1 is its edge."""
        theta = atan2(point[1], point[0])
        reach = 0.84 + sum(size * cos(number * theta + phase) for number, phase, size in self.fingers)
        to_radial = float(np.min(np.abs((self.plan.angles - theta + pi) % (2 * pi) - pi)))
        reach += 0.13 * exp(-((to_radial / 0.13) ** 2))
        return hypot(*point) / (self.plan.radius * reach)

    def block_size(self, point: Point) -> float:
        """Area in square metres at which a block here is left as it is."""
        for x, y, radius in self.villages:
            if hypot(point[0] - x, point[1] - y) < radius:
                return 1.8 * HECTARE
        s = self.built_up(point)
        town = 0.75 + 2.0 * min(s, 1.0) ** 1.5
        if any(hypot(point[0] - x, point[1] - y) < radius for x, y, radius in self.works):
            town = max(town, 6.0)
        if s > 1.0:
            town *= exp(min((s - 1.0) / 0.06, 2.5))
        return float(town * HECTARE)


def cut_blocks(plan: Plan, chance: Chance) -> Land:
    """Cut all blocks of the plan; streets and parks are added to it."""
    land = Land.draw(plan, chance)
    todo = list(reversed(plan.blocks))
    plan.blocks = []
    core = next(block for block in todo if block.ring == -1)
    todo.remove(core)
    todo.extend(_cut_core(plan, core))
    while todo:
        block = todo.pop()
        where, area = plan.middle(block), plan.area(block)
        size = land.block_size(where) * chance.one(0.9, 1.8)
        urban = land.built_up(where) < 1.05
        if area < size:
            _finish(plan, block, chance, urban, area)
        elif urban and 3.0 * HECTARE < area < 26.0 * HECTARE and chance.maybe(0.03):
            plan.parks.append(block)
        else:
            halves = _cut(plan, block, chance, area, urban)
            todo.extend(halves or ())
            if not halves:
                plan.blocks.append(block)
    return land


def _cut_core(plan: Plan, core: Block) -> list[Block]:
    """The High Street joins two radials through the middle of the old town."""
    n, half = len(core.corners), len(core.corners) // 2
    street = plan.add_street(core.corners[0], core.corners[half], "secondary", "High Street", "core")
    north = Block(core.corners[: half + 1], [*core.sides[:half], street], -1)
    south = Block([*core.corners[half:n], core.corners[0]], [*core.sides[half:n], street], -1)
    return [north, south]


def _finish(plan: Plan, block: Block, chance: Chance, urban: bool, area: float) -> None:
    """A block that stays; some get a dead end from one side towards the middle."""
    plan.blocks.append(block)
    if block.ring >= 0 and urban and area > 1.1 * HECTARE and chance.maybe(0.42):
        _cut(plan, block, chance, area, urban, dead_end=True)


def _street_class(plan: Plan, block: Block, area: float, urban: bool) -> str:
    if block.ring == -1:
        return "tertiary" if area > 9 * HECTARE else "residential"
    between_main_roads = 110 * HECTARE * max(1.0, plan.radius / 2500.0)
    if not urban:
        return "tertiary" if area > between_main_roads else "unclassified"
    if area > between_main_roads:
        return "secondary"
    return "tertiary" if area > 0.2 * between_main_roads else "residential"


def _cut(
    plan: Plan, block: Block, chance: Chance, area: float, urban: bool, dead_end: bool = False
) -> Optional[tuple[Block, Block]]:
    """Cut a block in two by a new street; None if no cut leaves room for junctions, or at a dead end."""
    highway = _street_class(plan, block, area, urban)
    jitter = 0.22 if block.ring == -1 else (0.05 if block.ring > 0 else 0.11)
    snap = max(30.0, 0.16 * sqrt(area))
    points = np.array([plan.nodes[node] for node in block.corners])
    along = np.roll(points, -1, axis=0) - points
    longest = int(np.argmax(np.hypot(along[:, 0], along[:, 1])))
    angle = atan2(along[longest, 1], along[longest, 0])
    for attempt in range(5):
        across = _across(points, angle, chance) if attempt < 3 else chance.maybe(0.5)
        normal = angle + (0.0 if across else pi / 2) + jitter * chance.one(-1, 1)
        heights = points[:, 0] * cos(normal) + points[:, 1] * sin(normal)
        low, high = float(heights.min()), float(heights.max())
        level = low + (high - low) * chance.one(0.36, 0.64)
        hits = _hits(plan, block, points, heights - level)
        if hits is None:
            continue
        if dead_end:
            _add_dead_end(plan, block, chance, *hits)
            return None
        (i, first), (j, second) = hits
        a = plan.node_at(block.sides[i], first.share, snap, first.low, first.high)
        b = plan.node_at(block.sides[j], second.share, snap, second.low, second.high)
        kind = "core" if block.ring <= 0 and highway == "residential" else highway
        street = plan.add_street(a, b, highway, plan.names.street(kind), "core" if block.ring <= 0 else "")
        n = len(block.corners)
        around = [c % n for c in range(j + 1, i + n + 1)]
        outside = [block.corners[c] for c in around]
        one = Block([b, *outside, a], [block.sides[j], *(block.sides[c] for c in around), street], block.ring)
        between = block.corners[i + 1 : j + 1]
        two = Block([a, *between, b], [*block.sides[i : j + 1], street], block.ring)
        return one, two
    return None


def _across(points: Floats, angle: float, chance: Chance) -> bool:
    """Return True to cut the longest side, False to run beside it: mostly for squarer blocks."""
    u = points[:, 0] * cos(angle) + points[:, 1] * sin(angle)
    v = points[:, 1] * cos(angle) - points[:, 0] * sin(angle)
    aspect = (u.max() - u.min()) / max(v.max() - v.min(), 1.0)
    if aspect > 1.9:
        return True
    if aspect < 1 / 1.9:
        return False
    return chance.maybe(0.65 if aspect > 1.0 else 0.35)


def _hits(
    plan: Plan, block: Block, points: Floats, heights: Floats
) -> Optional[tuple[tuple[int, Hit], tuple[int, Hit]]]:
    """Return the two sides that a line meets, and where; None if one of them is too short for a junction."""
    hits = []
    n = len(points)
    for i in range(n):
        h0, h1 = float(heights[i]), float(heights[(i + 1) % n])
        if (h0 < 0) == (h1 < 0):
            continue
        street = plan.streets[block.sides[i]]
        length = plan.length(street)
        ends = [plan.share(street, plan.nodes[block.corners[c % n]]) for c in (i, i + 1)]
        share = ends[0] + (ends[1] - ends[0]) * h0 / (h0 - h1)
        margin = _MARGIN / length
        low, high = min(ends) + margin, max(ends) - margin
        if low >= high:
            return None
        room = (_MARGIN - _NEAREST) / length
        hits.append((i, Hit(min(max(share, low), high), low - room, high + room)))
    return (hits[0], hits[1]) if len(hits) == 2 else None


def _add_dead_end(
    plan: Plan, block: Block, chance: Chance, one: tuple[int, Hit], two: tuple[int, Hit]
) -> None:
    """A close that leaves one side and stops well before the other."""
    if chance.maybe(0.5):
        one, two = two, one
    (side, near), (other, far) = one, two
    if not plan.streets[block.sides[side]].joins:
        return
    street = plan.streets[block.sides[other]]
    (x0, y0), (x1, y1) = plan.nodes[street.a], plan.nodes[street.b]
    goal = (x0 + far.share * (x1 - x0), y0 + far.share * (y1 - y0))
    a = plan.node_at(block.sides[side], near.share, 26.0, near.low, near.high)
    x, y = plan.nodes[a]
    reach = chance.one(0.45, 0.72)
    end = plan.add_node((x + reach * (goal[0] - x), y + reach * (goal[1] - y)))
    plan.add_street(a, end, "residential", plan.names.street("end"), "end")
