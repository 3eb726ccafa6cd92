"""Checks of Livy, from its address to a one-second batch on each node."""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Callable, Optional

from ....aggregation.contract.errors import RunError
from ....aggregation.contract.own_files import OWNER
from ....aggregation.contract.s3_access import is_s3
from ...certificates import CertificateError
from ...diagnosis import verdicts
from ...diagnosis.checks import Check, Found, failed, ok, skipped, warning
from ...diagnosis.nodes import HERE, JOB_SECONDS, NodeChecks
from ...diagnosis.s3 import concerns_s3
from ...profiles.checks import is_loopback
from ...profiles.credentials import ProfileKeys
from ...profiles.profile import Profile
from ...runs.files import RunFiles
from ...ssh.job_zip import job_zip
from ...ssh.run_paths import RemoteFolders, named
from .batch import batch
from .client import Timeouts
from .connection import Way
from .errors import LivyLoginRefused, PathForbidden
from .file_access import FileAccess
from .job_files import put_files

if TYPE_CHECKING:
    from ...ssh.known_hosts import KnownHosts
    from ..ssh.diagnosis import ClusterChecks

_OLDEST = (0, 7)
_TIMEOUTS = Timeouts(connect=5.0, answer=15.0, whole=25.0)
_OF_SSH = ("address", "port", "host_key", "login", "sftp", "space", "clock")
_PROBE = b"print('Roadpulse was here')\n"


class LivyChecks:
    """Checks of a profile's Livy, and of the SSH connection if files or a tunnel need one.

    `error` is the connection error if a person may correct it. Created batches and files are deleted.
    """

    def __init__(
        self,
        profile: Profile,
        keys: ProfileKeys,
        known_hosts: Optional[KnownHosts] = None,
        trips: str = "",
    ) -> None:
        self._profile, self._keys = profile, keys
        self._file_access = FileAccess(profile, keys, known_hosts)
        self._way = Way(profile, keys, self._file_access, _TIMEOUTS)
        self._fault: Optional[RunError] = None
        self._version = ""
        self._head: Optional[ClusterChecks] = None
        self._written = ""
        if profile.host and known_hosts is not None:
            from ...profiles.ssh_credentials import Credentials  # noqa: PLC0415  (needs a package)
            from ..ssh.diagnosis import ClusterChecks  # noqa: PLC0415

            self._head = ClusterChecks(profile, keys.ssh or Credentials(), known_hosts)
        self._nodes = NodeChecks(
            self._start, self._folders, "" if is_s3(trips) else trips, self.close, self._expected,
            self._folder, profile.s3 if concerns_s3(profile, trips) else None,
        )  # fmt: skip

    @property
    def error(self) -> Optional[RunError]:
        """The error of the SSH connection; None if it could be made, or there is none."""
        return self._head.error if self._head is not None else None

    def accept(self, fingerprint: str) -> None:
        """Accept the host key with this fingerprint."""
        if self._head is not None:
            self._head.accept(fingerprint)

    def close(self) -> None:
        """Close the connections."""
        self._way.close()
        self._file_access.close()
        if self._head is not None:
            self._head.close()

    def checks(self) -> list[Check]:
        """Return the checks in order."""

        def check(name: str, title: str, work: Callable[[], Found], *needs: str) -> Check:
            return Check(name, title, work, needs, 60.0, self.close)

        of_ssh = [found for found in self._head.checks() if found.name in self._of_ssh] if self._head else []
        tunnel = ("login",) if self._profile.livy_tunnel else ()
        files = ("sftp",) if "sftp" in {found.name for found in of_ssh} else ()
        return [
            *of_ssh,
            check("livy", "Livy", self._answers, *tunnel),
            check("livy_certificate", "Certificate of Livy", self._certificate, "livy"),
            check("livy_login", "Authentication at Livy", self._login, "livy_certificate"),
            check("livy_version", "Version of Livy", self._livy_version, "livy_login"),
            check("livy_header", "Calls that change something", self._header, "livy_login"),
            check("livy_whitelist", "Files that Livy may start", self._whitelist, "livy_header", *files),
            *self._nodes.checks("livy_whitelist"),
            check("livy_driver", "Driver", self._driver, "job"),
            check("livy_folder", "Run folder", self._run_folder, "job"),
        ]

    @property
    def _of_ssh(self) -> set[str]:
        """Return the names of the checks of the SSH connection that apply, as files may be in a bucket."""
        folders = self._profile.folders
        dropped = {"sftp"} if is_s3(folders.jobs or folders.runs) else set()
        return set(_OF_SSH) - dropped - ({"space"} if is_s3(folders.runs) or dropped else set())

    def _folders(self) -> RemoteFolders:
        return self._file_access.folders()

    # -- Livy -----------------------------------------------------------------------------------------

    def _answers(self) -> Found:
        try:
            self._version = self._way.client.version()
        except (CertificateError, LivyLoginRefused) as error:
            self._fault = error  # the host answers; faults are reported below
        through = " through the tunnel" if self._profile.livy_tunnel else ""
        return ok(f"{self._profile.livy_url} answers{through}.")

    def _certificate(self) -> Found:
        if isinstance(self._fault, CertificateError):
            raise self._fault
        if self._profile.livy_url.startswith("https:"):
            by = f" by {self._profile.ca_file} or this computer" if self._profile.ca_file else ""
            return ok(f"It is valid, of this host, and trusted{by}.")
        if self._profile.livy_tunnel or is_loopback(self._profile.livy_url):
            return ok("There is none, and the way is closed to others.")
        return warning(
            "There is none: whoever is on the way reads everything.",
            "Have TLS switched on in livy.conf (livy.keystore), or tick the tunnel through SSH.",
        )

    def _login(self) -> Found:
        if isinstance(self._fault, LivyLoginRefused):
            raise self._fault
        batches = self._way.client.count()
        if self._keys.livy:
            return ok(f"{self._keys.livy.user} is let in; Livy has {batches} batches.")
        if is_loopback(self._profile.livy_url) or self._profile.livy_tunnel:
            return ok(f"Livy asks for no log-in; it has {batches} batches.")
        return warning(
            f"Livy asks for no log-in; it has {batches} batches.",
            "Whoever reaches this address can run programs on the cluster: bind Livy to 127.0.0.1 and use "
            "the tunnel, or have it ask (livy.server.auth.type).",
        )

    def _livy_version(self) -> Found:
        numbers = tuple(int(number) for number in re.findall(r"\d+", self._version)[:2])
        if not numbers:
            return warning(f"Livy calls its version {self._version!r}.", "Use 0.7 or later.")
        if numbers < _OLDEST:
            return failed(
                f"Livy {self._version} does not find batches by their name.", "Install 0.7 or later."
            )
        return ok(f"Livy {self._version}.")

    def _header(self) -> Found:
        self._way.client.delete(f"roadpulse-diagnosis-{uuid.uuid4()}")  # there is none
        return ok("They arrive with the header that Livy wants (X-Requested-By).")

    def _whitelist(self) -> Found:
        folders = self._folders()
        addresses = put_files(self._file_access, folders, {named("probe", _PROBE, ".py"): _PROBE})
        name = f"roadpulse-diagnosis-{uuid.uuid4()}"
        try:
            self._way.client.submit(batch(self._profile, name, addresses, [], folders))
        except PathForbidden as error:
            return failed(
                f"Livy may not start files of {folders.jobs}: {error.said[:200]}",
                f"Have its administrator put livy.file.local-dir-whitelist = {folders.jobs} into livy.conf "
                "and start Livy anew, or name a folder that is there already as 'folders.jobs' in the "
                "profile.",
            )
        finally:
            self._way.client.delete(name)  # a refused one would keep its name
        return ok(f"Livy takes files of {folders.jobs}.")

    def _expected(self) -> int:
        """Return the number of executors that the profile requests; 0 if it does not."""
        resources = self._profile.resources
        return resources.cores // resources.executor_cores if resources.executor_cores else 0

    # -- the batch ------------------------------------------------------------------------------------

    def _folder(self) -> str:
        """Return a folder like a run's; empty if runs are in a bucket, which has its own checks."""
        folders = self._folders()
        if is_s3(folders.runs):
            return ""
        name = str(uuid.uuid4())
        self._written = f"{folders.runs}/diagnosis-{name}"

        def make(files: RunFiles, _: RemoteFolders) -> None:
            files.make_folders(self._written, private=True)
            files.put(f"{self._written}/{OWNER}", json.dumps({"run": name}).encode())

        self._file_access.with_retries(folders.runs, make)
        return self._written

    def _start(self, request: str) -> str:
        """Run nodes_job.py as a batch and return its output."""
        client, folders, job = self._way.client, self._folders(), job_zip()
        contents = {f"{job.sha256}.zip": job.content}
        for name in ("nodes_job", "remote_probe"):
            text = (HERE / f"{name}.py").read_bytes().replace(b"\r\n", b"\n")
            contents[f"{named(name, text, '')}/{name}.py"] = text
        addresses = sorted(
            put_files(self._file_access, folders, contents), key=lambda a: "nodes_job" not in a
        )
        name = f"roadpulse-diagnosis-{uuid.uuid4()}"
        try:
            client.submit(batch(self._profile, name, addresses, [request], folders))
            end = time.monotonic() + JOB_SECONDS
            while (found := client.batch(name)) is not None and not found.ended:
                if time.monotonic() > end:
                    return f"Error: the batch was still {found.state} after {JOB_SECONDS} s"
                time.sleep(0.3)
            return "\n".join(client.log(name))
        finally:
            client.delete(name)

    def _driver(self) -> Found:
        driver = self._nodes.answer.get("driver", {})
        if driver.get("error"):
            return failed(f"The job does not load there: {driver['error']}.", "See 'Python'.")
        where = f"{driver.get('path')} on {driver.get('host')}, as the user {driver.get('user')}"
        found = verdicts.python(str(driver.get("python")), where)
        if found.todo:
            return found
        packages = verdicts.packages(driver.get("missing", ()), "there", fetched=True)
        return Found(packages.outcome, f"{found.found} {packages.found}", packages.todo)

    def _run_folder(self) -> Found:
        """Check that the driver's user can write into a folder of this user, who can delete the files."""
        if not self._written:
            return skipped("Runs lie in a bucket.")
        folder, self._written = self._written, ""
        driver = self._nodes.answer.get("driver", {})
        user, fault = driver.get("user"), driver.get("wrote")
        todo = (
            f"Have {user} and {self._profile.user or 'your user'} in one group, and in "
            f"{self._folders().runs} new files of that group, which may write them (chmod g+ws)."
        )
        try:
            name = folder.rpartition("/diagnosis-")[2]
            self._file_access.with_retries(folder, lambda files, _: files.remove(folder, name))
        except RunError as error:
            if not fault:
                return warning(
                    f"What {user} writes there cannot be deleted over SSH: {error.message.rstrip('.')}.", todo
                )
        if fault is None:
            return skipped("The driver did not tell.")
        if fault:
            return failed(f"The driver, as {user}, may not write in a folder made over SSH: {fault}.", todo)
        return ok(
            f"The driver, as {user}, writes in {self._folders().runs}, and what it writes can be deleted."
        )
