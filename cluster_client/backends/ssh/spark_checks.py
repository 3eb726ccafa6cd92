"""Checks of Spark: its master and workers, and a one-second job on each node."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Optional, Protocol
from urllib.parse import urlsplit

from ...diagnosis import verdicts
from ...diagnosis.checks import Check, Found, failed, ok, skipped, warning
from ...diagnosis.nodes import HERE, JOB_SECONDS, NodeChecks
from ...diagnosis.s3 import concerns_s3
from ...profiles.profile import Profile
from ...ssh import scripts
from ...ssh.connection import Connection
from ...ssh.job_zip import job_zip
from ...ssh.run_paths import RemoteFolders, python_of
from .run_files import spark_conf, spark_submit

_PAGE_PORT = 8080
_NOT_FOUND = "127"
"""The shell's exit code for a missing program."""


def master_page(master: str) -> Optional[tuple[str, str]]:
    """Return host:port of a standalone master and of its web page; None for other kinds of master."""
    address = master[len("spark://") :].split(",", maxsplit=1)[0] if master.startswith("spark://") else ""
    if not address:
        return None
    host = urlsplit(f"spark://{address}").hostname or ""
    return address, f"http://{f'[{host}]' if ':' in host else host}:{_PAGE_PORT}/json/"


def at_work(page: object) -> list[Mapping[str, Any]]:
    """Return the workers that are alive, from the content of a master's web page."""
    workers = page.get("workers") if isinstance(page, Mapping) else None
    return [
        worker
        for worker in (workers if isinstance(workers, list) else ())
        if isinstance(worker, Mapping) and worker.get("state") == "ALIVE"
    ]


def total(workers: Iterable[Mapping[str, Any]], entry: str) -> int:
    """Return the sum of an entry over workers; invalid numbers count as 0."""
    found = [worker.get(entry) for worker in workers]
    return sum(value for value in found if isinstance(value, int) and not isinstance(value, bool))


class Head(Protocol):
    """Access to a cluster's head for the checks."""

    profile: Profile
    trips: str
    folders: RemoteFolders

    @property
    def connection(self) -> Connection:
        """Return the connection to the head."""

    def ask(self, function: str, *arguments: Any) -> Any:
        """Call a function of `look` on the head and return its answer."""

    def close(self) -> None:
        """Close the connection."""


class SparkChecks:
    """Checks of the Spark that a cluster's head reaches."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._master: dict[str, Any] = {}
        self._nodes = NodeChecks(
            self._start, lambda: head.folders, head.trips, head.close, lambda: self._expected_executors,
            s3=head.profile.s3 if concerns_s3(head.profile, head.trips) else None,
        )  # fmt: skip

    def checks(self) -> list[Check]:
        """Return the checks in order; they need the checks `sftp` and `python` of the head."""

        def check(
            name: str, title: str, work: Callable[[], Found], *needs: str, seconds: float = 30.0
        ) -> Check:
            return Check(name, title, work, needs, seconds, self._head.close)

        return [
            check("java", "Java", self._java, "sftp"),
            check("spark", "Spark", self._spark, "java", seconds=60),
            check("master", "Spark master", self._probe_master, "python"),
            check("workers", "Spark workers", self._workers, "master"),
            *self._nodes.checks("spark", "workers"),
        ]

    def _java(self) -> Found:
        return verdicts.java(scripts.run(self._head.connection, "java", {})[1])

    def _spark(self) -> Found:
        submit = spark_submit(self._head.profile, self._head.folders)
        answer, printed = scripts.run(self._head.connection, "spark", {"spark_submit": submit}, 55)
        match = re.search(r"version (\d+\.\d+\S*)", printed)
        if not match:
            said = " ".join(printed.split())[:200]
            absent = answer[-1] == _NOT_FOUND
            return failed(
                f"The head has no {submit}." if absent else f"{submit} does not tell a version: {said}",
                "Name the folder of Spark in the profile's entry 'spark_home'.",
            )
        return verdicts.spark(match[1], self._head.profile.spark_home or submit)

    def _probe_master(self) -> Found:
        master = self._head.profile.spark_master
        if not master:
            return skipped("The profile names no Spark master.")
        found = master_page(master)
        if found is None:
            return skipped(f"{master} is no standalone master, so it has no page.")
        address, page = found
        self._master = self._head.ask("probe_master", address, page)
        if not self._master.get("answers"):
            return failed(
                f"{master} does not answer: {self._master.get('error')}.",
                "Start it (sbin/start-master.sh), and write its address as its page at port 8080 shows it.",
            )
        reply = self._master.get("page")
        if not reply or not isinstance(reply, Mapping):
            return warning(
                f"{master} answers; its page {page} does not: {self._master.get('page_error')}.",
                "Runs will do. The page is at another port where 8080 was taken.",
            )
        if reply.get("url") != master:
            return warning(f"{master} answers, and calls itself {reply.get('url')}.", "Use that address.")
        return ok(f"{master} is {str(reply.get('status', 'there')).lower()}.")

    def _workers(self) -> Found:
        page = self._master.get("page")
        if not page:
            return warning("The workers cannot be counted without the master's page.", "See above.")
        alive = at_work(page)
        cores, used = total(alive, "cores"), total(alive, "coresused")
        memory, taken = total(alive, "memory"), total(alive, "memoryused")
        if not alive:
            return failed("No worker is alive.", "Start them (sbin/start-workers.sh).")
        names = ", ".join(sorted(str(worker.get("host")) for worker in alive))
        text = (
            f"{len(alive)} alive ({names}) with {cores} cores and {memory:,} MB; {cores - used} cores and "
            f"{memory - taken:,} MB are free."
        )
        if cores == used:
            return warning(text, "A run would wait for cores until another application ends.")
        gone = len(page.get("workers", ())) - len(alive)
        if gone:
            return warning(text, f"{gone} more are known and not alive: start them again.")
        return ok(text)

    def _start(self, request: str) -> str:
        """Run the job with spark-submit and return its output."""
        folders, profile = self._head.folders, self._head.profile
        values = {
            "job_zip": folders.job_zip(job_zip()),
            "look": (HERE / "remote_probe.py").read_text(encoding="utf-8"),
            "job": (HERE / "nodes_job.py").read_text(encoding="utf-8"),
            "conf": spark_conf(profile, "diagnosis", python_of(profile, folders)),
            "seconds": str(JOB_SECONDS),
            "spark_submit": spark_submit(profile, folders),
            "argument": request,
        }
        return scripts.run(self._head.connection, "nodes", values, JOB_SECONDS + 10)[1]

    @property
    def _expected_executors(self) -> int:
        """Return one executor per worker, or fewer if the profile requests fewer cores."""
        workers = (self._master.get("page") or {}).get("workers", ())
        alive = len([worker for worker in workers if worker.get("state") == "ALIVE"])
        resources = self._head.profile.resources
        if resources.cores and resources.executor_cores:
            return min(alive, resources.cores // resources.executor_cores)
        return alive
