"""The roads of a generated country: cities, towns and villages of `roadpulse.democity`, joined by roads.

A place is a generated city of its own, from the largest with some 24,000 directed links to a village of 330.
Motorways join the cities that are neighbours, primary roads the towns, and lesser roads lead from every
village to the two places next to it. A road leaves a place where one of its radials leaves the map.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import hypot

import numpy as np
from numpy.typing import NDArray

from roadpulse.democity.chance import Chance
from roadpulse.democity.network import HIGHWAYS, Network, make_network
from roadpulse.democity.roads import offset_left
from roadpulse.democity.routes import Router, Tree
from roadpulse.democity.traffic import Traffic, make_traffic
from roadpulse.democity.warp import to_lon_lat

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEED = 2019
SIZES = ((3, 20_500, 42_000.0), (6, 7_000, 28_000.0), (14, 2_000, 15_000.0), (60, 300, 7_000.0))
"""Places by rank: how many, the size of their network, and metres to any larger place or one of the rank."""
WIDTH, HEIGHT = 150_000.0, 190_000.0
CITY, TOWN, VILLAGE = 1, 2, 3
"""Ranks; 0 is the largest cities'."""
_CARRIAGEWAY = 9.0  # metres from the middle of a motorway to that of one carriageway
_PIECES = {"motorway": (1500.0, 150.0), "primary": (900.0, 90.0), "secondary": (700.0, 70.0)}
_PIECES["unclassified"] = (500.0, 50.0)
"""Metres from junction to junction, and between two points of a line."""
_LIMITS = {"motorway": 70, "primary": 60, "secondary": 50, "unclassified": 40}
_LETTERS = {"motorway": "M", "primary": "A", "secondary": "B", "unclassified": "C"}


@dataclass(frozen=True)
class Place:
    """A city, town or village: its own network and traffic, and where both begin in the country's.

    `ways[gateway]` are the fastest ways to and from each node where a road leaves it.
    """

    rank: int
    centre: Floats
    network: Network
    traffic: Traffic
    ways: dict[int, tuple[Tree, Tree]]
    first_link: int
    first_node: int


@dataclass(frozen=True)
class Road:
    """A road between two places: for each of them its gateway, and the links from there to the other."""

    highway: str
    places: tuple[int, int]
    gateways: tuple[int, int]
    links: tuple[Ints, Ints]


@dataclass(frozen=True)
class Country:
    """All roads as one network, with the speeds on them."""

    network: Network
    traffic: Traffic
    places: list[Place]
    roads: list[Road]


Sizes = tuple[tuple[int, int, float], ...]


def make_country(seed: int = SEED, sizes: Sizes = SIZES) -> Country:
    """Draw the country, with `SIZES` of about 170,000 directed links: the same for the same seed."""
    chance = Chance(seed, "country")
    centres, ranks = _sites(chance, sizes)
    joined = list(_neighbours(centres, ranks))
    towards: list[list[Floats]] = [[] for _ in ranks]
    for a, b, _ in joined:
        towards[a].append(centres[b] - centres[a])
        towards[b].append(centres[a] - centres[b])
    orders = [(seed + i, sizes[rank][1], towards[i]) for i, rank in enumerate(ranks)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(_make_place, orders))
    places, first_link, first_node = [], 0, 0
    for rank, centre, (network, traffic, ways) in zip(ranks, centres, made):
        places.append(Place(rank, centre, network, traffic, ways, first_link, first_node))
        first_link, first_node = first_link + len(network), first_node + len(network.nodes)
    builder = _Builder(first_link, first_node)
    roads = [builder.join(places, road, chance) for road in joined]
    network = _whole(seed, places, builder)
    return Country(network, _speeds(network, places, builder, chance), places, roads)


def _sites(chance: Chance, sizes: Sizes) -> tuple[Floats, list[int]]:
    """Centres (n, 2) in metres and ranks of the places, in an oval land."""
    centres: list[tuple[float, float]] = []
    ranks: list[int] = []
    for rank, (count, _, room) in enumerate(sizes):
        wanted = len(ranks) + count
        while len(ranks) < wanted:
            x, y = chance.one(-1, 1), chance.one(-1, 1)
            if x * x + y * y > 1.0 - 0.12 * np.sin(5 * np.arctan2(y, x)):
                continue
            x, y = x * WIDTH / 2, y * HEIGHT / 2
            rooms = (max(room, 0.55 * sizes[other][2]) for other in ranks)
            if all(hypot(x - a, y - b) > far for (a, b), far in zip(centres, rooms)):
                centres.append((x, y))
                ranks.append(rank)
    return np.array(centres), ranks


def _neighbours(centres: Floats, ranks: list[int]) -> Iterator[tuple[int, int, str]]:
    """Pairs of places that a road joins, with its class."""
    cities = [i for i, rank in enumerate(ranks) if rank <= CITY]
    towns = [i for i, rank in enumerate(ranks) if rank <= TOWN]
    for a, b in _gabriel(centres, cities):
        yield a, b, "motorway"
    for a, b in _gabriel(centres, towns):
        if max(ranks[a], ranks[b]) == TOWN:
            yield a, b, "primary"
    seen = set()
    for i, rank in enumerate(ranks):
        if rank == VILLAGE:
            far = np.hypot(*(centres - centres[i]).T)
            larger = min(towns, key=lambda other, far=far: float(far[other]))  # type: ignore[misc]
            nearest = [int(j) for j in np.argsort(far)[1:3]]
            for j in dict.fromkeys((larger, *nearest)):
                if (min(i, j), max(i, j)) not in seen:
                    seen.add((min(i, j), max(i, j)))
                    yield i, j, "secondary" if j == larger else "unclassified"


def _gabriel(centres: Floats, among: list[int]) -> Iterator[tuple[int, int]]:
    """Pairs with no third one in the circle over them (Gabriel and Sokal 1969): joined, and plane."""
    for k, a in enumerate(among):
        for b in among[k + 1 :]:
            middle, radius = (centres[a] + centres[b]) / 2, np.hypot(*(centres[a] - centres[b])) / 2
            if all(c in (a, b) or np.hypot(*(centres[c] - middle)) > radius for c in among):
                yield a, b


def _make_place(
    order: tuple[int, int, list[Floats]],
) -> tuple[Network, Traffic, dict[int, tuple[Tree, Tree]]]:
    """Draw a place with its traffic, and the ways to and from the gateways in some directions."""
    seed, size, towards = order
    network = make_network(seed, size)
    traffic = make_traffic(network, seed, 12 if size > 1_000 else 6)
    router = Router(network)
    seconds = network.length / traffic.free + np.where(network.signals[network.to_node], 9.0, 2.0)
    gates = {gateway_of(network, direction) for direction in towards}
    ways = {gate: (router.tree(gate, True, seconds), router.tree(gate, False, seconds)) for gate in gates}
    return network, traffic, ways


def gateway_of(network: Network, direction: Floats) -> int:
    """Return the node where a road in this direction leaves a place."""
    out = network.nodes[network.gateways]
    return int(network.gateways[np.argmax(out @ direction / np.hypot(*out.T))])


class _Builder:
    """Links and nodes of the roads between places, numbered after those of the places."""

    def __init__(self, first_link: int, first_node: int) -> None:
        self.first_link, self.first_node = first_link, first_node
        self.nodes: list[Floats] = []
        self.lines: list[Floats] = []
        self.ends: list[tuple[int, int]] = []
        self.highways: list[str] = []
        self.names: list[str] = []
        self.ways: list[int] = []
        self.from_place: list[float] = []
        self._counts = dict.fromkeys(_LETTERS, 0)

    def join(self, places: list[Place], pair: tuple[int, int, str], chance: Chance) -> Road:
        """Build the road between two places, for both directions."""
        a, b, highway = pair
        gates, corners, nodes = [], [], []
        for here, there in ((places[a], places[b]), (places[b], places[a])):
            gate = gateway_of(here.network, there.centre - here.centre)
            gates.append(gate)
            corners.append(here.network.nodes[gate] + here.centre)
            nodes.append(gate + here.first_node)
        line, stops = _line(corners[0], corners[1], highway, chance)
        self._counts[highway] += 1
        number = self._counts[highway] + {"motorway": 0, "primary": 20, "secondary": 1000}.get(highway, 0)
        name = f"{_LETTERS[highway]}{number}"
        if highway == "motorway":
            there = self._lay(offset_left(line, _CARRIAGEWAY), stops, nodes, highway, name)
            back_stops = [len(line) - 1 - stop for stop in reversed(stops)]
            back = self._lay(offset_left(line[::-1], _CARRIAGEWAY), back_stops, nodes[::-1], highway, name)
        else:
            there = self._lay(line, stops, nodes, highway, name)
            back = self._turn(there)
        return Road(highway, (a, b), (gates[0], gates[1]), (there, back))

    def _lay(self, line: Floats, stops: list[int], nodes: list[int], highway: str, name: str) -> Ints:
        """Cut a line into links from one node to the other; a carriageway begins and ends beside them."""
        first, way = len(self.lines), len(self.ways) and self.ways[-1] + 1
        before, step = nodes[0], np.hypot(*np.diff(line, axis=0).T)
        at = np.concatenate(([0.0], np.cumsum(step)))
        for start, stop in zip(stops, stops[1:]):
            if stop == stops[-1]:
                after = nodes[1]
            else:
                after = self.first_node + len(self.nodes)
                self.nodes.append(line[stop])
            self.lines.append(np.round(line[start : stop + 1], 2))
            self.ends.append((before, after))
            self.from_place.append(float(min(at[start], at[-1] - at[stop])))
            before = after
        made = len(self.lines) - first
        self._describe(made, highway, name, way)
        return self.first_link + np.arange(first, first + made)

    def _turn(self, there: Ints) -> Ints:
        """Add the links of the other direction, on the same lines."""
        first = len(self.lines)
        for link in (there[::-1] - self.first_link).tolist():
            self.lines.append(self.lines[link][::-1])
            self.ends.append(self.ends[link][::-1])
            self.from_place.append(self.from_place[link])
        self._describe(len(there), self.highways[-1], self.names[-1], self.ways[-1])
        return self.first_link + np.arange(first, len(self.lines))

    def _describe(self, count: int, highway: str, name: str, way: int) -> None:
        self.highways += [highway] * count
        self.names += [name] * count
        self.ways += [way] * count


def _line(start: Floats, end: Floats, highway: str, chance: Chance) -> tuple[Floats, list[int]]:
    """Bent line (n, 2) from one place to another, and the points of it that are junctions."""
    piece, step = _PIECES[highway]
    along = end - start
    far = float(np.hypot(*along))
    pieces = max(1, round(far / piece))
    per_piece = max(2, round(far / pieces / step))
    t = np.linspace(0.0, 1.0, pieces * per_piece + 1)
    bend = 0.05 * chance.one(-1, 1) * np.sin(np.pi * t) + 0.02 * chance.one(-1, 1) * np.sin(2 * np.pi * t)
    if highway != "motorway":
        bend += 0.012 * np.sin(np.pi * t) * np.sin(chance.one(6, 11) * np.pi * t + chance.one(0, 6))
    across = np.array([-along[1], along[0]])
    return start + t[:, None] * along + bend[:, None] * across, list(range(0, len(t), per_piece))


def _whole(seed: int, places: list[Place], builder: _Builder) -> Network:
    """One network of all places and the roads between them, with ids of its own."""
    parts = [place.network for place in places]
    numbered = [(place.network, place.first_node) for place in places]
    ways, first_way = [], 0
    for part in parts:
        _, number = np.unique(part.way_id, return_inverse=True)
        ways.append(first_way + number)
        first_way += int(number.max()) + 1
    between = np.array(builder.ways, dtype=np.int64)
    way_id = 5_000_011 + 1_299_709 * np.concatenate([*ways, first_way + between]) % 1_290_000_017
    order = np.argsort(between, kind="stable")
    piece = np.empty(len(between), dtype=np.int64)
    piece[order] = np.arange(len(between)) - np.searchsorted(between[order], between[order])
    metres = np.vstack([*(place.network.metres + place.centre for place in places), *builder.lines])
    sizes = np.concatenate([*(np.diff(part.first) for part in parts), [len(line) for line in builder.lines]])
    ends = np.array(builder.ends)
    highway = np.array([HIGHWAYS.index(name) for name in builder.highways], dtype=np.int8)
    n_nodes = len(builder.nodes)
    names = [name for i, part in enumerate(parts) for name in _names_of(part, i)]
    return Network(
        seed=seed, size=len(way_id),
        link_id=way_id * 1000 + np.concatenate([*(part.link_id % 1000 for part in parts), piece]),
        way_id=way_id,
        from_node=np.concatenate([*(part.from_node + first for part, first in numbered), ends[:, 0]]),
        to_node=np.concatenate([*(part.to_node + first for part, first in numbered), ends[:, 1]]),
        highway=np.concatenate([*(part.highway for part in parts), highway]),
        names=(*names, *builder.names),
        limit=np.concatenate([*(part.limit for part in parts), [_LIMITS[name] for name in builder.highways]])
        .astype(np.int16),
        length=np.concatenate(
            [
                *(part.length for part in parts),
                [round(float(np.hypot(*np.diff(line, axis=0).T).sum()), 2) for line in builder.lines],
            ]
        ),
        oneway=np.concatenate([*(part.oneway for part in parts), highway == 0]),
        bridge=np.concatenate([*(part.bridge for part in parts), np.zeros(len(ends), bool)]),
        first=np.concatenate(([0], np.cumsum(sizes))), metres=metres, lon_lat=to_lon_lat(metres),
        nodes=np.vstack([*(place.network.nodes + place.centre for place in places), *builder.nodes]),
        signals=np.concatenate([*(part.signals for part in parts), np.zeros(n_nodes, bool)]),
        centrality=np.concatenate([*(part.centrality for part in parts), np.full(n_nodes, 1.5)]),
        gateways=np.concatenate([place.network.gateways + place.first_node for place in places]),
        water=(), parks=(), city="Alderland",
    )  # fmt: skip


def _names_of(network: Network, place: int) -> list[str]:
    """Names of a place's links; every orbital motorway has a number of its own."""
    return [name.replace("M98", f"M{200 + place}") for name in network.names]


def _speeds(network: Network, places: list[Place], builder: _Builder, chance: Chance) -> Traffic:
    """Free speeds and loads of all links; roads between places are busier the nearer they are to one."""
    parts = [place.traffic for place in places]
    fast = np.array([name == "motorway" for name in builder.highways])
    limit = network.limit[builder.first_link :] * 0.44704
    near = np.exp(-np.array(builder.from_place) / 9_000.0)
    load = np.where(fast, 0.45 + 0.75 * near, 0.2 + 0.5 * near) * (0.9 + 0.2 * chance.uniform(len(near)))
    return replace(
        parts[0],
        free=np.concatenate([*(part.free for part in parts), 0.96 * limit]),
        inward=np.concatenate([*(part.inward for part in parts), load]),
        outward=np.concatenate([*(part.outward for part in parts), load]),
    )
