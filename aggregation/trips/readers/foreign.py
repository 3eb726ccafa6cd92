"""Kinds of files that are no trips in any form: how they begin, and what to do with each."""

from __future__ import annotations

import re
from typing import NamedTuple

_WRITE_ROWS = "write it as CSV or Parquet, a point a row, with the id of the link beside each point"


class ForeignKind(NamedTuple):
    """A kind of file: a pattern of its first bytes, its name, and what to do with it."""

    begins: re.Pattern[bytes]
    name: str
    advice: str


def _kind(pattern: bytes, name: str, advice: str) -> ForeignKind:
    return ForeignKind(re.compile(pattern, re.DOTALL), name, advice)


_XML = rb"\s*(?:<\?xml.{0,400}?\?>)?\s*(?:<!--.{0,2000}?-->\s*)*"
FOREIGN_KINDS = (
    _kind(_XML + rb"<fcd-export", "a SUMO FCD export in XML",
          "let SUMO write it as CSV or Parquet (--fcd-output trips.csv)"),
    _kind(_XML + rb"<gpx", "a GPX track", "match it to the links of the roads first, and " + _WRITE_ROWS),
    _kind(_XML + rb"<kml", "a KML file", "match it to the links of the roads first, and " + _WRITE_ROWS),
    _kind(rb"\s*<(?:!doctype html|html)", "a web page", "download the data that it links to"),
    _kind(_XML + rb"<", "an XML file", _WRITE_ROWS),
    _kind(rb"PK\x03\x04.{26}(?:\[Content_Types\]|_rels/|xl/)", "an Excel workbook", "save its sheet as CSV"),
    _kind(rb"PK\x03\x04", "a ZIP archive", "unpack it, and choose the folder of what it holds"),
    _kind(rb"SQLite format 3\0", "a database of SQLite, such as a GeoPackage",
          "add it to QGIS, and run on its layer of points"),
    _kind(rb"\0\0'\n", "a Shapefile", "add it to QGIS, and run on the layer of points"),
    _kind(rb".{8}\.FIT", "a FIT file of a sports watch",
          "match it to the links of the roads first, and " + _WRITE_ROWS),
    _kind(rb"%PDF-", "a PDF document", "choose the data that it describes"),
    _kind(rb"\x89HDF\r\n", "an HDF5 file", _WRITE_ROWS),
    _kind(rb"Obj\x01", "an Avro file", _WRITE_ROWS),
    _kind(rb"ORC", "an ORC file", _WRITE_ROWS),
    _kind(rb"ARROW1|FEA1", "an Arrow or Feather file", "write it as Parquet"),
    _kind(rb"7z\xbc\xaf|Rar!|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd", "an archive of another kind than gzip",
          "unpack it, or pack it with gzip"),
)  # fmt: skip
"""Kinds of files, the more special ones first."""


def foreign_fault(head: bytes) -> str:
    """Return what a file with this beginning is and what to do, as a clause; empty if not known."""
    for kind in FOREIGN_KINDS:
        if kind.begins.match(head):
            return f"it is {kind.name}: {kind.advice}"
    return ""
