"""A run that goes on without the Spark that it wanted: whether it may, and what a person is told of it.

Spark may never start (no master, no Java, another version), be lost in the middle, or have no cores for long.
None of that keeps the head's processes from doing the same tasks, only more slowly. Two things are no such
fault: a wish to end the run, and the end of a driver that had started the run, as Livy's does.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Optional

from ...contract.errors import RunError
from .errors import NoSpark

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

log = logging.getLogger(__name__)

_GOES_ON = "The head goes on alone, which takes longer."
NO_CORES = f"Spark has had no free cores for a while. {_GOES_ON}"


class Alone:
    """The `workers` that the head has without Spark (0: it cannot go on), and whether it `has_begun`."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._problem: Optional[NoSpark] = None

    @property
    def has_begun(self) -> bool:
        """Whether Spark was given up."""
        return self._problem is not None

    @property
    def remark(self) -> str:
        """What a person is told: that, why, and what to do; empty while Spark was not given up."""
        return f"{_GOES_ON} {self._problem.remark}" if self._problem else ""

    def bears(self, problem: RunError) -> TypeGuard[NoSpark]:
        """Whether the head can go on where that became of Spark."""
        return bool(self.workers) and isinstance(problem, NoSpark)

    def begin(self, problem: RunError) -> None:
        """Give Spark up; raises the problem where the head cannot go on."""
        if not self.bears(problem):
            raise problem
        self._problem = problem
        log.warning(self.remark)
        if problem.detail:
            log.info(problem.detail)
