"""A head and a cluster by a simulated clock: how long a step takes by the decisions of `start_policy`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from roadpulse.aggregation.runners.start_policy import ClusterFacts, StartPolicy, StepEstimate

TICK = 0.1
START_CPU = 9.0
"""CPU seconds of a start in all, where the cluster's cores are the head's; elsewhere the driver's 5."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Simulation:
    """`tasks` tasks that each take a core of the head `seconds`, for `processes` of its `cores`.

    The cluster has nodes after `start` seconds: `nodes` cores elsewhere and `own` of the head's machine, each
    with `speed` of the head's. Processes of one machine share its cores.
    """

    tasks: int
    seconds: float = 0.3
    processes: int = 4
    cores: int = 4
    start: float = 10.0
    nodes: int = 0
    own: int = 0
    speed: float = 0.7
    spark_used: bool = False

    def facts(self) -> ClusterFacts:
        """What a run that has used the cluster knows."""
        speed = {"decode": self.speed, "summarise": self.speed}
        return ClusterFacts(self.start, self.nodes + self.own, self.own, speed)

    def head_alone(self) -> float:
        """Seconds of the head without the cluster."""
        return self.tasks * self.seconds / self.processes

    def cluster_alone(self) -> float:
        """Seconds of the cluster without the head, from the first moment on."""
        cores = self.nodes + min(self.own, self.cores)
        return self.start + self.tasks * self.seconds / cores / self.speed if cores else float("inf")

    def automatic(self, known: Optional[ClusterFacts] = None) -> float:
        """Seconds with the decisions of the policy, which begins with the facts that are `known`."""
        clock = Clock()
        policy = StartPolicy(self.processes, self.cores, known)
        estimate = StepEstimate("decode", [1.0] * self.tasks, self.processes, clock)
        began, begun_at, joined = clock(), 0.0, False
        head, cluster, n_done, by_cluster, cpu = 0.0, 0.0, 0, 0, 0.0
        released = False
        while n_done < self.tasks:
            clock.seconds += TICK
            up = begun_at and clock() >= begun_at + self.start
            if not begun_at and policy.starts("decode", estimate.seconds_left()):
                begun_at, cpu = clock(), START_CPU if self.own else 5.0
            left = estimate.seconds_left()
            joined = bool(up and not released and policy.joins("decode", left))
            # The start takes CPU of the head's cores, and so do nodes on its machine.
            taken = min(cpu, self.cores * TICK / 2) if begun_at else 0.0
            cpu -= taken
            own = min(self.own, self.cores) if joined else 0
            share = min(1.0, (self.cores - taken / TICK) / (self.processes + own))
            head += self.processes * share * TICK / self.seconds
            if joined:
                cluster += (self.nodes + own * share) * self.speed * TICK / self.seconds
            while head >= 1 and n_done < self.tasks:
                estimate.done(n_done, by_head=True)
                head, n_done = head - 1, n_done + 1
            while cluster >= 1 and n_done < self.tasks:
                estimate.done(n_done, by_head=False)
                cluster, n_done, by_cluster = cluster - 1, n_done + 1, by_cluster + 1
            if policy.facts is None and by_cluster >= self.nodes + self.own:
                policy = policy.informed(self.facts())
            released = released or (joined and policy.adds_none)
        self.spark_used = begun_at > 0
        return clock() - began
