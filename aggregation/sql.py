"""Questions in SQL to a run: `python -m roadpulse.aggregation sql RUN_FOLDER [QUERY]`.

Run folder and point store are views of DuckDB: trips, points, traversals, links, and the tables of results.
Without a query the data dictionary is printed. A query's rows go to the terminal as CSV, or with `--output`
to a file (.csv or .parquet); `--database` makes a file that DuckDB opens elsewhere, in which the views read
the run and the store where they lie.

Exit codes: 0 done, 1 failed (the log says why), 2 wrong call.
"""

from __future__ import annotations

import argparse
import csv
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import storage
from .contract import tables
from .contract.days import ALL_WEEKDAYS
from .contract.errors import RunError
from .contract.spec import METRES_PER_SECOND, RunSpec
from .contract.sql_views import LINKS, POINTS, TRAVERSALS, TRIPS, dictionary_text, views_of
from .run_folder import RunFolder
from .runners import packages, wheelhouse

if TYPE_CHECKING:
    import duckdb

    from .runners.selection import Selection
    from .store.point_store import PointStore

COMMAND = "sql"
_AT_ONCE = 10_000
_SUNDAY = 7


def main(arguments: list[str]) -> int:
    """Answer a question and return the exit code."""
    parser = argparse.ArgumentParser(prog=f"roadpulse.aggregation {COMMAND}", description=__doc__)
    parser.add_argument("folder", help="folder of a finished run")
    parser.add_argument("query", nargs="?", help="a query; without one the data dictionary is printed")
    parser.add_argument("--output", type=Path, help="new file for the rows, .csv or .parquet")
    parser.add_argument("--database", type=Path, help="new file with the views, for DuckDB elsewhere")
    options = parser.parse_args(arguments)
    if options.output and not options.query:
        parser.error("--output needs a query")
    try:
        if options.output and options.output.exists():
            raise RunError(f"{options.output} is there already. Name a new file.")
        if packages.missing():
            shared = wheelhouse.own_folder()
            packages.provide(wheelhouse.collect(shared, wheelhouse.offline_wheels(shared)))
        if not options.query and not options.database:
            print(data_dictionary(Path(options.folder)))
            return 0
        with opened(Path(options.folder), options.database, logging.warning) as views:
            if options.output:
                logging.info("%s rows", f"{write(views, options.query, options.output):,}")
            elif options.query:
                _print(views, options.query)
    except RunError as error:
        logging.error(error.message)
        return 1
    return 0


def data_dictionary(folder: Path) -> str:
    """Return the data dictionary of a run's views, in Markdown; raises `RunError`."""
    run = _run_in(folder)
    spec, text_ids = run.read_spec(), tables.has_text_ids(run.read_manifest())
    return dictionary_text(views_of(spec, text_ids))


@contextmanager
def opened(
    folder: Path, database: Path | None = None, warn: Callable[[str], None] = lambda text: None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection that has the views of a finished run; raises `RunError`.

    They are in memory, or in a new file `database`. `warn` gets a sentence if trips of the run are missing.
    """
    import duckdb  # noqa: PLC0415  (a node imports this before it has the packages)

    run = _run_in(folder)
    spec, manifest = run.read_spec(), run.read_manifest()
    if storage.is_s3(spec.store):
        raise RunError(
            f"The point store of this run is in a bucket, {spec.store}, which DuckDB does not read here. "
            "Copy it to a folder, and name that as `store` in a copy of the run folder's spec.json."
        )
    if database is not None and database.exists():
        raise RunError(f"{database} is there already. Name a new file.")
    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    with duckdb.connect(str(database or ":memory:"), config=settings) as connection:
        _make_views(connection, run, spec, manifest, warn)
        yield connection


def _run_in(folder: Path) -> RunFolder:
    return RunFolder(storage.place(str(folder)))


def _make_views(
    connection: duckdb.DuckDBPyConnection,
    run: RunFolder,
    spec: RunSpec,
    manifest: dict[str, Any],
    warn: Callable[[str], None],
) -> None:
    from .runners.selection import select  # noqa: PLC0415  (needs the packages)
    from .store.point_store import PointStore  # noqa: PLC0415

    connection.execute(f"SET TimeZone = {_text(spec.time_zone)}")
    store = PointStore.at(spec.store, spec.decode_rules)
    listed = storage.find_trips(spec.trips, access=spec.s3).files
    selection = select(listed, store, limit=spec.max_trip_megabytes << 20)
    if selection.new:
        warn(
            f"{len(selection.new):,} of {len(listed):,} trip files have changed since the run, or are not in "
            "its point store: trips, points and traversals lack them. Run again to have them."
        )
    text_ids = tables.has_text_ids(manifest)
    _make_results(connection, run, spec, manifest)
    _make_trips(connection, store, selection)
    _make_links(connection, store, selection, text_ids)
    local = f"time AT TIME ZONE {_text(spec.time_zone)}"
    link_id = "coalesce(text, key::VARCHAR)" if text_ids else "key"
    factor = spec.unit_factor
    of_day = "hour(local_time) * 60 + minute(local_time)"
    start = f"({of_day}) // {spec.bin_minutes} * {spec.bin_minutes}"
    bin_name = f"printf('%02d:%02d', {start} // 60, {start} % 60)"
    points = _of_parts(store.part, selection, "link_id AS key, time, speed, file")
    connection.execute(f"""
        CREATE VIEW {POINTS} AS
        SELECT {link_id} AS link_id, time, local_time,
            CASE WHEN local_time IS NOT NULL THEN {bin_name} END AS bin, speed * {factor!r} AS speed, trip
        FROM (SELECT *, {local} AS local_time FROM ({points}))
        LEFT JOIN link_texts USING (key)
        {_in_dates(spec, "local_time")}
    """)  # noqa: S608  # nosec B608
    seconds = METRES_PER_SECOND[spec.speed_unit]
    names = "link_id AS key, entry AS time, exit, n, mean, min, weighted, seconds, brakes, file, seq"
    traversals = _of_parts(store.traversals, selection, names)
    connection.execute(f"""
        CREATE VIEW {TRAVERSALS} AS
        SELECT {link_id} AS link_id, time AS entry, exit, local_time AS local_entry, n AS points,
            mean * {factor!r} AS mean, (min * {factor!r})::DOUBLE AS min, seconds,
            weighted * {seconds!r} AS metres,
            brakes::INTEGER AS brakes, seq, trip
        FROM (SELECT *, {local} AS local_time FROM ({traversals}))
        LEFT JOIN link_texts USING (key)
        {_in_dates(spec, "local_time")}
    """)  # noqa: S608  # nosec B608


def _make_results(
    connection: duckdb.DuckDBPyConnection, run: RunFolder, spec: RunSpec, manifest: dict[str, Any]
) -> None:
    """Make a view of each table of results, with the types of the data dictionary."""
    from .storage.local.database import literal  # noqa: PLC0415  (needs the packages)

    kinds = {view.name: view.columns for view in views_of(spec, tables.has_text_ids(manifest))}
    for table in tables.tables_of(spec):
        parts = [literal(Path(str(run.path / part["path"]))) for part in manifest["results"][table]["parts"]]
        columns = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind, _ in kinds[table])
        connection.execute(
            f"CREATE VIEW {table} AS SELECT * FROM read_csv({_list(parts)}, header = true, delim = ',', "  # noqa: S608  # nosec B608
            f"quote = '\"', escape = '\"', auto_detect = false, columns = {{{columns}}})"
        )


def _make_trips(connection: duckdb.DuckDBPyConnection, store: PointStore, selection: Selection) -> None:
    """Make a table of the numbers of trips in the store, and the view of trips."""
    connection.execute("CREATE TABLE trip_numbers (ingest VARCHAR, file INTEGER, trip INTEGER)")
    numbers = selection.numbers()
    files = []
    for ingest, table in selection.trips().items():
        import numpy as np  # noqa: PLC0415  (needs the packages)

        file = np.array(numbers[ingest], dtype=np.int32)
        connection.register("found", {"file": file, "trip": table[file]})
        connection.execute(
            f"INSERT INTO trip_numbers SELECT {_text(ingest)}, file, trip FROM found WHERE trip >= 0"  # noqa: S608  # nosec B608
        )
        connection.unregister("found")
        files.append(f"SELECT {_text(ingest)} AS ingest, * FROM {_parquet([str(store.files_table(ingest))])}")  # noqa: S608  # nosec B608
    if not files:
        raise RunError("The point store has no points of this run's trips. Run again.")
    named = " UNION ALL BY NAME ".join(files)
    connection.execute(f"""
        CREATE VIEW {TRIPS} AS
        SELECT trip, min(trip_id) AS trip_id, min(path) AS path, max(vehicle) AS vehicle,
            sum(counted)::BIGINT AS points, min(first_time) AS first_time, max(last_time) AS last_time
        FROM ({named}) AS record JOIN trip_numbers AS known
        ON known.ingest = record.ingest AND known.file = record.number
        WHERE counted > 0 GROUP BY trip
    """)  # noqa: S608  # nosec B608


def _make_links(
    connection: duckdb.DuckDBPyConnection, store: PointStore, selection: Selection, text_ids: bool
) -> None:
    """Make the view of links, and of the texts of their keys."""
    files = [
        str(store.links_folder(ingest) / store.part(ingest, part).name)
        for ingest, parts in selection.text_parts().items()
        for part in parts
    ]
    texts = (
        f"SELECT DISTINCT link_id AS key, text FROM {_parquet(files)}"  # noqa: S608  # nosec B608
        if files
        else ("SELECT NULL::BIGINT AS key, NULL::VARCHAR AS text WHERE false")
    )
    connection.execute(f"CREATE VIEW link_texts AS {texts}")
    key = "coalesce(key, try_cast(link_id AS BIGINT))" if text_ids else "link_id"
    join = "LEFT JOIN link_texts ON text = link_id" if text_ids else ""
    connection.execute(
        f"CREATE VIEW {LINKS} AS SELECT link_id, {key} AS key FROM {tables.LINK_SPEEDS} {join}"  # noqa: S608  # nosec B608
    )


def _of_parts(part: Callable[[str, int], storage.Place], selection: Selection, columns: str) -> str:
    """Return a query of the rows of the run's trips, with their numbers."""
    queries = [
        f"SELECT {columns}, trip FROM {_parquet([str(part(ingest, number)) for number in parts])} "  # noqa: S608  # nosec B608
        f"JOIN (SELECT file, trip FROM trip_numbers WHERE ingest = {_text(ingest)}) USING (file)"
        for ingest, parts in selection.parts().items()
    ]
    return " UNION ALL ".join(queries)


def _in_dates(spec: RunSpec, column: str) -> str:
    """Return the condition of the dates and weekdays that the run counts."""
    conditions = []
    if spec.date_from is not None:
        conditions.append(f"{column}::DATE >= DATE '{spec.date_from.isoformat()}'")
    if spec.date_to is not None:
        conditions.append(f"{column}::DATE <= DATE '{spec.date_to.isoformat()}'")
    if spec.weekdays != ALL_WEEKDAYS:
        holidays = ", ".join(f"DATE '{one.isoformat()}'" for one in spec.holidays) or "NULL"
        weekday = f"CASE WHEN {column}::DATE IN ({holidays}) THEN {_SUNDAY} ELSE isodow({column}) END"
        conditions.append(f"{weekday} IN ({', '.join(map(str, spec.weekdays))})")
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _parquet(files: list[str]) -> str:
    from .storage.local.database import literal  # noqa: PLC0415

    return f"read_parquet({_list([literal(Path(file)) for file in files])}, hive_partitioning = false)"


def _list(texts: list[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _text(value: str) -> str:
    """Return a text as a literal of SQL."""
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


# -- answers ------------------------------------------------------------------------------------------


def write(views: duckdb.DuckDBPyConnection, query: str, output: Path) -> int:
    """Write the rows of a query to a file, .csv or .parquet, and return their number; raises `RunError`."""
    kinds = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet"}
    if output.suffix.lower() not in kinds:
        raise RunError(f"{output.name} is neither .csv nor .parquet. Name such a file.")
    statement = (
        f"COPY ({query.strip().rstrip(';')}\n) TO {_text(str(output))} ({kinds[output.suffix.lower()]})"
    )
    with _explained():
        (n_rows,) = views.execute(statement).fetchone() or (0,)
    return int(n_rows)


def _print(views: duckdb.DuckDBPyConnection, query: str) -> None:
    """Print the rows of a query as CSV."""
    written = csv.writer(sys.stdout, lineterminator="\n")
    with _explained():
        found = views.execute(query)
        written.writerow([column[0] for column in found.description or ()])
        while rows := found.fetchmany(_AT_ONCE):
            written.writerows(rows)


@contextmanager
def _explained() -> Iterator[None]:
    """Convert an error of DuckDB to a `RunError` with its words."""
    import duckdb  # noqa: PLC0415

    try:
        yield
    except duckdb.Error as error:
        raise RunError(f"DuckDB cannot answer: {str(error).strip()}", repr(error)) from error
