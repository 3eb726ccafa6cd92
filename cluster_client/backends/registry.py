"""Registry of the backend types. A new one is a folder with a `backend_type` module, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .livy.backend_type import LivyType
from .local.backend_type import LocalType
from .ssh.backend_type import SshType

if TYPE_CHECKING:
    from ..profiles.profile import Profile
    from .base.backend_type import BackendType

_ALL: tuple[BackendType, ...] = (
    LocalType(),
    SshType(),
    LivyType(),
)

TYPES: dict[str, BackendType] = {each.key: each for each in _ALL}
"""Backend types by key, the `kind` of profiles, in the order in which they are offered."""


def of(profile: Profile) -> BackendType:
    """Return the type of a profile's backend."""
    return TYPES[profile.kind]
