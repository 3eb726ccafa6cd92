"""SSH credentials; handed in for the time of a connection, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Optional


@dataclass(frozen=True, repr=False)
class Credentials:
    """User and secrets of one login. All empty: the SSH agent, then the usual key files of this computer.

    `user` counts where the profile names none. `key_path` with its `passphrase`, or `password`, are used
    instead where they are given; a key and a password together serve servers that ask for both. `jump` is
    for the jump host (None: the same).
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
