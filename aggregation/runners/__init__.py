"""Runners spread tasks and collect their reports; the steps themselves know nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..decode import DecodeContext, DecodeTask
from ..points import FileRecord
from ..summarise import SummaryContext, SummaryReport, SummaryTask

Tick = Callable[[int, int, int], None]
"""Called several times a second with all files, bytes and points decoded so far; may raise to stop."""


class Runner(Protocol):
    """Something that carries out both steps' tasks."""

    workers: int

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
        """End whatever the runner started."""
