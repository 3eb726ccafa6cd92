"""Errors of PostgreSQL as messages for the person: where, what, and what to do."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Optional

import psycopg
from psycopg import pq

from ..errors import (
    LinksError,
    LoginRefused,
    NotAllowed,
    NotThere,
    ServerUnreachable,
    TookTooLong,
    UnsuitableLinks,
)

REACH_SECONDS = 5
_MAINTENANCE = ("postgres", "template1")


def server_error(error: psycopg.Error, what: str) -> LinksError:
    """Return the `LinksError` for an error of the server; `what` is the table's or database's name."""
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
    """Return the existing names that are most similar to `name`, best first."""
    folded = {other.casefold(): other for other in there}
    found = get_close_matches(name.casefold(), list(folded), n=limit, cutoff=0.5)
    return [folded[match] for match in found]


def suggestion(close: Sequence[str], there: Sequence[str]) -> str:
    """Return a sentence on the names that exist instead."""
    if close:
        return f" Did you mean {' or '.join(repr(name) for name in close)}?"
    if there:
        more = ", …" if len(there) > 8 else ""
        return f" There are: {', '.join(repr(name) for name in sorted(there)[:8])}{more}."
    return ""


def connection_error(error: psycopg.OperationalError, wanted: Mapping[str, Any]) -> LinksError:
    said = clean(str(error), wanted)
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
    """Return the host and port of the attempt; an empty host for a Unix socket."""
    host, port = str(wanted.get("host") or wanted.get("hostaddr") or ""), str(wanted.get("port") or "")
    if line is not None:
        host = host or line.host.decode("utf-8", "replace")
        port = port or line.port.decode("ascii", "replace")
    port = port.split(",")[0]
    host = host.split(",")[0]
    return "" if host.startswith(("/", "@")) else host, int(port) if port.isdigit() else 5432


def _reach(host: str, port: int) -> str:
    """Return why the address cannot be reached; empty if it can."""
    if not host:
        return ""
    try:
        socket.create_connection((host, port), timeout=REACH_SECONDS).close()
    except socket.gaierror:
        return f"There is no computer called {host!r}. Check the host of the PostGIS connection."
    except ConnectionRefusedError:
        return f"No PostGIS server listens at {host}:{port}. Check host and port, and whether it is running."
    except OSError as error:
        return f"PostGIS at {host}:{port} cannot be reached: {error.strerror or error}."
    return ""


def _databases(wanted: Mapping[str, Any]) -> list[str]:
    """Return the names of the server's databases, by the same login; empty if that is refused."""
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


def clean(text: str, wanted: Mapping[str, Any]) -> str:
    """Return a message with the password removed, if it quotes it."""
    secret = str(wanted.get("password") or "")
    return text.replace(secret, "…") if secret else text
