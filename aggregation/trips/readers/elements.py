"""Elements of arrays and lines of JSON: trips, points, or features of GeoJSON.

Which of them a file has is decided by its first element: a trip holds an array of points where the field
mapping says, a feature says so itself, and anything else is a point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Optional

import msgspec
import numpy as np

from ...contract.errors import BadTripFile, SpecError
from ...contract.field_path import holds, keys_of, path_of
from ...contract.spec import FieldMapping
from .. import values
from ..advice import shown
from ..decoder import Points, TripDecoder
from ..trip_json import load

_BEGIN, _END = b'{"data":[', b"]}"
_ROOT = "data"
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_BLANK = b" \t\r\n"


class Elements:
    """Decodes elements by one field mapping, some at a time.

    `whole` decodes trips, each as a file of its own.
    """

    def __init__(self, mapping: FieldMapping, whole: TripDecoder, max_bytes: int, time_zone: str) -> None:
        self._whole, self._points_path = whole, keys_of(mapping.points)
        self._mapping, self._rules = mapping, (max_bytes, time_zone)

    @property
    def of_rows(self) -> TripDecoder:
        """Decoder of points that have a row each."""
        return self._rows

    @cached_property
    def _rows(self) -> TripDecoder:
        return TripDecoder(of_rows(self._mapping), *self._rules)

    @cached_property
    def _features(self) -> TripDecoder:
        position = () if self._mapping.longitude else ("geometry", "coordinates")
        return TripDecoder(of_rows(self._mapping, "properties"), *self._rules, position)

    def decoder_of(self, first: Any) -> TripDecoder:
        """Return the decoder of a file with this first element."""
        if isinstance(values.follow(first, self._points_path), list):
            return self._whole
        is_feature = isinstance(first, dict) and first.get("type") == "Feature"
        return self._features if is_feature else self._rows

    def are_trips(self, decoder: TripDecoder) -> bool:
        """Return True if `decoder` is that of trips."""
        return decoder is self._whole

    def decode(self, pieces: Iterator[bytes]) -> Iterator[Points]:
        """Yield the points of elements that are given with commas between, some at a time.

        Raises `BadTripFile` if they are not JSON.
        """
        decoder: Optional[TripDecoder] = None
        for piece in pieces:
            if not piece.strip(_BLANK):
                continue
            elements = _elements(piece) if decoder is None or self.are_trips(decoder) else None
            if decoder is None:
                decoder = self.decoder_of(load(bytes((elements or [b"null"])[0])))
            if self.are_trips(decoder) and elements is not None:
                yield from (self.trip(element) for element in elements)
            else:
                yield self.rows(decoder, [piece])

    def trip(self, element: bytes) -> Points:
        """Return the points of an element that is a trip; what is none is counted."""
        try:
            return self._whole.decode_text(bytes(element))
        except BadTripFile as error:
            return unreadable(error.message)

    def rows(self, decoder: TripDecoder, lines: Sequence[bytes]) -> Points:
        """Return the points of elements that are points or features."""
        points = decoder.decode_text(_BEGIN + b",".join(lines) + _END)
        if points.trips is None:
            points.trips = [None] * len(points.link_id)
        return points


def of_rows(mapping: FieldMapping, inside: str = "") -> FieldMapping:
    """Return the mapping of a file in which each element is a point, its fields `inside` a key of it.

    The elements are the array `data` of an object.
    """
    inner = (inside,) if inside else ()

    def of_element(path: str) -> tuple[str, ...]:
        keys, points = keys_of(path), keys_of(mapping.points)
        return (*inner, *(keys[len(points) :] if holds(points, keys) else keys))

    names = ("link_id", "speed", "time", "longitude", "latitude", "direction")
    of_point = {name: path_of(of_element(path)) for name in names if (path := getattr(mapping, name))}
    ids = {
        name: path_of((_ROOT, *of_element(path)))
        for name in ("trip_id", "vehicle_id")
        if (path := getattr(mapping, name))
    }
    try:
        return replace(mapping, points=_ROOT, trips="", **of_point, **ids)
    except SpecError as error:
        raise BadTripFile(
            "no_points",
            f"where each point has a row of its own, the field mapping does not fit: {error.fault}",
        ) from error


def unreadable(example: str, n: int = 1) -> Points:
    """Return no points, and `n` rows, lines or elements that cannot be read."""
    none = np.empty(0, dtype=np.int64)
    found = Points(none, none.copy(), np.empty(0), n, {"bad_row": n}, examples={"bad_row": shown(example)})
    found.trips, found.rows = [], {"bad_row": 0}
    return found


def _elements(piece: bytes) -> Optional[list[Any]]:
    """Return the JSON of each element; None if it is not strict JSON."""
    try:
        return list(_RAW.decode(b"[" + piece + b"]"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
