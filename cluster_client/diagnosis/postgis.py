"""Check of a PostGIS connection."""

from __future__ import annotations

from contextlib import closing

import psycopg

from ..postgis.connection import ConnectionInfo, connect
from .checks import Check, Found, failed, ok


def postgis_check(info: ConnectionInfo, timeout: float = 20.0) -> Check:
    """Return a check that connects and queries PostGIS's version; `info` is not in its findings."""

    def work() -> Found:
        with closing(connect(info)) as connection:
            server = connection.info.server_version // 10000
            try:
                row = connection.execute("SELECT PostGIS_Lib_Version()").fetchone()
            except psycopg.Error:
                return failed(
                    f"PostgreSQL {server} answers, and the database has no PostGIS.",
                    "Have its owner run: CREATE EXTENSION postgis.",
                )
            return ok(f"PostGIS {row[0] if row else '?'} on PostgreSQL {server} answers.")

    return Check("postgis", "PostGIS", work, timeout=timeout)
