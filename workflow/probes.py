"""From a profile to the lookout that tells of its place before a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cluster_client.errors import ProfileError
from . import locations, requirements

if TYPE_CHECKING:
    from ..cluster_client.backends.probe import Lookout, TripSource
    from ..cluster_client.profiles.credentials import ProfileKeys
    from ..cluster_client.profiles.profile import Profile


def lookout_for(profile: Profile, keys: ProfileKeys) -> Lookout:
    """The lookout of a profile, for a thread; raises `ProfileError`. Connects nowhere before it looks.

    The keys come from `credentials.read_credentials`.
    """

    def bucket() -> TripSource:
        from ..cluster_client.backends.bucket_probe import BucketTrips  # noqa: PLC0415  (on demand, as all of S3)

        return BucketTrips(profile, keys.s3, keys.s3_proxies)

    if profile.kind == "local":
        from ..cluster_client.backends.local.probe import LocalLookout  # noqa: PLC0415  (loads what reads trips)

        return LocalLookout(profile, bucket)
    livy = profile.kind == "livy"
    lacking = requirements.missing(("paramiko", *(("requests",) if livy else ())))
    if lacking:
        raise ProfileError("kind", requirements.install_text(lacking))
    from ..cluster_client.profiles.ssh_credentials import Credentials  # noqa: PLC0415  (need the packages)
    from ..cluster_client.ssh.known_hosts import KnownHosts  # noqa: PLC0415

    known = KnownHosts(locations.known_hosts())
    if livy:
        from ..cluster_client.backends.livy.probe import LivyLookout  # noqa: PLC0415

        return LivyLookout(profile, keys, known, bucket)
    from ..cluster_client.backends.ssh.probe import HeadLookout  # noqa: PLC0415

    return HeadLookout(profile, keys.ssh or Credentials(), known, bucket)
