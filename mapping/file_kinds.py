"""The kinds of files that Roadpulse writes: how each is recognised, and when one is whole."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import IO, Callable

from qgis.PyQt.QtCore import QFile, QIODevice, QXmlStreamReader

from .map_file import why_not_ours

_HEAD = 4096
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_PNG = b"\x89PNG\r\n\x1a\n"
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


@dataclass(frozen=True)
class FileKind:
    """A kind of file: `title` with its article, the `ending` of its names, and two looks at a file.

    `stranger` returns why a file that is there is not one of this kind, empty if it is. `whole` returns
    True if a new file is complete. Both may raise OSError. Names may also have one of `other_endings`.
    """

    title: str
    ending: str
    stranger: Callable[[Path], str]
    whole: Callable[[Path], bool]
    other_endings: tuple[str, ...] = ()


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _unless(title: str, is_one: Callable[[bytes], bool]) -> Callable[[Path], str]:
    """Return a check of a file's first bytes, whose answer is empty or says what the file is not."""

    def check(path: Path) -> str:
        return "" if is_one(_head(path)) else f"it is not {title}"

    return check


def _tail(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - size, 0))
        return file.read()


def _whole_pdf(path: Path) -> bool:
    """The end names the place of the table of objects, and there it is: no byte before it is missing."""
    end = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", _tail(path, 2048))
    if not end or not _head(path).startswith(b"%PDF-"):
        return False
    with path.open("rb") as file:
        file.seek(int(end[1]))
        return re.match(rb"xref\b|\d+ \d+ obj\b", file.read(32)) is not None


def _whole_png(path: Path) -> bool:
    """All chunks are there, each with its checksum, up to the last."""
    with path.open("rb") as file:
        if file.read(len(_PNG)) != _PNG:
            return False
        while True:
            length, name = int.from_bytes(file.read(4), "big"), file.read(4)
            body = file.read(length)
            if len(body) < length or int.from_bytes(file.read(4), "big") != zlib.crc32(name + body):
                return False
            if name == b"IEND":
                return True
            if len(name) < 4:
                return False


def _whole_svg(path: Path) -> bool:
    file = QFile(str(path))
    if not file.open(QIODevice.OpenModeFlag.ReadOnly):
        return False
    try:
        reader = QXmlStreamReader(file)
        if not reader.readNextStartElement() or reader.name() != "svg":
            return False
        reader.skipCurrentElement()
        return not reader.hasError()
    finally:
        file.close()


def _whole_gif(path: Path) -> bool:
    return _head(path).startswith(b"GIF8") and _tail(path, 1) == b";"


def _whole_mp4(path: Path) -> bool:
    """The boxes follow each other to the end of the file, pictures and their index among them."""
    size = path.stat().st_size
    with path.open("rb") as file:
        found, at = set(), 0
        while at < size:
            file.seek(at)
            length, name = _box(file, size - at)
            if length < 8 or at + length > size:
                return False
            found.add(name)
            at += length
    return {b"ftyp", b"moov", b"mdat"} <= found


def _box(file: IO[bytes], left: int) -> tuple[int, bytes]:
    """Return length and name of a box of an MP4 (ISO 14496-12, 4.2)."""
    length, name = int.from_bytes(file.read(4), "big"), file.read(4)
    if length == 1:
        length = int.from_bytes(file.read(8), "big")
    return length or left, name


def _whole_webm(path: Path) -> bool:
    """The one segment behind the header ends where the file does (Matroska, RFC 9559; EBML, RFC 8794)."""
    head = _head(path)
    if not head.startswith(_EBML):
        return False
    header, at = _ebml_size(head, len(_EBML))
    at += header
    if head[at : at + 4] != _SEGMENT:
        return False
    size, at = _ebml_size(head, at + 4)
    return size > 0 and at + size == path.stat().st_size


def _ebml_size(head: bytes, at: int) -> tuple[int, int]:
    """Return a size of EBML at a place, 0 where it is unknown, and the place behind it."""
    length = 9 - head[at].bit_length()
    number = int.from_bytes(head[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (0 if number == (1 << 7 * length) - 1 else number), at + length


def _whole_apng(path: Path) -> bool:
    return b"acTL" in _head(path) and _whole_png(path)


def _whole_tiff(path: Path) -> bool:
    """All blocks of the picture end inside of the file."""
    from osgeo import gdal  # noqa: PLC0415

    with suppress(RuntimeError):  # where GDAL is set to raise
        tiff = gdal.Open(str(path))
        if tiff is None:
            return False
        band, size = tiff.GetRasterBand(1), path.stat().st_size
        across, down = (-(-a // b) for a, b in zip((tiff.RasterXSize, tiff.RasterYSize), band.GetBlockSize()))
        ends = [
            int(band.GetMetadataItem(f"BLOCK_OFFSET_{x}_{y}", "TIFF") or size + 1)
            + int(band.GetMetadataItem(f"BLOCK_SIZE_{x}_{y}", "TIFF") or 0)
            for y in range(down)
            for x in range(across)
        ]
        return max(ends) <= size
    return False


def _no_world_file(path: Path) -> str:
    """Return why a file does not have six numbers, a line each."""
    lines = _head(path).split()
    with suppress(ValueError):
        if len(lines) == 6 and all(map(isfinite, map(float, lines))):
            return ""
    return "it is not a world file of six numbers"


def _whole_html(path: Path) -> bool:
    return _tail(path, 64).rstrip().endswith(b"</html>")


def whole_database(path: Path) -> bool:
    """Return True if all pages that the header counts are there (SQLite's file format, 1.3)."""
    head = _head(path)[:100]
    page, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    return len(head) == 100 and (65536 if page == 1 else page) * pages == path.stat().st_size


def _whole_map(path: Path) -> bool:
    return whole_database(path) and not why_not_ours(path)


PDF = FileKind("a PDF", ".pdf", _unless("a PDF", lambda head: b"%PDF-" in head[:1024]), _whole_pdf)
PNG = FileKind("a PNG picture", ".png", _unless("a PNG picture", lambda h: h.startswith(_PNG)), _whole_png)
SVG = FileKind("an SVG drawing", ".svg", _unless("an SVG drawing", lambda h: b"<svg" in h), _whole_svg)
GIF = FileKind("a GIF", ".gif", _unless("a GIF", lambda head: head.startswith(b"GIF8")), _whole_gif)
MP4 = FileKind("an MP4 film", ".mp4", _unless("an MP4 film", lambda h: h[4:8] == b"ftyp"), _whole_mp4)
WEBM = FileKind("a WebM film", ".webm", _unless("a WebM film", lambda h: h.startswith(_EBML)), _whole_webm)
APNG = FileKind("an APNG film", ".apng", _unless("an APNG film", lambda h: h.startswith(_PNG)), _whole_apng)
REPORT = FileKind(
    "a report of Roadpulse",
    ".html",
    _unless("a report of Roadpulse", lambda head: b"<title>Roadpulse: " in head),
    _whole_html,
)
TIFF = FileKind(
    "a TIFF picture", ".tif", _unless("a TIFF picture", lambda h: h[:4] in _TIFF), _whole_tiff, (".tiff",)
)
WORLD_FILE = FileKind("a world file", ".tfw", _no_world_file, lambda path: not _no_world_file(path))
PAGE_KINDS = (PDF, PNG, SVG, TIFF)
MAP = FileKind("a GeoPackage", ".gpkg", why_not_ours, _whole_map)


ROWS = FileKind(
    "a CSV table", ".csv", _unless("a CSV table", lambda head: b"\0" not in head),
    lambda path: _tail(path, 1) == b"\n",
)  # fmt: skip
"""A CSV file of any columns."""

ROWS_IN_PARQUET = FileKind(
    "a Parquet table", ".parquet", _unless("a Parquet table", lambda head: head.startswith(b"PAR1")),
    lambda path: _tail(path, 4) == b"PAR1",
)  # fmt: skip


def table_of(*columns: str) -> FileKind:
    """A CSV file with a header of these columns."""
    header = ",".join(columns).encode()
    title = f"a table of {', '.join(columns)}"

    def is_one(head: bytes) -> bool:
        return head.splitlines()[0].replace(b'"', b"") == header

    def whole(path: Path) -> bool:
        return is_one(_head(path)) and _tail(path, 1) == b"\n"

    return FileKind("a CSV table", ".csv", _unless(title, is_one), whole)
