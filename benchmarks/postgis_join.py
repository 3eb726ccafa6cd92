"""The geometry of 140,000 links from a PostGIS that is 100 ms away: ours against the queries of 2019.

2019: fourteen queries `WHERE link_id IN (10,000 ids)` one after the other, geometry as WKT. Ours: one
exchange. Both connect anew, with a password, through the same delaying relay, in turn.

    python -m benchmarks.postgis_join [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np
import psycopg
from numpy.typing import NDArray

from benchmarks.delay_proxy import DelayProxy
from development.postgis import PostGIS
from roadpulse.cluster_client.postgis.link_table import LinkTable
from roadpulse.cluster_client.postgis.links import fetch_links

LINKS, WANTED, BATCH = 170_000, 140_000, 10_000
ROUND_TRIP = 0.100
GOAL = 3.0
STREETS = LinkTable("public", "streets")

_TABLE = """
CREATE TABLE streets AS
SELECT 1000000000000 + 10 * n AS link_id,
       ST_SetSRID(ST_MakeLine(ARRAY(
           SELECT ST_Point(-6 + n % 1000 / 1e5 + k / 3e3, 54 + n / 1e8 + sin(k + n) / 1e4)
           FROM generate_series(0, 2 + n % 7) AS k)), 4326)::geometry(LineString, 4326) AS geom
FROM generate_series(1, %(links)s) AS n
"""


def of_2019(info: dict[str, Any], ids: NDArray[np.int64]) -> dict[int, str]:
    """Batches of ids, as in 2019."""
    found: dict[int, str] = {}
    with psycopg.connect(**info) as connection:
        for start in range(0, len(ids), BATCH):
            batch = ",".join(map(str, ids[start : start + BATCH].tolist()))
            query = f"SELECT link_id, ST_AsText(geom) FROM streets WHERE link_id IN ({batch})"
            found.update(connection.execute(query.encode()).fetchall())
    return found


def batches_at_their_best(info: dict[str, Any], ids: NDArray[np.int64]) -> dict[int, bytes]:
    """The same batches as WKB in binary, and without a transaction around them."""
    found: dict[int, bytes] = {}
    with psycopg.connect(**info, autocommit=True) as connection, connection.cursor(binary=True) as cursor:
        for start in range(0, len(ids), BATCH):
            batch = ",".join(map(str, ids[start : start + BATCH].tolist()))
            query = f"SELECT link_id, ST_AsBinary(geom) FROM streets WHERE link_id IN ({batch})"
            found.update(cursor.execute(query.encode()).fetchall())
    return found


def ours(info: dict[str, Any], ids: NDArray[np.int64]) -> dict[int, bytes]:
    """One exchange."""
    links = fetch_links(info, STREETS, ids)
    return dict(zip(links.ids.tolist(), links.wkb))


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = call()
    return time.perf_counter() - began, answer


def main(arguments: Optional[list[str]] = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(arguments or []).rounds
    ids = np.sort(np.random.default_rng(1).choice(np.arange(1, LINKS + 1), WANTED, replace=False))
    ids = 1_000_000_000_000 + 10 * ids.astype(np.int64)
    folder = Path(__file__).resolve().parents[1] / "build" / "postgis-bench"
    with PostGIS(folder) as server:
        with server.connect() as connection:
            connection.execute("SET synchronous_commit = off")
            connection.execute(_TABLE.replace("%(links)s", str(LINKS)).encode())
            connection.execute("ALTER TABLE streets ADD PRIMARY KEY (link_id)")
            connection.execute("VACUUM ANALYZE streets")
        with DelayProxy("127.0.0.1", server.port, ROUND_TRIP / 2) as proxy:
            far = server.conninfo(port=proxy.port)
            ways = {"2019": of_2019, "batches at their best": batches_at_their_best, "ours": ours}
            times: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(rounds):
                answers = {}
                for name, way in ways.items():
                    seconds, answers[name] = _timed(lambda way=way: way(far, ids))  # type: ignore[misc]
                    times[name].append(seconds)
                assert len(answers["2019"]) == len(answers["ours"]) == WANTED
                assert answers["ours"] == answers["batches at their best"]
            connecting = statistics.median(
                _timed(lambda: psycopg.connect(**far).close())[0] for _ in range(rounds)
            )
        near = statistics.median(_timed(lambda: ours(server.conninfo(), ids))[0] for _ in range(rounds))
    print(f"{WANTED:,} of {LINKS:,} links, round trip {ROUND_TRIP * 1000:.0f} ms, {rounds} rounds in turn")
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"  {name:22} median {medians[name]:.2f} s   ({', '.join(f'{value:.2f}' for value in values)})")
    print(f"  of these, connecting   {connecting:.2f} s   (same for all)")
    print(f"  ours without a delay   {near:.2f} s")
    print(f"ratio to batches at their best {medians['batches at their best'] / medians['ours']:.1f} ×")
    ratio = medians["2019"] / medians["ours"]
    print(f"ratio to 2019 {ratio:.1f} × (goal ≥ {GOAL:.0f} ×): {'reached' if ratio >= GOAL else 'MISSED'}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
