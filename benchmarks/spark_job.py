"""The Spark job of 2019 against ours: same Spark, same cluster, same cores, same trips.

python -m benchmarks.spark_job [--trips N] [--times N] [--growth] [--folder TRIPS]

Every time is the wall clock of a whole `spark-submit`, the start of Spark included. `--growth` measures
1, 2 and 4 times the data, and 1, 2 and 3 workers, as well.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

from roadpulse.aggregation.runners.spark_conf import DRIVER_OPTIONS
from roadpulse.cluster_client.ssh.jobzip import MAIN, job_zip

from development.cluster import Cluster
from development.cluster_spark import spark_home, spark_python

from .measure import ROOT, SCRATCH, rich_trips

HEAD_WORKERS = 2
GOALS = {"cold": 12, "other bins": 20}
"""Times faster than the job of 2019."""


@dataclass(frozen=True)
class Bench:
    """A cluster and a folder for what the jobs leave."""

    cluster: Cluster
    scratch: Path = SCRATCH / "spark"

    def submit(self, cores: int, *words: str, conf: Optional[dict[str, str]] = None) -> float:
        """Run `spark-submit` to its end, with more configuration in `conf`; returns its wall clock in s."""
        spark, home = self.cluster.spark, spark_home(self.cluster.version)
        all_conf = {
            "spark.master": spark.url,
            "spark.driver.host": spark.host,
            "spark.driver.memory": "1g",
            "spark.driver.extraJavaOptions": DRIVER_OPTIONS,
            "spark.cores.max": str(cores),
            "spark.executor.cores": str(min(cores, 2)),
            "spark.executor.memory": "470m",
            "spark.executorEnv.ROADPULSE_CACHE": str(ROOT / "build" / "node-cache"),
            **(conf or {}),
        }
        options = [word for name, value in all_conf.items() for word in ("--conf", f"{name}={value}")]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment["PYSPARK_PYTHON"] = str(spark_python(self.cluster.version))
        environment["ROADPULSE_CACHE"] = str(ROOT / "build" / "node-cache")
        begin = time.perf_counter()
        done = subprocess.run(
            [str(home / "bin" / "spark-submit"), *options, *words],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        wall = time.perf_counter() - begin
        if done.returncode:
            raise RuntimeError(done.stdout[-4000:])
        return wall

    def ours(
        self,
        trips: Union[Path, str],
        store: Path,
        minutes: int = 60,
        workers: int = 0,
        head: int = 0,
        **more: Any,
    ) -> tuple[float, dict[str, Any]]:
        """One run of Roadpulse, with `more` entries in its specification; its wall clock and its manifest.

        On one executor of two cores, or with `workers` on so many of one core; with `head` processes of
        the head until Spark is up.
        """
        folder = self.scratch / "run"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        spec = {"trips": str(trips), "store": str(store), "speed_unit": "mph", "bin_minutes": minutes, **more}
        (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        (folder / "job.zip").write_bytes(job_zip().content)
        (folder / "entry.py").write_text(MAIN, encoding="utf-8")
        wall = self.submit(
            2, "--py-files", str(folder / "job.zip"), str(folder / "entry.py"), str(folder),
            "--packages", str(ROOT / "build" / "packages"), "--head-workers", str(head),
            conf={"spark.cores.max": str(workers), "spark.executor.cores": "1"} if workers else None,
        )  # fmt: skip
        return wall, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    def theirs(self, trips: Union[Path, str], conf: Optional[dict[str, str]] = None) -> float:
        """One run of the job of 2019; returns its wall clock."""
        out = self.scratch / "out-2019"
        return self.submit(2, str(ROOT / "benchmarks" / "spark_2019.py"), str(trips), str(out), conf=conf)

    def compare(self) -> None:
        """Both ways must have found the same links with the same means."""
        (part,) = (self.scratch / "out-2019").glob("part-*.csv")
        with part.open(newline="") as stream:
            theirs = {
                int(row[0]): (int(row[1]), float(row[2])) for row in list(csv.reader(stream))[1:] if row[0]
            }
        with (self.scratch / "run" / "results" / "link_speeds.csv").open(newline="") as stream:
            ours = {
                int(row["link_id"]): (int(row["n_points"]), float(row["mean"]))
                for row in csv.DictReader(stream)
            }
        # The job of 2019 counts points without a speed as well; they change no mean.
        same = ours.keys() == theirs.keys() and all(
            ours[link][0] <= n and abs(ours[link][1] - mean) <= 1e-9 * abs(mean)
            for link, (n, mean) in theirs.items()
        )
        if not same:
            raise RuntimeError("the two jobs disagree")
        print(f"  both agree on {len(ours):,} links")


def main(arguments: Optional[list[str]] = None) -> None:
    """Print cold and re-analysis ratios, and with `--growth` how times grow."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trips", type=int, default=4000, help="number of generated trips (0.47 MB each)")
    parser.add_argument("--folder", type=Path, help="trips that are there already")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args(arguments or [])
    trips = options.folder or rich_trips(options.trips)
    files = list(trips.iterdir())
    size = sum(file.stat().st_size for file in files)
    cluster = Cluster(
        ROOT / "build" / "cluster-bench", os.environ.get("ROADPULSE_SPARK", Cluster.version),
        subnet="127.77.7", with_postgis=False,
    )  # fmt: skip
    cluster.start()
    try:
        bench = Bench(cluster)
        print(
            f"{len(files):,} trips, {size / 1e9:.2f} GB, Spark {cluster.version}, 2 cores, 470 MB executors"
        )
        _ratios(bench, trips, options.times)
        if options.growth:
            _growth(bench, trips)
    finally:
        cluster.stop()


def _warm(trips: Path) -> None:
    """Bring the trips into the system's cache, so that both jobs read from memory."""
    for file in trips.iterdir():
        file.read_bytes()


def _ratios(bench: Bench, trips: Path, times: int) -> None:
    store = bench.scratch / "store"
    shutil.rmtree(store, ignore_errors=True)
    bench.ours(trips, store)  # the packages are on the nodes after the first run ever
    theirs: list[float] = []
    ours: dict[tuple[str, int], list[tuple[float, dict[str, Any]]]] = {}
    for _ in range(times):
        _warm(trips)
        theirs.append(bench.theirs(trips))
        for head in (0, HEAD_WORKERS):
            _warm(trips)
            shutil.rmtree(store)
            ours.setdefault(("cold", head), []).append(bench.ours(trips, store, head=head))
            bench.compare()
            ours.setdefault(("other bins", head), []).append(bench.ours(trips, store, 30, head=head))
    job = statistics.median(theirs)
    print(f"  {'the job of 2019':37} {job:7.1f} s")
    for (name, head), runs in ours.items():
        wall = statistics.median(wall for wall, _ in runs)
        manifest = runs[-1][1]
        steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in manifest["timings"].items())
        memory = manifest["runner"]["worker_memory_mb"]
        by_head = f", head start of {head}" if head else ""
        done = f"; {manifest['runner']['head_tasks']} tasks on the head" if head else ""
        print(
            f"  {f'Roadpulse, {name}{by_head}':37} {wall:7.1f} s   {job / wall:5.1f} x (goal {GOALS[name]} x)"
            f"   {steps}; worker {memory} MB{done}"
        )


def _growth(bench: Bench, trips: Path) -> None:
    store, folder = bench.scratch / "growth-store", bench.scratch / "copies"
    shutil.rmtree(store, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    print("\nMore and more of the same trips: time for the new ones, re-analysis of all, memory of a worker")
    copies, again = 0, 0.0
    for times in (1, 2, 4):
        new = times - copies
        while copies < times:
            _copy(folder / str(copies), trips)
            copies += 1
        _warm(trips)
        wall, first = bench.ours(folder, store)
        again, second = bench.ours(folder, store, 30)
        memory = max(m["runner"]["worker_memory_mb"] for m in (first, second))
        print(
            f"  {times} x, {new} x new  {wall:7.1f} s (decode {first['timings']['decode']:.1f}, summarise "
            f"{first['timings']['summarise']:.1f})  {again:7.1f} s  {memory:5.0f} MB"
        )
    job = bench.theirs(f"{folder}/*")
    print(f"  the job of 2019 at {copies} x: {job:.1f} s, {job / again:.1f} x of the re-analysis (goal 50 x)")
    print("\nWorkers of one core each, cold")
    for workers in (1, 2, 3):
        shutil.rmtree(store, ignore_errors=True)
        _warm(trips)
        wall, manifest = bench.ours(trips, store, workers=workers)
        print(f"  {workers}  {wall:7.1f} s  decode {manifest['timings']['decode']:.1f}")


def _copy(folder: Path, trips: Path) -> None:
    """A folder with every trip again, as links; hard ones would change the files' times."""
    folder.mkdir(parents=True)
    for path in trips.iterdir():
        (folder / path.name).symlink_to(path.resolve())


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
