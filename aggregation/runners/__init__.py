"""Runners spread tasks and collect their reports; the steps themselves know nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Optional, Protocol

if TYPE_CHECKING:  # a node imports this before it has the packages of the steps
    from ..store.decode import DecodeContext, DecodeTask
    from ..store.point_store import FileRecord
    from ..summary.counts import SummaryReport
    from ..summary.summarise import SummaryContext, SummaryTask

Tick = Callable[[int, int, int], None]
"""Called several times a second with all files, bytes and points decoded so far; may raise to stop."""


class Runner(Protocol):
    """Something that carries out both steps' tasks.

    `task_bytes` and `task_points` bound a task of either step, for the memory that a worker has (None:
    the plan's own bounds). `waiting` says what the runner waits for, and is empty while tasks go on; `remark`
    what a person should know of how they go on, empty while all is as it should be.
    """

    task_bytes: Optional[int]
    task_points: Optional[int]

    @property
    def waiting(self) -> str:
        """See above."""

    @property
    def remark(self) -> str:
        """See above."""

    @property
    def workers(self) -> int:
        """Tasks that are carried out at once, as far as that is known."""

    def describe(self) -> dict[str, Any]:
        """Return the runner's facts for the status and the manifest: its `kind` and others."""

    def check(self) -> None:
        """Raise `RunError` when the runner cannot go on."""

    def decode(
        self,
        tasks: Sequence[DecodeTask],
        context: DecodeContext,
        done: Callable[[list[FileRecord]], None],
        tick: Tick,
    ) -> None:
        """Carry out the tasks in any order; `done` gets each task's records. Raises the first error."""

    def summarise(
        self,
        tasks: Sequence[SummaryTask],
        context: SummaryContext,
        done: Callable[[SummaryReport], None],
        tick: Tick,
    ) -> None:
        """Carry out the tasks in any order; `done` gets each task's report. Raises the first error."""

    def close(self) -> None:
        """End all that the runner started."""
