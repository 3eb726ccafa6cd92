"""Parsing of link rows from PostgreSQL's binary COPY, by columns, thousands of rows at a time.

A row is the int16 number of columns, then for each column its int32 length (-1: NULL) and bytes, all big
endian: here id int64, srid int32, WKB and up to two texts. Every message of the COPY has one row; the first
begins with the header, the last is the trailer, a row of -1 columns.
(https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from .link_geometry import Road

HEADER = 19
"""Bytes before the first row: signature 11, flags 4, extension length 4."""
END = b"\xff\xff"
LINES = (2, 5)
"""WKB types of LineString and MultiLineString."""
_COUNTED = (*LINES, 3, 4, 6, 7)
"""WKB types that begin with the number of their points or parts."""
_BATCH = 16_384


@dataclass(frozen=True)
class LinkRows:
    """Rows as arrays of length n.

    `ids` int64; `srids` and `kinds` (WKB type without Z and M) int64, 0 for NULL; `empty` bool: NULL or
    without a point; `wkb` object, of bytes; `names` and `classes` object, of str or None, or None.
    """

    ids: NDArray[np.int64]
    srids: NDArray[np.int64]
    kinds: NDArray[np.int64]
    empty: NDArray[np.bool_]
    wkb: NDArray[np.object_]
    names: Optional[NDArray[np.object_]]
    classes: Optional[NDArray[np.object_]]

    def roads(self, at: NDArray[np.int64]) -> list[Road]:
        """Return the rows at these indices."""
        nothing = [None] * len(at)
        names = nothing if self.names is None else self.names[at]
        classes = nothing if self.classes is None else self.classes[at]
        return list(map(Road, self.wkb[at], names, classes))


class RowReader:
    """Parses the messages of one COPY as they arrive."""

    def __init__(self, has_name: bool, has_class: bool) -> None:
        self._has_name, self._has_class = has_name, has_class
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
            kinds=np.concatenate([part.kinds for part in parts]),
            empty=np.concatenate([part.empty for part in parts]),
            wkb=np.concatenate([part.wkb for part in parts]),
            names=_concatenated([part.names for part in parts]),
            classes=_concatenated([part.classes for part in parts]),
        )

    def _parse(self) -> None:
        messages = [message for message in self._waiting if message]
        self._waiting = []
        data = b"".join(messages)
        content = np.frombuffer(data, np.uint8)
        sizes = np.fromiter(map(len, messages), np.int64, len(messages))
        starts = np.cumsum(sizes) - sizes
        # For a NULL geometry both srid and WKB are NULL, only a length of -1.
        null = _numbers(content, starts + 14, ">i4") < 0
        srids = np.where(null, 0, _numbers(content, np.where(null, starts, starts + 18), ">i4"))
        begins, ends = _field(content, starts + np.where(null, 18, 22))
        kinds = np.where(null, 0, _numbers(content, np.where(null, starts, begins + 1), "<u4") % 1000)
        counted = np.isin(kinds, _COUNTED)
        parts = _numbers(content, np.where(counted, begins + 5, starts), "<u4")
        wkb = objects([data[a:b] for a, b in zip(begins.tolist(), ends.tolist())])
        names = classes = None
        if self._has_name:
            names, ends = self._text(data, content, ends)
        if self._has_class:
            classes, ends = self._text(data, content, ends)
        self._parsed.append(
            LinkRows(
                ids=_numbers(content, starts + 6, ">i8"), srids=srids, kinds=kinds,
                empty=null | (counted & (parts == 0)), wkb=wkb, names=names, classes=classes,
            )
        )  # fmt: skip

    def _text(
        self, data: bytes, content: NDArray[np.uint8], at: NDArray[np.int64]
    ) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
        null = _numbers(content, at, ">i4") < 0
        begins, ends = _field(content, at)
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


def objects(values: Sequence[object]) -> NDArray[np.object_]:
    """Return values of any type as an object array."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _field(content: NDArray[np.uint8], at: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and end of a field's bytes for offsets of its length; equal for NULL."""
    begins = at + 4
    return begins, begins + np.maximum(_numbers(content, at, ">i4"), 0)


def _numbers(content: NDArray[np.uint8], at: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """Return numbers of type `kind` at these offsets as int64."""
    if not len(at):
        return np.empty(0, np.int64)
    taken = content[at[:, None] + np.arange(np.dtype(kind).itemsize)]
    return np.ascontiguousarray(taken).view(kind)[:, 0].astype(np.int64)


def _concatenated(parts: Sequence[Optional[NDArray[Any]]]) -> Optional[NDArray[Any]]:
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there else None
