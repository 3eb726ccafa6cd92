"""Forms of trip files, recognised by how a file begins."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from pathlib import Path
from typing import Union

from ...contract.field_path import keys_of
from ...contract.spec import ARRAY, GEOJSON, LINES, OBJECT, TABLE, FieldMapping
from ...contract.trip_files import is_table
from ..trip_json import GZIP

HEAD = 1 << 16
"""Bytes that are looked at."""

PARQUET = b"PAR1"
_BLANK = b" \t\r\n\0"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_FEATURES = re.compile(rb'"type"\s*:\s*"FeatureCollection"')
_ENOUGH = 4096


def beginning(content: Union[bytes, Path], n: int = HEAD) -> bytes:
    """Return the first `n` bytes of a trip file, unpacked; fewer if it ends or is damaged before."""
    if isinstance(content, bytes):
        head = content[:n]
    else:
        with content.open("rb") as stream:
            head = stream.read(n)
    if head[:2] != GZIP:
        return head
    try:
        return zlib.decompressobj(31).decompress(head, n)
    except zlib.error:
        return b""


def encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding of a text that begins like this, and the length of its byte-order mark."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    if head[:4].count(0) in (1, 2, 3):  # ASCII in wider units
        return json.detect_encoding(head[:4]), 0
    return "utf-8", 0


def header_names(mapping: FieldMapping) -> frozenset[str]:
    """Return names of columns that a table of this mapping has in its header, as `form_of` takes them."""
    paths = [path for path in (mapping.link_id, mapping.speed) if path]
    return frozenset(name for path in paths for name in (path, ".".join(keys_of(path))))


def form_of(head: bytes, name: str, columns: frozenset[str]) -> str:
    """Return the form of a file that begins with `head`; `object` if it is none of the others.

    `columns` are names of which the header of a table has one; where it does not, the file's `name` decides.
    """
    if head[:4] == PARQUET:
        return TABLE
    encoding, mark = encoding_of(head)
    text = head[mark:]
    if encoding != "utf-8":
        text = text[: len(text) & ~3].decode(encoding, "replace").encode("utf-8", "surrogatepass")
    text = text.lstrip(_BLANK)
    first = text[:1]
    if first == b"[":
        return ARRAY
    if first == b"{":
        if _has_lines(text):
            return LINES
        return GEOJSON if _FEATURES.search(text[:_ENOUGH]) else OBJECT
    header = re.split(rb"[\r\n]", text, maxsplit=1)[0].decode("utf-8", "replace")
    names = {name.strip(' "') for name in re.split(r"[,;\t|]", header)}
    return TABLE if first and (is_table(name) or names & columns) else OBJECT


def _has_lines(text: bytes) -> bool:
    """Return True if the first line is an object of its own, and another one begins after it."""
    line, _, rest = text.partition(b"\n")
    return rest.lstrip(_BLANK)[:1] == b"{" and line.rstrip(_BLANK)[-1:] == b"}"
