"""PostgreSQL connections for reading: one round trip per query, cancellation, and errors for the person."""

from __future__ import annotations

import contextlib
import selectors
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Callable, Optional, Union

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ExecStatus

from ...aggregation.contract.errors import Cancelled
from ..errors import LinksError, ServerUnreachable, TookTooLong
from .errors import clean, connection_error

ConnectionInfo = Union[str, Mapping[str, Any]]
"""Connection parameters of libpq as a string or mapping; host, service, sslmode, … are passed through."""

CONNECT_SECONDS = 10
POLL_SECONDS = 0.1
BATCH_ROWS = 4096

Rows = list[Optional[bytes]]


class CopyRows(list[bytes]):
    """Messages of a COPY, with one row each."""


def connect(info: ConnectionInfo) -> psycopg.Connection[Any]:
    """Connect in autocommit mode. Raises `ServerUnreachable`, `LoginRefused`, `NotThere` or `LinksError`."""
    wanted = _parameters(info)
    try:
        return psycopg.connect(**wanted, autocommit=True)
    except psycopg.OperationalError as error:
        raise connection_error(error, wanted) from None  # the cause may quote the connection string
    except psycopg.Error as error:
        raise LinksError(
            "The connection to PostGIS is not described rightly: " + clean(str(error), wanted)
        ) from None


class Connecting:
    """A connection attempt in a background thread, so that it can be cancelled immediately."""

    def __init__(self, info: ConnectionInfo) -> None:
        self._connection: Optional[psycopg.Connection[Any]] = None
        self._error: Optional[LinksError] = None
        self._given_up = False
        self._thread = threading.Thread(target=self._connect, args=(info,), daemon=True)
        self._thread.start()

    def result(self, cancelled: Optional[Callable[[], bool]] = None) -> psycopg.Connection[Any]:
        """Wait for the connection and return it; raises the errors of `connect`, and `Cancelled`."""
        while True:
            if cancelled and cancelled():
                self._given_up = True
                raise Cancelled
            self._thread.join(POLL_SECONDS)
            if self._error is not None:
                raise self._error
            if self._connection is not None:
                return self._connection

    def _connect(self, info: ConnectionInfo) -> None:
        try:
            connection = connect(info)
        except LinksError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  (raised in the waiting thread)
            self._error = LinksError("The connection to PostGIS failed for an unknown reason.", repr(error))
        else:
            self._connection = connection
            if self._given_up:
                connection.close()


def exchange(
    connection: psycopg.Connection[Any],
    query: bytes,
    *,
    silence_limit: float,
    cancelled: Optional[Callable[[], bool]] = None,
    single: bool = False,
) -> Iterator[Union[CopyRows, Rows]]:
    """Send one query of any number of statements, and yield its results as they arrive.

    Data of a COPY are yielded as `CopyRows`, some thousands at a time; other rows as lists of their values'
    bytes in text format. With `single` the server rejects a query of more than one statement.
    `cancelled` is polled ten times a second. Raises `psycopg.Error` for errors of the server, `Cancelled`,
    `TookTooLong` after `silence_limit` seconds without data, and `ServerUnreachable`.
    """
    line = connection.pgconn
    line.nonblocking = 1
    wait = _waiter(connection, silence_limit, cancelled)
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
            if result is None:  # only then the connection is ready for another query
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
    take, keep = line.get_copy_data, rows.append  # this loop takes most of the client's time
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
    connection: psycopg.Connection[Any], silence_limit: float, cancelled: Optional[Callable[[], bool]]
) -> Callable[[bool], None]:
    """Return a function that waits until the connection is readable (or also writable, while writing)."""
    selector = selectors.DefaultSelector()
    line = connection.pgconn
    key = selector.register(line.socket, selectors.EVENT_READ)

    def wait(writing: bool) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        if key.events != events:
            selector.modify(line.socket, events)
        end = time.monotonic() + silence_limit
        while True:
            ready = selector.select(POLL_SECONDS)
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
                    f"PostGIS has sent nothing for {silence_limit:.0f} s. Check the network, and try again."
                )

    return wait


def _stop(connection: psycopg.Connection[Any]) -> None:
    """Cancel the running query on the server, if it still responds, and close the connection."""
    with contextlib.suppress(psycopg.Error):  # it has ended, or cannot be reached: only close
        if hasattr(connection, "cancel_safe"):  # from psycopg 3.2
            connection.cancel_safe(timeout=3)
        else:
            connection.cancel()
    connection.close()


def _parameters(info: ConnectionInfo) -> dict[str, Any]:
    """Return connection parameters with defaults for missing ones; raises `LinksError`."""
    try:
        given = dict(conninfo_to_dict(info) if isinstance(info, str) else info)
    except psycopg.Error:  # its message may quote the password
        raise LinksError(
            "The connection to PostGIS cannot be understood; it should read like 'host=… dbname=… user=…'."
        ) from None
    given = {name: value for name, value in given.items() if value is not None}
    defaults = {
        "connect_timeout": CONNECT_SECONDS, "client_encoding": "UTF8", "application_name": "Roadpulse",
        "keepalives_idle": 30,
    }  # fmt: skip
    return {**defaults, **given}
