"""The river: it winds past the old town, crossed by main roads alone, with a quay on either bank."""

from __future__ import annotations

from math import acos, cos, degrees, hypot, pi, sin
from typing import NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from .chance import Chance
from .plan import Block, Plan, Point, radial_street, ring_street

_COURSES = 30
_SHARPEST = 34.0  # degrees that the river may turn at one bridge


class Crossing(NamedTuple):
    """A crossing of the river between two cells: the street over it, its share there, the slant (0 to 1)."""

    street: int
    share: float
    slant: float
    cell: tuple[int, int]


def cut_river(plan: Plan, chance: Chance) -> None:
    """Lay the river through the cells between rings and radials that it meets."""
    best: Optional[list[Crossing]] = None
    least = 1e9
    for _ in range(_COURSES):
        crossings = _follow(plan, _course(plan, chance))
        turn = _sharpest_turn(plan, crossings) if crossings else 1e9
        if turn < least:
            best, least = crossings, turn
        if least < _SHARPEST:
            break
    if best is None:  # possible in principle; a city without a river is still one
        return
    width = min(36.0 + 0.022 * plan.radius, 125.0)
    ends = [(crossing.street, _bank_nodes(plan, crossing, width)) for crossing in best]
    n = len(plan.angles)
    done = set()
    for crossing, enter, leave in zip(best, ends, ends[1:]):
        k, j = crossing.cell
        done.add(1 + k * n + j)
        _cut_cell(plan, 1 + k * n + j, enter, leave)
    plan.blocks = [block for i, block in enumerate(plan.blocks) if i not in done]


def _course(plan: Plan, chance: Chance) -> NDArray[np.float64]:
    """Return points (m, 2) along a river that passes the core and bends more the farther out it is."""
    inner, following, edge = plan.rings[0], plan.rings[1], plan.rings[-1]
    u = np.arange(-1.7 * edge, 1.7 * edge, max(4.0, plan.radius / 400.0))
    passing = inner + chance.one(0.35, 0.5) * (following - inner)
    far = np.minimum(np.abs(u) / plan.radius, 1.3)
    v = np.full(len(u), -passing)
    for side in (-1.0, 1.0):
        phase, waves = chance.one(0.0, 2 * pi), chance.one(2.2, 3.2)
        bend = chance.one(0.3, 0.42) * plan.radius * far**1.2 * np.sin(waves * u / plan.radius + phase)
        v = v + np.where(u * side > 0, bend, 0.0)
    turn = chance.one(-0.4, 0.4)
    return np.column_stack((u * cos(turn) - v * sin(turn), u * sin(turn) + v * cos(turn)))


def _cell_of(plan: Plan, point: Point) -> tuple[int, int]:
    """(ring, sector) of the cell that holds a point; ring -1 is the core, the last one is off the map."""
    n = len(plan.angles)
    theta = float(np.arctan2(point[1], point[0])) % (2 * pi)
    j = (int(np.searchsorted(plan.angles, theta, side="right")) - 1) % n
    k = -1
    for ring in range(len(plan.rings)):
        (x0, y0), (x1, y1) = plan.nodes[ring * n + j], plan.nodes[ring * n + (j + 1) % n]
        if (x1 - x0) * (point[1] - y0) - (y1 - y0) * (point[0] - x0) > 0:
            break
        k = ring
    return k, j


def _follow(plan: Plan, course: NDArray[np.float64]) -> Optional[list[Crossing]]:
    """Return the crossings of a course in order; None where it meets the core or a junction of main roads."""
    last, n = len(plan.rings) - 1, len(plan.angles)
    path: list[tuple[tuple[int, int], int]] = []
    for i, (x, y) in enumerate(course.tolist()):
        cell = _cell_of(plan, (x, y))
        if cell[0] < 0:
            return None
        if path and path[-1][0] == cell:
            continue
        known = [c for c, _ in path]
        if cell in known:  # out and back again: leave the detour out
            path = path[: known.index(cell) + 1]
            continue
        path.append((cell, i))
    inside = [i for i, (cell, _) in enumerate(path) if cell[0] < last]
    if not inside or inside[0] == 0 or len(inside) != inside[-1] - inside[0] + 1:
        return None
    path = path[inside[0] - 1 : inside[-1] + 2]
    crossings = []
    for ((k, j), _), ((k2, j2), i) in zip(path, path[1:]):
        if k == k2 and (j - j2) % n in (1, n - 1):
            street = radial_street(plan, k, j2 if (j + 1) % n == j2 else j)
        elif j == j2 and abs(k - k2) == 1:
            street = ring_street(plan, max(k, k2), j)
        else:
            return None
        crossings.append(_crossing(plan, street, course, i, (k2, j2)))
    return crossings


def _crossing(
    plan: Plan, number: int, course: NDArray[np.float64], i: int, cell: tuple[int, int]
) -> Crossing:
    street = plan.streets[number]
    (x0, y0), (x1, y1) = plan.nodes[street.a], plan.nodes[street.b]
    flow = course[min(i + 5, len(course) - 1)] - course[max(i - 5, 0)]
    slant = abs((x1 - x0) * flow[1] - (y1 - y0) * flow[0]) / (plan.length(street) * hypot(flow[0], flow[1]))
    share = plan.share(street, (float(course[i][0]), float(course[i][1])))
    return Crossing(number, min(max(share, 0.27), 0.73), float(slant), cell)


def _sharpest_turn(plan: Plan, crossings: list[Crossing]) -> float:
    """Return the largest turn in degrees at a crossing; slanting bridges count as turns as well."""
    points = []
    for crossing in crossings:
        street = plan.streets[crossing.street]
        a, b = np.array(plan.nodes[street.a]), np.array(plan.nodes[street.b])
        points.append(a + crossing.share * (b - a))
    steps = np.diff(np.array(points), axis=0)
    steps /= np.hypot(steps[:, 0], steps[:, 1])[:, None]
    turns = [degrees(acos(max(-1.0, min(1.0, float(d))))) for d in (steps[:-1] * steps[1:]).sum(axis=1)]
    slants = [60.0 * max(0.0, 0.75 - crossing.slant) for crossing in crossings]
    return max([*turns, *slants], default=1e9)


def _bank_nodes(plan: Plan, crossing: Crossing, width: float) -> tuple[int, int]:
    """Nodes on a main road at both banks, in the road's order."""
    half = width / 2 / max(crossing.slant, 0.75) / plan.length(plan.streets[crossing.street])
    share = min(max(crossing.share, 0.2 + half), 0.8 - half)
    first = plan.node_at(crossing.street, share - half, 1.0)
    return first, plan.node_at(crossing.street, share + half, 1.0)


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
    """Return the two nodes in the order in which one walks around the block."""
    street = plan.streets[block.sides[side]]
    return nodes if street.a == block.corners[side] else (nodes[1], nodes[0])
