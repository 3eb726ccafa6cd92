"""Trips in a bucket: the time against a disk's and against the job of 2019 over s3a; requests; increments.

python -m benchmarks.s3_job [--trips N] [--times N] [--objects N] [--only disk 2019 increments far]

The server is versitygw on this computer, so it takes its share of the same cores; it keeps connections open
(`--keep-alive`), as other servers do unasked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Optional

from development.installed import installed, run
from development.s3 import REGION, S3Server

from .delay_proxy import DelayProxy
from .engine import run_ours
from .measure import ROOT, SCRATCH, alternate, cpu_of, report, rich_trips
from .spark_job import stand_in

BUCKET = "bench"
SPARK = "3.5"
PARTS = ("disk", "2019", "increments", "far")
FAR_OBJECTS, ONE_WAY = 20_000, 0.025
"""Small objects of a bucket that is far away, and seconds that everything takes more in each direction."""


def main(arguments: Optional[list[str]] = None) -> None:
    """Print the ratios, the requests for each trip file, and full against incremental runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trips", type=int, default=4000, help="number of generated trips (0.47 MB each)")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--objects", type=int, default=50_000, help="small objects of the incremental run")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure")
    options = parser.parse_args(arguments or [])
    server = S3Server(SCRATCH / "s3", access_log=True, keep_alive=True)
    server.stop()  # one that a killed benchmark left has another port
    with server:
        server.make_bucket(BUCKET)
        if {"disk", "2019"} & set(options.only):
            trips = rich_trips(options.trips)
            address = upload(server, trips)
            size = sum(file.stat().st_size for file in trips.iterdir())
            print(f"{options.trips:,} trips, {size / 1e9:.2f} GB, versitygw on the same computer")
        if "disk" in options.only:
            against_disk(server, trips, address, options.times)
        if "2019" in options.only:
            against_2019(server, address, options.times)
        if "increments" in options.only:
            increments(server, options.objects)
        if "far" in options.only:
            far(server)


def upload(server: S3Server, trips: Path) -> str:
    """Put the trips into the bucket, unless they are there; returns their address."""
    prefix = f"trips-{trips.parent.name}"
    client = server.client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
    there = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    missing = [file for file in trips.iterdir() if f"{prefix}/{file.name}" not in there]

    def put(file: Path) -> None:
        client.put_object(Bucket=BUCKET, Key=f"{prefix}/{file.name}", Body=file.read_bytes())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, missing))
    return f"s3://{BUCKET}/{prefix}"


def access(server: S3Server) -> dict[str, Any]:
    """The entry `s3` of a specification."""
    return {"endpoint": server.endpoint, "region": REGION, "keys_file": str(server.keys_file)}


def against_disk(server: S3Server, trips: Path, address: str, times: int) -> None:
    """The same trips from the bucket and from the disk, on the local engine, the store on the disk."""
    store = SCRATCH / "store-s3"
    steps: dict[str, list[float]] = {"bucket": [], "disk": []}
    served: list[float] = []
    requests: Counter[str] = Counter()

    def once(name: str, source: Any, **more: Any) -> Any:
        shutil.rmtree(store, ignore_errors=True)
        before, cpu = server.operations(), cpu_of(pid_of(server))
        cost, manifest = run_ours(source, store, **more)
        steps[name].append(manifest["timings"]["decode"])
        if name == "bucket":
            served.append(cpu_of(pid_of(server)) - cpu)
            requests.clear()
            requests.update(server.operations() - before)
        return cost

    for file in trips.iterdir():
        file.read_bytes()
    costs = alternate(
        {
            "bucket": lambda: once("bucket", address, s3=access(server)),
            "disk": lambda: once("disk", trips),
        },
        max(times, 3),
    )
    report("From a bucket and from the disk (goal: at most 1.5 x the time)", costs, "disk", "bucket", 1.5)
    medians = {name: statistics.median(found) for name, found in steps.items()}
    print(
        f"  decoding alone: {medians['bucket']:.2f} s and {medians['disk']:.2f} s, "
        f"{medians['bucket'] / medians['disk']:.2f} x"
    )
    print(f"  the server's own work for the bucket: {statistics.median(served):.2f} s CPU")
    n_files = len(list(trips.iterdir()))
    print(f"  requests: {dict(requests)}: {requests['GetObject'] / n_files:.2f} for each trip file (goal 1)")


def pid_of(server: S3Server) -> int:
    """Process id of a server that runs."""
    process = server.daemon.process()
    if process is None:
        raise RuntimeError(f"the S3 server has ended:\n{server.daemon.said()}")
    return process.pid


def against_2019(server: S3Server, address: str, times: int) -> None:
    """The job of 2019 over s3a against ours, cold, on the same Spark and bucket."""
    jars = sorted(str(jar) for jar in s3a_jars().glob("*.jar"))
    keys = server.keys()
    conf = {
        "spark.jars": ",".join(jars),
        "spark.hadoop.fs.s3a.endpoint": server.endpoint,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.access.key": keys.access,
        "spark.hadoop.fs.s3a.secret.key": keys.secret,
    }
    with stand_in(SPARK) as bench:
        store = bench.scratch / "store-s3"
        bench.ours(address, store, s3=access(server))  # the packages are on the nodes after the first run
        theirs, ours = [], []
        for _ in range(times):
            theirs.append(bench.theirs(address.replace("s3://", "s3a://"), conf))
            shutil.rmtree(store, ignore_errors=True)
            wall, manifest = bench.ours(address, store, s3=access(server))
            ours.append(wall)
            bench.compare()
    job, wall = statistics.median(theirs), statistics.median(ours)
    decode = manifest["timings"]["decode"]
    print(f"\nSpark {SPARK}, 2 cores, whole jobs from the command to the result")
    print(f"  the job of 2019 over s3a  {job:7.1f} s")
    print(f"  Roadpulse, cold           {wall:7.1f} s   {job / wall:.1f} x (goal 10 x)")
    print(f"  of which decoding         {decode:7.1f} s   {job / decode:.1f} x")
    tasks = {name: n for name, n in manifest["runner"].items() if name.endswith("_tasks")}
    print(f"  {tasks}, worker {manifest['runner']['worker_memory_mb']} MB")


def s3a_jars() -> Path:
    """The folder of what Spark needs to read s3a://; fetched from Maven Central where it is missing."""

    def fetch(folder: Path) -> None:
        pom = ROOT / "benchmarks" / "s3a.pom.xml"
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        run(["mvn", "-q", "-B", "-f", str(pom), *goal], "Spark's s3a")

    return installed("s3a-3.3.4", fetch)


def increments(server: S3Server, n_objects: int) -> None:
    """A full run over many small objects, then one with 10 more."""
    prefix = _small_trips(server, n_objects)
    folder = server.data / BUCKET / prefix
    shutil.rmtree(SCRATCH / "store-few", ignore_errors=True)
    for path in folder.glob("new/*"):
        path.unlink()
    store = SCRATCH / "store-many"
    shutil.rmtree(store, ignore_errors=True)
    address = f"s3://{BUCKET}/{prefix}"
    print(f"\n{n_objects:,} small objects")
    full = _increment(server, "all of them", address, store)
    client = server.client()
    for number in range(10):
        body = small_trip(n_objects + number).encode()
        client.put_object(Bucket=BUCKET, Key=f"{prefix}/new/{number}.json", Body=body)
    again = _increment(server, "10 more", address, store)
    nothing = _increment(server, "10 alone", f"{address}/new", SCRATCH / "store-few")
    print(f"  {full / again:.1f} x as fast as all, {again - nothing:.1f} s more than 10 without the others")


def _small_trips(server: S3Server, n_objects: int) -> str:
    """Make so many small objects, once; return their prefix."""
    prefix = f"many-{n_objects}"
    folder = server.data / BUCKET / prefix
    long_ago = time.time() - 3600
    if not folder.exists():
        for number in range(n_objects):
            parent = folder / f"{number // 1000:03d}"
            parent.mkdir(parents=True, exist_ok=True)
            path = parent / f"{number}.json"
            path.write_text(small_trip(number), encoding="ascii")
            os.utime(path, (long_ago, long_ago))  # objects without an ETag are not trusted when young
    return prefix


def far(server: S3Server) -> None:
    """A full run over small objects behind a relay that delays what passes."""
    address = f"s3://{BUCKET}/{_small_trips(server, FAR_OBJECTS)}"
    host, port = server.endpoint.rpartition("/")[2].split(":")
    store = SCRATCH / "store-far"
    print(f"\n{FAR_OBJECTS:,} small objects, {2e3 * ONE_WAY:.0f} ms for a round trip")
    with DelayProxy(host, int(port), ONE_WAY) as proxy:
        endpoint = f"http://127.0.0.1:{proxy.port}"
        for name, more in (("near", {}), ("far", {"endpoint": endpoint})):
            shutil.rmtree(store, ignore_errors=True)
            cost, manifest = run_ours(address, store, s3={**access(server), **more})
            timings = manifest["timings"]
            print(
                f"  {name:5} listed in {timings['list']:.2f} s, read in {timings['decode']:.2f} s by "
                f"{manifest['workers']} processes, {cost.cpu:.1f} s CPU"
            )


def _increment(server: S3Server, name: str, address: str, store: Path) -> float:
    before, cpu = server.operations(), cpu_of(pid_of(server))
    cost, manifest = run_ours(address, store, s3=access(server))
    served, requests = cpu_of(pid_of(server)) - cpu, server.operations() - before
    steps = ", ".join(f"{step} {seconds:.2f}" for step, seconds in manifest["timings"].items())
    print(
        f"  {name:12} {cost.wall:6.2f} s wall {cost.cpu:6.2f} s CPU, {served:6.2f} s of the server; "
        f"{manifest['peak_memory_mb']:4.0f} MB; {manifest['files']['decoded']:,} decoded\n"
        f"{'':15}{steps}; requests {dict(requests)}"
    )
    return cost.wall


def small_trip(number: int) -> str:
    points = [
        {
            "dbResponse": {"linkID": str(1_000_000 + (number + step) % 5000)},
            "absVelocity": 8.0 + step % 7,
            "timestamp": f"2019-06-{1 + number % 28:02d}T{number % 24:02d}:{step:02d}:00Z",
        }
        for step in range(20)
    ]
    return json.dumps({"data": points})


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
