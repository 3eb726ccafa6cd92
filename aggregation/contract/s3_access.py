"""Access to a bucket, without secrets, so that it may be stored.

Credentials come from the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`),
from a file that only its owner may read, or from the instance's role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from .errors import SpecError
from .json_text import shown

ADDRESSINGS = ("", "path", "virtual")
SCHEME = "s3://"


def is_s3(path: str) -> bool:
    """Return True if a path is an `s3://` address."""
    return path[: len(SCHEME)].lower() == SCHEME


@dataclass(frozen=True)
class S3Access:
    """Access to an S3-compatible service, as the computers that carry out a run see it.

    `endpoint` is its URL (empty: AWS). `addressing` is `path` (bucket name in the path), `virtual` (in the
    host name) or empty for the default: `path` with an endpoint, `virtual` at AWS. `ca_file` is a file of
    certificates to trust, `keys_file` one in the format of `~/.aws/credentials`, `keys_profile` its section
    (empty: `default`). If `anonymous`, requests are not signed.
    """

    endpoint: str = ""
    region: str = ""
    addressing: str = ""
    ca_file: str = ""
    keys_file: str = ""
    keys_profile: str = ""
    anonymous: bool = False

    def __post_init__(self) -> None:
        for f in fields(self):
            value, kind = getattr(self, f.name), bool if f.name == "anonymous" else str
            if not isinstance(value, kind):
                what = "a text" if kind is str else "true or false"
                raise SpecError(f"s3.{f.name}", f"is {shown(value)}, not {what}")
            if isinstance(value, str) and not value.isprintable():
                raise SpecError(f"s3.{f.name}", f"{shown(value)} holds a character that cannot be printed")
        if self.addressing not in ADDRESSINGS:
            raise SpecError("s3.addressing", f"is {shown(self.addressing)}; choose path or virtual")
        if self.endpoint:
            _check_endpoint(self.endpoint)

    @property
    def path_style(self) -> bool:
        """True if the bucket name is in the path of URLs."""
        return self.addressing == "path" or (not self.addressing and bool(self.endpoint))

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: object) -> S3Access:
        """Create from decoded JSON; raises `SpecError` that names the entry."""
        if not isinstance(values, Mapping):
            raise SpecError("s3", "is not a JSON object")
        known = {f.name for f in fields(cls)}
        for key in values:
            if key not in known:
                raise SpecError(f"s3.{key}"[:60], f"is not known; known are {', '.join(sorted(known))}")
        return cls(**values)


def _check_endpoint(text: str) -> None:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
        secret = parts.password is not None or parts.username is not None
    except ValueError:
        good = secret = False
    if secret:
        raise SpecError("s3.endpoint", "holds a user or password; remove it, keys are kept elsewhere")
    if not good or parts.query or parts.fragment:
        raise SpecError(
            "s3.endpoint", f"{shown(text)} is not an address such as https://minio.example.org:9000"
        )
