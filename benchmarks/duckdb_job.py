"""The same result CSVs by DuckDB's own readers in SQL: what a good analyst would write without us.

`python -m benchmarks.duckdb_job TRIPS OUT ZONE MINUTES`, in a process of its own so that its start counts.
TRIPS is a folder of JSON trips, or a CSV or Parquet file as `benchmarks.forms` writes them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

STATISTICS = """
    count(*) AS n_points, count(DISTINCT file) AS n_trips, avg(speed) AS mean, stddev_samp(speed) AS std,
    quantile_cont(speed, [0.05, 0.15, 0.5, 0.85, 0.95]) AS p
"""
NAMED = "n_points, n_trips, mean, std, p[1] AS p05, p[2] AS p15, p[3] AS p50, p[4] AS p85, p[5] AS p95"


def _points_of(trips: str) -> str:
    """SQL of all points, with columns file, link, speed and moment."""
    if trips.endswith(".parquet"):
        return f"SELECT trip AS file, link, speed, moment::TIMESTAMPTZ AS moment FROM '{trips}'"
    if trips.endswith(".csv"):
        types = "{trip: 'VARCHAR', moment: 'TIMESTAMPTZ', link: 'VARCHAR', speed: 'DOUBLE'}"
        return f"SELECT trip AS file, link, speed, moment FROM read_csv('{trips}', columns = {types})"
    return f"""
        SELECT file, point.dbResponse.linkID AS link, point.absVelocity AS speed, point.timestamp AS moment
        FROM (
            SELECT filename AS file, unnest(data) AS point
            FROM read_json('{trips}/*.json', filename = true, maximum_object_size = 268435456, columns = {{
                data: 'STRUCT("timestamp" TIMESTAMPTZ, absVelocity DOUBLE,
                              dbResponse STRUCT(linkID VARCHAR))[]'
            }})
        )
    """


def main(trips: str, out: str, zone: str, minutes: int) -> None:
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config={"temp_directory": str(folder / "tmp")})
    connection.execute(f"SET TimeZone = '{zone}'")
    connection.execute(f"""
        CREATE TEMP TABLE points AS
        SELECT file, try_cast(link AS BIGINT) AS link_id, speed,
            (date_part('hour', moment) * 60 + date_part('minute', moment))::INT
                // {minutes} * {minutes} AS minute
        FROM ({_points_of(trips)})
        WHERE link_id IS NOT NULL AND speed IS NOT NULL
    """)
    connection.execute(f"""
        COPY (SELECT link_id, {NAMED} FROM (
            SELECT link_id, {STATISTICS} FROM points GROUP BY link_id
        ) ORDER BY link_id) TO '{folder}/link_speeds.csv' (HEADER)
    """)
    connection.execute(f"""
        COPY (SELECT link_id, printf('%02d:%02d', minute // 60, minute % 60) AS bin, {NAMED} FROM (
            SELECT link_id, minute, {STATISTICS} FROM points GROUP BY link_id, minute
        ) ORDER BY link_id, minute) TO '{folder}/link_speeds_by_time.csv' (HEADER)
    """)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
