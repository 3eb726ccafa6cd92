"""The errors of the desktop's side of a run.

    aggregation.contract.errors.RunError      message for the person, detail for the log, `retry`
    └── ClientError                  everything that this package raises
        ├── ProfileError             a profile that is not valid; `entry` names what
        ├── RunRecordError           a record of the run store that is missing or unreadable
        ├── BackendError             where the run executes
        │   ├── StartError           nothing was started
        │   ├── AlreadyStarted       this run, or this run folder, has been started before
        │   ├── NotFinished          there is no result (yet)
        │   └── Unreachable          the place cannot be reached now; the run itself may be well (retry)
        ├── ResultError              a result that does not fit its manifest; `file` names it
        └── LinksError               the geometry of the links, in PostGIS
            ├── ServerUnreachable    no server there, or the connection broke (retry)
            ├── LoginRefused         wrong user or password, or this computer may not connect
            ├── NotThere             no such database, schema, table or column; `nearest` suggests
            ├── NoPostgis            the database lacks the extension
            ├── NotAllowed           the user may not read that
            ├── TookTooLong          the server's or the query's time is over (retry)
            └── UnsuitableLinks      no lines, mixed reference systems, unusable ids

A cancelled call raises `aggregation.contract.errors.Cancelled`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..aggregation.contract.errors import RunError


class ClientError(RunError):
    """An error on the desktop's side; `message` is for the person, `detail` for the log."""


class ProfileError(ClientError):
    """A profile that cannot be used; `entry` names the part that is wrong.

    `what` says what is wrong in words that stand beside the entry itself, without its name and value.
    """

    def __init__(self, entry: str, message: str, detail: str = "", what: str = "") -> None:
        super().__init__(message, detail)
        self.entry = entry
        self.what = what or message


class RunRecordError(ClientError):
    """A record of the run store that is missing or cannot be read."""


class BackendError(ClientError):
    """The place where a run executes refused something."""


class StartError(BackendError):
    """A run could not be started; nothing is running."""


class AlreadyStarted(BackendError):
    """The run, or a run in the same folder, has been started before."""


class NotFinished(BackendError):
    """The run has no result (yet)."""


class Unreachable(BackendError):
    """The place cannot be reached at the moment; the run itself may be well."""

    retry = True


class ResultError(ClientError):
    """A result that does not fit its manifest; `file` is the path of the file at fault."""

    def __init__(self, file: str, message: str, detail: str = "") -> None:
        super().__init__(message, detail)
        self.file = file


class LinksError(ClientError):
    """The links' geometry cannot be had; `sqlstate` is the server's code where it gave one."""

    def __init__(self, message: str, detail: str = "", sqlstate: str = "") -> None:
        super().__init__(message, detail)
        self.sqlstate = sqlstate


class ServerUnreachable(LinksError):
    """Nobody answers at that address, or the connection broke."""

    retry = True


class LoginRefused(LinksError):
    """The server refused the user, the password or this computer."""


class NotThere(LinksError):
    """A database, schema, table or column that does not exist.

    `what` is one of these words, `name` what was asked for, `nearest` what exists, best guess first.
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
    """The query ran into its time limit, or the server fell silent."""

    retry = True


class UnsuitableLinks(LinksError):
    """The table is there, but its ids or geometries cannot serve as links."""
