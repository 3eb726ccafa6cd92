"""Traffic through the day: who drives where and when, and how slow that makes every link.

Loads come from routing commuters to the places of work, so that congestion lies where routes meet: on
bridges, radials and around the centre, inbound in the morning and outbound in the evening. Load turns into
delay by the curve of the US Bureau of Public Roads, time = free time x (1 + a x^b).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .chance import Chance
from .network import HIGHWAYS, Network
from .routes import Router, Tree

Floats = NDArray[np.float64]

MPH = 0.44704
"""One mile per hour in metres per second."""

STARTS_BY_HOUR = (
    1.5, 1.3, 1.2, 1.2, 1.3, 1.7, 3.6, 8.2, 9.4, 5.6, 4.3, 4.4,
    4.9, 4.8, 5.0, 6.4, 8.4, 9.3, 6.8, 4.6, 3.2, 2.4, 1.8, 1.2,
)  # fmt: skip
"""Shares of the trips that start in each local hour of a working day."""

_FREE = {  # share of the limit that is driven on an empty road, signals and junctions not counted
    "motorway": 0.96, "motorway_link": 0.86, "trunk": 0.96, "primary": 0.97, "secondary": 0.95,
    "tertiary": 0.92, "unclassified": 0.88, "residential": 0.84,
}  # fmt: skip
_CAPACITY = {
    "motorway": 4.4, "motorway_link": 1.6, "trunk": 3.6, "primary": 2.2, "secondary": 1.7, "tertiary": 1.1,
    "unclassified": 0.8, "residential": 0.7,
}  # fmt: skip
_WORST = 5.0  # no link gets slower than a fifth of its free speed, signals aside


def rush(hours: Floats) -> tuple[Floats, Floats, Floats]:
    """Strength (0 to 1) of the morning rush, the evening rush and everyday traffic at local hours."""

    def hill(middle: float, before: float, after: float) -> Floats:
        width = np.where(hours < middle, before, after)
        return np.asarray(1.0 / (1.0 + ((hours - middle) / width) ** 4))

    return hill(8.2, 0.95, 0.9), hill(17.3, 1.25, 1.1), 0.52 * hill(13.0, 6.3, 6.8)


@dataclass(frozen=True)
class Traffic:
    """Travel on a network: free speed (n, m/s), load shares in and out (n), hubs and the ways to them.

    `trees[period, direction]` has one tree a hub; periods: 0 off peak, 1 rush; directions: 0 in, 1 out.
    """

    free: Floats
    inward: Floats
    outward: Floats
    homes: NDArray[np.int64]
    home_shares: Floats
    hubs: NDArray[np.int64]
    hub_shares: Floats
    trees: dict[tuple[int, int], list[Tree]]

    def speed(self, links: NDArray[np.int64], hours: Floats) -> Floats:
        """Speed between junctions in m/s on links at local hours of the day (both of one shape)."""
        morning, evening, everyday = rush(hours)
        inward, outward = self.inward[links], self.outward[links]
        load = inward * (morning + 0.35 * evening) + outward * (evening + 0.35 * morning)
        load = load + 0.5 * (inward + outward) * everyday
        delay = np.minimum(1.0 + 0.55 * load**3, _WORST)
        return np.asarray(self.free[links] / delay)


def make_traffic(network: Network, seed: int, n_hubs: int = 0) -> Traffic:
    """Work out loads and routes; `n_hubs` places attract trips (0: as many as suit the size)."""
    chance = Chance(seed, "traffic", len(network))
    n = len(network)
    names = np.array(HIGHWAYS)[network.highway]
    free = network.limit * MPH * np.array([_FREE[name] for name in names]) * (0.94 + 0.1 * chance.uniform(n))
    capacity = np.array([_CAPACITY[name] for name in names])
    centre = network.centrality[network.to_node]
    capacity = (
        capacity
        * np.where(network.bridge, np.where(names == "motorway", 0.85, 0.5), 1.0)
        * (0.8 + 0.3 * np.minimum(centre, 1.2))
    )
    homes, home_shares = _homes(network)
    n_hubs = n_hubs or int(min(max(28_000_000 // max(n, 1) ** 1.35, 10), 24))
    hubs, hub_shares = _hubs(network, chance, n_hubs)
    weight = np.zeros(len(network.nodes))
    np.add.at(weight, homes, home_shares)
    router = Router(network)
    wait = np.where(network.signals[network.to_node], 9.0, 2.0)
    main = network.highway <= HIGHWAYS.index("tertiary")
    empty = network.length / free * np.where(main, 1.0, 1.5) + wait
    trees: dict[tuple[int, int], list[Tree]] = {(p, d): [] for p in (0, 1) for d in (0, 1)}
    flows = np.zeros((2, n))
    for hub, share in zip(hubs.tolist(), hub_shares.tolist()):
        for direction in (0, 1):
            taste = 0.88 + 0.24 * chance.uniform(n)
            tree = router.tree(hub, direction == 0, empty * taste)
            trees[0, direction].append(tree)
            flows[direction] += share * router.flows(tree, weight)
    inward, outward = (_loads(flow / capacity, main) for flow in flows)
    traffic = Traffic(free, inward, outward, homes, home_shares, hubs, hub_shares, trees)
    for direction, hour in ((0, 8.2), (1, 17.3)):
        slow = traffic.speed(np.arange(n), np.full(n, hour))
        jammed = network.length / slow * np.where(main, 1.0, 1.4) + wait
        for hub in hubs.tolist():
            taste = 0.88 + 0.24 * chance.uniform(n)
            trees[1, direction].append(router.tree(hub, direction == 0, jammed * taste))
    return traffic


def _loads(flow: Floats, main: NDArray[np.bool_]) -> Floats:
    """Load of every link at the height of the rush: about 1 on the busiest of the main roads."""
    busy = np.sort(flow[main & (flow > 0)])
    return np.asarray(1.15 * np.minimum(flow / busy[int(0.94 * (len(busy) - 1))], 1.5))


def _homes(network: Network) -> tuple[NDArray[np.int64], Floats]:
    """Nodes where people live, with shares; every seventh comes from beyond the map."""
    street = network.highway >= HIGHWAYS.index("unclassified")
    density = np.bincount(
        network.from_node[street], weights=network.length[street], minlength=len(network.nodes)
    )
    density = density * np.where(network.centrality < 0.25, 0.5, 1.0)
    shares = density / density.sum() * 0.86
    if len(network.gateways):
        shares[network.gateways] += 0.14 / len(network.gateways)
    homes = np.flatnonzero(shares > 0)
    return homes, shares[homes] / shares[homes].sum()


def _hubs(network: Network, chance: Chance, n_hubs: int) -> tuple[NDArray[np.int64], Floats]:
    """Places of work, shopping and leaving town: half in the centre, the rest spread, some off the map."""
    degree = np.bincount(network.from_node, minlength=len(network.nodes))
    usable = np.flatnonzero(degree >= 3)
    inner = usable[network.centrality[usable] < 0.2]
    if len(inner) < n_hubs:
        inner = usable[np.argsort(network.centrality[usable], kind="stable")[: 2 * n_hubs]]
    outer = usable[(network.centrality[usable] > 0.3) & (network.centrality[usable] < 1.1)]
    n_gates = min(len(network.gateways), max(n_hubs // 6, 1))
    n_inner = (2 * n_hubs) // 5
    chosen: list[int] = []
    for pool, wanted in ((inner, n_inner), (outer, n_hubs - n_inner - n_gates), (network.gateways, n_gates)):
        left = [node for node in pool.tolist() if node not in chosen]
        for _ in range(min(wanted, len(left))):
            chosen.append(left.pop(chance.below(len(left))))
    shares = np.concatenate((np.full(n_inner, 1.5), np.full(len(chosen) - n_inner, 1.0)))
    return np.array(chosen, dtype=np.int64), shares / shares.sum()
