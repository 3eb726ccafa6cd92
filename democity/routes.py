"""Fastest ways to and from the places where many trips start or end."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Tree:
    """Fastest ways between one hub and every node.

    `link[node]` is the link that leaves the node on its way to the hub (`inbound`) or that arrives at it
    on the way from the hub; -1 at the hub.
    """

    hub: int
    inbound: bool
    link: Ints


class Router:
    """Finds fastest ways in one network; costs are whole, so that no result depends on rounding."""

    def __init__(self, network: Network) -> None:
        self._network = network
        n = len(network.nodes)
        self._neighbours: list[list[list[tuple[int, int]]]] = []
        for near, far in ((network.to_node, network.from_node), (network.from_node, network.to_node)):
            lists: list[list[tuple[int, int]]] = [[] for _ in range(n)]
            for link, (a, b) in enumerate(zip(near.tolist(), far.tolist())):
                lists[a].append((link, b))
            self._neighbours.append(lists)

    def tree(self, hub: int, inbound: bool, seconds: Floats) -> Tree:
        """Dijkstra's algorithm from (or, `inbound`, towards) a hub with travel times (n) for the links."""
        neighbours = self._neighbours[0 if inbound else 1]
        cost = np.maximum(1, np.round(seconds * 1000)).astype(np.int64).tolist()
        n = len(neighbours)
        far = 1 << 62
        best = [far] * n
        found = [-1] * n
        best[hub] = 0
        queue = [(0, hub)]
        pop, push = heapq.heappop, heapq.heappush
        while queue:
            here, node = pop(queue)
            if here > best[node]:
                continue
            for link, other in neighbours[node]:
                there = here + cost[link]
                if there < best[other]:
                    best[other] = there
                    found[other] = link
                    push(queue, (there, other))
        return Tree(hub, inbound, np.array(found, dtype=np.int32))

    def flows(self, tree: Tree, weight: Floats) -> Floats:
        """Traffic on every link (n) when `weight` (m) travels between every node and the tree's hub."""
        network = self._network
        flow = np.zeros(len(network))
        onward = network.to_node if tree.inbound else network.from_node
        nodes = np.flatnonzero(tree.link >= 0)
        # Every round moves all traffic one link nearer to the hub: a few hundred rounds, no sorting.
        moving: Floats = weight.copy()
        moving[tree.hub] = 0.0
        while len(nodes):
            links = tree.link[nodes]
            flow[links] += moving[nodes]
            size = len(weight)
            following = np.asarray(np.bincount(onward[links], moving[nodes], size), dtype=np.float64)
            following[tree.hub] = 0.0
            moving = following
            nodes = np.flatnonzero(moving > 0)
        return flow


def follow(network: Network, tree: Tree, node: int) -> list[int]:
    """Links between a node and the tree's hub, in driving order."""
    links = []
    onward = network.to_node if tree.inbound else network.from_node
    link = int(tree.link[node])
    while link >= 0:
        links.append(link)
        link = int(tree.link[onward[link]])
    return links if tree.inbound else links[::-1]
