"""Parsing of link rows from PostgreSQL's binary COPY, by columns, thousands of rows at a time.

A row is the int16 number of columns, then for each column its int32 length (-1: NULL) and bytes, all big
endian: here id int64, srid int32, type of a shape that is no line, WKB and at most three texts. A message of
the COPY has one row; the first begins with the header, the last is the trailer, a row of -1 columns.
(https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from .link_geometry import objects

HEADER = 19
"""Bytes before the first row: signature 11, flags 4, extension length 4."""
END = b"\xff\xff"
_BATCH = 16_384


@dataclass(frozen=True)
class LinkRows:
    """Rows as arrays of length n.

    `ids` int64; `srids` int64, 0 for NULL; `others` object, of str, the type of a shape that is no line, or
    None; `wkb` object, of bytes, or None without a point; `names`, `classes` and `directions` object, of str
    or None, or None.
    """

    ids: NDArray[np.int64]
    srids: NDArray[np.int64]
    others: NDArray[np.object_]
    wkb: NDArray[np.object_]
    names: Optional[NDArray[np.object_]]
    classes: Optional[NDArray[np.object_]]
    directions: Optional[NDArray[np.object_]] = None


class RowReader:
    """Parses the messages of one COPY as they arrive."""

    def __init__(self, has_name: bool, has_class: bool, has_direction: bool = False) -> None:
        self._has_name, self._has_class, self._has_direction = has_name, has_class, has_direction
        self._texts: dict[bytes, str] = {}  # shared, as streets have many links, and classes are few
        self._waiting: list[bytes] = []
        self._parsed: list[LinkRows] = []
        self._begun = False
        self.complete = False
        self.count = 0

    def add(self, messages: list[bytes]) -> None:
        """Add messages in their order."""
        if messages and not self._begun:
            messages[0] = messages[0][HEADER:]
            self._begun = True
        if messages and messages[-1] == END:
            self.complete = True
            messages.pop()
        self._waiting += messages
        self.count += len(messages)
        if len(self._waiting) >= _BATCH:
            self._parse()

    def rows(self) -> LinkRows:
        """Return all rows."""
        self._parse()
        parts = self._parsed
        return LinkRows(
            ids=np.concatenate([part.ids for part in parts]),
            srids=np.concatenate([part.srids for part in parts]),
            others=np.concatenate([part.others for part in parts]),
            wkb=np.concatenate([part.wkb for part in parts]),
            names=_concatenated([part.names for part in parts]),
            classes=_concatenated([part.classes for part in parts]),
            directions=_concatenated([part.directions for part in parts]),
        )

    def _parse(self) -> None:
        messages = [message for message in self._waiting if message]
        self._waiting = []
        data = b"".join(messages)
        content = np.frombuffer(data, np.uint8)
        sizes = np.fromiter(map(len, messages), np.int64, len(messages))
        starts = np.cumsum(sizes) - sizes
        null, begins, ends = _field(content, starts + 14)
        srids = np.where(null, 0, _numbers(content, np.where(null, starts, begins), ">i4"))
        others, ends = self._text(data, content, ends)
        null, begins, ends = _field(content, ends)
        spans = zip(null.tolist(), begins.tolist(), ends.tolist())
        wkb = objects([None if nothing else data[a:b] for nothing, a, b in spans])
        names = classes = directions = None
        if self._has_name:
            names, ends = self._text(data, content, ends)
        if self._has_class:
            classes, ends = self._text(data, content, ends)
        if self._has_direction:
            directions, ends = self._text(data, content, ends)
        ids = _numbers(content, starts + 6, ">i8")
        self._parsed.append(LinkRows(ids, srids, others, wkb, names, classes, directions))

    def _text(
        self, data: bytes, content: NDArray[np.uint8], at: NDArray[np.int64]
    ) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
        null, begins, ends = _field(content, at)
        if null.all():
            return objects([None] * len(at)), ends
        found: list[Optional[str]] = []
        for nothing, a, b in zip(null.tolist(), begins.tolist(), ends.tolist()):
            if nothing:
                found.append(None)
                continue
            raw = data[a:b]
            text = self._texts.get(raw)
            if text is None:
                text = self._texts[raw] = raw.decode("utf-8", "replace")
            found.append(text)
        return objects(found), ends


def _field(
    content: NDArray[np.uint8], at: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Return NULL, start and end of fields for offsets of their lengths; the last two are equal for NULL."""
    sizes = _numbers(content, at, ">i4")
    return sizes < 0, at + 4, at + 4 + np.maximum(sizes, 0)


def _numbers(content: NDArray[np.uint8], at: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """Return numbers of type `kind` at these offsets as int64."""
    if not len(at):
        return np.empty(0, np.int64)
    taken = content[at[:, None] + np.arange(np.dtype(kind).itemsize)]
    return np.ascontiguousarray(taken).view(kind)[:, 0].astype(np.int64)


def _concatenated(parts: Sequence[Optional[NDArray[Any]]]) -> Optional[NDArray[Any]]:
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there else None
