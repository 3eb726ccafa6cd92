"""The type of the Livy backend: runs on a cluster's Spark, through Livy's REST interface."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Optional
from urllib.parse import urlsplit

from ....aggregation.contract.s3_access import is_s3
from ....aggregation.runners.spark.description import SPARK
from ...profiles.checks import empty
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
    from ...runs.records import RunStore
    from ...ssh.known_hosts import KnownHosts
    from .backend import LivyBackend
    from .diagnosis import LivyChecks
    from .probe import LivyProbe


class LivyType(BackendType):
    """See `BackendType`. A host is needed for folders that are not in a bucket, and for the tunnel."""

    key = "livy"
    label = new_label = "A cluster through Livy"
    new_name = "My cluster, Livy"
    location = "Livy: {host}"
    runs_in_buckets = True
    url_entry = "livy_url"
    clusters = (SPARK,)
    credentials = frozenset({Credential.SSH, Credential.LIVY, Credential.S3})
    form = MappingProxyType(
        {
            FormSection.LIVY: ("livy_url", "livy_tunnel", "livy_authcfg", "ca_file"),
            FormSection.SSH: SSH_LOGIN,
            FormSection.HOST_KEY: HOST_KEY,
            FormSection.SPARK: ("python",),
            FormSection.RESOURCES: RESOURCES,
            FormSection.FOLDERS: ("folders.runs", "folders.store", "folders.jobs"),
            FormSection.S3: (*BUCKETS, "s3.ca_file"),
        }
    )
    least = MappingProxyType({"host": "localhost", "livy_url": "http://localhost"})

    def check(self, profile: Profile) -> None:
        """See `BackendType.check`."""
        if not profile.livy_url:
            raise empty("livy_url", "name Livy's address")
        if profile.host or (is_s3(profile.folders.runs) and not profile.livy_tunnel):
            return
        where = "where the run folders lie, or a bucket (s3://…) for the runs"
        if profile.livy_tunnel:
            where = "which leads to Livy"
        raise empty("host", f"name the computer to log in to over SSH, {where}")

    def requirements(self, profile: Profile) -> tuple[str, ...]:
        """See `BackendType.requirements`."""
        return ("requests", "paramiko") if profile.host else ("requests",)

    def host(self, profile: Profile) -> str:
        """Return the host of Livy, or that of the tunnel."""
        host = profile.host if profile.livy_tunnel else urlsplit(profile.livy_url).hostname
        return host or profile.livy_url

    def open(self, profile: Profile, keys: ProfileKeys, kept: Kept, run_store: RunStore) -> LivyBackend:
        """See `BackendType.open`."""
        from .backend import LivyBackend  # noqa: PLC0415

        return LivyBackend(profile, run_store, kept.runs, keys, _known_hosts(profile, kept))

    def probe(self, profile: Profile, keys: ProfileKeys, kept: Kept) -> LivyProbe:
        """See `BackendType.probe`."""
        from .probe import LivyProbe  # noqa: PLC0415

        known = _known_hosts(profile, kept)
        return LivyProbe(profile, keys, known, lambda: bucket_trips(profile, keys))

    def diagnosis(
        self, profile: Profile, keys: ProfileKeys, kept: Kept, *, store: str, trips: str, host_key: str = ""
    ) -> LivyChecks:
        """See `BackendType.diagnosis`."""
        from .diagnosis import LivyChecks  # noqa: PLC0415

        group = LivyChecks(profile, keys, _known_hosts(profile, kept), trips)
        if host_key:
            group.accept(host_key)
        return group


def _known_hosts(profile: Profile, kept: Kept) -> Optional[KnownHosts]:
    """Return the known hosts of a profile that names a host; they need a package that buckets do without."""
    if not profile.host:
        return None
    from ...ssh.known_hosts import KnownHosts  # noqa: PLC0415

    return KnownHosts(kept.known_hosts)
