"""The protocol of a cluster: nodes that carry out tasks, but not from the first second and not for sure.

Spark is one. `head_start.HeadStart` makes a runner of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional, Protocol

from ..contract.errors import RunError

if TYPE_CHECKING:
    from .node_tasks import Report, TaskFunction


class ClusterUnavailable(RunError):
    """The cluster cannot be had, or not any more. `remark` says so for a run that goes on without it."""

    def __init__(self, message: str, detail: str = "", remark: str = "") -> None:
        super().__init__(message, detail)
        self.remark = remark or message


class Cluster(Protocol):
    """Nodes for a run's tasks, started in the background by `begin` and ended by `close`.

    `kind` is its name in status and manifest, `name` for people. A node's task holds `part_points` while
    it decodes, reads `task_points` in a summary and computes `slice_points` of them at once. The cluster is
    worth its start from `worthwhile_seconds` of work at the head on. `waiting` says what the cluster waits
    for; it is empty while tasks go on.
    """

    kind: str
    name: str
    part_points: int
    task_points: int
    slice_points: int
    worthwhile_seconds: float
    waiting: str

    @property
    def workers(self) -> int:
        """Tasks that the nodes carry out at once, as far as that is known."""

    @property
    def begun(self) -> bool:
        """True once the cluster was asked for."""

    @property
    def problem(self) -> Optional[RunError]:
        """Why the cluster is not there any more or never will be; None while nothing is known of that."""

    @property
    def lacks_nodes(self) -> bool:
        """True if there has been no node for long, although the cluster is up."""

    def begin(self, at_once: bool = False) -> None:
        """Ask for the cluster, unless that was done; `at_once` lets nothing else of this process delay it."""

    def check(self) -> None:
        """Raise `RunError` if the cluster is not there any more or never will be."""

    def has_nodes(self) -> bool:
        """Look for nodes; return True if one could take a task now."""

    def carry_out(
        self,
        step: str,
        items: list[tuple[int, bytes]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        now: Callable[[], None],
        take_back: Callable[[], bool],
    ) -> None:
        """Have the nodes call `function` with each item; wait for the cluster first if it is not up yet.

        `take` gets the reports of tasks as they end, `now` is called several times a second and may raise to
        stop. While nodes are lacking, `take_back` is asked: if it returns True, the tasks that are not done
        are given up. Raises `ClusterUnavailable` if the cluster cannot do the tasks.
        """

    def describe(self) -> dict[str, Any]:
        """Return what status and manifest say of the cluster."""

    def close(self) -> None:
        """Give the nodes up."""

    def leave(self, code: int) -> None:
        """End this process with `code` if it cannot end in the usual way."""
