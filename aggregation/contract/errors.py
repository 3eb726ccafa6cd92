"""The errors of a run.

RunError                 what happened, to what, what to do; `retry` is True if another attempt may succeed
├── SpecError            the specification is not valid; `field` names the entry
├── BadTripFile          one trip file cannot be used; `reason` is a key of the manifest's counts
├── StorageError         a folder, disk or bucket could not be read or written
├── NoAnswer             a server cannot be reached at present (retry)
├── WorkerDied           a worker process ended in the middle of its task
└── Cancelled            the run was asked to stop
"""

from __future__ import annotations

FILE_REASONS = {
    "empty": "the file is empty",
    "bad_json": "the file is not valid JSON",
    "too_deep": "the file is nested too deeply",
    "not_an_object": "the file does not hold a JSON object",
    "no_points": "the file has no array of points where the field mapping says",
    "bad_gzip": "the file is not a whole gzip archive",
    "bad_text": "the file is not text in one encoding",
    "bad_table": "the file is not a table that can be read",
    "no_column": "the table has no column where the field mapping says",
    "too_large": "the file is larger than the limit",
    "unreadable": "the file may not be read",
    "vanished": "the file was there when the run began and is gone",
    "changed": "the file changed while it was read",
}
"""Reasons for which a whole trip file is skipped, with a text for messages."""


class RunError(Exception):
    """A run cannot continue.

    `message` is for the person: what happened, to what, what to do. `detail` is for the log. `retry` is True
    if another attempt may succeed.
    """

    retry = False

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class SpecError(RunError):
    """An entry of the run specification, `field`, is missing or not valid; `fault` says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.fault = field, message

    def __reduce__(self) -> tuple[type[SpecError], tuple[str, str]]:
        return SpecError, (self.field, self.fault)


class BadTripFile(RunError):
    """A trip file cannot be used.

    `reason` is one of `FILE_REASONS`. `passing` marks transient faults (vanished, changed while it was
    read, may not be read): the next run tries the file again.
    """

    def __init__(self, reason: str, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.passing = passing

    def __reduce__(self) -> tuple[type[BadTripFile], tuple[str, str, bool]]:
        return BadTripFile, (self.reason, self.message, self.passing)


class StorageError(RunError):
    """A folder, disk or bucket could not be read or written."""

    retry = True


class NoAnswer(RunError):
    """A server cannot be reached at present; a later attempt may succeed."""

    retry = True


class Cancelled(RunError):
    """The run was asked to stop."""

    def __init__(self) -> None:
        super().__init__("The run was cancelled. Nothing that was there before was changed.")

    def __reduce__(self) -> tuple[type[Cancelled], tuple[()]]:
        return Cancelled, ()


class WorkerDied(RunError):
    """A worker process of this computer ended in the middle of its task."""
