"""A head and a cluster by a simulated clock: how long a step takes by the decisions of `start_policy`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from roadpulse.aggregation.runners.start_policy import ClusterFacts, StartPolicy, StepEstimate

TICK, UNIT = 0.1, 60e6
"""Seconds of a step of the clock, and bytes of a task."""

START_CPU, DRIVER_CPU = 9.0, 5.0
"""CPU seconds of a start in all, where the cluster's cores are the head's, and of its driver elsewhere."""


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
        rate = {"decode": UNIT / self.seconds}
        return ClusterFacts(self.start, self.nodes + self.own, self.own, speed, rate)

    def head_alone(self) -> float:
        """Seconds of the head without the cluster."""
        return self.tasks * self.seconds / self.processes

    def cluster_alone(self) -> float:
        """Seconds of the cluster without the head, from the first moment on."""
        cores = self.nodes + min(self.own, self.cores)
        return self.start + self.tasks * self.seconds / cores / self.speed if cores else float("inf")

    def automatic(self, known: Optional[ClusterFacts] = None) -> float:
        """Seconds with the decisions of the policy, which begins with the facts that are `known`.

        Each node core works on a task and has the next one; the head's processes take theirs when free.
        """
        clock = Clock()
        policy = StartPolicy(self.processes, self.cores, known)
        estimate = StepEstimate("decode", [UNIT] * self.tasks, self.processes, clock)
        began, begun_at = clock(), 0.0
        queue = self.tasks
        head = [0.0] * self.processes  # seconds of a head's core that the task of each needs still; 0: none
        cores: list[list[float]] = [
            [] for _ in range(self.nodes + self.own)
        ]  # the same for the tasks that each has
        reported: set[int] = set()
        n_done, cpu, released = 0, 0.0, False
        if policy.starts("decode", policy.expected_seconds("decode", UNIT * self.tasks)):
            begun_at, cpu = began, START_CPU if self.own else DRIVER_CPU
        while n_done < self.tasks:
            clock.seconds += TICK
            if not begun_at and policy.starts("decode", estimate.seconds_left()):
                begun_at, cpu = clock(), START_CPU if self.own else DRIVER_CPU
            up = begun_at and clock() >= begun_at + self.start and not released
            for tasks in cores:
                while queue and up and len(tasks) < 2 and estimate.pays_cluster(policy, len(cores)):
                    queue -= 1
                    tasks.append(self.seconds / self.speed)
            # The start takes CPU of the head's cores, and so do nodes on its machine.
            taken = min(cpu, self.cores * TICK / 2) if begun_at else 0.0
            cpu -= taken
            busy = self.processes + sum(bool(tasks) for tasks in cores[: self.own])
            share = min(1.0, (self.cores - taken / TICK) / busy)
            for number, tasks in enumerate(cores):
                left = TICK * (share if number < self.own else 1.0)
                while tasks and left > 0:
                    tasks[0], left = tasks[0] - left, left - tasks[0]
                    if tasks[0] <= 0:
                        tasks.pop(0)
                        estimate.done(n_done, by_head=False)
                        n_done += 1
                        reported.add(number)
            for number in range(self.processes):
                left = TICK * share
                while left > 0 and (head[number] or queue):
                    if not head[number]:
                        queue, head[number] = queue - 1, self.seconds
                    step = min(left, head[number])
                    head[number], left = head[number] - step, left - step
                    if head[number] < 1e-9:
                        head[number] = 0.0
                        estimate.done(n_done, by_head=True)
                        n_done += 1
            if policy.facts is None and cores and len(reported) == len(cores):
                policy = policy.informed(self.facts())
            released = released or (up and policy.adds_none and not any(cores))
        self.spark_used = begun_at > 0
        return clock() - began
