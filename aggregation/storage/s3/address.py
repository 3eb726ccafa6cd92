"""Addresses of requests for a bucket: its name is part of the host's (`bucket.service`), or of the path."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from urllib.parse import urlsplit

from ...contract.s3_access import S3Access

_LABEL, _LONGEST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"), 63


def region_of(access: S3Access) -> str:
    """The region that requests are signed for."""
    named = access.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or "us-east-1"


def address_of(access: S3Access, bucket: str) -> tuple[str, bool]:
    """The address that requests for a bucket go to, and whether the bucket's name follows in their path.

    Where it is part of the host's name it has to be one that hosts can have, as for boto3: no certificate
    is for one with more dots, and before an address of numbers there is none.
    """
    region = region_of(access)
    end = ".com.cn" if region.startswith("cn-") else ".com"
    address = (access.endpoint or f"https://s3.{region}.amazonaws{end}").rstrip("/")
    scheme, _, host = address.partition("://")
    parts = bucket.split(".") if scheme == "http" else [bucket]
    fits = len(bucket) <= _LONGEST_LABEL and all(map(_LABEL.fullmatch, parts)) and not _is_numbers(address)
    if access.path_style or not fits:
        return address, True
    return f"{scheme}://{bucket}.{host}", False


def advice_on_name(access: S3Access, bucket: str) -> str:
    """Return advice for a host that does not answer, if the bucket's name before it may be the reason."""
    address, in_path = address_of(access, bucket)
    if in_path or not access.endpoint:
        return ""
    return (
        f" The profile puts the bucket before the host, {urlsplit(address).hostname}: where the service has "
        "no such names, write 'path' as 's3.addressing'."
    )


def _is_numbers(address: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(urlsplit(address).hostname or ""))
    return False
