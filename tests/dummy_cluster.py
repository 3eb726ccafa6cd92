"""A cluster that is no Spark, for tests of what starts at the head: its one node is this process.

`python -m roadpulse.tests.dummy_cluster RUN_FOLDER HEAD_WORKERS FALLBACK_WORKERS [lost]` carries out a run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Optional

from roadpulse.aggregation import storage
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.runners.cluster import ClusterUnavailable
from roadpulse.aggregation.runners.head_start import HeadStart
from roadpulse.aggregation.runners.node_tasks import Report, TaskFunction
from roadpulse.aggregation.runners.packages import Packages, platform_tag
from roadpulse.aggregation.runners.worker_memory import Bounds, WorkerMemory


class FewPoints(WorkerMemory):
    """Memory for so few points that everything has several parts and slices."""

    def bounds(self) -> Bounds:
        return Bounds(150, 200, 100, 96, keeps_memory=False)


class DummyCluster:
    """See `Cluster`. One that is `lost` is so in the middle of the first step."""

    kind, name = "dummy", "The dummy"
    memory, task_points = FewPoints(), 500
    key = waiting = ""
    workers = n_cores = 4
    n_nodes = 1
    start_seconds = 10.0
    lacks_nodes = False

    def __init__(self, lost: bool = False) -> None:
        self.begun, self.closed = False, False
        self.problem: Optional[RunError] = None
        self._lost = lost

    def begin(self, at_once: bool = False) -> None:
        self.begun = True

    def check(self) -> None:
        if self.problem:
            raise self.problem

    def has_nodes(self) -> bool:
        return self.begun

    def carry_out(
        self,
        step: str,
        more: Callable[[int], list[tuple[int, bytes]]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        now: Callable[[], None],
        take_back: Callable[[], bool],
    ) -> None:
        while items := more(1):
            for item in items:
                take([function.attempt(item)])
                now()
                if self._lost:
                    self.problem = ClusterUnavailable("The dummy is lost.", remark="The dummy went home.")
                    self.check()

    def describe(self) -> dict[str, Any]:
        return {"nodes": 1}

    def close(self) -> None:
        self.closed = True

    def leave(self, code: int) -> None: ...


def main(arguments: list[str]) -> None:
    head_workers, fallback_workers = map(int, arguments[1:3])
    cluster = DummyCluster("lost" in arguments)
    runner = HeadStart(cluster, Packages("", platform_tag(), ()), head_workers, fallback_workers)
    try:
        from roadpulse.aggregation.run import run

        run(RunFolder(storage.place(arguments[0])), runner)
    finally:
        runner.close()


if __name__ == "__main__":
    main(sys.argv[1:])
