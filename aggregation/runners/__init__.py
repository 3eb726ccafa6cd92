"""Runners: execution of the steps' tasks on processes of this computer or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Optional, Protocol

if TYPE_CHECKING:  # nodes import this before they have the packages of the steps
    from ..store.decode import DecodeContext, DecodeTask
    from ..store.point_store import FileRecord
    from ..summary.counts import SummaryReport
    from ..summary.summarise import SummaryContext, SummaryTask

Tick = Callable[[int, int, int], None]
"""Called several times a second with the files, bytes and points decoded so far; may raise to stop."""


class Runner(Protocol):
    """Interface of runners, which carry out the tasks of both steps.

    `task_bytes` and `task_points` limit the tasks of the two steps to the memory of a worker (None: the
    plan's defaults).
    """

    task_bytes: Optional[int]
    task_points: Optional[int]

    @property
    def waiting(self) -> str:
        """Text on what the runner waits for; empty while tasks progress."""

    @property
    def remark(self) -> str:
        """Message for the person about the progress of tasks; empty if all is normal."""

    @property
    def workers(self) -> int:
        """Number of concurrent tasks, as far as known."""

    def describe(self) -> dict[str, Any]:
        """Return the runner's facts for the status and the manifest: its `kind` and others."""

    def check(self) -> None:
        """Raise `RunError` if the runner cannot continue."""

    def decode(
        self,
        tasks: Sequence[DecodeTask],
        context: DecodeContext,
        done: Callable[[list[FileRecord]], None],
        tick: Tick,
    ) -> None:
        """Carry out the tasks in any order; call `done` with each task's records. Raises the first error."""

    def summarise(
        self,
        tasks: Sequence[SummaryTask],
        context: SummaryContext,
        done: Callable[[SummaryReport], None],
        tick: Tick,
    ) -> None:
        """Carry out the tasks in any order; call `done` with each task's report. Raises the first error."""

    def close(self) -> None:
        """End all processes and applications that the runner has started."""
