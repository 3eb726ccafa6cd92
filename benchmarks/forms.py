"""CSV and Parquet of the same points against DuckDB's own reading and grouping; memory with one large file.

`memory` is a large CSV, `groups` a Parquet file of a thousand row groups; both are deleted afterwards.

python -m benchmarks forms [csv] [parquet] [memory] [groups] [--points N] [--times N] [--gigabytes N]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Optional

import duckdb

from .engine import check_equal, run_duckdb, run_ours
from .measure import SCRATCH, Cost, alternate, report

MAPPING = {"link_id": "link", "speed": "speed", "time": "moment", "trip_id": "trip"}
PARTS = ("csv", "parquet", "memory", "groups")
BYTES_OF_ROW = 48
GROUPS, ROWS_OF_GROUP = 1000, 20_480
_STORE = SCRATCH / "store-forms"


def written(n_points: int, form: str, more: str = "") -> Path:
    """A file of trips of 400 points on 20,000 links, one after the other, as a CSV or Parquet."""
    path = SCRATCH / f"points-{n_points}.{form}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        options = "HEADER" if form == "csv" else f"FORMAT parquet{more}"
        with duckdb.connect() as connection:
            connection.execute(
                f"""
                COPY (
                    SELECT 'trip ' || (n // 400) AS trip,
                        strftime(make_timestamp((1749513600 + n // 400 * 7 % 86400 + n % 400) * 1000000),
                            '%Y-%m-%dT%H:%M:%SZ') AS moment,
                        (4575425000 + hash(n // 20) % 20000)::BIGINT AS link,
                        (hash(n) % 9000 / 100)::DOUBLE AS speed
                    FROM range({n_points}) AS numbers(n)
                ) TO '{path}' ({options})
                """
            )
    return path


def main(arguments: Optional[list[str]] = None) -> None:
    """Print ratios of both forms, and the peak memory with one large CSV."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks forms")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--points", type=int, default=4_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the large CSV, up to 8")
    wanted = parser.parse_args(arguments or [])
    for part in wanted.parts or PARTS:
        if part == "memory":
            _memory(written(int(wanted.gigabytes * 1e9) // BYTES_OF_ROW, "csv"))
        elif part == "groups":
            _memory(written(GROUPS * ROWS_OF_GROUP, "parquet", f", ROW_GROUP_SIZE {ROWS_OF_GROUP}"))
        elif part in PARTS:
            _against_duckdb(part, wanted.points, wanted.times)
        else:
            parser.error(f"{part}: not a part; known are {', '.join(PARTS)}")


def _against_duckdb(form: str, n_points: int, times: int) -> None:
    path = written(n_points, form)
    path.read_bytes()

    def cold() -> Cost:
        shutil.rmtree(_STORE, ignore_errors=True)
        return run_ours(path, _STORE, mapping=MAPPING)[0]

    ours, other = f"Roadpulse, {form}", f"DuckDB, {form}"
    costs = alternate({ours: cold, other: lambda: run_duckdb(path)}, times)
    size = path.stat().st_size / 1e6
    report(f"{n_points:,} points in a {form} of {size:,.0f} MB to result CSVs", costs, ours, other, 1)
    check_equal()


def _memory(path: Path) -> None:
    shutil.rmtree(_STORE, ignore_errors=True)
    cost, manifest = run_ours(path, _STORE, memory=True, mapping=MAPPING)
    seconds = manifest["timings"]["total"]
    size = f"{path.stat().st_size / 1e9:.2f} GB, {manifest['points']['counted'] / 1e6:,.1f} million points"
    worker = manifest["runner"]["worker_memory_mb"]
    peaks = f"{cost.memory:,.0f} MB of all processes, {worker:,.0f} MB of one"
    print(f"\nOne {path.suffix} of {size}: peak {peaks}, {seconds:.1f} s")
    path.unlink()
    shutil.rmtree(_STORE, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
