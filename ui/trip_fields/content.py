"""The first points of a trip file of any form, as they are in it.

A preview reads the beginning of a file, so that large files of many trips are shown as fast as small ones;
only an object of JSON, which is one trip, is read whole.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Optional

from ...aggregation.contract.errors import FILE_REASONS, BadTripFile
from ...aggregation.contract.field_path import keys_of
from ...aggregation.contract.json_text import JsonFault, check_shape
from ...aggregation.contract.spec import ARRAY, GEOJSON, LINES, OBJECT, TABLE, FieldMapping
from ...aggregation.storage.local import scratch
from ...aggregation.trips import values
from ...aggregation.trips.trip_json import GZIP, load_text, text_of, unpack

BEGINNING = 1 << 20
"""Bytes of a file that are read at first."""

ROWS = 2000
"""Number of points, or of trips, that are looked at."""

_FEATURES = re.compile(r'"features"\s*:\s*\[')
_ARRAY = re.compile(r"\s*\[")
_BLANK = "\ufeff \t\r\n\0\x1e"


@dataclass(frozen=True)
class Content:
    """The first points of a file of the form `form`.

    `root` is the object that holds the points of the first trip. Where a point is a row of its own, `rows`
    are the fields of the first ones, and `root` is empty. `outer` is the object, if any, that has all trips.
    """

    form: str
    root: Any = None
    rows: Optional[list[Any]] = None
    outer: Any = field(default=None, repr=False)

    @property
    def is_trip(self) -> bool:
        """True if every trip is an object of its own."""
        return self.rows is None

    def rules(self, mapping: FieldMapping) -> FieldMapping:
        """Return the mapping whose paths lead from a point to its values; raises `BadTripFile`."""
        from ...aggregation.trips.readers.elements import of_rows  # noqa: PLC0415  (needs msgspec)

        return mapping if self.rows is None else of_rows(mapping)

    def points(self, mapping: FieldMapping) -> Any:
        """Return what is in the place of the first points, most often a list."""
        return values.follow(self.root, keys_of(mapping.points)) if self.rows is None else self.rows


def content_of(
    read: Callable[[int], bytes], path: str, mapping: FieldMapping, most: int, is_here: bool = False
) -> Content:
    """Return the first points of a file; `read` returns as many of its first bytes as asked for.

    With `is_here` the file is one of this computer. Raises `BadTripFile`; an object of more than `most`
    bytes, or too much in it, is refused.
    """
    from ...aggregation.trips.readers.foreign import foreign_fault  # noqa: PLC0415  (needs msgspec)
    from ...aggregation.trips.readers.recognition import (  # noqa: PLC0415
        PARQUET,
        beginning,
        form_of,
        header_names,
    )

    head = read(BEGINNING + 1)
    if not head:
        raise BadTripFile("empty", FILE_REASONS["empty"])
    form = mapping.form or form_of(beginning(head), PurePosixPath(path).name, header_names(mapping))
    if form == OBJECT and (fault := foreign_fault(beginning(head))):
        raise BadTripFile("bad_json", fault)
    is_whole = len(head) <= BEGINNING
    if form == OBJECT:
        content = head if is_whole else read(most + 1)
        if len(content) > most:
            raise BadTripFile("too_large", "it is too large for a preview")
        return _object(text_of(unpack(content, 4 * most)), path, mapping)
    if head[: len(PARQUET)] == PARQUET:
        return Content(TABLE, rows=_parquet_rows(read, path, most, is_here))
    elements = _first_elements(form, head, is_whole, path, mapping)
    if not elements and not is_whole:  # the first one is longer
        head = read(most + 1)
        elements = _first_elements(form, head, len(head) <= most, path, mapping)
    return _of_elements(form, elements, mapping)


def _parquet_rows(read: Callable[[int], bytes], path: str, most: int, is_here: bool) -> list[Any]:
    from ...aggregation.trips.readers.parquet import first_parquet_rows  # noqa: PLC0415  (needs DuckDB)

    if is_here:
        return first_parquet_rows(Path(path), ROWS)
    content = read(most + 1)
    if len(content) > most:
        raise BadTripFile("too_large", "it is too large for a preview from afar")
    with scratch.file("preview.parquet") as copy:
        copy.write_bytes(content)
        return first_parquet_rows(copy, ROWS)


def _first_elements(form: str, head: bytes, is_whole: bool, path: str, mapping: FieldMapping) -> list[Any]:
    text = _text(head, is_whole)
    if form == LINES:
        return list(_lines(text, is_whole, path))
    if form == TABLE:
        from ...aggregation.trips.readers.tables import first_csv_rows  # noqa: PLC0415  (needs msgspec)

        return list(first_csv_rows(text, mapping, ROWS))
    start = (_FEATURES if form == GEOJSON else _ARRAY).search(text)
    if start is None:
        raise BadTripFile("no_points", FILE_REASONS["no_points"])
    return list(_elements(text, start.end(), is_whole, path))


def _object(text: str, path: str, mapping: FieldMapping) -> Content:
    _check(text, path)
    root = load_text(text)
    if not mapping.trips and (
        not isinstance(root, dict) or isinstance(values.follow(root, keys_of(mapping.points)), list)
    ):
        return Content(OBJECT, root)
    trips = values.follow(root, keys_of(mapping.trips)) if mapping.trips else _trips_in(root)
    if isinstance(trips, list) and trips:
        return replace(_of_elements(ARRAY, trips, mapping), outer=root)
    return Content(OBJECT, root)


def _trips_in(root: dict[str, Any]) -> Any:
    """Return the only array at the root whose elements hold arrays of objects; None if there is none."""
    found = [value for value in root.values() if isinstance(value, list) and value and holds_points(value[0])]
    return found[0] if len(found) == 1 else None


def holds_points(element: Any) -> bool:
    """Return True if an element of an array or line is a trip: an object with an array of objects."""
    if not isinstance(element, dict):
        return False
    inner = [v for value in element.values() if isinstance(value, dict) for v in value.values()]
    return any(isinstance(v, list) and v and isinstance(v[0], dict) for v in [*element.values(), *inner])


def _of_elements(form: str, elements: list[Any], mapping: FieldMapping) -> Content:
    if not elements:
        raise BadTripFile("no_points", "it holds no points")
    if form == TABLE:
        return Content(form, rows=elements)
    first = elements[0]
    if isinstance(first, dict) and first.get("type") == "Feature":
        rows = [_attributes(element) for element in elements if isinstance(element, dict)]
        return Content(GEOJSON, rows=rows)
    if isinstance(values.follow(first, keys_of(mapping.points)), list) or holds_points(first):
        return Content(form, root=first)
    return Content(form, rows=elements)


def _attributes(feature: dict[str, Any]) -> Any:
    """Return the attributes of a feature, and its coordinates as they are."""
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def _text(head: bytes, is_whole: bool) -> str:
    """Return the text of a file's first bytes, unpacked; raises `BadTripFile`."""
    from ...aggregation.trips.readers.recognition import encoding_of  # noqa: PLC0415

    if head[:2] == GZIP:
        if is_whole:
            head = unpack(head, 64 * BEGINNING)
        else:
            try:
                head = zlib.decompressobj(31).decompress(head, 4 * BEGINNING)
            except zlib.error as error:
                raise BadTripFile("bad_gzip", f"{FILE_REASONS['bad_gzip']}: {error}") from error
    encoding, mark = encoding_of(head)
    return head[mark:].decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")


def _check(text: str, path: str) -> None:
    try:
        check_shape(text, path)
    except JsonFault as fault:
        raise BadTripFile("too_large", f"{fault.fault}, too much for a preview") from fault


def _lines(text: str, is_whole: bool, path: str) -> Iterator[Any]:
    """Yield the JSON of the first lines; the last may be cut, and those that are no JSON are left out."""
    lines = text.split("\n")
    n = 0
    for line in lines if is_whole else lines[:-1]:
        if not line.strip(_BLANK):
            continue
        try:
            _check(line, path)
            yield load_text(line.strip(_BLANK))
        except BadTripFile:
            continue
        n += 1
        if n == ROWS:
            return


def _elements(text: str, start: int, is_whole: bool, path: str) -> Iterator[Any]:
    """Yield the first elements of an array that begins before `start`; the last may be cut."""
    _check(text, path)
    decoder, at = json.JSONDecoder(), start
    for _ in range(ROWS):
        while at < len(text) and text[at] in _BLANK + ",":
            at += 1
        if at >= len(text) or text[at] == "]":
            return
        try:
            element, at = decoder.raw_decode(text, at)
        except RecursionError as error:
            raise BadTripFile("too_deep", FILE_REASONS["too_deep"]) from error
        except ValueError as error:
            if not is_whole:
                return  # the rest was not read
            raise BadTripFile("bad_json", f"{FILE_REASONS['bad_json']}: {error}") from error
        yield element
