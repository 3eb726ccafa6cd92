"""Connection to a profile's Livy: a client, direct or through a tunnel."""

from __future__ import annotations

from typing import Optional
from urllib.parse import urlsplit

from ...profiles.credentials import ProfileKeys
from ...profiles.profile import Profile
from .client import TIMEOUTS, LivyClient, Timeouts
from .file_access import FileAccess
from .tunnel import Tunnel


class Way:
    """The client of a profile's Livy, and its tunnel if the profile has one."""

    def __init__(
        self, profile: Profile, keys: ProfileKeys, file_access: FileAccess, timeouts: Timeouts = TIMEOUTS
    ) -> None:
        self.tunnel: Optional[Tunnel] = None
        if profile.livy_tunnel:
            url = urlsplit(profile.livy_url)
            host, port = str(url.hostname), url.port or (443 if url.scheme == "https" else 80)
            self.tunnel = Tunnel(
                lambda: file_access.session.once(lambda connection, _: connection.passage(host, port)),
                lambda: file_access.session.once(lambda *_: None),
            )
        self.client = LivyClient(
            profile.livy_url, keys.livy, ca_file=profile.ca_file, proxies=keys.livy_proxies, via=self.tunnel,
            timeouts=timeouts,
        )  # fmt: skip

    def close(self) -> None:
        """Close the connections and the tunnel; the next call opens them again."""
        self.client.close()
        if self.tunnel is not None:
            self.tunnel.close()
