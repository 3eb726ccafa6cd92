"""The local engine against DuckDB's `read_json` computing the same CSVs, cold and on re-analysis; all
statistics against the default ones; memory.

python -m benchmarks engine [cold] [again] [statistics] [memory] [--trips N] [--times N]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Optional, Union

from roadpulse.aggregation.contract.statistic import all_keys, default_keys

from .measure import SCRATCH, Cost, alternate, cost_of, report, rich_trips

ZONE, UNIT = "Europe/London", "mph"
STORE = SCRATCH / "store"


def run_ours(
    trips: Union[Path, str], store: Path, minutes: int = 60, memory: bool = False, **more: Any
) -> tuple[Cost, dict[str, Any]]:
    """One run of the engine in a new run folder, with `more` in its specification: its cost and manifest."""
    folder = SCRATCH / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec = {
        "trips": str(trips),
        "store": str(store),
        "speed_unit": UNIT,
        "time_zone": ZONE,
        "bin_minutes": minutes,
        **more,
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    cost = cost_of([sys.executable, "-m", "roadpulse.aggregation", str(folder)], memory)
    return cost, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def run_duckdb(trips: Path, minutes: int = 60) -> Cost:
    """The same CSVs by SQL over the JSON files."""
    out = SCRATCH / "duckdb"
    shutil.rmtree(out, ignore_errors=True)
    return cost_of([sys.executable, "-m", "benchmarks.duckdb_job", str(trips), str(out), ZONE, str(minutes)])


PARTS = ("cold", "again", "statistics", "memory")


def main(arguments: Optional[list[str]] = None) -> None:
    """Print ratios of runs cold, again and with all statistics, and memory at 1 × and 4 × the data."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks engine")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--trips", type=int, default=4000, help="number of generated trips (0.47 MB each)")
    parser.add_argument("--times", type=int, default=3)
    wanted = parser.parse_args(arguments or [])
    if unknown := set(wanted.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: not a part; known are {', '.join(PARTS)}")
    n_trips, times = wanted.trips, wanted.times
    trips = rich_trips(n_trips)
    size = sum(file.stat().st_size for file in trips.iterdir())
    for file in trips.iterdir():  # all read from memory
        file.read_bytes()
    print(f"{n_trips:,} trips, {size / 1e9:.2f} GB, {os.cpu_count()} cores")
    for part in PARTS:
        if part in (wanted.parts or PARTS):
            _MEASURES[part](trips, size, times)


def _cold(trips: Path, size: int, times: int) -> None:
    """Trips to the default CSVs, with an empty store, with the share of each step."""
    manifests: list[dict[str, Any]] = []

    def cold() -> Cost:
        shutil.rmtree(STORE, ignore_errors=True)
        cost, manifest = run_ours(trips, STORE)
        manifests.append(manifest)
        return cost

    costs = alternate({"Roadpulse, cold": cold, "DuckDB read_json": lambda: run_duckdb(trips)}, times)
    report("Trips to result CSVs", costs, "Roadpulse, cold", "DuckDB read_json", 8)
    timings = manifests[-1]["timings"]
    print("  steps: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in timings.items()))
    print(
        f"  {size / 1e6 / timings['decode']:,.0f} MB/s decoded, {manifests[-1]['points']['counted']:,} points"
    )
    check_equal()


def _again(trips: Path, size: int, times: int) -> None:
    """Other bins of trips that are in the store."""
    run_ours(trips, STORE)
    costs = alternate(
        {
            "Roadpulse, other bins": lambda: run_ours(trips, STORE, 30)[0],
            "DuckDB read_json": lambda: run_duckdb(trips, 30),
        },
        times,
    )
    report("Re-analysis with other bins", costs, "Roadpulse, other bins", "DuckDB read_json", 30)


def _statistics(trips: Path, size: int, times: int) -> None:
    """All statistics of the registry against the default ones, of trips that are in the store."""
    run_ours(trips, STORE)
    everything, default = f"all {len(all_keys())} statistics", f"{len(default_keys())} default statistics"
    costs = alternate(
        {
            default: lambda: run_ours(trips, STORE, 30)[0],
            everything: lambda: run_ours(trips, STORE, 30, statistics="all")[0],
        },
        times,
    )
    report("Re-analysis with all statistics, at most 2 x the default ones'", costs, default, everything, 2)


def check_equal() -> None:
    """Both ways must have computed the same: counts exactly, means to 1e-9."""
    import numpy as np
    import pandas as pd

    for name, keys in (("link_speeds", ["link_id"]), ("link_speeds_by_time", ["link_id", "bin"])):
        ours = pd.read_csv(SCRATCH / "run" / "results" / f"{name}.csv").set_index(keys).sort_index()
        theirs = pd.read_csv(SCRATCH / "duckdb" / f"{name}.csv").set_index(keys).sort_index()
        counts = ["n_points", "n_trips"]
        if not ours[counts].equals(theirs[counts]):
            raise SystemExit(f"{name}: the counts differ, so the comparison means nothing")
        np.testing.assert_allclose(ours[theirs.columns], theirs, rtol=1e-9, atol=1e-9)
    print("  the results are equal")


def _memory(trips: Path, size: int, times: int) -> None:
    """All processes of one run together, at 1 × and 4 × the data."""
    print("\nPeak memory of all processes together (goal 1,500 MB)")
    for copies in (1, 4):
        folder = SCRATCH / f"copies-{copies}"
        shutil.rmtree(folder, ignore_errors=True)
        for copy in range(copies):
            part = folder / str(copy)
            part.mkdir(parents=True)
            for file in trips.iterdir():
                os.link(file, part / file.name)
        shutil.rmtree(SCRATCH / "store-memory", ignore_errors=True)
        cost, manifest = run_ours(folder, SCRATCH / "store-memory", memory=True)
        seconds = manifest["timings"]["total"]
        print(f"  {copies * size / 1e9:5.2f} GB of trips: {cost.memory:,.0f} MB, {seconds:.1f} s")
    shutil.rmtree(SCRATCH / "store-memory", ignore_errors=True)


_MEASURES = dict(zip(PARTS, (_cold, _again, _statistics, _memory)))


if __name__ == "__main__":
    main(sys.argv[1:])
