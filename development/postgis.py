"""A throw-away PostGIS for tests, benchmarks and the demo.

    with PostGIS(Path("build/postgis")) as server:          # a few seconds
        server.load_streets(Path("streets.csv"))            # table streets, as the README describes it
        psycopg.connect(**server.conninfo())

or from a shell: `python -m development.postgis start FOLDER [streets.csv …]` prints the connection as JSON,
`python -m development.postgis stop FOLDER` ends exactly that server. Started as root it runs as `postgres`,
since PostgreSQL refuses root. It listens on 127.0.0.1 alone, at a port of its own, and asks for a password.
Nothing is synced to disk: the data are worth nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg import sql

from .installed import anyone_may_enter
from .ports import free_port

USER = "roadpulse"
PASSWORD = "roads"  # of a server that only this computer reaches, and only while a test runs
DATABASE = "roadpulse"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "max_connections": "30",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
    "lc_messages": "C",
}


class PostGIS:
    """One server in a folder; a context manager that starts and stops it."""

    def __init__(self, folder: Path, port: int = 0, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.port = port
        self._settings = settings or {}

    def __enter__(self) -> PostGIS:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(remove=True)

    def conninfo(self, **changes: Any) -> dict[str, Any]:
        """Connection parameters for psycopg; `changes` replaces some."""
        here = {
            "host": "127.0.0.1", "port": self.port, "dbname": DATABASE, "user": USER, "password": PASSWORD,
        }  # fmt: skip
        return {**here, **changes}

    def connect(self, **changes: Any) -> psycopg.Connection[Any]:
        """Return a connection as the database's owner, in autocommit mode."""
        return psycopg.connect(**self.conninfo(**changes), autocommit=True)

    def start(self) -> None:
        """Start the server, or take up the one that runs in this folder."""
        if self._running():
            return
        self._remove()
        self.folder.mkdir(parents=True)
        home = self._make_home()
        self.port = self.port or free_port()
        secret = home / "password"
        secret.write_text(PASSWORD, encoding="ascii")
        self.data.mkdir()
        if os.geteuid() == 0:
            for path in (home, secret, self.data):
                shutil.chown(path, "postgres", "postgres")
        self._run(
            "initdb", "-D", str(self.data), "-U", USER, f"--pwfile={secret}", "-A", "scram-sha-256",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        settings = {**_SETTINGS, "port": str(self.port), **self._settings}
        text = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(text)
        self._run(
            "pg_ctl", "-D", str(self.data), "-l", str(home / "log.txt"), "-w", "-t", "60", "-s", "start"
        )
        with psycopg.connect(**self.conninfo(dbname="postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        with self.connect() as connection:
            connection.execute("CREATE EXTENSION postgis")

    def stop(self, *, remove: bool = False) -> None:
        """End this folder's server and no other; `remove` deletes its data."""
        if self._running():
            self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "-s", "stop")
        if remove:
            self._remove()

    def load_streets(self, csv: Path, table: str = "streets", schema: str = "public") -> int:
        """Load a streets CSV (link_id, …, wkt in lon lat) as a table with its columns and `geom`.

        Returns the number of links. An existing table of that name is replaced.
        """
        with csv.open(encoding="utf-8", newline="") as file:
            header = file.readline().strip().split(",")
        kinds = {"link_id": "bigint", "osm_way_id": "bigint", "limit_mph": "integer", "length_m": "float8"}
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kinds.get(name, "text"))) for name in header
        )
        others = sql.SQL(", ").join(sql.Identifier(name) for name in header if name != "wkt")
        target = sql.Identifier(schema, table)
        with self.connect() as connection, connection.transaction():
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
            connection.execute(sql.SQL("CREATE TEMP TABLE streets_in ({}) ON COMMIT DROP").format(columns))
            with connection.cursor() as cursor:
                with cursor.copy("COPY streets_in FROM STDIN (FORMAT csv, HEADER true)") as copy:
                    copy.write(csv.read_bytes())
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(target))
                cursor.execute(
                    sql.SQL(
                        "CREATE TABLE {} AS SELECT {}, ST_GeomFromText(wkt, 4326)::geometry(LineString, 4326)"
                        " AS geom FROM streets_in"
                    ).format(target, others)
                )
                links = cursor.rowcount
                cursor.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (link_id)").format(target))
                cursor.execute(sql.SQL("CREATE INDEX ON {} USING gist (geom)").format(target))
        with self.connect() as connection:
            connection.execute(sql.SQL("ANALYZE {}").format(target))
        return links

    def _running(self) -> bool:
        """Return True if this folder's server runs; its port is taken up then."""
        try:
            lines = self._postmaster()
            command = Path(f"/proc/{int(lines[0])}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return False
        if str(self.data).encode() not in command:
            return False
        self.port = int(lines[3])
        return True

    def _postmaster(self) -> list[str]:
        return (self.data / "postmaster.pid").read_text(encoding="ascii").splitlines()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(_programs() / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *command]
        # Output goes to a file: the server inherits it, and a pipe would be waited for until the server ends.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command, cwd="/", stdout=output, stderr=output, stdin=subprocess.DEVNULL, check=False
            )
            if done.returncode:
                output.seek(0)
                said = output.read().decode("utf-8", "replace")
                with contextlib.suppress(OSError):
                    said += (self._home / "log.txt").read_text(encoding="utf-8")[-2000:]
                raise RuntimeError(f"{program} failed: {said.strip()}")

    @property
    def _home(self) -> Path:
        """Folder of the server's files: `home` in the folder, or the target of that link."""
        return (self.folder / "home").resolve()

    @property
    def data(self) -> Path:
        """The server's data directory, by a path that its own user may go."""
        return self._home / "data"

    def _make_home(self) -> Path:
        """Make the server's folder; in the system's temporary folder when `postgres` cannot reach ours."""
        if os.geteuid() == 0 and not anyone_may_enter(self.folder):
            (self.folder / "home").symlink_to(tempfile.mkdtemp(prefix="roadpulse-postgis-", dir="/var/tmp"))
        else:
            (self.folder / "home").mkdir()
        return self._home

    def _remove(self) -> None:
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _programs() -> Path:
    """Folder of PostgreSQL's programs, the newest installed version's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    raise RuntimeError("PostgreSQL's initdb was not found; install postgresql and postgis")


def main() -> None:
    """Start or stop from a shell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("streets", type=Path, nargs="?", help="streets CSV to load as table 'streets'")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = PostGIS(options.folder, options.port)
    if options.action == "stop":
        server.stop(remove=True)
        return
    began = time.monotonic()
    server.start()
    links = server.load_streets(options.streets) if options.streets else 0
    print(json.dumps({**server.conninfo(), "links": links, "seconds": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main()
