"""As many trips as 2019 had, on every runner, against the job of 2019: cold, again, sizes, bucket.

python -m benchmarks scale [--copies N] [--trips N] [--ways WAY …] [--only PART …] [--job-2019 SECONDS]

The trips are `--copies` times the same generated ones, as links, 50,000 by default; the same for all runners
and for the job of 2019, which runs once, on all of them (`--job-2019 skip`: not at all; or its time from an
earlier measurement of the same trips). Times are the wall clock of whole commands, as in `spark_job`. Parts
are `ratios` (all the trips), `sizes` (1 and 4 times the generated ones as well: growth, and what the
automatic choice costs against the better of both alone) and `bucket` (requests and bytes of a re-analysis of
a store in a bucket, for 1 and 4 times). All runs of the same trips must give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from development.s3 import S3Server

from .engine import UNIT, ZONE, run_ours
from .measure import SCRATCH, rich_trips
from .s3_job import access, pid_of
from .spark_job import Bench, run_facts, stand_in, warm

COPIES = 12.5
"""50,000 trips, of 4,000 generated ones."""

SIZES = (1.0, 4.0)
"""Times the generated trips, beside `--copies`, of the parts `sizes` and `bucket`."""

SPARK, AUTOMATIC, ONE, SMALL = "all on Spark", "automatic", "one computer", "workers of 150 MB"
COLD, AGAIN = "cold", "again"
GOALS = {
    (SPARK, COLD): 16, (SPARK, AGAIN): 50,
    (AUTOMATIC, COLD): 20, (AUTOMATIC, AGAIN): 60,
    (ONE, COLD): 20, (ONE, AGAIN): 80,
    (SMALL, COLD): 12, (SMALL, AGAIN): 30,
}  # fmt: skip
"""Times faster than the job of 2019."""

GROWTH_GOAL = 1.15
"""Most time for each trip, against that at 1 x."""

CHOICE_GOAL = 1.10
"""Most time of the automatic choice against the better of Spark and one computer alone."""

PARTS = ("ratios", "sizes", "bucket")
MINUTES = {COLD: 60, AGAIN: 30}
BUCKET = "scale"

Runs = Callable[..., tuple[float, dict[str, Any]]]


@dataclass
class Measured:
    """Wall clock in s of each way, step (cold or again) and size, and the digests of what it gave."""

    walls: dict[tuple[str, str, float], float] = field(default_factory=dict)
    digests: dict[tuple[str, float], dict[str, str]] = field(default_factory=dict)
    different: list[str] = field(default_factory=list)

    def note(self, way: str, step: str, size: float, wall: float, results: Path) -> None:
        """Keep a run's time and the digest of its results."""
        self.walls[way, step, size] = wall
        self.digests.setdefault((step, size), {})[way] = digest_of(results)

    def compare(self, size: float) -> None:
        """Print whether all ways gave the same bytes; those that did not are in `different`."""
        for (step, of), digests in self.digests.items():
            if of == size:
                same = len(set(digests.values())) == 1
                if not same:
                    self.different.append(f"{step}, {size:g} x: {digests}")
                each = next(iter(digests.values()))[:12] if same else str(digests)
                print(f"  {step}: {'the same' if same else 'DIFFERENT'} bytes on all, {each}", flush=True)


def digest_of(results: Path) -> str:
    """One SHA-256 of the tables in a folder of results, with their names."""
    found = hashlib.sha256()
    for table in sorted(results.glob("*.csv")):
        found.update(f"{table.name} {hashlib.sha256(table.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def main(arguments: Optional[list[str]] = None) -> None:
    """Print a line for each way and step, growth, the cost of the choice, and a bucket's traffic."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks scale", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--trips", type=int, default=4000, help="number of generated trips (0.46 MB each)")
    parser.add_argument("--copies", type=float, default=COPIES, help="how many times they are there")
    parser.add_argument("--ways", nargs="+", choices=tuple(_WAYS), default=tuple(_WAYS))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure")
    parser.add_argument(
        "--job-2019", default="measure", metavar="measure|skip|SECONDS",
        help="measure it, leave it out, or take its time from an earlier measurement of the same trips",
    )  # fmt: skip
    options = parser.parse_args(arguments or [])
    began = time.perf_counter()
    trips = rich_trips(options.trips)
    sizes = [options.copies] if "ratios" in options.only else []
    if "sizes" in options.only:
        sizes = sorted({*(size for size in SIZES if size < options.copies), options.copies})
    different: list[str] = []
    with stand_in() as bench:
        if sizes:
            different = _measure(bench, trips, sizes, options.ways, options.job_2019)
        if "bucket" in options.only:
            _bucket(trips, [size for size in SIZES if size <= options.copies], bench, options.ways)
    shutil.rmtree(SCRATCH / "scale", ignore_errors=True)
    print(f"\nThe whole took {(time.perf_counter() - began) / 60:.1f} minutes")
    if different:
        raise SystemExit("The results differ:\n" + "\n".join(different))


def copies_of(trips: Path, times: float) -> Path:
    """Folder with so many times the trips, as links; a part of them if it is no whole number."""
    folder = SCRATCH / "scale" / f"trips-{times:g}"
    shutil.rmtree(folder, ignore_errors=True)
    files = sorted(trips.iterdir())
    for copy in range(math.ceil(times)):
        part = folder / str(copy)
        part.mkdir(parents=True)
        for path in files[: round((times - copy) * len(files))]:
            (part / path.name).symlink_to(path.resolve())  # hard links would change the files' times
    return folder


# -- ways ---------------------------------------------------------------------------------------------


def _on_cluster(head: Optional[int], worker_memory: str = "") -> Callable[[Bench], Runs]:
    def ways(bench: Bench) -> Runs:
        def run(trips: Union[Path, str], store: Union[Path, str], minutes: int, **more: Any) -> Any:
            return bench.ours(
                trips, store, minutes, head=head, worker_memory=worker_memory, time_zone=ZONE, **more
            )

        return run

    return ways


def _on_one_computer(_: Bench) -> Runs:
    def run(trips: Any, store: Any, minutes: int, **more: Any) -> tuple[float, dict[str, Any]]:
        cost, manifest = run_ours(trips, store, minutes, **more)
        return cost.wall, manifest

    return run


_WAYS: dict[str, Callable[[Bench], Runs]] = {
    SPARK: _on_cluster(0),
    AUTOMATIC: _on_cluster(None),
    ONE: _on_one_computer,
    SMALL: _on_cluster(0, "150m"),
}


def _results_of(way: str, bench: Bench) -> Path:
    return (SCRATCH if way == ONE else bench.scratch) / "run" / "results"


# -- parts --------------------------------------------------------------------------------------------


def _measure(bench: Bench, trips: Path, sizes: list[float], ways: list[str], job_2019: str) -> list[str]:
    """Print times, growth and choice; return where results differ."""
    store = SCRATCH / "scale" / "store"
    measured = Measured()
    warm(trips)
    print("Starting both ways once (the packages are on the nodes afterwards)", flush=True)
    few = copies_of(trips, 0.01)
    for way in (SPARK, ONE):
        shutil.rmtree(store, ignore_errors=True)
        _WAYS[way](bench)(few, store, MINUTES[COLD])
    for size in sizes:
        folder = copies_of(trips, size)
        n_files = sum(1 for _ in folder.glob("*/*"))
        n_bytes = sum(file.stat().st_size for file in folder.glob("*/*"))
        print(
            f"\n{n_files:,} trips, {n_bytes / 1e9:.1f} GB, Spark {bench.cluster.version}, {UNIT}, {ZONE}",
            flush=True,
        )
        job = _job_2019(bench, folder, job_2019) if size == sizes[-1] else None
        for way in ways:
            shutil.rmtree(store, ignore_errors=True)
            for step, minutes in MINUTES.items():
                wall, manifest = _WAYS[way](bench)(folder, store, minutes)
                measured.note(way, step, size, wall, _results_of(way, bench))
                print(f"{_line(way, step, wall, job)}   {run_facts(manifest)}", flush=True)
            if job and job_2019 == "measure" and way == SPARK:
                bench.compare()
        shutil.rmtree(store, ignore_errors=True)
        measured.compare(size)
    if len(sizes) > 1:
        _growth(measured, sizes, ways)
        _choice(measured, sizes)
    return measured.different


def _job_2019(bench: Bench, folder: Path, wanted: str) -> Optional[float]:
    if wanted == "skip":
        print("the 2019 job: not measured")
        return None
    if wanted != "measure":
        print(f"the 2019 job: {float(wanted):.1f} s, measured before")
        return float(wanted)
    job = bench.theirs(f"{folder}/*")
    print(f"the 2019 job: {job:.1f} s", flush=True)
    return job


def _line(way: str, step: str, wall: float, job: Optional[float]) -> str:
    line = f"{way}, {step}: {wall:.1f} s"
    return f"{line}, {job / wall:.1f} x the 2019 job (goal {GOALS[way, step]} x)" if job else line


def _growth(measured: Measured, sizes: list[float], ways: list[str]) -> None:
    print(f"\nGrowth: time for each trip against that at {sizes[0]:g} x (goal at most {GROWTH_GOAL:.2f})")
    for way in ways:
        for step in MINUTES:
            walls = {size: measured.walls[way, step, size] for size in sizes}
            first = walls[sizes[0]] / sizes[0]
            told_walls = ", ".join(
                f"{size:g} x {wall:.1f} s ({wall / size / first:.2f})" for size, wall in walls.items()
            )
            last = walls[sizes[-1]] - walls[sizes[-2]]
            more = last / (sizes[-1] - sizes[-2]) / first
            print(f"  {way}, {step}: {told_walls}; the last {sizes[-1] - sizes[-2]:g} x alone {more:.2f}")


def _choice(measured: Measured, sizes: list[float]) -> None:
    if not {AUTOMATIC, SPARK, ONE} <= {way for way, _, _ in measured.walls}:
        return
    print(f"\nThe automatic choice against the better of both alone (goal at most {CHOICE_GOAL:.2f})")
    for size in sizes:
        for step in MINUTES:
            better = min((SPARK, ONE), key=lambda way: measured.walls[way, step, size])
            chosen, best = (measured.walls[way, step, size] for way in (AUTOMATIC, better))
            print(
                f"  {size:g} x, {step}: automatic {chosen:.1f} s, {better} {best:.1f} s, {chosen / best:.2f}"
            )


def _bucket(trips: Path, sizes: list[float], bench: Bench, ways: list[str]) -> None:
    """Trips on the disk, the store in a bucket: what a re-analysis asks of the server."""
    print("\nA re-analysis of a store in a bucket (versitygw): requests, and bytes against the store's")
    server = S3Server(SCRATCH / "s3-scale", access_log=True, keep_alive=True)
    server.stop()  # one that a killed benchmark left has another port
    shutil.rmtree(server.data / BUCKET, ignore_errors=True)
    with server:
        server.make_bucket(BUCKET)
        for size in sizes:
            folder, address = copies_of(trips, size), f"s3://{BUCKET}/store-{size:g}"
            _WAYS[ONE](bench)(folder, address, MINUTES[COLD], s3=access(server))
            objects = [path for path in (server.data / BUCKET).rglob("*") if path.is_file()]
            stored = [path.stat().st_size for path in objects if f"store-{size:g}" in path.parts]
            for way in ways:
                before, sent = server.operations(), _written_by(server)
                wall, _ = _WAYS[way](bench)(folder, address, MINUTES[AGAIN], s3=access(server))
                requests, read = server.operations() - before, _written_by(server) - sent
                asked = ", ".join(f"{n:,} {name}" for name, n in sorted(requests.items()))
                print(
                    f"  {size:g} x, {way}: {wall:.1f} s; {asked}; {read / 1e6:.1f} MB read of "
                    f"{sum(stored) / 1e6:.1f} MB in {len(stored)} objects: {read / sum(stored):.2f} x",
                    flush=True,
                )
    shutil.rmtree(server.data / BUCKET, ignore_errors=True)


def _written_by(server: S3Server) -> int:
    """Bytes that the server has written so far: answers, what it stores, and its log, which is left out.

    Its access log says 0 for objects that it sends.
    """
    lines = Path(f"/proc/{pid_of(server)}/io").read_text(encoding="ascii").splitlines()
    written = next(int(line.split()[1]) for line in lines if line.startswith("wchar"))
    return written - (server.access_log.stat().st_size if server.access_log else 0)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
