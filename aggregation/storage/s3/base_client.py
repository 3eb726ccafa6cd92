"""The protocols of a client of a bucket, as runs and the desktop need it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

from ...contract.s3_access import SCHEME
from .errors import S3Refused
from .listing import PAGE, ObjectInfo, Page
from .object import BLOCK
from .signed_requests import PendingRequest

Span = Union[tuple[int, int], dict[str, int]]
"""Bytes of an object: from one position up to but not another, all from `{"offset": n}`, or the last ones of
`{"suffix": n}`."""


MOST_NAMES = 100_000_000
"""Names of a listing beyond which it is refused: at a thousand a page they take about an hour."""


class S3Client(ABC):
    """Requests to one bucket, from several threads; messages call its service `server`. Raises `S3Error`."""

    def __init__(self, bucket: str, server: str) -> None:
        self._bucket, self._server = bucket, server

    def pages(self, prefix: str, delimiter: str = "") -> Iterator[Page]:
        """List the objects whose keys begin with `prefix`, a page at a time.

        With the delimiter `/` only those right below the prefix, and the prefixes of the folders there. A
        listing that begins again, does not say where it continues, or has more than `MOST_NAMES` names is
        refused as one without an end. A page with nothing on it comes only where no more follow.
        """
        names, known, next_known = 0, "", 1
        for n, page in enumerate(self._pages(prefix, delimiter), 1):
            if page.more and not page.marks:
                raise self._endless(prefix, "does not say where it goes on")
            if page.more and known in page.marks:
                raise self._endless(prefix, "gives a page again")
            if page.more and n == next_known:  # one page is remembered, ever later ones (Brent)
                known, next_known = page.marks[0], 2 * n
            names += len(page.objects) + len(page.folders) or PAGE
            if names > MOST_NAMES:
                raise self._endless(prefix, f"has given {MOST_NAMES:,} names already")
            if page.objects or page.folders or not page.more:
                yield page

    def _endless(self, prefix: str, what: str) -> S3Refused:
        return S3Refused(
            f"Listing {SCHEME}{self._bucket}/{prefix} has no end: {self._server} says that there is more, "
            f"and {what}. Tell its administrator."
        )

    @abstractmethod
    def _pages(self, prefix: str, delimiter: str) -> Iterator[Page]:
        """Yield the server's pages; see `pages`."""

    @abstractmethod
    def head(self, key: str) -> Optional[ObjectInfo]:
        """Return what the server says of an object; None if there is none of just this key."""

    @abstractmethod
    def stream(
        self, key: str, span: Optional[Span] = None, block: int = BLOCK
    ) -> tuple[ObjectInfo, Iterator[bytes]]:
        """Begin to read an object, or a span of its bytes, in blocks of about `block` bytes.

        Raises `FileNotFoundError` if there is no object, and while it is read `S3Error` if bytes are missing.
        """

    @abstractmethod
    def put(self, key: str, content: Union[bytes, Path]) -> None:
        """Write an object; a reader finds the earlier one or this one, never a part of it."""

    @abstractmethod
    def create(self, key: str, content: bytes) -> bool:
        """Write an object unless there is one; False if the server refuses because there is, or may be."""

    @abstractmethod
    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; S3 does not say whether they were there."""


class RunClient(S3Client):
    """A client that also reads trips, each whole and by one request, if possible before it is needed."""

    reads_ahead: bool
    """True if `ask` sends a request before its answer is wanted; otherwise threads have to read."""

    @abstractmethod
    def reach(self, key: str) -> None:
        """Ask the bucket for a name in a folder, with short waits, so that a wrong address shows at once."""

    @property
    @abstractmethod
    def stalled(self) -> float:
        """Seconds for which requests of this process have waited for the network so far; 0 if unknown."""

    @abstractmethod
    def ask(self, key: str) -> Optional[PendingRequest]:
        """Send a request for an object; None if this client does not read ahead."""

    @abstractmethod
    def get(self, key: str, size: int, pending: Optional[PendingRequest] = None) -> tuple[ObjectInfo, bytes]:
        """Read an object of `size` bytes; one of another size comes without its bytes.

        `pending` is a request for it that `ask` has sent. Raises `FileNotFoundError` if there is no object.
        """

    @abstractmethod
    def fetch(self, key: str, size: int, copy: Path) -> tuple[ObjectInfo, int]:
        """Read an object as `get`, but into the file `copy`; return the number of bytes too."""


class DesktopClient(S3Client):
    """A client for a person, who needs to know of a bucket what a run does not."""

    @abstractmethod
    def region(self) -> str:
        """Return where the bucket lies; raises `S3Error` if the server does not say."""

    @abstractmethod
    def presigned(self, key: str, seconds: int, name: str) -> str:
        """Return an address at which anyone may read an object for some time, to be saved as `name`."""


def first_of(blocks: Iterable[bytes], most: int) -> bytes:
    """Return the first `most` bytes of an object's blocks."""
    parts, left = [], most
    for block in blocks:
        parts.append(block[:left])
        left -= len(parts[-1])
        if left <= 0:
            break
    return b"".join(parts)
