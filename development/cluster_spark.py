"""A Spark standalone cluster on loopback addresses: a master and workers the size of a Raspberry Pi 3."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import spark_java
from .cluster_daemons import Daemon
from .installed import locked

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.5", "4")
PORT, UI_PORT = 7077, 8080
_DAEMON_MEMORY = "192m"


def spark_home(version: str) -> Path:
    """Return the folder of a version of Spark; installed from PyPI, pinned, if it is missing."""
    if version not in VERSIONS:
        raise ValueError(f"there is no Spark {version!r} here; choose one of {', '.join(VERSIONS)}")
    folder = ROOT / "build" / f"spark-{version}"
    wanted = ROOT / "development" / f"requirements-spark-{version}.txt"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    note = folder / ".ready"

    def ready() -> bool:
        return note.exists() and note.read_text(encoding="ascii") == digest

    if not ready():
        with locked(folder.name):
            if not ready():
                if not (folder / "bin" / "pip").exists():
                    subprocess.run(["/usr/bin/python3", "-m", "venv", str(folder)], check=True)
                pip = [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
                subprocess.run([*pip, "--retries", "3", "-r", str(wanted)], check=True)
                note.write_text(digest, encoding="ascii")
    return next((folder / "lib").glob("python3.*/site-packages/pyspark"))


def spark_python(version: str) -> Path:
    """Return the interpreter of the nodes: it has none of the packages that a run needs."""
    return ROOT / "build" / f"spark-{version}" / "bin" / "python"


def java_folder(version: str) -> Path:
    """Return the folder of the Java for a version of Spark, which `java_home` fetches."""
    return ROOT / "build" / f"spark-java-{version}"


def java_home(version: str) -> Path:
    """The same, made where it is missing (see `spark_java`)."""
    return spark_java.java_home(java_folder(version).name, spark_home(version), spark_python(version))


@dataclass(frozen=True)
class Standalone:
    """A master on `<subnet>.11` and workers on `.12`, `.13`, …; their files lie in `folder`."""

    folder: Path
    version: str
    subnet: str = "127.0.0"
    workers: int = 3
    cores: int = 2
    memory: str = "500m"

    @property
    def host(self) -> str:
        return f"{self.subnet}.11"

    @property
    def url(self) -> str:
        return f"spark://{self.host}:{PORT}"

    @property
    def page(self) -> str:
        """Address of the master's page."""
        return f"http://{self.host}:{UI_PORT}"

    @property
    def master(self) -> Daemon:
        return Daemon(self.folder, "master")

    def worker(self, number: int) -> Daemon:
        """Return the worker of that number, from 0 on."""
        return Daemon(self.folder, f"worker-{number}")

    def daemons(self) -> list[Daemon]:
        return [self.master, *(self.worker(number) for number in range(self.workers))]

    def start(self) -> None:
        """Start what does not run and wait until the master knows all workers."""
        self.start_master()
        dead = [number for number in range(self.workers) if not self.worker(number).process()]
        hosts = {self._worker_host(number) for number in dead}
        former = {worker["id"] for worker in self._alive() if worker["host"] in hosts}
        for number in dead:
            self.start_worker(number)
        end = time.monotonic() + 180
        # The master lists a worker that died until it notices; the new one has an id of its own.
        while sum(worker["id"] not in former for worker in self._alive()) < self.workers:
            if time.monotonic() > end:
                raise RuntimeError(f"the Spark workers did not come up; see {self.folder}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End master and workers; the master last, so that no worker complains."""
        for daemon in reversed(self.daemons()):
            daemon.stop()

    def start_master(self) -> None:
        """Start the master and wait for its page."""
        self._start(
            self.master, self.host, "master.Master",
            "--host", self.host, "--port", str(PORT), "--webui-port", str(UI_PORT),
        )  # fmt: skip
        end = time.monotonic() + 180
        while not self.state():
            if time.monotonic() > end or not self.master.process():
                raise RuntimeError(f"the Spark master did not come up:\n{self.master.said()}")
            time.sleep(0.1)

    def start_worker(self, number: int, *within: str) -> None:
        """Start one worker; the master lists it a moment later. `within` is a command that runs commands."""
        host = self._worker_host(number)
        self._start(
            self.worker(number), host, "worker.Worker",
            "--host", host, "--port", "7078", "--webui-port", "8081", "--cores", str(self.cores),
            "--memory", self.memory, "--work-dir", str(self.folder / f"work-{number}"), self.url,
            within=within,
        )  # fmt: skip

    def state(self) -> dict[str, Any]:
        """Return the contents of the master's page; empty while there is none."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.page}/json/", timeout=30) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (OSError, ValueError):
            return {}

    def alive_workers(self) -> int:
        return len(self._alive())

    def cores_used(self) -> int:
        """Cores that applications hold now."""
        return int(self.state().get("coresused", 0))

    def _alive(self) -> list[dict[str, Any]]:
        """Return the workers that the master takes for alive, as its page describes them."""
        return [worker for worker in self.state().get("workers", []) if worker["state"] == "ALIVE"]

    def _worker_host(self, number: int) -> str:
        return f"{self.subnet}.{12 + number}"

    def _start(
        self, daemon: Daemon, host: str, name: str, *arguments: str, within: tuple[str, ...] = ()
    ) -> None:
        home = spark_home(self.version)
        number = host.rpartition(".")[2]
        environment = {
            "SPARK_HOME": str(home),
            "JAVA_HOME": str(java_home(self.version)),
            "SPARK_LOCAL_IP": host,
            "SPARK_PUBLIC_DNS": host,
            "SPARK_DAEMON_MEMORY": _DAEMON_MEMORY,
            "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k",
            "SPARK_LOCAL_DIRS": str(self.folder / f"local-{number}"),
            "PYTHONPATH": "",
        }
        program = str(home / "bin" / "spark-class")
        daemon.start([*within, program, f"org.apache.spark.deploy.{name}", *arguments], environment)
