"""Differences between backends outside of their folders: one `BackendType` each, listed in `registry`.

    kind = registry.of(profile)
    backend = kind.open(profile, keys, kept, run_store)

Other modules ask a type for what it can do, and never for its key. Types load with QGIS, so their modules
import the heavy packages (paramiko, requests, numpy) inside of the methods that need them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...profiles.entries import OwnEntry, OwnSection
from ...runs.phases import Phase

if TYPE_CHECKING:
    from ....aggregation.runners.cluster import ClusterDescription
    from ...diagnosis.composite import CheckGroup
    from ...profiles.credentials import ProfileKeys
    from ...profiles.profile import Profile
    from ...runs.records import RunStore
    from .backend import Backend
    from .probe import BackendProbe, TripSource


class Credential(Enum):
    """A service that requires authentication."""

    SSH = "ssh"
    LIVY = "livy"
    S3 = "s3"


class FormSection(Enum):
    """A section of the form in which a profile is edited."""

    COMPUTER = "computer"
    LIVY = "livy"
    SSH = "ssh"
    HOST_KEY = "host key"
    SPARK = "spark"
    RESOURCES = "resources"
    FOLDERS = "folders"
    S3 = "s3"


@dataclass(frozen=True)
class Kept:
    """Folders and files of this computer that all profiles share.

    `runs` is the default parent of run folders, `known_hosts` the file of the SSH host keys that the person
    has accepted.
    """

    runs: Path
    known_hosts: Path


SSH_LOGIN = ("host", "port", "user", "key_path", "authcfg")
HOST_KEY = ("jump_host", "host_key")
RESOURCES = (
    "resources.cores", "resources.executor_cores", "resources.executor_memory", "resources.driver_memory",
    "resources.worker_memory", "resources.head_workers",
)  # fmt: skip
BUCKETS = (
    "s3.endpoint", "s3.region", "s3.addressing", "s3.anonymous", "s3_authcfg", "s3.keys_file",
    "s3.keys_profile",
)  # fmt: skip
"""Entries of a profile that several types share, by section of the form."""

PHASES_ELSEWHERE = MappingProxyType({
    Phase.STARTING: 0.08, Phase.LISTING: 0.02, Phase.READING: 0.45, Phase.COMPUTING: 0.23,
    Phase.FETCHING: 0.07, Phase.MAPPING: 0.15,
})  # fmt: skip
"""Phases of a remote run, which is started remotely and whose result is fetched."""


class BackendType(ABC):
    """One kind of backend: what its profiles hold, and how it is opened, probed and diagnosed.

    Texts are not translated here. `label` is what runs execute on, `new_label` the same in the menu of new
    profiles, `new_name` the name that such a profile has first, `location` where runs execute, in a few words
    with `{host}` in them.

    `runs_here` says that runs execute on this computer: they need no network, and their folders are at hand.
    `runs_in_buckets` says that run folders may lie in a bucket. `url_entry` is the entry of the profile with
    the address of the service that starts runs, empty if there is none.

    `credentials` are the services that may ask for them. `phases` are those of a run, in order, each with its
    usual share of the whole time. `form` are the sections of the profile's form with the entries in them:
    what profiles of this type hold besides `kind` and `name`, of the entries that several types have.
    `own_sections` are sections with entries that no other type has. `unfolded` are the sections that a new
    profile is made for. `clusters` are the kinds of cluster that may do a run's tasks. `least` are values for
    the entries that must not be empty, such as lead nowhere.
    """

    key: str
    label: str
    new_label: str
    new_name: str
    location: str = ""
    runs_here: bool = False
    runs_in_buckets: bool = False
    url_entry: str = ""
    credentials: frozenset[Credential] = frozenset()
    phases: Mapping[Phase, float] = PHASES_ELSEWHERE
    form: Mapping[FormSection, tuple[str, ...]]
    own_sections: tuple[OwnSection, ...] = ()
    unfolded: frozenset[FormSection] = frozenset()
    clusters: tuple[ClusterDescription, ...] = ()
    least: Mapping[str, str] = MappingProxyType({})

    @property
    def own_entries(self) -> tuple[OwnEntry, ...]:
        """Entries that profiles of this type alone have, in the order of the form."""
        return tuple(entry for section in self.own_sections for entry in section.entries)

    @abstractmethod
    def check(self, profile: Profile) -> None:
        """Raise `ProfileError` if the entries, of any values, are not a valid profile of this type."""

    @abstractmethod
    def requirements(self, profile: Profile) -> tuple[str, ...]:
        """Return the names of the Python packages that the following methods require."""

    def host(self, profile: Profile) -> str:
        """Return the host name for display; empty for this computer."""
        return profile.host

    @abstractmethod
    def open(self, profile: Profile, keys: ProfileKeys, kept: Kept, run_store: RunStore) -> Backend:
        """Return the backend of a profile, without connecting."""

    @abstractmethod
    def probe(self, profile: Profile, keys: ProfileKeys, kept: Kept) -> BackendProbe:
        """Return the probe of a profile's backend, without connecting."""

    @abstractmethod
    def diagnosis(
        self, profile: Profile, keys: ProfileKeys, kept: Kept, *, store: str, trips: str, host_key: str = ""
    ) -> CheckGroup:
        """Return the checks of a profile's backend, without those of buckets and without connecting.

        `store` is the folder of the point store and `trips` the trips (empty: none), as the place sees them;
        either may be in a bucket. A host that shows a key with the fingerprint `host_key` is accepted.
        """


def bucket_trips(profile: Profile, keys: ProfileKeys) -> TripSource:
    """Return the reader of trips in the buckets of a profile, from this computer."""
    from .bucket_probe import BucketTrips  # noqa: PLC0415

    return BucketTrips(profile, keys.s3, keys.s3_proxies)
