"""Probe of a computer that is reached over SSH: a cluster's head, or a single machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, TypeVar

from ....aggregation import inventory
from ....aggregation.contract.errors import FILE_REASONS, BadTripFile, RunError
from ....aggregation.contract.json_text import Entries, JsonFault
from ....aggregation.contract.s3_access import is_s3
from ....aggregation.contract.spec import DecodeRules
from ...diagnosis.remote_answers import NoAnswer, ask
from ...errors import BackendError
from ...profiles.profile import Profile
from ...profiles.ssh_credentials import Credentials
from ...ssh.connection import Connection
from ...ssh.errors import ConnectionLost
from ...ssh.job_zip import job_zip
from ...ssh.known_hosts import KnownHosts
from ...ssh.network import Timeouts
from ...ssh.run_paths import RemoteFolders, python_of
from ...ssh.session import Session
from ...ssh.transfer import SftpFiles
from ..base.probe import BackendState, Check, TripSource
from .run_files import uses_spark
from .spark_checks import at_work, master_page, total

T = TypeVar("T")

TIMEOUTS = Timeouts(resolve=5, connect=6, banner=8, login=10, channel=8, answer=30)
"""Short timeouts, as a person waits."""

COUNT_SECONDS = 25.0
_PROGRAMS = Path(__file__).absolute().parents[2] / "diagnosis" / "remote_probe.py"
_INVENTORY = f"from {__name__.split('.', maxsplit=1)[0]}.aggregation import inventory\ninventory.main()\n"


class HeadProbe:
    """Probe of a profile's host; logs in once, and again after the connection has broken.

    `has_spark` is True if runs use Spark although the profile does not name its folder.
    """

    def __init__(
        self,
        profile: Profile,
        credentials: Credentials,
        known_hosts: KnownHosts,
        bucket: Callable[[], TripSource],
        timeouts: Timeouts = TIMEOUTS,
        has_spark: bool = False,
    ) -> None:
        self._profile, self._bucket, self._has_spark = profile, bucket, has_spark
        self._session = Session(profile, credentials, known_hosts, timeouts)

    def state(self) -> BackendState:
        """Return the state of the host and of Spark's master; raises `ClientError` if the log-in is
        refused."""
        return self.asked(self._state)

    def trips(self, trips: str) -> TripSource:
        """Return the trips in a folder of the host, or in a bucket."""
        return self._bucket() if is_s3(trips) else HeadTrips(self)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def asked(self, work: Callable[[Connection, RemoteFolders], T]) -> T:
        """Call `work` once; a connection that has broken while idle is opened again."""
        try:
            return self._session.once(work)
        except ConnectionLost:
            return self._session.once(work)

    def ask(
        self, connection: Connection, folders: RemoteFolders, program: str, argument: object
    ) -> dict[str, Any]:
        """Run a program with the profile's Python and return its answer; raises `BackendError`."""
        python = python_of(self._profile, folders)
        try:
            return ask(connection, python, folders.job_zip(job_zip()), program, json.dumps(argument))
        except NoAnswer as error:
            raise BackendError(
                f"Python ({python}) on {connection.login} gives no answer: {error}. Name another one in the "
                "profile's entry 'python'."
            ) from error

    def _state(self, connection: Connection, folders: RemoteFolders) -> BackendState:
        program = _PROGRAMS.read_text(encoding="utf-8")
        page = master_page(self._profile.spark_master)
        if page is None:
            if self._has_spark or uses_spark(self._profile):
                return BackendState()  # without a known master the workers are unknown
            answer = self.ask(connection, folders, program, ["cores"])
            return BackendState(cores=_understood(lambda: Entries.of(answer, "the answer").whole("cores")))
        found = self.ask(connection, folders, program, ["probe_master", *page])
        if not found.get("answers"):
            return BackendState(
                remark=f"Spark's master {self._profile.spark_master} does not answer. Start it, or correct "
                "its address in the profile."
            )
        if not found.get("page"):
            return BackendState()
        workers = at_work(found["page"])
        cores, used = total(workers, "cores"), total(workers, "coresused")
        remark = "No worker is alive: a run would wait for one." if not workers else ""
        return BackendState(len(workers), cores, cores - used, remark=remark)


class HeadTrips:
    """Trips in folders of the host."""

    far = True

    def __init__(self, head: HeadProbe) -> None:
        self._head = head

    def count(
        self,
        trips: str,
        store: str,
        rules: DecodeRules,
        check: Check,
        found: Callable[[int], None],
    ) -> inventory.TripCount:
        """Count trips on the host, by the code of runs; a lower bound after `COUNT_SECONDS`."""

        def work(connection: Connection, folders: RemoteFolders) -> dict[str, Any]:
            return self._inventory(
                connection, folders,
                {"trips": folders.absolute(trips), "store": folders.absolute(store), "seconds": COUNT_SECONDS,
                 "rules": rules.to_json()},
            )  # fmt: skip

        check()
        counted = _understood(lambda: inventory.TripCount.from_json(self._head.asked(work)))
        found(counted.files)
        return counted

    def first(self, trips: str) -> list[str]:
        """See `TripSource.first`."""

        def work(connection: Connection, folders: RemoteFolders) -> dict[str, Any]:
            request = {"trips": folders.absolute(trips), "first": inventory.FIRST_FILES}
            return self._inventory(connection, folders, request)

        return list(_understood(lambda: Entries.of(self._head.asked(work), "the answer").texts("first")))

    def beginning(self, path: str, most: int) -> bytes:
        """See `TripSource.beginning`."""

        def work(connection: Connection, folders: RemoteFolders) -> bytes:
            content = SftpFiles(connection).read(folders.absolute(path), most)
            if content is None:
                raise BadTripFile("vanished", FILE_REASONS["vanished"], passing=True)
            return content

        return self._head.asked(work)

    def _inventory(
        self, connection: Connection, folders: RemoteFolders, request: dict[str, Any]
    ) -> dict[str, Any]:
        job, files = job_zip(), SftpFiles(connection)
        files.make_folders(folders.jobs)
        files.put_once(folders.job_zip(job), job.content)
        answer = self._head.ask(connection, folders, _INVENTORY, request)
        if "error" in answer:
            raise RunError(str(answer["error"]), str(answer.get("detail", "")))
        return answer


def _understood(work: Callable[[], T]) -> T:
    """Return what `work` reads from the head's answer; raises `BackendError` for an unexpected answer."""
    try:
        return work()
    except JsonFault as error:
        raise BackendError(f"The head's answer cannot be used: {error.fault}.") from error
