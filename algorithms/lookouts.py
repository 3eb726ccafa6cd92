"""From a profile to the lookout that tells of its place before a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cluster_client.errors import ProfileError
from ..cluster_client.lookout.here import LocalLookout
from . import locations, requirements
from .proxies import s3_proxies

if TYPE_CHECKING:
    from ..cluster_client.keys import ProfileKeys
    from ..cluster_client.lookout.lookout import Lookout, TripSource
    from ..cluster_client.profile import Profile


def lookout_for(profile: Profile, keys: ProfileKeys) -> Lookout:
    """The lookout of a profile; raises `ProfileError`. Connects nowhere before it is asked to look.

    The keys come from `credentials.read_credentials`.
    """

    proxies = s3_proxies(profile)

    def bucket() -> TripSource:
        from ..cluster_client.lookout.bucket import BucketTrips  # noqa: PLC0415  (on demand, as all of S3)

        return BucketTrips(profile, keys.s3, proxies)

    if profile.kind == "local":
        return LocalLookout(profile, bucket)
    lacking = requirements.missing(("paramiko",))
    if lacking:
        raise ProfileError("kind", requirements.install_text(lacking))
    from ..cluster_client.lookout.head import HeadLookout  # noqa: PLC0415  (needs the package)
    from ..cluster_client.ssh.credentials import Credentials  # noqa: PLC0415
    from ..cluster_client.ssh.known_hosts import KnownHosts  # noqa: PLC0415

    known = KnownHosts(locations.known_hosts())
    return HeadLookout(profile, keys.ssh or Credentials(), known, bucket)
