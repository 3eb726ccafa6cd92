"""Listing of a prefix with many objects by folders, several at the same time.

A server gives a thousand names a page, and says only with a page where the next one begins. So a prefix
takes as many answers, one after the other, as it has thousands of objects, unless it is divided.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Optional

from .listing import Page

AT_ONCE = 8
"""Number of folders that are listed at the same time."""

LARGE_FOLDERS = 4
"""Number of folders on a full page up to which they are listed each by itself, as that costs requests."""

_DEEPEST = 8


Pages = Callable[[str, str], Iterator[Page]]
"""Function that lists a prefix up to a delimiter, as `S3Client.pages`."""


def by_folders(pages: Pages) -> Callable[[str], Iterator[Page]]:
    """Return a function that yields the pages of all objects below a prefix, in any order."""

    def listed(prefix: str) -> Iterator[Page]:
        plain = pages(prefix, "")
        first = next(plain, None)
        top = _top(pages, prefix) if first and first.more and _has_large_folders(first, prefix) else None
        if first and top:
            yield top._replace(folders=())
            yield from _side_by_side(pages, top.folders)
        elif first:
            yield first
            yield from plain

    return listed


def _has_large_folders(page: Page, prefix: str) -> bool:
    """Return True if most objects of a full page are in few folders below the prefix."""
    below = [found.key[len(prefix) :].partition("/") for found in page.objects]
    folders = {name for name, slash, _ in below if slash}
    return 0 < len(folders) <= LARGE_FOLDERS and sum(1 for _, slash, _ in below if slash) > len(below) / 2


def _top(pages: Pages, prefix: str) -> Optional[Page]:
    """Return the page with the folders in which all objects below a prefix are; None if they are too many.

    Where there is nothing but a single folder, it is that folder's.
    """
    for _ in range(_DEEPEST):
        page = next(pages(prefix, "/"), None)
        if page is None or page.more or not page.folders:
            return None
        if len(page.folders) > 1 or page.objects:
            return page
        prefix = page.folders[0]
    return None


def _side_by_side(pages: Pages, folders: Sequence[str]) -> Iterator[Page]:
    waiting = deque(folders)
    coming: dict[Future[Optional[Page]], Iterator[Page]] = {}
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        while waiting or coming:
            while waiting and len(coming) < AT_ONCE:
                more = pages(waiting.popleft(), "")
                coming[pool.submit(next, more, None)] = more
            arrived, _ = wait(coming, return_when=FIRST_COMPLETED)
            for future in arrived:
                more = coming.pop(future)
                page = future.result()
                if page is not None:
                    coming[pool.submit(next, more, None)] = more
                    yield page
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
