"""Credentials for the services of one profile, and the proxies on the way to them.

Passed as arguments, never stored, never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn, Optional

from .ssh_credentials import Credentials


@dataclass(frozen=True, repr=False)
class S3Keys:
    """An access key of S3; `token` belongs to a temporary one, `region` serves profiles that name none."""

    key_id: str
    secret: str
    token: str = ""
    region: str = ""

    def put_into(self, environment: dict[str, str]) -> None:
        """Put the keys into a process's environment, replacing other keys."""
        for name in ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
            environment.pop(name, None)
        environment.update(AWS_ACCESS_KEY_ID=self.key_id, AWS_SECRET_ACCESS_KEY=self.secret)
        if self.token:
            environment["AWS_SESSION_TOKEN"] = self.token

    def __repr__(self) -> str:
        """Return no secret: the text may be logged."""
        return "S3Keys(…)"

    def __reduce__(self) -> NoReturn:
        """Secrets are not written anywhere."""
        raise TypeError("keys cannot be stored")


class UserSecret(NamedTuple):
    """A user and a password, as HTTP Basic wants them."""

    user: str
    secret: str

    def __repr__(self) -> str:
        """Return no secret: the text may be logged."""
        return "UserSecret(…)"

    def __reduce__(self) -> NoReturn:
        """Secrets are not written anywhere."""
        raise TypeError("keys cannot be stored")


@dataclass(frozen=True, repr=False)
class ProfileKeys:
    """The keys of one profile, None if it names none, and the proxies, whose addresses may hold passwords.

    Without `ssh` there is no log-in. If `livy` is None, requests to Livy are unauthenticated. If `s3` is
    None, this computer's own keys count: the environment, `~/.aws/credentials`, the instance's role. Proxies
    are addresses for `http` and `https`; if `livy_proxies` is None, there is none on the way to Livy, and if
    `s3_proxies` is None, the environment's count. `own` are the users and passwords of the type's own
    entries that name one, by the entry's name.
    """

    ssh: Optional[Credentials] = None
    livy: Optional[UserSecret] = None
    s3: Optional[S3Keys] = None
    livy_proxies: Optional[Mapping[str, str]] = None
    s3_proxies: Optional[Mapping[str, str]] = None
    own: Mapping[str, UserSecret] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return no secret: the text may be logged."""
        return "ProfileKeys(…)"

    def __reduce__(self) -> NoReturn:
        """Secrets are not written anywhere."""
        raise TypeError("keys cannot be stored")
