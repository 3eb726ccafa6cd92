"""Connections to buckets by obstore: signing, certificates, timeouts. Made once a process.

Requests of a run are tried again, with pauses that grow, if the server is busy or the connection is cut. The
first request to a bucket has short timeouts instead, so that a wrong address shows at once.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from ...contract.errors import StorageError
from ...contract.s3_access import S3Access
from .address import address_of, region_of
from .keys import RENEWED_SECONDS, Keyring, certificates, role_service

if TYPE_CHECKING:
    from obstore.store import S3Store


class Waits(NamedTuple):
    """Seconds to connect, for a piece of an answer, for the whole of it, and for all `retries`."""

    connect: int
    read: int
    whole: int
    retries: int
    retrying: int


PATIENT = Waits(5, 30, 600, 8, 120)
LISTING = PATIENT._replace(whole=60)
"""A page is in memory as a whole, however long the server makes it."""
IMPATIENT = Waits(3, 4, 6, 3, 6)


def store(access: S3Access, bucket: str, waits: Optional[Waits] = None) -> S3Store:
    """The connection to a bucket; raises `StorageError` where its keys or certificates are not there."""
    return _store(os.getpid(), access, bucket, waits or PATIENT)


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
def _store(_pid: int, access: S3Access, bucket: str, waits: Waits) -> S3Store:
    library()
    from obstore.store import S3Store  # noqa: PLC0415  (only where a run uses S3)

    options: dict[str, Any] = {
        "allow_http": access.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=waits.connect),
        "read_timeout": timedelta(seconds=waits.read),
        "timeout": timedelta(seconds=waits.whole),
    }
    if access.ca_file:
        options["root_certificate"] = certificates(access.ca_file)
    address, in_path = address_of(access, bucket)
    # The address twice, since the environment's second one would come before the first.
    config: dict[str, Any] = {
        "endpoint": address,
        "aws_endpoint_url_s3": address,
        "virtual_hosted_style_request": not in_path,
        **_signing(access),
    }
    try:
        return S3Store(
            bucket,
            region=region_of(access),
            client_options=options,  # type: ignore[arg-type]
            retry_config={
                "max_retries": waits.retries,
                "retry_timeout": timedelta(seconds=waits.retrying),
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


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _signing(access: S3Access) -> dict[str, Any]:
    """Return obstore's options for signing: keys, or the address at which the instance's role gives them."""
    if access.anonymous:
        return {"skip_signature": True}
    keyring = Keyring(access)
    if keyring.of_role:
        return {"metadata_endpoint": role_service()}

    def given() -> dict[str, Any]:
        key, secret, token = keyring()
        # obstore asks again five minutes before the end.
        end = datetime.now(timezone.utc) + timedelta(seconds=RENEWED_SECONDS + 300) if keyring.ends else None
        return {"access_key_id": key, "secret_access_key": secret, "token": token or None, "expires_at": end}

    # Not as settings, which obstore would mix with those of the environment.
    return {"credential_provider": given}
