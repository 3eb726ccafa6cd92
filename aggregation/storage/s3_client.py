"""Connections to buckets: who signs, whom to trust, how long to wait. Made once a process, by obstore.

Requests of a run are tried again, with pauses that grow, where the server is busy or the connection is
cut. The first question to a bucket is asked impatiently instead, so that a wrong address is told at once.
"""

from __future__ import annotations

import configparser
import os
import socket
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import urlsplit

from ..errors import StorageError
from ..s3_access import S3Access

if TYPE_CHECKING:
    from obstore.store import S3Store

ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_ROLE_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
_ROLE_SERVICE = ("169.254.169.254", 80)

_PATIENT = {"connect": 5, "read": 30, "whole": 600, "retries": 8, "retrying": 120}
_IMPATIENT = {"connect": 3, "read": 4, "whole": 6, "retries": 3, "retrying": 6}


class KeysMissing(StorageError):
    """The keys of a bucket are not there, or not kept safely."""

    retry = False


def store(access: S3Access, bucket: str, patient: bool = True) -> S3Store:
    """The connection to a bucket; raises `StorageError` where its keys or certificates are not there."""
    return _store(os.getpid(), access, bucket, patient)


def library() -> Any:
    """The package obstore, where a run uses S3; raises `StorageError` where it is not installed."""
    try:
        import obstore  # noqa: PLC0415
    except ImportError as error:
        raise StorageError(
            f"Buckets cannot be reached from {socket.gethostname()}: its Python has no package obstore. "
            "Install it (pip install obstore), or keep everything in folders.",
            repr(error),
        ) from error
    return obstore


@lru_cache(maxsize=16)
def _store(_pid: int, access: S3Access, bucket: str, patient: bool) -> S3Store:
    library()
    from obstore.store import S3Store  # noqa: PLC0415  (only where a run uses S3)

    waits = _PATIENT if patient else _IMPATIENT
    options: dict[str, Any] = {
        "allow_http": access.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=waits["connect"]),
        "read_timeout": timedelta(seconds=waits["read"]),
        "timeout": timedelta(seconds=waits["whole"]),
    }
    if access.ca_file:
        options["root_certificate"] = certificates(access.ca_file)
    config: dict[str, Any] = {"virtual_hosted_style_request": not access.path_style, **_signing(access)}
    if access.endpoint:
        # Both, since the environment's second one would come before the first.
        config["endpoint"] = config["aws_endpoint_url_s3"] = _endpoint(access, bucket)
    try:
        return S3Store(
            bucket,
            region=region_of(access),
            client_options=options,  # type: ignore[arg-type]
            retry_config={
                "max_retries": waits["retries"],
                "retry_timeout": timedelta(seconds=waits["retrying"]),
                "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=10)},
            },
            **config,
        )
    except Exception as error:
        raise StorageError(
            f"The bucket {bucket} cannot be reached as the profile says ({first_line(error)}). "
            "Check the endpoint, the region and the file of certificates.",
            repr(error),
        ) from error


def region_of(access: S3Access) -> str:
    """The region that requests are signed for."""
    named = access.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or "us-east-1"


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _endpoint(access: S3Access, bucket: str) -> str:
    """The address that requests go to; where the bucket is part of the host's name, with it."""
    address = access.endpoint.rstrip("/")
    if access.path_style:
        return address
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{bucket}.{rest}"


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


# -- keys -------------------------------------------------------------------------------------------


def _signing(access: S3Access) -> dict[str, Any]:
    """What obstore needs to sign: keys, or nothing where the instance's role gives them."""
    if access.anonymous:
        return {"skip_signature": True}
    found = keys(access)
    if found is None:
        return {}
    key, secret, token = found
    # Not as settings, which obstore would mix with those of the environment.
    given = {"access_key_id": key, "secret_access_key": secret, "token": token or None, "expires_at": None}
    return {"credential_provider": lambda: given}


def keys(access: S3Access) -> Optional[tuple[str, str, str]]:
    """Key, secret and token (or empty) from the keys file or the environment; None: from the instance's role.

    Raises `KeysMissing`.
    """
    if access.keys_file:
        return _keys_of_file(Path(access.keys_file).expanduser(), access.keys_profile or "default")
    key, secret, token = (os.environ.get(name, "") for name in ENVIRONMENT)
    if key and secret:
        return key, secret, token
    if any(os.environ.get(name) for name in _ROLE_VARIABLES) or (_is_aws(access) and _has_role_service()):
        return None
    where = access.endpoint or "AWS"
    raise KeysMissing(
        f"There are no keys for S3 at {where} on {socket.gethostname()}. Name a file with keys (in the "
        f"format of ~/.aws/credentials) in the profile, set {ENVIRONMENT[0]} and {ENVIRONMENT[1]}, or "
        "choose anonymous."
    )


def _keys_of_file(path: Path, section: str) -> tuple[str, str, str]:
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


def _is_aws(access: S3Access) -> bool:
    host = urlsplit(access.endpoint).hostname or ""
    return not access.endpoint or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _has_role_service() -> bool:
    """Whether this computer has the service that hands out the keys of an instance's role."""
    try:
        socket.create_connection(_ROLE_SERVICE, timeout=1).close()
    except OSError:
        return False
    return True
