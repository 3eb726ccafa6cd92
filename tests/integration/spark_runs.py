"""Runs on the stand-in cluster, started as over SSH or as Livy does, and the same ones without Spark."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Optional

from development.cluster import Cluster
from development.cluster_daemons import Process, descendants
from development.cluster_spark import java_home, spark_home, spark_python
from development.installed import packages
from roadpulse.aggregation.runners.spark.settings import DRIVER_OPTIONS
from roadpulse.cluster_client.ssh.job_zip import job_zip
from tests.waiting import until

BUILD = Path(__file__).resolve().parents[2] / "build"
TABLES = ("link_speeds.csv", "link_speeds_by_time.csv")
MOST_WORKER_MB = 150
"""Resident memory of a Python worker at its largest; 55 of them are libraries that those of a node share."""

MOST_WITH_BUCKET_MB = 165
"""Of one that reaches a bucket, which loads obstore as well: 144 to 152 were seen."""

MOST_HEAD_MB = 250
"""Of a process of a head that has more than 1 GB for each of them."""


@dataclass
class SparkRun:
    """One run in a folder of its own: on Spark at once, unless it is told other `--head-workers`.

    It has one executor, since each takes seconds to start; `EVERYWHERE` in `conf` is for one on every node.
    """

    cluster: Cluster
    folder: Path
    conf: dict[str, str] = field(default_factory=dict)
    process: Optional[subprocess.Popen[bytes]] = None

    def start(self, spec: dict[str, Any], *arguments: str, entry: str = "") -> SparkRun:
        """Write the specification and start the driver in a process group of its own.

        As the launcher over SSH starts it; with `entry`, a program, as Livy does, by `spark-submit`.
        """
        self.folder.mkdir(parents=True)
        (self.folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        job, program = self.folder / "job.zip", self.folder / "entry.py"
        job.write_bytes(compiled_job(self.cluster.version))
        spark, node_cache = self.cluster.spark, str(BUILD / "node-cache")
        conf = {
            "spark.master": spark.url,
            "spark.driver.host": spark.host,
            "spark.executor.memory": "470m",
            "spark.executor.cores": "2",
            "spark.cores.max": "2",
            "spark.driver.memory": "512m",
            "spark.ui.enabled": "false",  # a page that nothing asks for
            "spark.driver.extraJavaOptions": DRIVER_OPTIONS,
            "spark.executorEnv.ROADPULSE_CACHE": node_cache,
            **self.conf,
        }
        options = [word for name, value in conf.items() if value for word in ("--conf", f"{name}={value}")]
        options += ["--py-files", str(job)]
        home, python = spark_home(self.cluster.version), str(spark_python(self.cluster.version))
        words = [str(self.folder), "--packages", str(packages()), "--head-workers", "0"]
        words += ["--worker-memory", "150m", *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment.update(
            PYSPARK_PYTHON=python, ROADPULSE_CACHE=node_cache, SPARK_LOCAL_IP=spark.host,
            JAVA_HOME=str(java_home(self.cluster.version)), PYTHONDONTWRITEBYTECODE="1",
        )  # fmt: skip
        if entry:
            program.write_text(entry, encoding="utf-8")
            command = [str(home / "bin" / "spark-submit"), *options, str(program), *words]
        else:
            submit = shlex.join([*options, "pyspark-shell"])
            environment.update(SPARK_HOME=str(home), PYSPARK_SUBMIT_ARGS=submit)
            command = [python, str(job), *words, "--spark"]
        with (self.folder / "log.txt").open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True, cwd=self.folder,
            )  # fmt: skip
        return self

    def finish(self, seconds: float = 240) -> SparkRun:
        """Wait until the run has finished; fails with the log's end where it did not."""
        code = self.wait(seconds)
        assert code == 0, f"exit code {code}\n{self.log()[-3000:]}"
        return self

    def wait(self, seconds: float = 240) -> int:
        """The exit code, once there is one."""
        assert self.process is not None
        return self.process.wait(seconds)

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 240) -> dict[str, Any]:
        """The first status of which `wanted` holds; fails when the run ends or time is up before."""
        process = self.process
        assert process is not None

        def seen() -> Optional[dict[str, Any]]:
            ended = process.poll() is not None
            status = self.status()
            found = bool(status and wanted(status))
            assert found or not ended, f"the run ended first\n{self.log()[-3000:]}"
            return status if found else None

        found = until(seen, seconds, lambda: f"{self.status()}\n{self.log()[-2000:]}")
        assert found is not None
        return found

    def signal(self, number: int) -> None:
        """Signal the whole group, as the SSH backend does."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait(120)

    def status(self) -> dict[str, Any]:
        return _json(self.folder / "status.json")

    def manifest(self) -> dict[str, Any]:
        return _json(self.folder / "manifest.json")

    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")

    def tables(self) -> list[bytes]:
        """The result's bytes."""
        return tables(self.folder)


@cache
def compiled_job(version: str) -> bytes:
    """The job's zip with its modules compiled, as the launcher over SSH keeps it: see `keep_job` there."""
    with tempfile.TemporaryDirectory(prefix="roadpulse-job-") as name:
        folder, compiled = Path(name) / "job", io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(job_zip().content)) as archive:
            archive.extractall(folder)
        compileall = ["-m", "compileall", "-q", "-b", "--invalidation-mode", "unchecked-hash", "."]
        subprocess.run([str(spark_python(version)), "-I", *compileall], cwd=folder, check=True)
        with zipfile.ZipFile(compiled, "w") as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(folder))
        return compiled.getvalue()


def run_locally(folder: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """The same run on the processes of this computer; returns its manifest."""
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    command = [sys.executable, "-m", "roadpulse.aggregation", str(folder), "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": str(BUILD / "plugins")}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return _json(folder / "manifest.json")


def tables(folder: Path) -> list[bytes]:
    """The bytes of a run's result tables, in the order of their names."""
    found = sorted((folder / "results").rglob("*.csv"))
    assert {path.name for path in found} >= set(TABLES)
    return [path.read_bytes() for path in found]


def executors(cluster: Cluster) -> list[Process]:
    """The executors that run on the cluster's workers now."""
    found = []
    for number in range(cluster.spark.workers):
        worker = cluster.spark.worker(number).process()
        found += [p for p in descendants(worker.pid) if _runs(p, b"ExecutorBackend")] if worker else []
    return found


def python_workers(executor: Process) -> list[Process]:
    """The processes that carry out an executor's Python tasks."""
    daemons = [process for process in descendants(executor.pid) if _runs(process, b"pyspark")]
    return [process for process in daemons if not descendants(process.pid)]


def _runs(process: Process, what: bytes) -> bool:
    try:
        return what in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    except OSError:
        return False


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def of_the_head(run: SparkRun) -> list[Process]:
    """The head's processes, which are there before the run lists its trips."""
    pid = run.wait_for(lambda status: "pid" in status)["pid"]
    return until(lambda: descendants(pid))


@contextlib.contextmanager
def halted(run: SparkRun) -> Iterator[Process]:
    """The one process of a head that gets no further, so that Spark is worth its start."""
    (process,) = of_the_head(run)
    process.send(signal.SIGSTOP)
    until(lambda: "Spark is started" in run.log(), what=run.log)
    yield process
    process.send(signal.SIGCONT)
