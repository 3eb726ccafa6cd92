"""The keys of buckets: from a file, the environment or the instance's role, and anew where they end."""

from __future__ import annotations

import configparser
import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Optional
from urllib.parse import urlsplit

from ...contract.s3_access import S3Access
from .errors import KeysMissing

ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_ROLE_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
_ROLE_SERVICE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"

RENEWED_SECONDS = 300
"""Seconds between readings of a file of keys: keys with a session token end, and the file is renewed."""

Keys = tuple[str, str, str]
"""Key, secret and session token, or empty."""


class Keyring:
    """The keys of an access; none (empty) for an anonymous one. Raises `KeysMissing` at the beginning."""

    def __init__(self, access: S3Access) -> None:
        self._access, self._read = access, time.monotonic()
        found = ("", "", "") if access.anonymous else keys(access)
        self.of_role = found is None
        """True if the instance's role gives the keys, for which obstore asks."""
        self._keys: Keys = found or ("", "", "")

    @property
    def ends(self) -> bool:
        """True if the keys will be replaced by others."""
        return bool(self._access.keys_file and self._keys[2])

    def __call__(self) -> Keys:
        """The keys to sign with now."""
        if self.ends and time.monotonic() - self._read >= RENEWED_SECONDS:
            with contextlib.suppress(KeysMissing):  # it is being written, perhaps
                self._keys = keys(self._access) or self._keys
            self._read = time.monotonic()
        return self._keys


def keys(access: S3Access) -> Optional[Keys]:
    """Key, secret and token (or empty) from the keys file or the environment; None: from the instance's role.

    Raises `KeysMissing`.
    """
    if access.keys_file:
        return _keys_of_file(Path(access.keys_file).expanduser(), access.keys_profile or "default")
    key, secret, token = (os.environ.get(name, "") for name in ENVIRONMENT)
    if key and secret:
        return key, secret, token
    named = any(os.environ.get(name) for name in (*_ROLE_VARIABLES, _ROLE_SERVICE))
    if named or (_is_aws(access) and _has_role_service()):
        return None
    where = access.endpoint or "AWS"
    raise KeysMissing(
        f"There are no keys for S3 at {where} on {socket.gethostname()}. Name a file with keys (in the "
        f"format of ~/.aws/credentials) in the profile, set {ENVIRONMENT[0]} and {ENVIRONMENT[1]}, or "
        "choose anonymous."
    )


def _keys_of_file(path: Path, section: str) -> Keys:
    host = socket.gethostname()
    try:
        state = path.stat()
        if os.name == "posix" and state.st_mode & 0o077:
            raise KeysMissing(
                f"The file of keys, {path} on {host}, may be read by others. Keep it for its owner alone "
                f"(chmod 600 {path})."
            )
        parser = configparser.ConfigParser(interpolation=None, default_section="\0")
        parser.read_string(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KeysMissing(
            f"The file of keys, {path}, cannot be read on {host}: {error.strerror}. Put it there, readable "
            "by its owner alone, or correct the profile."
        ) from error
    except (configparser.Error, UnicodeDecodeError):  # its text may show a secret
        raise KeysMissing(
            f"The file of keys, {path} on {host}, is not in the format of ~/.aws/credentials. Correct it."
        ) from None
    values = dict(parser[section]) if parser.has_section(section) else {}
    key, secret = values.get("aws_access_key_id", ""), values.get("aws_secret_access_key", "")
    if not key or not secret:
        raise KeysMissing(
            f"The file of keys, {path} on {host}, has no aws_access_key_id and aws_secret_access_key under "
            f"[{section}]. Add them, or name another section in the profile."
        )
    return key, secret, values.get("aws_session_token", "")


def certificates(ca_file: str) -> bytes:
    """The content of a file of certificates to trust; raises `KeysMissing`."""
    path = Path(ca_file).expanduser()
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeysMissing(
            f"The file of trusted certificates, {path}, cannot be read on {socket.gethostname()}: "
            f"{error.strerror}. Check the profile's entry for it."
        ) from error


def _is_aws(access: S3Access) -> bool:
    host = urlsplit(access.endpoint).hostname or ""
    return not access.endpoint or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def role_service() -> str:
    """The address of the service that hands out the keys of an instance's role."""
    return (os.environ.get(_ROLE_SERVICE) or "http://169.254.169.254").rstrip("/")


def _has_role_service() -> bool:
    """Return True if this computer has that service."""
    try:
        socket.create_connection(("169.254.169.254", 80), timeout=1).close()
    except OSError:
        return False
    return True
