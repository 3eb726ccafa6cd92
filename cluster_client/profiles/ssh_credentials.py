"""SSH credentials, passed for a connection and never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Optional


@dataclass(frozen=True, repr=False)
class Credentials:
    """User and secrets of one login; if all are empty, the SSH agent and then the default key files are used.

    `user` applies if the profile names none. `key_path` with its `passphrase`, or `password`, are used
    instead if given; both together are for servers that require both. `jump` is for the jump host (None: the
    same).
    """

    user: str = ""
    password: Optional[str] = None
    key_path: str = ""
    passphrase: Optional[str] = None
    jump: Optional[Credentials] = None

    def __repr__(self) -> str:
        """Return no secret: the text may be logged."""
        return "Credentials(…)"

    def __reduce__(self) -> NoReturn:
        """Secrets are not written anywhere."""
        raise TypeError("credentials cannot be stored")
