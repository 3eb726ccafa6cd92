"""Interface of clusters, which carry out tasks on nodes after a slow and uncertain start, such as Spark.

`head_start.HeadStart` is the runner that uses a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Optional, Protocol

from ..contract.errors import RunError

if TYPE_CHECKING:
    from .node_tasks import Report, TaskFunction
    from .worker_memory import WorkerMemory


class ClusterUnavailable(RunError):
    """The cluster is unavailable or was lost; `remark` is the message of a run that continues without it."""

    def __init__(self, message: str, detail: str = "", remark: str = "") -> None:
        super().__init__(message, detail)
        self.remark = remark or message


class ClusterDescription(Protocol):
    """A kind of cluster in the words of a run's summary, which are not translated here.

    `kind` is its name in status and manifest, `name` its display name, `node` and `nodes` what one and
    several of its nodes are called. `facts` are the entry `runner` of a manifest, of any values.
    """

    kind: str
    name: str
    node: str
    nodes: str

    def version(self, facts: Mapping[str, Any]) -> str:
        """Return the version of the cluster's software; empty if unknown."""

    def started(self, facts: Mapping[str, Any]) -> bool:
        """Return True if the cluster was up, whether or not it did any task."""

    def node_count(self, facts: Mapping[str, Any]) -> int:
        """Return the number of nodes that were there; 0 if unknown."""


class Cluster(Protocol):
    """Nodes for a run's tasks, started in the background by `begin` and ended by `close`.

    `kind` is its name in status and manifest, `name` its display name. Its workers have `memory`, and read
    `task_points` in a task of a summary (None: the plan's default). `key` tells the cluster from others in
    the head's notes on it; empty if unknown. `waiting` names what the cluster waits for; it is empty while
    tasks progress.
    """

    kind: str
    name: str
    memory: WorkerMemory
    task_points: Optional[int]
    key: str
    waiting: str

    @property
    def workers(self) -> int:
        """Number of concurrent tasks of the nodes, as far as known."""

    @property
    def n_nodes(self) -> int:
        """Number of nodes present, as last polled."""

    @property
    def n_cores(self) -> int:
        """Number of their cores; 0 until known."""

    @property
    def start_seconds(self) -> float:
        """Seconds from `begin` to the first node; a usual value until known."""

    @property
    def begun(self) -> bool:
        """True once `begin` was called."""

    @property
    def problem(self) -> Optional[RunError]:
        """Error if the cluster was lost or can never start; None otherwise or until known."""

    @property
    def lacks_nodes(self) -> bool:
        """True if the cluster is up but has had no node for long."""

    def begin(self, at_once: bool = False) -> None:
        """Start the cluster unless that was done; with `at_once` this process does nothing else meanwhile."""

    def check(self) -> None:
        """Raise `RunError` if the cluster was lost or can never start."""

    def has_nodes(self) -> bool:
        """Poll the nodes; return True if one could accept a task now."""

    def carry_out(
        self,
        step: str,
        more: Callable[[int], list[tuple[int, bytes]]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        now: Callable[[], None],
        take_back: Callable[[], bool],
    ) -> None:
        """Call `function` with items on the nodes; wait for the cluster first if it is not up yet.

        `more` is asked for so many items, or all, whenever nodes could begin some; the call ends when it
        returns none and all are done. `take` is called with the reports of finished tasks, `now` several
        times a second; it may raise to stop. While nodes are lacking, `take_back` is called: if it returns
        True, unfinished tasks are abandoned. Raises `ClusterUnavailable` if the cluster cannot do the tasks.
        """

    def describe(self) -> dict[str, Any]:
        """Return facts about the cluster for status and manifest."""

    def close(self) -> None:
        """Release the nodes."""

    def leave(self, code: int) -> None:
        """End this process with `code` if it cannot exit normally; called last."""
