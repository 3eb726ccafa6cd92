"""Checks of a cluster over SSH, from its head's name to a job on each node."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Callable, Optional

from ....aggregation.contract.errors import RunError
from ...diagnosis import verdicts
from ...diagnosis.checks import Check, Found, failed, ok, skipped
from ...diagnosis.remote_answers import MARK, NoAnswer, answer
from ...profiles.profile import Profile
from ...profiles.ssh_credentials import Credentials
from ...ssh import scripts
from ...ssh.connection import Connection
from ...ssh.errors import ConnectionLost, HostKeyError, HostKeyUnknown, LoginFailed
from ...ssh.job_zip import job_zip
from ...ssh.known_hosts import KnownHosts
from ...ssh.network import TIMEOUTS, Login, Timeouts
from ...ssh.run_paths import RemoteFolders, python_of
from ...ssh.transfer import SftpFiles, free_kilobytes
from .run_files import uses_spark
from .spark_checks import SparkChecks

_PROGRAM = Path(__file__).absolute().parents[2] / "diagnosis" / "remote_probe.py"
_STEPS = ("address", "port", "host key", "login")


class ClusterChecks:
    """Checks of one cluster; `error` is the connection error if a person may correct it."""

    def __init__(
        self,
        profile: Profile,
        credentials: Credentials,
        known_hosts: KnownHosts,
        trips: str = "",
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self.profile, self.trips = profile, trips
        self.login = Login.of(profile)
        self.error: Optional[RunError] = None
        self._credentials, self._known_hosts, self._timeouts = credentials, known_hosts, timeouts
        self._connection: Optional[Connection] = None
        self._steps: list[str] = []
        self._accepted = ""
        self._given_up = 0
        self.folders = RemoteFolders("/", "/")

    def accept(self, fingerprint: str) -> None:
        """Accept the host key (or jump host's key) with this fingerprint."""
        self._accepted = fingerprint

    def close(self) -> None:
        """Close the connection, also one in progress."""
        self._given_up += 1
        if self._connection is not None:
            self._connection.close()

    def checks(self) -> list[Check]:
        """Return the checks in order."""

        def check(
            name: str, title: str, work: Callable[[], Found], *needs: str, seconds: float = 30.0
        ) -> Check:
            return Check(name, title, work, needs, seconds, self.close)

        whole = sum(vars(self._timeouts).values()) * (2 if self.login.jump else 1)
        found = [
            check("address", "Name of the host", lambda: self._step("address"), seconds=whole),
            check("port", "SSH port", lambda: self._step("port"), "address"),
            check("host_key", "Host key", lambda: self._step("host key"), "port"),
            check("login", "Authentication", lambda: self._step("login"), "host_key"),
            check("sftp", "File transfer", self._sftp, "login"),
            check("space", "Disk space", self._space, "sftp"),
            check("python", "Python", self._python, "sftp"),
            check("packages", "Packages on the head", self._packages, "python"),
            check("trips", "Trips, seen from the head", self._trips, "python"),
            check("clock", "Clock", self._clock, "sftp"),
        ]
        # Without Spark runs use processes of the one computer.
        return [*found, *SparkChecks(self).checks()] if uses_spark(self.profile) else found

    # -- connection -----------------------------------------------------------------------------------

    def _step(self, step: str) -> Found:
        if step == "address":
            self._connect()
        if step not in self._steps:
            if self.error is None:
                return failed("The connection ended.", "Try again.")
            raise self.error
        jump = f" through {self.login.jump}" if self.login.jump else ""
        return ok(
            {
                "address": f"{self.login.host} is known to the network{jump}.",
                "port": f"Port {self.login.port} of {self.login.host} answers{jump}.",
                "host key": f"{self.login.host} shows the key by which it is known.",
                "login": f"{self.login} lets you in{jump}.",
            }[step]
        )

    def _connect(self) -> None:
        try:
            try:
                self._connection = self._new_connection()
            except HostKeyUnknown as error:
                if error.fingerprint != self._accepted:
                    raise
                self._known_hosts.accept(error)
                self._steps.clear()
                self._connection = self._new_connection()
        except RunError as error:
            self.error = error
            # The steps of a jump host are not reported one by one; these errors show the failed step.
            if isinstance(error, (HostKeyError, LoginFailed)):
                reached = 2 if isinstance(error, HostKeyError) else 3
                self._steps[:] = _STEPS[: max(reached, len(self._steps))]

    def _new_connection(self) -> Connection:
        given_up = self._given_up
        connection = Connection.open(
            self.login, self._credentials, self._known_hosts, self._timeouts, self._steps.append
        )
        if self._given_up != given_up:
            connection.close()
            raise ConnectionLost("The connection took too long, and was given up. Try again.")
        return connection

    @property
    def connection(self) -> Connection:
        """Return the connection; opened again after a check has timed out."""
        if self._connection is None or not self._connection.alive:
            self._connection = self._new_connection()
        return self._connection

    def _sftp(self) -> Found:
        connection = self.connection
        sftp = connection.sftp()
        with connection.guarded():
            self.folders = RemoteFolders.of(self.profile, sftp.normalize("."))
        job, files = job_zip(), SftpFiles(connection)
        files.make_folders(self.folders.jobs)
        began = time.monotonic()
        files.put(self.folders.job_zip(job), job.content)
        milliseconds = (time.monotonic() - began) * 1000
        return ok(
            f"The job ({len(job.content) / 1000:.0f} kB) was written to {self.folders.jobs} and read back in "
            f"{milliseconds:.0f} ms."
        )

    def _space(self) -> Found:
        free = free_kilobytes(self.connection, self.folders.runs)
        return verdicts.space(free, self.folders.runs)

    # -- programs -------------------------------------------------------------------------------------

    def ask(self, *call: object, program: str = "") -> dict[str, Any]:
        """Call a function of `look` there, with the Python of the profile."""
        values = {
            "python": python_of(self.profile, self.folders),
            "program": program or _PROGRAM.read_text(encoding="utf-8"),
            "argument": json.dumps(call),
            "job_zip": self.folders.job_zip(job_zip()),
        }
        return answer(scripts.run(self.connection, "ask", values)[1])

    def _python(self) -> Found:
        try:
            found = self.ask("version")
        except NoAnswer as error:
            return failed(
                f"{python_of(self.profile, self.folders)!r} is no Python that works there: {error}.",
                "Name one in the profile's entry 'python', or install python3.",
            )
        return verdicts.python(str(found["version"]), str(found["path"]))

    def _packages(self) -> Found:
        program = (
            "import json\nfrom roadpulse.aggregation.runners import packages\n"
            f"print({MARK!r} + json.dumps(packages.facts()))\n"
        )
        try:
            facts = self.ask(program=program)
        except NoAnswer as error:
            return failed(f"The job does not start with that Python: {error}.", "Tell the developers.")
        return verdicts.packages(facts["missing"], f"{facts['host']}, {facts['platform']}", fetched=True)

    def _trips(self) -> Found:
        if not self.trips:
            return skipped("No trips were named.")
        path = self.folders.absolute(self.trips)
        return verdicts.trips(self.ask("count_trips", path), path, "from the head")

    def _clock(self) -> Found:
        began = time.time()
        there = float(scripts.call(self.connection, "clock", {})[0])
        return verdicts.clock(there - (began + time.time()) / 2, "The clock of the head")
