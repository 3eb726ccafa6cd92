"""Backend, probe and diagnosis of a profile.

The keys of a profile come from `credentials.read_credentials`, which needs the main thread; the rest may be
called in any. Connections are made on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ..aggregation.contract.s3_access import is_s3
from ..cluster_client.backends import registry
from ..cluster_client.backends.base.backend_type import BackendType
from ..cluster_client.errors import ProfileError
from . import locations, requirements
from .credentials import read_credentials

if TYPE_CHECKING:
    from ..cluster_client.backends.base.backend import Backend
    from ..cluster_client.backends.base.probe import BackendProbe
    from ..cluster_client.diagnosis.composite import CheckGroup, CombinedChecks
    from ..cluster_client.profiles.credentials import ProfileKeys
    from ..cluster_client.profiles.profile import Profile
    from ..cluster_client.runs.records import RunStore

_OF_TRIPS, _OF_STORE = ("trips", "node_trips"), ("store_space",)  # names of checks of folders


def backend_for(profile: Profile, run_store: RunStore, credentials: Optional[ProfileKeys] = None) -> Backend:
    """Return the backend of a profile; raises `ProfileError`. Without `credentials` they are read here."""
    keys = credentials or read_credentials(profile)
    return _type_of(profile).open(profile, keys, locations.kept(), run_store)


def probe_for(profile: Profile, keys: ProfileKeys) -> BackendProbe:
    """Return the probe of a profile's backend, for the time before a run; raises `ProfileError`."""
    return _type_of(profile).probe(profile, keys, locations.kept())


def checks_for(
    profile: Profile, credentials: Optional[ProfileKeys], trips: str = "", host_key: str = ""
) -> CombinedChecks:
    """Return the checks of what a run with a profile needs, with those of its buckets; raises `RunError`.

    `host_key` is a fingerprint that a person compared: a host that shows it is accepted. Without
    `credentials` they are read here.
    """
    from ..cluster_client.diagnosis.composite import CombinedChecks  # noqa: PLC0415
    from ..cluster_client.diagnosis.s3 import BucketChecks, concerns_s3  # noqa: PLC0415  (need the packages)

    keys = credentials or read_credentials(profile)
    store = locations.point_store(profile)
    groups: list[CheckGroup] = [
        _type_of(profile).diagnosis(
            profile, keys, locations.kept(), store=store, trips=trips, host_key=host_key
        )
    ]
    if concerns_s3(profile, trips):
        groups.append(BucketChecks(profile, keys.s3, trips, keys.s3_proxies))
    # What lies in a bucket is looked at there, and not in a folder of that name.
    without = [*(_OF_TRIPS if is_s3(trips) else ()), *(_OF_STORE if is_s3(store) else ())]
    return CombinedChecks(groups, without)


def _type_of(profile: Profile) -> BackendType:
    """Return the type of a profile's backend; raises `ProfileError` where packages for it are missing."""
    lacking = requirements.missing_for(profile)
    if lacking:
        raise ProfileError("kind", requirements.install_text(lacking))
    return registry.of(profile)
