"""The road network of the generated city: directed links with geometry, class, name and limit.

A two-way road is two links whose lines run in opposite directions over the same points, as in data
derived from OpenStreetMap. Speeds are in mph, coordinates WGS 84 (EPSG:4326), longitude first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Union

import numpy as np
from numpy.typing import NDArray

from .blocks import cut_blocks
from .chance import Chance
from .names import CITY, RIVER
from .plan import Plan, draw_main_roads
from .river import cut_river
from .roads import Road, lay_roads
from .warp import Warp, to_lon_lat
from .water import flood, parks

SPEED_UNIT = "mph"
TIME_ZONE = "Europe/London"
DRIVING_SIDE = "left"
DEFAULT_SEED = 12
"""A city whose shape, river and rings make a good first map."""

SIZES = {"small": 1_500, "medium": 5_000, "large": 20_000, "huge": 170_000}
"""Named sizes and about how many directed links they have."""

HIGHWAYS = (
    "motorway", "motorway_link", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential",
)  # fmt: skip
"""OSM highway classes in use, the most important first; `Network.highway` holds indices of this."""

_LIMITS = {"motorway": 70, "motorway_link": 50, "trunk": 60, "unclassified": 40}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """A road network of n directed links and m nodes; link i is row i of every array.

    link_id (n) int64, unique, all beyond 2^32; way_id (n) the same for the links of one street;
    from_node, to_node (n) rows of `nodes`; highway (n) index into HIGHWAYS; limit (n) mph; length (n) m;
    oneway, bridge (n) bool; first (n + 1): link i has the vertices first[i] to first[i + 1] of `metres`
    (east and north of the origin) and `lon_lat` (degrees); nodes (m, 2) metres; signals (m) bool;
    centrality (m) is 0 at the centre and 1 at the edge of the built-up city; gateways: nodes where roads
    leave the map; water and parks: rings of (longitude, latitude).
    """

    seed: int
    size: int
    link_id: Ints
    way_id: Ints
    from_node: Ints
    to_node: Ints
    highway: NDArray[np.int8]
    names: tuple[str, ...]
    limit: NDArray[np.int16]
    length: Floats
    oneway: NDArray[np.bool_]
    bridge: NDArray[np.bool_]
    first: Ints
    metres: Floats
    lon_lat: Floats
    nodes: Floats
    signals: NDArray[np.bool_]
    centrality: Floats
    gateways: Ints
    water: tuple[Floats, ...]
    parks: tuple[Floats, ...]
    city: str = CITY
    river: str = RIVER

    def __len__(self) -> int:
        return len(self.link_id)

    def line(self, link: int) -> Floats:
        """Vertices (k, 2) of a link, longitude and latitude."""
        return self.lon_lat[self.first[link] : self.first[link + 1]]

    def highway_names(self) -> list[str]:
        """Return the OSM highway class of every link."""
        return [HIGHWAYS[code] for code in self.highway]

    def wkb(self) -> list[bytes]:
        """Every link as a WKB LineString (little endian, two dimensions)."""
        vertices = self.lon_lat.astype("<f8").tobytes()
        counts = np.diff(self.first).astype("<u4")
        first = self.first.tolist()
        return [
            b"\x01\x02\x00\x00\x00" + counts[i].tobytes() + vertices[16 * first[i] : 16 * first[i + 1]]
            for i in range(len(self))
        ]

    def wkt(self) -> Iterator[str]:
        """Every link as a WKT LINESTRING with seven decimals (a centimetre)."""
        texts = [f"{lon:.7f} {lat:.7f}" for lon, lat in self.lon_lat.tolist()]
        for start, end in zip(self.first.tolist(), self.first[1:].tolist()):
            yield f"LINESTRING({', '.join(texts[start:end])})"


def make_network(seed: int = DEFAULT_SEED, size: Union[str, int] = "medium") -> Network:
    """Draw a city: the same for the same seed and size, to the last bit.

    `size` is one of SIZES or about how many directed links are wanted (300 to 500,000).
    """
    wanted = SIZES.get(size, 0) if isinstance(size, str) else int(size)
    if not 300 <= wanted <= 500_000:
        raise ValueError(f"size is {size!r}; choose one of {', '.join(SIZES)} or a number from 300 to 500000")
    chance = Chance(seed, "network", wanted)
    radius = 33.0 * wanted**0.5 * min(1.0, 20_000 / wanted) ** 0.03
    plan = draw_main_roads(radius, chance)
    cut_river(plan, chance)
    land = cut_blocks(plan, chance)
    warp = Warp(plan.angles, radius, chance)
    roads, nodes = lay_roads(plan, warp, chance)
    built_up = np.full(len(nodes), 1.0)
    built_up[: len(plan.nodes)] = [land.built_up(point) for point in plan.nodes]
    water = flood(plan, roads, warp)
    _choose_oneways(plan, roads, chance)
    roads = _keep_connected(roads, len(nodes))
    network = _number(seed, wanted, plan, roads, nodes, built_up, water, parks(plan, warp), chance)
    for field in fields(network):  # shared, and so not to be changed
        value = getattr(network, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return network


def _choose_oneways(plan: Plan, roads: list[Road], chance: Chance) -> None:
    """One-way streets: about half of those of the old town, some around it, and the quays as a pair."""
    verdicts: dict[int, int] = {}
    for number, street in enumerate(plan.streets):
        draw = chance.one()
        if street.kind == "quay":
            (x0, _), (x1, _) = plan.nodes[street.a], plan.nodes[street.b]
            if np.hypot(*plan.nodes[street.a]) < plan.rings[1] * 1.05:
                verdicts[number] = 1 if (x1 > x0) == street.name.startswith("South") else -1
        elif street.kind == "core" and street.highway in ("residential", "tertiary"):
            verdicts[number] = 1 if draw < 0.28 else (-1 if draw < 0.56 else 0)
    for road in roads:
        verdict = verdicts.get(road.street, 0)
        if verdict and not road.oneway and road.kind != "end":
            road.oneway = True
            if verdict < 0:
                road.a, road.b, road.line = road.b, road.a, road.line[::-1]


def _reached(n_nodes: int, starts: Ints, ends: Ints, root: int) -> NDArray[np.bool_]:
    """Nodes that can be reached from `root` over edges starts -> ends."""
    order = np.argsort(starts, kind="stable")
    sorted_ends = ends[order]
    first = np.searchsorted(starts[order], np.arange(n_nodes + 1))
    seen = np.zeros(n_nodes, dtype=bool)
    seen[root] = True
    front = np.array([root])
    while len(front):
        spans = [sorted_ends[first[node] : first[node + 1]] for node in front.tolist()]
        after = np.unique(np.concatenate(spans)) if spans else front[:0]
        front = after[~seen[after]]
        seen[front] = True
    return seen


def _keep_connected(roads: list[Road], n_nodes: int) -> list[Road]:
    """Open one-way streets that cut off a part, then leave out what still cannot be reached."""
    for attempt in range(12):
        a, b = np.array([road.a for road in roads]), np.array([road.b for road in roads])
        both = np.array([not road.oneway for road in roads])
        starts, ends = np.concatenate((a, b[both])), np.concatenate((b, a[both]))
        root = int(np.bincount(np.concatenate((a, b))).argmax())
        whole = _reached(n_nodes, starts, ends, root) & _reached(n_nodes, ends, starts, root)
        lost = [road for road in roads if not (whole[road.a] and whole[road.b])]
        fixable = [road for road in lost if road.oneway and not road.highway.startswith("motorway")]
        if not lost:
            break
        if not fixable or attempt == 11:
            roads = [road for road in roads if whole[road.a] and whole[road.b]]
            continue
        for road in fixable:
            road.oneway = False
    return roads


def _limit(road: Road, built_up: float) -> int:
    if road.highway == "trunk" and built_up < 0.9:
        return 50
    if road.highway in _LIMITS:
        return _LIMITS[road.highway]
    if road.highway in ("primary", "secondary", "tertiary"):
        if built_up > 1.15:
            return {"primary": 60, "secondary": 60, "tertiary": 50}[road.highway]
        if built_up > 0.75:
            return {"primary": 40, "secondary": 40, "tertiary": 30}[road.highway]
        return 20 if road.kind == "core" else 30
    return 20 if built_up < 0.45 or road.kind == "end" else 30


def _number(
    seed: int, size: int, plan: Plan, roads: list[Road], nodes: Floats, built_up: Floats,
    water: tuple[Floats, ...], parks: tuple[Floats, ...], chance: Chance,
) -> Network:  # fmt: skip
    """Turn roads into directed links with ids, and keep the nodes in use."""
    ways: dict[tuple[int, str], int] = {}
    counts: dict[int, int] = {}
    rows = []
    for road in roads:
        key = (road.street, road.name)
        if key not in ways:
            ways[key] = 5_000_011 + 1_299_709 * len(ways) % 1_290_000_017
        way = ways[key]
        score = float(min(built_up[road.a], built_up[road.b]))
        for backward in (False,) if road.oneway else (False, True):
            a, b = (road.b, road.a) if backward else (road.a, road.b)
            number = counts.get(way, 0)
            counts[way] = number + 1
            line = road.line[::-1] if backward else road.line
            rows.append((way * 1000 + number, way, a, b, road, line, _limit(road, score)))
    used, ends = np.unique([[row[2], row[3]] for row in rows], return_inverse=True)
    ends = ends.reshape(-1, 2)
    first = np.concatenate(([0], np.cumsum([len(row[5]) for row in rows])))
    metres = np.vstack([row[5] for row in rows])
    steps = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(metres, axis=0).T))))
    highway = np.array([HIGHWAYS.index(row[4].highway) for row in rows], dtype=np.int8)
    index = {int(node): i for i, node in enumerate(used)}
    return Network(
        seed=seed, size=size,
        link_id=np.array([row[0] for row in rows], dtype=np.int64),
        way_id=np.array([row[1] for row in rows], dtype=np.int64),
        from_node=ends[:, 0].astype(np.int64), to_node=ends[:, 1].astype(np.int64), highway=highway,
        names=tuple(row[4].name for row in rows),
        limit=np.array([row[6] for row in rows], dtype=np.int16),
        length=np.round(steps[first[1:] - 1] - steps[first[:-1]], 2),
        oneway=np.array([row[4].oneway for row in rows]),
        bridge=np.array([row[4].kind == "bridge" for row in rows]),
        first=first.astype(np.int64), metres=metres, lon_lat=to_lon_lat(metres), nodes=nodes[used],
        signals=_signals(ends, highway, len(used), built_up[used], chance), centrality=built_up[used],
        gateways=np.array([index[g] for g in plan.gateways if g in index], dtype=np.int64),
        water=water, parks=parks,
    )  # fmt: skip


def _signals(
    ends: Ints, highway: NDArray[np.int8], n: int, built_up: Floats, chance: Chance
) -> NDArray[np.bool_]:
    """Traffic lights where two main roads meet in the city, and at some tertiary junctions."""
    main = (highway >= HIGHWAYS.index("primary")) & (highway <= HIGHWAYS.index("secondary"))
    medium = highway == HIGHWAYS.index("tertiary")
    n_main = np.bincount(ends[main].ravel(), minlength=n)
    n_medium = np.bincount(ends[medium].ravel(), minlength=n)
    draw = chance.uniform(n)
    busy = (n_main >= 5) & (draw < 0.85)
    other = (n_main >= 3) & (n_medium >= 1) & (draw < 0.6)
    small = (n_medium >= 5) & (draw < 0.3)
    return np.asarray((busy | other | small) & (built_up < 1.0))


def write_streets_csv(network: Network, path: Union[str, Path]) -> None:
    """Write all links as CSV with `link_id,name,highway,limit_mph,oneway,length_m,wkt`, ready for PostGIS."""
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["link_id", "name", "highway", "limit_mph", "oneway", "length_m", "wkt"])
        columns = (network.link_id.tolist(), network.names, network.highway_names(), network.limit.tolist())
        more = (network.oneway.astype(int).tolist(), [f"{value:.2f}" for value in network.length.tolist()])
        writer.writerows(zip(*columns, *more, network.wkt()))
