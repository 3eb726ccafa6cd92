"""A PostgreSQL connection for reading: one exchange a query, cancellable, with errors for the person."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Callable, Optional, Union

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ExecStatus

from ..aggregation.errors import Cancelled
from .errors import (
    LinksError,
    LoginRefused,
    NotAllowed,
    NotThere,
    ServerUnreachable,
    TookTooLong,
    UnsuitableLinks,
)

ConnectionInfo = Union[str, Mapping[str, Any]]
"""What libpq understands, as one text or as a mapping: host, service, sslmode, … pass through."""

CONNECT_SECONDS = 10
LOOK_SECONDS = 0.1
_MAINTENANCE = ("postgres", "template1")

Rows = list[Optional[bytes]]


class CopyRows(list[bytes]):
    """Messages of a COPY, each with one row."""


BATCH_ROWS = 4096


def connect(info: ConnectionInfo) -> psycopg.Connection[Any]:
    """Connect in autocommit mode; raises `ServerUnreachable`, `LoginRefused`, `NotThere`, `LinksError`."""
    wanted = _parameters(info)
    try:
        return psycopg.connect(**wanted, autocommit=True)
    except psycopg.OperationalError as error:
        raise _explain_refusal(error, wanted) from None  # the cause may quote the connection text
    except psycopg.Error as error:
        raise LinksError(
            "The connection to PostGIS is not described rightly: " + _clean(str(error), wanted)
        ) from None


class Connecting:
    """A connection that is being made in the background; its own thread, so that a cancel need not wait."""

    def __init__(self, info: ConnectionInfo) -> None:
        self._connection: Optional[psycopg.Connection[Any]] = None
        self._error: Optional[LinksError] = None
        self._given_up = False
        self._thread = threading.Thread(target=self._connect, args=(info,), daemon=True)
        self._thread.start()

    def result(self, cancelled: Optional[Callable[[], bool]] = None) -> psycopg.Connection[Any]:
        """The connection, once it is there; raises the errors of `connect`, and `Cancelled`."""
        while True:
            if cancelled and cancelled():
                self._given_up = True
                raise Cancelled
            self._thread.join(LOOK_SECONDS)
            if self._error is not None:
                raise self._error
            if self._connection is not None:
                return self._connection

    def _connect(self, info: ConnectionInfo) -> None:
        try:
            connection = connect(info)
        except LinksError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  (handed to the thread that waits)
            self._error = LinksError("The connection to PostGIS failed for an unknown reason.", repr(error))
        else:
            self._connection = connection
            if self._given_up:
                connection.close()


def exchange(
    connection: psycopg.Connection[Any],
    query: bytes,
    *,
    patience: float,
    cancelled: Optional[Callable[[], bool]] = None,
    single: bool = False,
) -> Iterator[Union[CopyRows, Rows]]:
    """Send one query, of any number of statements, and give what comes back as it comes.

    The data of a COPY come as `CopyRows`, some thousands at a time; other rows as lists of their values'
    bytes in text format. With `single` the server refuses a text of more than one statement.
    `cancelled` is asked ten times a second. Raises `psycopg.Error` for what the server refuses,
    `Cancelled`, `TookTooLong` after `patience` seconds of silence, `ServerUnreachable`.
    """
    line = connection.pgconn
    line.nonblocking = 1
    wait = _waiter(connection, patience, cancelled)
    refused: Optional[psycopg.Error] = None
    try:
        if single:
            line.send_query_params(query, None)
        else:
            line.send_query(query)
        while line.flush():
            wait(True)
        while True:
            while line.is_busy():
                wait(False)
            result = line.get_result()
            if result is None:  # only now the connection is ready for another query
                break
            if result.status == ExecStatus.COPY_OUT:
                yield from _copied(line, wait)
            elif result.status == ExecStatus.FATAL_ERROR:
                refused = refused or psycopg.errors.error_from_result(result, encoding="utf-8")
            for row in range(result.ntuples):
                yield [result.get_value(row, column) for column in range(result.nfields)]
        if refused is not None:
            raise refused
    except psycopg.OperationalError as error:
        if error.sqlstate is None or connection.closed:
            raise ServerUnreachable(
                "The connection to PostGIS broke off. Check the network, and try again.", str(error)
            ) from error
        raise


def _copied(line: pq.abc.PGconn, wait: Callable[[bool], None]) -> Iterator[CopyRows]:
    rows = CopyRows()
    take, keep = line.get_copy_data, rows.append  # this loop is most of the client's time
    while True:
        size, data = take(1)
        if size > 0:
            keep(bytes(data))
            if len(rows) < BATCH_ROWS:
                continue
        if rows:
            yield rows
            rows = CopyRows()
            keep = rows.append
        if size < 0:
            return
        if size == 0:
            wait(False)


def _waiter(
    connection: psycopg.Connection[Any], patience: float, cancelled: Optional[Callable[[], bool]]
) -> Callable[[bool], None]:
    """A function that waits until the server sent something (or took something, while writing)."""
    selector = selectors.DefaultSelector()
    line = connection.pgconn
    key = selector.register(line.socket, selectors.EVENT_READ)

    def wait(writing: bool) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        if key.events != events:
            selector.modify(line.socket, events)
        end = time.monotonic() + patience
        while True:
            ready = selector.select(LOOK_SECONDS)
            if cancelled and cancelled():
                _stop(connection)
                raise Cancelled
            if ready:
                if any(event & selectors.EVENT_READ for _, event in ready):
                    line.consume_input()
                return
            if time.monotonic() > end:
                _stop(connection)
                raise TookTooLong(
                    f"PostGIS has sent nothing for {patience:.0f} s. Check the network, and try again."
                )

    return wait


def _stop(connection: psycopg.Connection[Any]) -> None:
    """End the running query on the server, if it still listens, and the connection."""
    with contextlib.suppress(
        psycopg.Error
    ):  # it has ended, or cannot be reached: closing is all that is left
        if hasattr(connection, "cancel_safe"):  # from psycopg 3.2
            connection.cancel_safe(timeout=3)
        else:
            connection.cancel()
    connection.close()


def server_error(error: psycopg.Error, what: str) -> LinksError:
    """What a refusal by the server means to the person; `what` is the table's or database's name."""
    state = error.sqlstate or ""
    said = error.diag.message_primary or str(error)
    detail = f"{state} {said} {error.diag.message_detail or ''} {error.diag.context or ''}".strip()
    if state == "42501":
        return NotAllowed(
            f"The user may not read {what} ({said}). Ask its owner for the right: GRANT USAGE on the schema "
            "and GRANT SELECT on the table.",
            detail, state,
        )  # fmt: skip
    if state == "57014":
        return TookTooLong(
            f"Reading {what} took longer than allowed, and PostGIS stopped it. Try again; an index on the id "
            "column helps.",
            detail, state,
        )  # fmt: skip
    if state[:2] in ("08", "53", "57") or (not state and isinstance(error, psycopg.OperationalError)):
        return ServerUnreachable(f"PostGIS stopped answering while {what} was read: {said}.", detail, state)
    if state[:2] in ("22", "XX"):
        return UnsuitableLinks(f"{what} holds something that cannot be read as links: {said}.", detail, state)
    return LinksError(f"PostGIS refused to read {what}: {said}.", detail, state)


def nearest(name: str, there: Sequence[str], limit: int = 3) -> list[str]:
    """Those of the existing names that look most like `name`, best first."""
    folded = {other.casefold(): other for other in there}
    found = get_close_matches(name.casefold(), list(folded), n=limit, cutoff=0.5)
    return [folded[match] for match in found]


def suggestion(close: Sequence[str], there: Sequence[str]) -> str:
    """The sentence that tells what exists instead."""
    if close:
        return f" Did you mean {' or '.join(repr(name) for name in close)}?"
    if there:
        more = ", …" if len(there) > 8 else ""
        return f" There are: {', '.join(repr(name) for name in sorted(there)[:8])}{more}."
    return ""


def _parameters(info: ConnectionInfo) -> dict[str, Any]:
    """Connection parameters with defaults for what is not said; raises `LinksError`."""
    try:
        given = dict(conninfo_to_dict(info) if isinstance(info, str) else info)
    except psycopg.Error:  # its text may quote the password
        raise LinksError(
            "The connection to PostGIS cannot be understood; it should read like 'host=… dbname=… user=…'."
        ) from None
    given = {name: value for name, value in given.items() if value is not None}
    defaults = {
        "connect_timeout": CONNECT_SECONDS, "client_encoding": "UTF8", "application_name": "Roadpulse",
        "keepalives_idle": 30,
    }  # fmt: skip
    return {**defaults, **given}


def _explain_refusal(error: psycopg.OperationalError, wanted: Mapping[str, Any]) -> LinksError:
    said = _clean(str(error), wanted)
    line = error.pgconn
    host, port = _address(line, wanted)
    where = f"{host}:{port}" if host else "this computer"
    if "timeout" in said.lower() or isinstance(error, psycopg.errors.ConnectionTimeout):
        return ServerUnreachable(
            f"PostGIS at {where} does not answer. Check the address, and whether a firewall or VPN is "
            "between.",
            said,
        )
    fault = _reach(host, port)
    if fault:
        return ServerUnreachable(fault, said)
    database, user = wanted.get("dbname"), wanted.get("user") or "the user of this computer"
    if "SSL" in said or "certificate" in said:
        return LoginRefused(
            f"No secure connection to {where} came about: {_last_line(said)}. Check the SSL mode and the "
            "certificates.",
            said,
        )
    if line is not None and line.needs_password:
        return LoginRefused(f"{where} asks for a password of {user}, and none was given.", said, "28P01")
    if "too many" in said or "remaining connection slots" in said:
        return ServerUnreachable(f"{where} has no free connection. Try again in a moment.", said, "53300")
    if re.search(r"starting up|shutting down|recovery", said):
        return ServerUnreachable(f"{where} is starting or stopping. Try again in a moment.", said, "57P03")
    if database and "password authentication failed" not in said:
        known = _databases(wanted)
        if known and database not in known:
            close = nearest(str(database), known)
            return NotThere(
                f"There is no database {database!r} on {where}.{suggestion(close, known)}",
                what="database", name=str(database), nearest=close, detail=said, sqlstate="3D000",
            )  # fmt: skip
    if "password authentication failed" in said or (line is not None and line.used_password):
        return LoginRefused(f"{where} refused the password of {user}. Enter it again.", said, "28P01")
    return LoginRefused(
        f"{where} refused the connection of {user}: {_last_line(said)}. Ask its administrator.", said, "28000"
    )


def _address(line: Optional[pq.abc.PGconn], wanted: Mapping[str, Any]) -> tuple[str, int]:
    """Host and port that were tried; an empty host for a Unix socket."""
    host, port = str(wanted.get("host") or wanted.get("hostaddr") or ""), str(wanted.get("port") or "")
    if line is not None:
        host = host or line.host.decode("utf-8", "replace")
        port = port or line.port.decode("ascii", "replace")
    port = port.split(",")[0]
    host = host.split(",")[0]
    return "" if host.startswith(("/", "@")) else host, int(port) if port.isdigit() else 5432


def _reach(host: str, port: int) -> str:
    """Why the address cannot be reached; empty when it can."""
    if not host:
        return ""
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except socket.gaierror:
        return f"There is no computer called {host!r}. Check the host of the PostGIS connection."
    except ConnectionRefusedError:
        return f"No PostGIS server listens at {host}:{port}. Check host and port, and whether it is running."
    except OSError as error:
        return f"PostGIS at {host}:{port} cannot be reached: {error.strerror or error}."
    return ""


def _databases(wanted: Mapping[str, Any]) -> list[str]:
    """Names of the server's databases, asked with the same user; empty when it does not let us in."""
    for name in _MAINTENANCE:
        try:
            with psycopg.connect(**{**wanted, "dbname": name}, autocommit=True) as connection:
                rows = connection.execute("SELECT datname FROM pg_database WHERE datallowconn").fetchall()
                return [str(row[0]) for row in rows]
        except psycopg.Error:
            continue
    return []


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1].strip().rstrip(".") if text.strip() else "no reason given"


def _clean(text: str, wanted: Mapping[str, Any]) -> str:
    """A message without the password, should it quote it."""
    secret = str(wanted.get("password") or "")
    return text.replace(secret, "…") if secret else text


def primary(error: psycopg.Error) -> str:
    """The server's own short message."""
    return error.diag.message_primary or str(error)
