"""Contents of a bucket: pages of objects, and those objects that a path to trips names.

Runs, the Run dialog, the browser of buckets and the diagnosis list through this module, so that all of them
mean the same objects by the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Optional

from ...contract.s3_access import SCHEME
from ...contract.trip_files import GLOB_CHARACTERS, SUFFIXES, beginning, pattern, plain_folder

PAGE = 1000
"""Largest number of names on a page that a server is asked for."""


class ObjectInfo(NamedTuple):
    """A server's facts of an object: `size` in bytes, `e_tag` empty and `modified` None if it gives none."""

    bucket: str
    key: str
    size: int
    e_tag: str = ""
    modified: Optional[datetime] = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.key.rpartition("/")[2]

    @property
    def is_trip(self) -> bool:
        """True if its name is that of a trip file."""
        return self.key.lower().endswith(SUFFIXES)


class Page(NamedTuple):
    """One page of a listing: prefixes of folders (they end in a slash), objects, and whether more follow.

    `marks` are what no other page of the listing has: what the server wants to be asked with for the next
    one, or, where that does not show, all keys.
    """

    folders: Sequence[str]
    objects: Sequence[ObjectInfo]
    more: bool
    marks: Sequence[str] = ()


class Named(NamedTuple):
    """Objects of one page that a path to trips names, and whether the listing has come upon any at all.

    `single` marks the only object of a path that names just that: a trip file of any name.
    """

    objects: list[ObjectInfo]
    anything: bool
    single: bool = False

    def is_trip(self, found: ObjectInfo) -> bool:
        """Return True if an object is read as a trip file."""
        return self.single or found.is_trip


def prefix_of(key: str) -> str:
    """Return the prefix of all keys in a folder; empty for the whole bucket."""
    return f"{key.strip('/')}/".lstrip("/")


def named(key: str, pages: Callable[[str], Iterator[Page]]) -> Iterator[Named]:
    """Yield what a path to trips names in its bucket, a page at a time.

    `key` names a folder, a single object, or is a pattern, whichever is found first; `2025` is a folder and
    does not name `2025-06/a.json`. `pages` lists the objects below a prefix. Keys that end in a slash stand
    for folders and are left out.
    """
    anything = False
    for page in pages(prefix_of(key)):
        found = _files(page)
        anything = anything or bool(found)
        yield Named(found, anything)
    if anything or not key or key.endswith("/"):
        return
    first = next(pages(key), None)
    single = [each for each in _files(first) if each.key == key] if first else []
    if single:
        yield Named(single, True, single=True)
    elif GLOB_CHARACTERS & set(key):
        lead, below = plain_folder(key, lambda folder: any(map(_files, pages(prefix_of(folder)))))
        wanted = pattern(below, lead)
        for page in pages(beginning(lead, below)):
            found = _files(page)
            yield Named([each for each in found if wanted.fullmatch(each.key)], bool(found))


def _files(page: Page) -> list[ObjectInfo]:
    return [each for each in page.objects if not each.key.endswith("/")]
