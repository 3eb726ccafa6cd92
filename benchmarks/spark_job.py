"""The Spark job of 2019 against ours: same Spark, same cluster, same cores, same trips.

python -m benchmarks.spark_job [--trips N] [--times N] [--workers] [--folder TRIPS]

Every time is the wall clock of a whole command: of `spark-submit` for the job of 2019, for ours of the
launcher that a profile over SSH starts. Ours is measured both as an analyst gets it, where the head's
processes begin and Spark is started only for more work than they finish in time, and with all of it on Spark.
`--workers` measures 1, 2 and 3 workers as well. `scale` measures more and more of the trips.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import shutil
import statistics
import subprocess
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional, Union

from development.cluster import Cluster
from development.cluster_spark import spark_home, spark_python
from development.installed import link_packages
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.runners.spark.settings import DRIVER_OPTIONS
from roadpulse.cluster_client.backends.ssh.run_files import launcher, run_files
from roadpulse.cluster_client.profiles.profile import Profile, Resources
from roadpulse.cluster_client.runs.records import Run
from roadpulse.cluster_client.ssh.job_zip import job_zip
from roadpulse.cluster_client.ssh.run_paths import RemoteFolders

from .measure import ROOT, SCRATCH, rich_trips

AUTOMATIC, SPARK_ONLY = None, 0
WAYS = {"automatic": AUTOMATIC, "Spark only": SPARK_ONLY}
"""Processes of the head."""

GOALS = {"cold": 12, "other bins": 20, "all statistics": 10}
"""Times faster than the job of 2019, which has two statistics."""

_CACHE = str(ROOT / "build" / "node-cache")


@dataclass(frozen=True)
class Bench:
    """A cluster and a folder for what the jobs leave."""

    cluster: Cluster
    scratch: Path = SCRATCH / "spark"

    def ours(
        self,
        trips: Union[Path, str],
        store: Union[Path, str],
        minutes: int = 60,
        workers: int = 0,
        head: Optional[int] = AUTOMATIC,
        worker_memory: str = "",
        **more: Any,
    ) -> tuple[float, dict[str, Any]]:
        """One run of Roadpulse, with `more` in its specification; its wall clock in s and its manifest.

        On one executor of two cores, or with `workers` on so many of one core; `head` processes of the head
        begin, and a worker takes up to `worker_memory` (empty: what the computer has for it).
        """
        resources = Resources(workers or 2, 1 if workers else 2, "470m", "1g", head, worker_memory)
        profile = Profile(
            kind="ssh", name="benchmark", host="localhost", spark_master=self.cluster.spark.url,
            spark_home=str(spark_home(self.cluster.version)), python=str(spark_python(self.cluster.version)),
            resources=resources,
        )  # fmt: skip
        run = Run.new("benchmark", profile, RunSpec(trips="trips", store="store", speed_unit="mph"))
        folders = RemoteFolders(str(self.scratch), str(self.scratch))
        folder, job = self.scratch / "run", job_zip()
        shutil.rmtree(folder, ignore_errors=True)
        for path in (folder, Path(folders.jobs)):
            path.mkdir(parents=True, exist_ok=True)
        run = replace(run, folder=str(folder))
        files = run_files(run, folders)
        spec = {"trips": str(trips), "store": str(store), "speed_unit": "mph", "bin_minutes": minutes, **more}
        files["spec.json"] = json.dumps(spec).encode()
        own = {"spark.driver.host": self.cluster.spark.host, "spark.executorEnv.ROADPULSE_CACHE": _CACHE}
        more_conf = "".join(f"{name} {value}\n" for name, value in own.items())
        program = launcher(run, folders, job, more_conf=more_conf)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        Path(folders.job_zip(job)).write_bytes(job.content)
        link_packages(store if isinstance(store, Path) else self.scratch)  # fetching is not what is measured
        with (folder / "log.txt").open("wb") as log:
            begin = time.perf_counter()
            subprocess.run(
                ["sh", "-c", program], cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, check=False,
            )  # fmt: skip
            wall = time.perf_counter() - begin
        if (folder / "rc").read_text(encoding="ascii").strip() != "0":
            raise RuntimeError((folder / "log.txt").read_text(encoding="utf-8", errors="replace")[-4000:])
        return wall, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    def theirs(self, trips: Union[Path, str], conf: Optional[dict[str, str]] = None) -> float:
        """One run of the job of 2019, with more configuration in `conf`; returns its wall clock."""
        spark, home = self.cluster.spark, spark_home(self.cluster.version)
        all_conf = {
            "spark.master": spark.url,
            "spark.driver.host": spark.host,
            "spark.driver.memory": "1g",
            "spark.driver.extraJavaOptions": DRIVER_OPTIONS,
            "spark.cores.max": "2",
            "spark.executor.cores": "2",
            "spark.executor.memory": "470m",
            **(conf or {}),
        }
        options = [word for name, value in all_conf.items() for word in ("--conf", f"{name}={value}")]
        job = [str(ROOT / "benchmarks" / "spark_2019.py"), str(trips), str(self.scratch / "out-2019")]
        environment = {**_environment(), "PYSPARK_PYTHON": str(spark_python(self.cluster.version))}
        begin = time.perf_counter()
        done = subprocess.run(
            [str(home / "bin" / "spark-submit"), *options, *job],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        wall = time.perf_counter() - begin
        if done.returncode:
            raise RuntimeError(done.stdout[-4000:])
        return wall

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
    """Print cold and re-analysis ratios, and with `--workers` the time of 1, 2 and 3 workers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trips", type=int, default=4000, help="number of generated trips (0.47 MB each)")
    parser.add_argument("--folder", type=Path, help="trips that are there already")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--workers", action="store_true")
    options = parser.parse_args(arguments or [])
    trips = options.folder or rich_trips(options.trips)
    files = list(trips.iterdir())
    size = sum(file.stat().st_size for file in files)
    with stand_in(os.environ.get("ROADPULSE_SPARK", Cluster.version)) as bench:
        print(
            f"{len(files):,} trips, {size / 1e9:.2f} GB, Spark {bench.cluster.version}, 2 cores, "
            "470 MB executors"
        )
        _ratios(bench, trips, options.times)
        if options.workers:
            _workers(bench, trips)


@contextlib.contextmanager
def stand_in(version: str = Cluster.version) -> Iterator[Bench]:
    """A running stand-in cluster, on addresses of this checkout's own."""
    subnet = f"127.77.{zlib.crc32(str(ROOT).encode()) % 250}"
    cluster = Cluster(ROOT / "build" / "cluster-bench", version, subnet=subnet, with_postgis=False)
    cluster.start()
    try:
        yield Bench(cluster)
    finally:
        cluster.stop()


def warm(trips: Path) -> None:
    """Bring the trips into the system's cache, so that both jobs read from memory."""
    for file in trips.iterdir():
        file.read_bytes()


def _environment() -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**found, "ROADPULSE_CACHE": _CACHE}


def _ratios(bench: Bench, trips: Path, times: int) -> None:
    store = bench.scratch / "store"
    shutil.rmtree(store, ignore_errors=True)
    bench.ours(trips, store, head=SPARK_ONLY)  # the packages are on the nodes after the first run ever
    theirs: list[float] = []
    ours: dict[tuple[str, str], list[tuple[float, dict[str, Any]]]] = {}
    for _ in range(times):
        warm(trips)
        theirs.append(bench.theirs(trips))
        for way, head in WAYS.items():
            warm(trips)
            shutil.rmtree(store)
            ours.setdefault((way, "cold"), []).append(bench.ours(trips, store, head=head))
            bench.compare()
            ours.setdefault((way, "other bins"), []).append(bench.ours(trips, store, 30, head=head))
            every = bench.ours(trips, store, 30, head=head, statistics="all")
            ours.setdefault((way, "all statistics"), []).append(every)
    job = statistics.median(theirs)
    print(f"  {'the job of 2019':27} {job:7.1f} s")
    for (way, name), runs in ours.items():
        wall = statistics.median(wall for wall, _ in runs)
        ratio = f"{job / wall:5.1f} x (goal {GOALS[name]} x)"
        print(f"  {f'{way}, {name}':27} {wall:7.1f} s   {ratio}   {run_facts(runs[-1][1])}")


def run_facts(manifest: dict[str, Any]) -> str:
    """Steps, memory, and who did the tasks, of a run of ours."""
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in manifest["timings"].items())
    runner = manifest["runner"]
    tasks = ", ".join(
        f"{runner[entry]} tasks by {name}"
        for entry, name in (("head_tasks", "the head"), ("spark_tasks", "Spark"))
        if entry in runner
    )
    return "; ".join(filter(None, (steps, f"worker {runner['worker_memory_mb']:.0f} MB", tasks)))


def _workers(bench: Bench, trips: Path) -> None:
    print("\nWorkers of one core each, cold, all on Spark")
    store = bench.scratch / "store"
    for workers in (1, 2, 3):
        shutil.rmtree(store, ignore_errors=True)
        warm(trips)
        wall, manifest = bench.ours(trips, store, workers=workers, head=SPARK_ONLY)
        print(f"  {workers}  {wall:7.1f} s   {run_facts(manifest)}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
