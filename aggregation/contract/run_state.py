"""The states of a run. A job writes its own into status.json; the desktop derives the others."""

from __future__ import annotations

from enum import Enum


class RunState(Enum):
    """State of a run.

    A job writes the states from `STARTING` to `CANCELLED`; any phase may be interrupted by `WAITING`. A run
    that has not started is `QUEUED`, one whose process ended without a result is `LOST`, and `UNKNOWN` stands
    for states of later versions.
    """

    QUEUED = "queued"
    STARTING = "starting"
    WAITING = "waiting"
    LISTING = "listing"
    DECODING = "decoding"
    SUMMARISING = "summarising"
    PUBLISHING = "publishing"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    UNKNOWN = "unknown"

    @classmethod
    def read(cls, word: object) -> RunState:
        """Return the state of that name, or `UNKNOWN`, which is not final."""
        try:
            return cls(word)
        except ValueError:
            return cls.UNKNOWN

    @property
    def is_final(self) -> bool:
        """True if the run has ended."""
        return self in FINAL_STATES


FINAL_STATES = frozenset({RunState.FINISHED, RunState.FAILED, RunState.CANCELLED, RunState.LOST})
