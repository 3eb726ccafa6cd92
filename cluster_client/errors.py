"""Errors of the desktop's side of a run.

    aggregation.contract.errors.RunError      message for the person, detail for the log, `retry`
    └── ClientError                  base of all errors of this package
        ├── ProfileError             a profile is not valid; `entry` names the part
        ├── RunRecordError           a record of the run store is missing or unreadable
        ├── BackendError             a backend has failed or refused an operation
        │   ├── StartError           a run could not be started
        │   ├── AlreadyStarted       this run, or a run in this folder, has been started before
        │   ├── NotFinished          there is no result (yet)
        │   └── Unreachable          the backend cannot be reached (retry); also a `NoAnswer`
        ├── ResultError              a result does not match its manifest; `file` names the file
        └── LinksError               the links' geometry in PostGIS cannot be read
            ├── ServerUnreachable    no server answers, or the connection broke (retry)
            ├── LoginRefused         wrong user or password, or this computer may not connect
            ├── NotThere             no such database, schema, table or column; `nearest` suggests others
            ├── NoPostgis            the database lacks the extension
            ├── NotAllowed           the user may not read the schema or table
            ├── TookTooLong          the server or the query has exceeded its time limit (retry)
            └── UnsuitableLinks      no lines, mixed reference systems, unusable ids

Errors of buckets are `aggregation.storage.s3.errors.S3Error`s. Those of backends and buckets that a later
attempt may mend are `NoAnswer`s. A cancelled call raises `aggregation.contract.errors.Cancelled`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..aggregation.contract.errors import NoAnswer, RunError


class ClientError(RunError):
    """An error on the desktop's side; `message` is for the person, `detail` for the log."""


class ProfileError(ClientError):
    """A profile is not valid; `entry` names the part.

    `what` is a message to show beside the entry, without its name and value.
    """

    def __init__(self, entry: str, message: str, detail: str = "", what: str = "") -> None:
        super().__init__(message, detail)
        self.entry = entry
        self.what = what or message


class RunRecordError(ClientError):
    """A record of the run store is missing or cannot be read."""


class BackendError(ClientError):
    """A backend has failed or refused an operation."""


class StartError(BackendError):
    """A run could not be started; nothing is running."""


class AlreadyStarted(BackendError):
    """The run, or a run in the same folder, has been started before."""


class NotFinished(BackendError):
    """The run has no result (yet)."""


class Unreachable(BackendError, NoAnswer):
    """The backend cannot be reached at present; the run itself may be well."""

    retry = True


class ResultError(ClientError):
    """A result does not match its manifest; `file` is the path of the file at fault."""

    def __init__(self, file: str, message: str, detail: str = "") -> None:
        super().__init__(message, detail)
        self.file = file


class LinksError(ClientError):
    """The links' geometry cannot be read; `sqlstate` is the server's error code, if any."""

    def __init__(self, message: str, detail: str = "", sqlstate: str = "") -> None:
        super().__init__(message, detail)
        self.sqlstate = sqlstate


class ServerUnreachable(LinksError):
    """No server answers at that address, or the connection broke."""

    retry = True


class LoginRefused(LinksError):
    """The server has refused the user, the password or this computer."""


class NotThere(LinksError):
    """A database, schema, table or column does not exist.

    `what` is one of these words, `name` the missing name, `nearest` existing names, most similar first.
    """

    def __init__(
        self,
        message: str,
        *,
        what: str,
        name: str,
        nearest: Sequence[str] = (),
        detail: str = "",
        sqlstate: str = "",
    ) -> None:
        super().__init__(message, detail, sqlstate)
        self.what = what
        self.name = name
        self.nearest = tuple(nearest)


class NoPostgis(LinksError):
    """The database does not have the PostGIS extension."""


class NotAllowed(LinksError):
    """The user may not read the schema or the table."""


class TookTooLong(LinksError):
    """The query has exceeded its time limit, or the server has stopped responding."""

    retry = True


class UnsuitableLinks(LinksError):
    """The table exists, but its ids or geometries cannot be used as links."""
