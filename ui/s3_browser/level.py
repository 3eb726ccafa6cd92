"""The level right below an address in a bucket, as far as a person can look through it. For a thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from ...aggregation.contract.s3_access import SCHEME, is_s3

if TYPE_CHECKING:
    from ...cluster_client.s3.client import S3Connection

MOST_FOLDERS = 1_000
MOST_PAGES = 20
"""Folders that are shown of one level, and pages of a thousand names that are asked for to find them."""


@dataclass(frozen=True)
class Level:
    """Folders below an address, as addresses that end in `/`.

    With `more` there may be others; with `files` there are files too.
    """

    folders: tuple[str, ...]
    more: bool = False
    files: bool = False


def top(s3: S3Connection) -> Level:
    """Return the buckets."""
    from ...cluster_client.s3.boto_client import buckets  # noqa: PLC0415  (boto3)

    return Level(tuple(f"{bucket.url}/" for bucket in buckets(s3)))


def level(s3: S3Connection, folder: str, starting: str, cancelled: Callable[[], bool]) -> Level:
    """Return the folders right below one, whose names begin with `starting`; raises `Cancelled`."""
    from ...cluster_client.s3.listing import pages  # noqa: PLC0415

    found: list[str] = []
    files = False
    for asked, page in enumerate(pages(s3, folder, cancelled, starting), 1):
        found += page.folders
        files = files or bool(page.objects)
        if len(found) > MOST_FOLDERS or (page.more and asked == MOST_PAGES):
            return Level(tuple(found[:MOST_FOLDERS]), True, files)
    return Level(tuple(found), False, files)


def name_of(folder: str) -> str:
    """Return the last part of an address: what a folder, or a bucket, is called."""
    return folder.rstrip("/").rpartition("/")[2]


def above(address: str) -> list[str]:
    """The bucket and the folders that lead to an address, from the top: all addresses that end in `/`."""
    if not is_s3(address):
        return []
    parts = address[len(SCHEME) :].rstrip("/").split("/")
    return [SCHEME + "/".join(parts[:n]) + "/" for n in range(1, len(parts) + 1) if parts[n - 1]]
