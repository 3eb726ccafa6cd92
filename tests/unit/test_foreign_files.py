"""Files of other kinds that lie among trips are refused by name, with what to do."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.errors import BadTripFile
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.trips.readers import TripReader
from roadpulse.ui.trip_fields.content import content_of


def zipped(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "x")
    return packed.getvalue()


def geopackage(folder: Path) -> bytes:
    path = folder / "a.gpkg"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE a (b)")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "kind", "advice"),
    [
        (
            b'<?xml version="1.0"?>\n<!-- by sumo -->\n<fcd-export>',
            "SUMO FCD export",
            "--fcd-output trips.csv",
        ),
        (b'<?xml version="1.0"?><gpx version="1.1">', "GPX track", "match it to the links"),
        (b"<kml>", "KML", "match it to the links"),
        (b"<!DOCTYPE html><html>".lower(), "web page", "download"),
        (b"<?xml version='1.0'?><trips/>", "XML", "CSV or Parquet"),
        (zipped("[Content_Types].xml"), "Excel workbook", "as CSV"),
        (zipped("trips.json"), "ZIP archive", "unpack it"),
        (b"\0\0'\n" + bytes(96), "Shapefile", "layer of points"),
        (b"\x0e\x10\x5e\x08\x00\x00\x00\x00.FIT", "FIT file", "match it to the links"),
        (b"%PDF-1.7\n", "PDF", "data"),
        (b"Obj\x01\x04", "Avro", "CSV or Parquet"),
        (b"\x28\xb5\x2f\xfd", "archive", "gzip"),
    ],
    ids=["sumo", "gpx", "kml", "html", "xml", "xlsx", "zip", "shp", "fit", "pdf", "avro", "zstd"],
)
def test_a_file_of_another_kind_is_named_with_what_to_do(content: bytes, kind: str, advice: str) -> None:
    with pytest.raises(BadTripFile) as run, TripReader(FieldMapping()).opened(content, "a.json") as reading:
        list(reading.pieces)
    with pytest.raises(BadTripFile) as preview:
        content_of(lambda n: content[:n], "a.json", FieldMapping(), 1 << 20)
    for caught in (run, preview):
        assert kind in caught.value.message
        assert advice in caught.value.message


def test_a_geopackage_is_named(tmp_path: Path) -> None:
    content = geopackage(tmp_path)
    with pytest.raises(BadTripFile, match="GeoPackage: add it to QGIS"):
        content_of(lambda n: content[:n], "a.json", FieldMapping(), 1 << 20)


@pytest.mark.parametrize("content", [b'{"data": []}', b"not JSON at all", b"", b"[]"])
def test_other_faults_stay_as_they_are(content: bytes) -> None:
    with (
        pytest.raises(BadTripFile) as caught,
        TripReader(FieldMapping()).opened(content, "a.json") as reading,
    ):
        list(reading.pieces)
        raise BadTripFile("none", "no fault")
    assert " it is a" not in caught.value.message
