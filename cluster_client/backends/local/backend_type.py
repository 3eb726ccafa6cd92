"""The type of the local backend: runs on this computer."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ...runs.phases import Phase
from ..base.backend_type import BUCKETS, BackendType, Credential, FormSection, Kept, bucket_trips

if TYPE_CHECKING:
    from ...profiles.credentials import ProfileKeys
    from ...profiles.profile import Profile
    from ...runs.records import RunStore
    from .backend import LocalBackend
    from .diagnosis import LocalChecks
    from .probe import LocalProbe


class LocalType(BackendType):
    """See `BackendType`."""

    key = "local"
    label = "This computer"
    new_label = "This computer, with S3"
    new_name = "S3, here"
    runs_here = True
    credentials = frozenset({Credential.S3})
    phases = MappingProxyType(
        {Phase.LISTING: 0.02, Phase.READING: 0.55, Phase.COMPUTING: 0.23, Phase.MAPPING: 0.20}
    )
    form = MappingProxyType(
        {
            FormSection.COMPUTER: ("workers", "python"),
            FormSection.FOLDERS: ("folders.runs", "folders.store"),
            FormSection.S3: (*BUCKETS, "ca_file"),
        }
    )
    unfolded = frozenset({FormSection.S3})

    def check(self, profile: Profile) -> None:
        """See `BackendType.check`; any profile is valid."""

    def requirements(self, profile: Profile) -> tuple[str, ...]:
        """See `BackendType.requirements`; there are none."""
        return ()

    def host(self, profile: Profile) -> str:
        """See `BackendType.host`; empty."""
        return ""

    def open(self, profile: Profile, keys: ProfileKeys, kept: Kept, run_store: RunStore) -> LocalBackend:
        """See `BackendType.open`."""
        from ...s3.client import access_here, keys_of_runs  # noqa: PLC0415
        from .backend import LocalBackend  # noqa: PLC0415

        return LocalBackend(run_store, kept.runs, s3_keys=lambda: keys_of_runs(access_here(profile), keys.s3))

    def probe(self, profile: Profile, keys: ProfileKeys, kept: Kept) -> LocalProbe:
        """See `BackendType.probe`."""
        from .probe import LocalProbe  # noqa: PLC0415

        return LocalProbe(profile, lambda: bucket_trips(profile, keys))

    def diagnosis(
        self, profile: Profile, keys: ProfileKeys, kept: Kept, *, store: str, trips: str, host_key: str = ""
    ) -> LocalChecks:
        """See `BackendType.diagnosis`."""
        from .diagnosis import LocalChecks  # noqa: PLC0415

        return LocalChecks(profile, profile.folders.runs or str(kept.runs), store, trips)
