"""Decode trip files: JSON bytes to columns of points.

msgspec reads a file straight into typed objects that hold the three values wanted and nothing else.
A file that does not fit those types, or holds a value that needs a second look, is read again point by
point after the rules of `values`; so the fast way only ever handles what both ways agree on.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Optional, Union

import msgspec
import numpy as np
from numpy.typing import NDArray

from . import times, values
from .errors import FILE_REASONS, BadTripFile
from .spec import FieldMapping

GZIP = b"\x1f\x8b"
"""What gzip files begin with."""

_EXACT = 2  # the decoder that leaves link ids as they are written
_BLANK = b" \t\r\n\0"


@dataclass
class Points:
    """Points of one trip file that have a link and a speed, in the file's order.

    `link_id` int64, `time` int64 (`times.NO_TIME` for none) and `speed` float64 (unit as in the file)
    are of one length. `read` counts all entries of the array of points, `faults` those with a fault by
    reason (`values.POINT_REASONS`, `values.TIME_FAULTS`), `fields` names what an unusable point has.
    """

    link_id: NDArray[np.int64]
    time: NDArray[np.int64]
    speed: NDArray[np.float64]
    read: int
    faults: dict[str, int] = field(default_factory=dict)
    trip_id: Optional[str] = None
    fields: str = ""

    def add_counts(self, piece: Points) -> None:
        """Take in what another piece of the same file tells beside its points."""
        for reason, n in piece.faults.items():
            self.faults[reason] = self.faults.get(reason, 0) + n
        self.trip_id = piece.trip_id if self.trip_id is None else self.trip_id
        self.fields = piece.fields if not self.read else self.fields  # only the file's first point counts
        self.read += piece.read


class TripDecoder:
    """Decodes trip files of one field mapping; refuses files larger than `max_bytes` once unpacked."""

    def __init__(self, mapping: FieldMapping, max_bytes: int = 256 << 20) -> None:
        self._mapping = mapping
        self._max_bytes = max_bytes
        self._paths = [tuple(path.split(".")) for path in (mapping.time, mapping.speed, mapping.link_id)]
        self._points_path = tuple(mapping.points.split("."))
        self._trip_path = tuple(mapping.trip_id.split(".")) if mapping.trip_id else ()
        self._naive_is_utc = mapping.naive_times == "utc"
        number, text = Optional[float], Optional[str]
        self._decoders = [  # time as text, as number; the last takes link ids beyond 2^53 exactly
            (self._typed(text, number, Optional[int], strict=False), True),
            (self._typed(number, number, Optional[int], strict=False), False),
            (self._typed(text, number, Union[int, str, None], strict=True), True),
        ]
        self._first = 0

    def decode(self, raw: bytes) -> Points:
        """Decode the bytes of one file, gzip or not; raises `BadTripFile`."""
        return self.decode_text(unpack(raw, self._max_bytes))

    def decode_text(self, raw: bytes) -> Points:
        """Decode the JSON of one file; raises `BadTripFile`."""
        if not raw[:64].strip(_BLANK) and not raw.strip(_BLANK):  # the latter copies it all
            raise BadTripFile("empty", FILE_REASONS["empty"])
        for choice in (self._first, 1 - self._first):
            points = self._decode_typed(raw, choice)
            if points is not None:
                self._first = choice
                return points
        return self._decode_each(raw)

    # -- the fast way -------------------------------------------------------------------------------

    def _typed(self, time: Any, speed: Any, link_id: Any, strict: bool) -> msgspec.json.Decoder[Any]:
        """A decoder whose types hold just the mapped fields, nested as their paths are."""
        point = _struct(dict(zip(self._paths, (time, speed, link_id))))
        points: Any = list[point]  # type: ignore[valid-type]
        root = {self._points_path: points}
        if self._trip_path:
            root[self._trip_path] = Any
        return msgspec.json.Decoder(_struct(root), strict=strict)

    def _decode_typed(self, raw: bytes, choice: int) -> Optional[Points]:
        """Decode into typed objects; None where the file needs the slow way or another type of time."""
        decoder, time_is_text = self._decoders[choice]
        try:
            root = decoder.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        points = _column([root], self._points_path)[0]
        if points is None:
            return None
        n = len(points)
        link_id = _link_ids(_column(points, self._paths[2]), exact=choice == _EXACT)
        if link_id is None:
            return None
        given = _column(points, self._paths[1])
        speed = np.array(given, dtype=np.float64) + 0.0
        has_link, has_speed = link_id >= 0, (speed >= 0) & (speed <= values.MAX_SPEED)
        n_link, n_speed = int(has_link.sum()), int(has_speed.sum())
        if n_speed < n and n - n_speed != given.count(None):
            return None  # a speed that is negative or not finite: name the fault
        if n_link and choice != _EXACT and int(link_id.max()) >= values.EXACT_FLOAT:
            return self._decode_typed(raw, _EXACT) if time_is_text else None
        faults = {"no_link": n - n_link, "no_speed": n - n_speed}
        moments = _column(points, self._paths[0])
        if time_is_text:
            time, codes = times.instants_of_texts(moments, self._naive_is_utc)
        else:
            numbers = np.array(moments, dtype=np.float64)
            if np.count_nonzero(np.isnan(numbers)) != moments.count(None):
                return None  # the text "nan" is a number to msgspec, but a bad time
            time, codes = times.instants_of_numbers(numbers)
        if n_link < n or n_speed < n:
            kept = np.flatnonzero(has_link & has_speed)
            link_id, speed, time, codes = link_id[kept], speed[kept], time[kept], codes[kept]
        _count_times(codes, faults)
        trip = _column([root], self._trip_path)[0] if self._trip_path else None
        result = Points(link_id, time, speed, n, faults, _trip_id(trip))
        if n and not len(link_id):
            result.fields = self._fields_of(raw)
        return result

    # -- the definition -----------------------------------------------------------------------------

    def _decode_each(self, raw: bytes) -> Points:
        root = _load(raw)
        if not isinstance(root, dict):
            raise BadTripFile("not_an_object", f"{FILE_REASONS['not_an_object']} but {_kind(root)}")
        points = values.follow(root, self._points_path)
        if not isinstance(points, list):
            found = "nothing is there" if points is None else f"{_kind(points)} is there"
            keys = ", ".join(list(map(str, root))[:12])
            raise BadTripFile(
                "no_points", f"no array of points in field '{self._mapping.points}': {found}; it has: {keys}"
            )
        faults: dict[str, int] = {}
        kept: list[tuple[int, float, int]] = []
        codes: list[int] = []
        for point in points:
            reasons = []
            if isinstance(point, dict):
                link_id, link_fault = values.link_id_of(values.follow(point, self._paths[2]))
                speed, speed_fault = values.speed_of(values.follow(point, self._paths[1]))
                reasons = [reason for reason in (link_fault, speed_fault) if reason]
            else:
                reasons = ["not_a_point"]
            for reason in reasons:
                faults[reason] = faults.get(reason, 0) + 1
            if not reasons:
                given = values.follow(point, self._paths[0])
                instant, code = times.instant_of(given, self._naive_is_utc)
                kept.append((link_id, speed, instant))
                codes.append(code)
        _count_times(np.array(codes, dtype=np.uint8), faults)
        result = Points(
            np.array([p[0] for p in kept], dtype=np.int64),
            np.array([p[2] for p in kept], dtype=np.int64),
            np.array([p[1] for p in kept], dtype=np.float64),
            len(points),
            faults,
            _trip_id(values.follow(root, self._trip_path)) if self._trip_path else None,
        )
        if points and not kept:
            result.fields = self._fields_of(raw)
        return result

    def _fields_of(self, raw: bytes) -> str:
        """The fields that the first point has, for the message when no point can be used."""
        point = (values.follow(_load(raw), self._points_path) or [None])[0]
        if not isinstance(point, dict):
            return _kind(point)
        names = [
            f"{key}.{inner}"
            for key, value in point.items()
            for inner in (value if isinstance(value, dict) and value else {"": None})
        ]
        return ", ".join(name.rstrip(".") for name in names[:20])


def unpack(raw: bytes, max_bytes: int) -> bytes:
    """The file's bytes, gunzipped where they are gzip; refuses what is larger than `max_bytes`."""
    if raw[:2] == GZIP:
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as archive:
                raw = archive.read(max_bytes + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise BadTripFile("bad_gzip", f"{FILE_REASONS['bad_gzip']}: {error}") from error
    if len(raw) > max_bytes:
        raise too_large(max_bytes)
    return raw


def too_large(max_bytes: int) -> BadTripFile:
    """Why a file of more bytes is refused."""
    return BadTripFile("too_large", f"{FILE_REASONS['too_large']} of {max_bytes >> 20} MiB")


def _link_ids(links: list[Any], exact: bool) -> Optional[NDArray[np.int64]]:
    """A column of link ids, -1 for none; None where one is negative, no number, or 2^63 and more."""
    try:
        if exact:  # texts are still texts
            links = [_whole(link) if isinstance(link, str) else link for link in links]
        without = links.count(None)
        given = [-1 if link is None else link for link in links] if without else links
        link_id = np.fromiter(given, dtype=np.int64, count=len(given))
    except (OverflowError, ValueError):
        return None
    return link_id if np.count_nonzero(link_id < 0) == without else None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):  # int() would take "1_0", " 10" and other scripts' digits
        raise ValueError(text)
    return int(text)


def _struct(fields: dict[tuple[str, ...], Any]) -> Any:
    """A msgspec type with an optional field for each path; paths with equal first keys share a type."""
    heads: dict[str, dict[tuple[str, ...], Any]] = {}
    for path, kind in fields.items():
        heads.setdefault(path[0], {})[path[1:]] = kind
    members, names = [], {}
    for head, inner in heads.items():
        names[_member(head)] = head
        members.append((_member(head), inner[()] if () in inner else Optional[_struct(inner)], None))
    return msgspec.defstruct("Typed", members, rename=names, gc=False)


def _member(key: str) -> str:
    """A Python name for a JSON key, which may be any text."""
    return "f" + key.encode("utf-8").hex()


def _column(objects: list[Any], path: tuple[str, ...]) -> list[Any]:
    """The values at the end of a path, one an object; None where the path breaks off."""
    column = objects
    for key in path:
        member = attrgetter(_member(key))
        try:
            column = list(map(member, column))
        except AttributeError:  # None has no members
            present = next((type(item) for item in column if item is not None), None)
            if present is None:
                return column
            nothing = present()
            column = list(map(member, [nothing if item is None else item for item in column]))
    return column


def _count_times(codes: NDArray[np.uint8], faults: dict[str, int]) -> None:
    for code, name in enumerate(values.TIME_FAULTS, start=1):
        faults[name] = int((codes == code).sum())


def _trip_id(value: object) -> Optional[str]:
    return None if value is None or isinstance(value, (dict, list)) else str(value)


def _load(raw: bytes) -> Any:
    try:
        encoding = json.detect_encoding(raw)
        text = raw.decode(encoding, "surrogateescape" if "8" in encoding else "strict")
        return json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise BadTripFile("too_deep", FILE_REASONS["too_deep"]) from error
    except ValueError as error:
        raise BadTripFile("bad_json", f"{FILE_REASONS['bad_json']}: {error}") from error


def _integer(digits: str) -> float:
    """An integer of a file; Python refuses very long ones, which fields of no interest may hold."""
    return int(digits) if len(digits) <= values.MAX_DIGITS else float(digits)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
