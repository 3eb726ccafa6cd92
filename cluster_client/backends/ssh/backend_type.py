"""The type of the SSH backend: runs on a cluster's head, or on another computer without Spark."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ....aggregation.contract.s3_access import is_s3
from ....aggregation.runners.spark.description import SPARK
from ...profiles.checks import empty, fault
from ..base.backend_type import (
    BUCKETS,
    HOST_KEY,
    RESOURCES,
    SSH_LOGIN,
    BackendType,
    Credential,
    FormSection,
    Kept,
    bucket_trips,
)

if TYPE_CHECKING:
    from ...profiles.credentials import ProfileKeys
    from ...profiles.profile import Profile
    from ...profiles.ssh_credentials import Credentials
    from ...runs.records import RunStore
    from ...ssh.known_hosts import KnownHosts
    from .backend import SshBackend
    from .diagnosis import ClusterChecks
    from .probe import HeadProbe


class SshType(BackendType):
    """See `BackendType`."""

    key = "ssh"
    label = new_label = "A cluster over SSH"
    new_name = "My cluster"
    location = "SSH: {host}"
    clusters = (SPARK,)
    credentials = frozenset({Credential.SSH, Credential.S3})
    form = MappingProxyType(
        {
            FormSection.SSH: SSH_LOGIN,
            FormSection.HOST_KEY: HOST_KEY,
            FormSection.SPARK: ("spark_master", "spark_home", "python"),
            FormSection.RESOURCES: (*RESOURCES, "workers"),
            FormSection.FOLDERS: ("folders.runs", "folders.store", "folders.jobs"),
            FormSection.S3: (*BUCKETS, "s3.ca_file", "ca_file"),
        }
    )
    least = MappingProxyType({"host": "localhost"})

    def check(self, profile: Profile) -> None:
        """See `BackendType.check`."""
        if not profile.host:
            raise empty("host", "name the computer to log in to")
        for entry in ("runs", "jobs"):
            folder = getattr(profile.folders, entry)
            if is_s3(folder):
                what = "name a folder of the cluster: over SSH only trips and points may lie in a bucket"
                raise fault(f"folders.{entry}", folder, what)

    def requirements(self, profile: Profile) -> tuple[str, ...]:
        """See `BackendType.requirements`."""
        return ("paramiko",)

    def open(self, profile: Profile, keys: ProfileKeys, kept: Kept, run_store: RunStore) -> SshBackend:
        """See `BackendType.open`."""
        from .backend import SshBackend  # noqa: PLC0415

        return SshBackend(profile, run_store, kept.runs, *_login(keys, kept))

    def probe(self, profile: Profile, keys: ProfileKeys, kept: Kept) -> HeadProbe:
        """See `BackendType.probe`."""
        from .probe import HeadProbe  # noqa: PLC0415

        return HeadProbe(profile, *_login(keys, kept), lambda: bucket_trips(profile, keys))

    def diagnosis(
        self, profile: Profile, keys: ProfileKeys, kept: Kept, *, store: str, trips: str, host_key: str = ""
    ) -> ClusterChecks:
        """See `BackendType.diagnosis`."""
        from .diagnosis import ClusterChecks  # noqa: PLC0415

        group = ClusterChecks(profile, *_login(keys, kept), "" if is_s3(trips) else trips)
        if host_key:
            group.accept(host_key)
        return group


def _login(keys: ProfileKeys, kept: Kept) -> tuple[Credentials, KnownHosts]:
    """Return the SSH credentials and the known hosts."""
    from ...profiles.ssh_credentials import Credentials  # noqa: PLC0415
    from ...ssh.known_hosts import KnownHosts  # noqa: PLC0415

    return keys.ssh or Credentials(), KnownHosts(kept.known_hosts)
