"""All faults of a profile that is being edited, not only the first one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ....cluster_client.backends import registry
from ....cluster_client.backends.base.backend_type import Credential
from ....cluster_client.errors import ProfileError
from ....cluster_client.profiles.checks import can_be_read
from ....cluster_client.profiles.profile import LOCAL, Profile
from ....mapping.language import tr
from .own import usual_values


def _harmless(entry: str) -> Any:
    """Return a value that does for an entry."""
    least: dict[str, Any] = {"name": "x", **usual_values()}
    for kind in registry.TYPES.values():
        least.update(kind.least)
    return least.get(entry, get(LOCAL.to_json(), entry))


def faults(values: Mapping[str, Any]) -> dict[str, ProfileError]:
    """Return the faults of a profile's JSON values, by entry (`resources.cores`); empty: it is a profile.

    Each entry that is found faulty is passed over when the next one is looked for.
    """
    tried: dict[str, Any] = copy.deepcopy(dict(values))
    found: dict[str, ProfileError] = {}
    while True:
        try:
            profile = Profile.from_json(tried)
        except ProfileError as error:
            if error.entry in found:
                return found
            found[error.entry] = error
            put(tried, error.entry, _harmless(error.entry))
        else:
            break
    asks = Credential.LIVY in registry.of(profile).credentials and profile.livy_authcfg
    if asks and not {"livy_url", "livy_authcfg"} & set(found):
        words = open_login(profile.livy_url, profile.livy_tunnel)
        if words:
            found["livy_url"] = ProfileError("livy_url", words)
    return found


def open_login(url: str, tunnel: bool) -> str:
    """Return why no user and password are sent to an address of Livy; empty if they are."""
    if not can_be_read(url, tunnel):
        return ""
    return tr(
        "User and password are not sent over http, where others on the way can read them. Use https or the "
        "SSH connection, or choose no password."
    )


def get(values: Mapping[str, Any], entry: str) -> Any:
    """Return the value of an entry such as `resources.cores`; None where there is none."""
    found: Any = values
    for key in entry.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def put(values: dict[str, Any], entry: str, value: Any) -> None:
    """Set an entry such as `resources.cores`."""
    *parts, last = entry.split(".")
    for part in parts:
        values = values[part]
    values[last] = value
