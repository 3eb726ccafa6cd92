"""Decoding of trip files: JSON bytes to columns of points.

msgspec decodes a file directly to typed objects of the three mapped values. A file that does not fit those
types, or has a value that needs closer examination, is decoded again point by point by the rules of
`values`; so both ways agree on all that the fast one handles.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated, Any, NamedTuple, Optional, Union

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..contract.errors import FILE_REASONS, BadTripFile
from ..contract.field_path import holds, keys_of
from ..contract.link_ids import EXACT_FLOAT, LinkTexts, is_backward, link_id_of, opposite
from ..contract.spec import FieldMapping
from . import times, typed_json, values
from .advice import shown, shown_time
from .link_keys import NO_LINK, LinkKeys, Unclear, may_be_rounded
from .repeated import Repeated
from .trip_json import load, unpack

_IN_ORDER = (0, 1, 3, 4)  # decoders to try
_EXACT = 2  # the decoder that refuses link ids that are floats
_NOWHERE = ("",)  # a path without values
_BLANK = b" \t\r\n\0"
NO_SPEED = -1.7e308
"""Stands for missing speeds in columns."""
_FEW = 500
"""Rows of a table that are decoded one by one if a value of them needs closer examination."""
_Speed, _Whole = Annotated[float, msgspec.Meta(ge=0.0)], Annotated[int, msgspec.Meta(ge=NO_LINK + 1)]
_SPEEDS: Any = list[Optional[_Speed]]  # type: ignore[valid-type]
_TIME_VALUES = [
    (code, values.TIME_FAULTS[code - 1]) for code in range(times.NOT_A_TIME, len(values.TIME_FAULTS) + 1)
]


Ids = Sequence[Optional[str]]
"""Ids of the trips or vehicles of points; None for none."""


@dataclass
class Points:
    """Points of one trip file that have a link and a speed, in the file's order.

    `link_id` int64, `time` int64 (`times.NO_TIME` for none) and `speed` float64 (unit as in the file)
    are of one length. `link_id` has keys (`contract.link_ids`), `texts` those of them that stand for texts.
    `read` counts all entries of the array of points, `faults` those with a fault by reason
    (`values.POINT_REASONS`, `values.TIME_FAULTS`), `fields` names what an unusable point has. `position` is
    longitude and latitude of each in degrees (NaN for none), None if the mapping names none. `vehicle` is
    the vehicle's id. Where the mapping names them inside the points, `trips` and `vehicles` have those of
    each point. `examples` shows, by reason, the first value of the file with a fault, `rows` the number of
    its point, `lines` that of its line where the form has lines; `without` has the numbers of all points
    without a link or speed. By `values.SMALL_EPOCH_UNITS` `examples` has the first time of a file that counts
    these.
    """

    link_id: NDArray[np.int64]
    time: NDArray[np.int64]
    speed: NDArray[np.float64]
    read: int
    faults: dict[str, int] = field(default_factory=dict)
    trip_id: Optional[str] = None
    fields: str = ""
    examples: dict[str, str] = field(default_factory=dict)
    vehicle: Optional[str] = None
    position: Optional[NDArray[np.float64]] = None
    trips: Optional[Ids] = None
    vehicles: Optional[Ids] = None
    rows: dict[str, int] = field(default_factory=dict)
    texts: LinkTexts = field(default_factory=LinkTexts)
    lines: dict[str, int] = field(default_factory=dict)
    without: dict[str, NDArray[np.intp]] = field(default_factory=dict)

    def keep(self, kept: NDArray[np.bool_], left_out: dict[str, int]) -> None:
        """Leave points out, which are counted by reason."""
        self.link_id, self.time, self.speed = self.link_id[kept], self.time[kept], self.speed[kept]
        self.position = None if self.position is None else self.position[kept]
        self.faults.update(left_out)

    def add_counts(self, piece: Points) -> None:
        """Add the counts of another piece of the same file."""
        for reason, n in piece.faults.items():
            self.faults[reason] = self.faults.get(reason, 0) + n
        self.examples = {**piece.examples, **self.examples}
        self.texts.note(piece.texts.items())
        self.lines = {**piece.lines, **self.lines}
        self.trip_id = piece.trip_id if self.trip_id is None else self.trip_id
        self.vehicle = piece.vehicle if self.vehicle is None else self.vehicle
        self.fields = piece.fields if not self.read else self.fields  # only the file's first point counts
        self.read += piece.read


class _Columns(NamedTuple):
    """Values of all points of a file; those of trips and vehicles are None if not named.

    Links are `NO_LINK` and speeds `NO_SPEED` where they are missing, and times, `moments`, as in the file.
    `lines` has these as `times.lines_of`, if they are texts.
    """

    link_id: NDArray[np.int64]
    speed: NDArray[np.float64]
    moments: Sequence[Any]
    lines: Optional[bytes]
    places: list[list[Any]]
    trips: Optional[Sequence[Any]]
    vehicles: Optional[Sequence[Any]]


class PlainRows(NamedTuple):
    """Columns of a table in which no value needs closer examination, as far as known.

    `links` and `directions` repeat together; whole numbers may be an array, with `NO_LINK` for none. `speed`
    are numbers, `NO_SPEED` for none, or texts. `moments` are the times as they are written, `instants`
    returns what they are by some rules.
    """

    links: Union[Repeated, NDArray[np.int64]]
    directions: Optional[Repeated]
    speed: Union[NDArray[np.float64], list[Optional[str]]]
    moments: Sequence[Any]
    instants: Callable[[times.TimeRules], tuple[times.Instants, times.Codes]]
    places: list[list[Any]]
    trips: Optional[Repeated]
    vehicles: Optional[Repeated]


class _Taken(NamedTuple):
    """Values of all points of a file, and the ids that lie beside them."""

    columns: _Columns
    trip_id: Optional[str]
    vehicle: Optional[str]


class _LargeIds(Exception):
    """Link ids may have lost digits."""


class TripDecoder:
    """Decodes trip files of one field mapping; rejects files of more than `max_bytes` unpacked bytes.

    `time_zone` is that of times which the mapping says are local. Where speeds are to be computed from
    positions (`speed_from`), those of the points are 0 (see store.position_speeds). `position` is a path from
    a point to an array of its longitude and latitude, where the mapping names neither.
    """

    def __init__(
        self,
        mapping: FieldMapping,
        max_bytes: int = 256 << 20,
        time_zone: str = "",
        position: tuple[str, ...] = (),
    ) -> None:
        self._mapping = mapping
        self._max_bytes = max_bytes
        self._without_speed = bool(mapping.speed_from)
        speed_path = _NOWHERE if self._without_speed else keys_of(mapping.speed)
        self._paths = [keys_of(mapping.time), speed_path, keys_of(mapping.link_id)]
        self._points_path = keys_of(mapping.points)
        self._trip_path = keys_of(mapping.trip_id) if mapping.trip_id else ()
        self._vehicle_path = keys_of(mapping.vehicle_id) if mapping.vehicle_id else ()
        self._direction_path = keys_of(mapping.direction) if mapping.direction else ()
        self._keys = LinkKeys()
        self._places = [keys_of(path) for path in (mapping.longitude, mapping.latitude) if path]
        self._places += [position] if position else []
        self._time_rules = times.TimeRules(mapping.naive_times, time_zone or "UTC", mapping.time_format)
        self._first = 0
        self._prepared: dict[int, tuple[bytes, Points]] = {}
        self._decoders: list[tuple[msgspec.json.Decoder[Any], bool]] = []
        self._trip_of_point, self._trip_path = _inside(self._points_path, self._trip_path)
        self._vehicle_of_point, self._vehicle_path = _inside(self._points_path, self._vehicle_path)
        self._inner_ids = [path for path in (self._trip_of_point, self._vehicle_of_point) if path]
        self._outer_ids = [path for path in (self._trip_path, self._vehicle_path) if path]
        direction = [self._direction_path] if self._direction_path else []
        of_point = [*self._paths, *self._places, *dict.fromkeys(self._inner_ids), *direction]
        of_trip = [self._points_path, *dict.fromkeys(self._outer_ids)]
        if not typed_json.can_type(of_point) or not typed_json.can_type(of_trip):
            return  # always decode point by point
        text, number, any_id = Optional[str], Optional[float], Union[int, str, None]
        whole = any_id if direction else Union[_Whole, float, None]
        self._decoders = [  # time as text, as number; the third takes link ids beyond 2^53 exactly
            (self._typed(text, whole, strict=False), True),
            (self._typed(number, whole, strict=False), False),
            (self._typed(text, any_id, strict=True), True),
            (self._typed(text, any_id, strict=False), True),
            (self._typed(number, any_id, strict=False), False),
        ]
        of_point = [*self._paths, *self._places, *self._inner_ids, *direction]
        self._with_whole = -1 if direction else 1
        self._columns_of = typed_json.reader(of_point, [None, NO_SPEED])
        self._columns_with_whole = typed_json.reader(of_point, [None, NO_SPEED, NO_LINK])
        self._elsewhere = list(map(typed_json.other_reader, of_point))
        self._points_at = typed_json.follower(self._points_path)
        self._ids_at = [
            typed_json.follower(path) if path else None for path in (self._trip_path, self._vehicle_path)
        ]

    def decode(self, raw: bytes) -> Points:
        """Decode the bytes of one file, gzipped or not; raises `BadTripFile`."""
        return self.decode_text(unpack(raw, self._max_bytes))

    def decode_text(self, raw: bytes) -> Points:
        """Decode the JSON of one file; raises `BadTripFile`."""
        if self._prepared and (prepared := self._prepared.pop(id(raw), None)):
            return prepared[1]
        if not raw[:64].strip(_BLANK) and not raw.strip(_BLANK):  # the latter copies it all
            raise BadTripFile("empty", FILE_REASONS["empty"])
        order = (self._first, *(one for one in _IN_ORDER if one != self._first))
        for choice in order if self._decoders else ():
            points = self._decode_typed(raw, choice)
            if points is not None:
                self._first = choice
                return points
        return self._decode_each(raw)

    def prepare(self, raws: Sequence[bytes]) -> None:
        """Decode the JSON of some files together, for `decode_text` to return, which may take those objects.

        numpy takes longer to begin with the columns of a short trip than to compute with them.
        """
        self._prepared.clear()
        choice = self._first
        taken = []
        for raw in raws if self._decoders else ():
            with contextlib.suppress(_LargeIds):
                if some := self._take(raw, choice):
                    taken.append((raw, some))
        found = (
            self._together([some.columns for _, some in taken], self._decoders[choice][1]) if taken else ()
        )
        for (raw, some), points in zip(taken, found):
            if points is not None:
                self._prepared[id(raw)] = raw, self._finished(points, some, raw)

    # -- typed decoding (fast) ----------------------------------------------------------------------

    def _typed(self, time: Any, link_id: Any, strict: bool) -> msgspec.json.Decoder[Any]:
        """Return a decoder to types with only the mapped fields, nested by their paths."""
        of_point = dict(zip(self._paths, (time, Optional[_Speed], link_id)))
        if self._direction_path:
            of_point[self._direction_path] = Union[bool, int, float, str, None]
        others = (*self._places, *self._inner_ids)
        point = typed_json.struct({**of_point, **dict.fromkeys(others, Any)})
        points: Any = list[point]  # type: ignore[valid-type]
        root = {self._points_path: points}
        root.update(dict.fromkeys(self._outer_ids, Any))
        return msgspec.json.Decoder(typed_json.struct(root), strict=strict)

    def _decode_typed(self, raw: bytes, choice: int) -> Optional[Points]:
        """Decode to typed objects; None if the file needs the slow way or another type of time."""
        time_is_text = self._decoders[choice][1]
        try:
            taken = self._take(raw, choice)
        except _LargeIds:
            return self._decode_typed(raw, _EXACT) if time_is_text else None
        points = self._alone(taken.columns, time_is_text) if taken else None
        return self._finished(points, taken, raw) if points and taken else None

    def _take(self, raw: bytes, choice: int) -> Optional[_Taken]:
        """Take the values of all points out of a file; None if one needs closer examination.

        Raises `_LargeIds` if link ids may have lost digits.
        """
        try:
            root = self._decoders[choice][0].decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        points = self._points_at(root)
        if points is None:
            return None
        time_is_text = self._decoders[choice][1]
        are_whole = choice <= self._with_whole
        read = self._columns_with_whole if are_whole else self._columns_of
        moments, speeds, links, *others = read(points)
        for number, column in ((0, moments), *enumerate(others, start=3)):
            self._complete(column, points, number)
        places, ids = others[: len(self._places)], iter(others[len(self._places) :])
        trips, vehicles, directions = (
            next(ids) if path else None
            for path in (self._trip_of_point, self._vehicle_of_point, self._direction_path)
        )
        speed = np.zeros(len(links)) if self._without_speed else self._speeds_of(speeds, points)
        try:
            if are_whole:
                link_id = self._whole_numbers_of(links, points)
            else:
                link_id = self._links_of(links, directions, points)
        except Unclear:
            return None  # report the fault
        if speed is None:
            return None
        if not are_whole and choice != _EXACT and may_be_rounded(links, link_id[link_id != NO_LINK]):
            raise _LargeIds
        lines = times.lines_of(moments) if time_is_text else None
        columns = _Columns(link_id, speed, moments, lines, places, trips, vehicles)
        return _Taken(columns, *(id_of(at(root)) if at else None for at in self._ids_at))

    def _finished(self, points: Points, taken: _Taken, raw: bytes) -> Points:
        """Return the points of a file with what lies beside them."""
        points.trip_id, points.vehicle = taken.trip_id, taken.vehicle
        if points.read and not len(points.link_id):
            points.fields = self._fields_of(raw)
        return points

    def _alone(self, columns: _Columns, time_is_text: bool) -> Optional[Points]:
        """Return the points of a file; None if a value needs closer examination."""
        instants = self._instants(columns.moments, time_is_text)
        return self._points_of(columns, *instants) if instants else None

    def _together(self, files: Sequence[_Columns], time_is_text: bool) -> list[Optional[Points]]:
        """Return the points of several files; None for one with a value that needs closer examination."""
        sizes = [len(some.link_id) for some in files]
        instants = self._instants_together(files, time_is_text)
        together = self._points_of(_joined(files), *instants) if instants and not instants[1].any() else None
        if together is None:
            return [self._alone(some, time_is_text) for some in files]
        found = _divided(together, sizes)
        for points, some in zip(found, files):
            self._note_epoch(points.examples, some.moments)
            points.texts = self._keys.texts_of(points.link_id)
        return [*found]

    def _instants_together(
        self, files: Sequence[_Columns], time_is_text: bool
    ) -> Optional[tuple[times.Instants, times.Codes]]:
        """Return instants and codes of several files; None if those of each are to be read alone."""
        if not time_is_text:
            return self._instants([moment for some in files for moment in some.moments], time_is_text)
        lines = [some.lines for some in files if some.moments]
        n = sum(len(some.moments) for some in files)
        widths = {len(some.lines or "") / len(some.moments) for some in files if some.moments}
        if len(widths) != 1:
            return None
        return times.instants_of_lines(b"".join(filter(None, lines)), n, self._time_rules)

    def _points_of(self, columns: _Columns, time: times.Instants, codes: times.Codes) -> Optional[Points]:
        """Return the points of columns of values; None if a speed needs closer examination."""
        link_id, speed, n = columns.link_id, columns.speed + 0.0, len(columns.link_id)
        has_link, has_speed = link_id != NO_LINK, (speed >= 0) & (speed <= values.MAX_SPEED)
        n_link, n_speed = int(np.count_nonzero(has_link)), int(np.count_nonzero(has_speed))
        faults = {"no_link": n - n_link, "no_speed": n - n_speed}
        if n_speed < n and faults["no_speed"] != np.count_nonzero(speed == NO_SPEED):
            return None  # one is negative or not finite: report the fault
        kept: Optional[NDArray[np.int64]] = None
        if n_link < n or n_speed < n:
            kept = np.flatnonzero(has_link & has_speed)
            link_id, speed, time, codes = link_id[kept], speed[kept], time[kept], codes[kept]
        _count_times(codes, faults)
        examples, rows = {}, {}
        for code, name in _TIME_VALUES:
            for at in np.flatnonzero(codes == code)[:1].tolist():
                rows[name] = at if kept is None else int(kept[at])
                examples[name] = shown_time(columns.moments[rows[name]])
        without = {"no_link": np.flatnonzero(~has_link), "no_speed": np.flatnonzero(~has_speed)}
        rows.update((name, int(which[0])) for name, which in without.items() if len(which))
        self._note_epoch(examples, columns.moments)
        result = Points(link_id, time, speed, n, faults, examples=examples, rows=rows, without=without)
        result.texts = self._keys.texts_of(link_id)
        if columns.places:
            position = _positions(columns.places)
            result.position = position if kept is None else position[kept]
        result.trips, result.vehicles = (_kept_ids(some, kept) for some in (columns.trips, columns.vehicles))
        return result

    def _links_of(
        self, links: list[Any], directions: Optional[list[Any]], objects: Sequence[Any]
    ) -> NDArray[np.int64]:
        """Return the keys of the link ids, `NO_LINK` for none; raises `Unclear`."""
        found = self._keys.column(links, directions)
        missing = [row for row in np.flatnonzero(found == NO_LINK).tolist() if links[row] is None]
        return self._keys.column(links, directions) if self._complete(links, objects, 2, missing) else found

    def _whole_numbers_of(self, links: list[Any], objects: Sequence[Any]) -> NDArray[np.int64]:
        """Return the keys of link ids that are whole numbers, as `_links_of`.

        A text such as `1234e5` is no number here (see `contract.link_ids`), but read as a float.
        """
        found = _numbers(links, "q")
        if found is not None and self._complete(links, objects, 2, np.flatnonzero(found == NO_LINK).tolist()):
            found = _numbers(links, "q")
        if found is None or self._keys.texts:  # one of these may have the same key
            raise Unclear
        return found

    def _speeds_of(self, given: list[Any], objects: Sequence[Any]) -> Optional[NDArray[np.float64]]:
        """Return the speeds, `NO_SPEED` for none; None if one is no number."""
        found = _speeds(given)
        if found is None or not self._complete(given, objects, 1, np.flatnonzero(found == NO_SPEED).tolist()):
            return found
        return _speeds(given)

    def _instants(
        self, moments: Sequence[Any], are_texts: bool
    ) -> Optional[tuple[times.Instants, times.Codes]]:
        """Return instants and codes of a column of times; None if one of them needs the slow way."""
        if are_texts:
            return times.instants_of_texts(moments, self._time_rules)
        if self._time_rules.format:
            return None
        numbers = np.array(moments, dtype=np.float64)
        if np.count_nonzero(np.isnan(numbers)) != moments.count(None):
            return None  # msgspec reads the string "nan" as a number, but it is a bad time
        return times.instants_of_numbers(numbers)

    def _complete(
        self, column: list[Any], objects: Sequence[Any], number: int, rows: Optional[list[int]] = None
    ) -> bool:
        """Enter missing values that lie under keys which spell several steps of a path (see `values.follow`).

        `number` is the path's, `rows` are those without a value (None: where it is None). Return whether
        anything was entered.
        """
        read = self._elsewhere[number] if objects else None
        if read is None or (rows is not None and not rows):
            return False
        missing = [row for row, value in enumerate(column) if value is None] if rows is None else rows
        found = [some for some in read([objects[row] for row in missing]) if some.count(None) < len(some)]
        for some in reversed(found):  # the first counts
            for row, value in zip(missing, some):
                column[row] = column[row] if value is None else value
        return bool(found)

    # -- columns of a table ---------------------------------------------------------------------------

    def decode_plain(self, rows: PlainRows) -> Optional[Points]:
        """Return the points of rows; None if a value needs closer examination."""
        try:
            link_id = self._keys_of(rows)
            speed: Optional[NDArray[np.float64]]
            if self._without_speed:
                speed = np.zeros(len(rows.links))
            elif isinstance(rows.speed, np.ndarray):
                speed = rows.speed
            else:
                speed = _speeds(msgspec.convert(rows.speed, _SPEEDS, strict=False))
        except (Unclear, msgspec.ValidationError):
            return None
        if speed is None:
            return None
        columns = _Columns(link_id, speed, rows.moments, None, rows.places, rows.trips, rows.vehicles)
        return self._points_of(columns, *rows.instants(self._time_rules))

    def decode_columns(
        self,
        columns: Mapping[str, list[Any]],
        is_header: Callable[[Mapping[str, Any]], bool] = lambda row: False,
        start: int = 0,
        end: Optional[int] = None,
    ) -> Iterator[Points]:
        """Yield the points of a table, whose columns hold texts, numbers and None by entry of the mapping.

        Their `rows` count from the first row of the columns. A row for which `is_header` is counted as such.
        """
        end = len(columns["link_id"]) if end is None else end
        some = {name: column[start:end] for name, column in columns.items()}
        points = self._points_of_table(some) if self._decoders else None
        if points is None and end - start > _FEW:
            step = -(-(end - start) // 8)
            for first in range(start, end, step):
                yield from self.decode_columns(columns, is_header, first, min(first + step, end))
            return
        if points is None:
            points = self._points_of_rows(some, is_header)
        points.rows = {reason: start + row for reason, row in points.rows.items()}
        yield points

    def _keys_of(self, rows: PlainRows) -> NDArray[np.int64]:
        """Return the keys of links; raises `Unclear`."""
        if isinstance(rows.links, Repeated):
            directions = None if rows.directions is None else rows.directions.values
            return np.repeat(self._keys.column(rows.links.values, directions), rows.links.times)
        if self._keys.texts:  # one of these may have the same key
            raise Unclear
        return rows.links

    def _points_of_table(self, columns: Mapping[str, list[Any]]) -> Optional[Points]:
        """Return the points of columns; None if a value needs closer examination."""
        n = len(columns["link_id"])
        nothing = [None] * n
        moments = columns.get("time", nothing)
        kinds = set(map(type, moments)) - {type(None)}
        try:
            link_id = self._keys.column(columns["link_id"], columns.get("direction"))
            given = msgspec.convert(columns.get("speed", nothing), _SPEEDS, strict=False)
        except (Unclear, msgspec.ValidationError):
            return None
        speed = np.zeros(n) if self._without_speed else _speeds(given)
        if speed is None or not (kinds <= {str} or kinds <= {int, float}):
            return None
        places = [columns.get(name, nothing) for name in ("longitude", "latitude")] if self._places else []
        trips, vehicles = (columns.get(name) for name in ("trip_id", "vehicle_id"))
        return self._alone(_Columns(link_id, speed, moments, None, places, trips, vehicles), kinds <= {str})

    def _points_of_rows(
        self, columns: Mapping[str, list[Any]], is_header: Callable[[Mapping[str, Any]], bool]
    ) -> Points:
        """Return the points of rows by the definition."""
        paths = dict(zip(("time", "speed", "link_id"), self._paths))
        paths.update(
            trip_id=self._trip_of_point, vehicle_id=self._vehicle_of_point, direction=self._direction_path
        )
        paths.update(zip(("longitude", "latitude"), self._places))
        given = [dict(zip(columns, row)) for row in zip(*columns.values())]
        at = [number for number, row in enumerate(given) if not is_header(row)]
        points = self.decode_root(
            {
                self._points_path[0]: [
                    {".".join(paths[name]): value for name, value in given[number].items()} for number in at
                ]
            }
        )
        points.rows = {reason: at[row] for reason, row in points.rows.items()}
        if n_headers := len(given) - len(at):
            points.faults["header_again"] = n_headers
            points.rows["header_again"] = next(n for n, row in enumerate(given) if is_header(row))
            points.read += n_headers
        return points

    # -- decoding point by point (the definition) ---------------------------------------------------

    def _decode_each(self, raw: bytes) -> Points:
        return self.decode_root(load(raw))

    def decode_root(self, root: Any) -> Points:
        """Decode the JSON of one file, already loaded by `trip_json.load`; raises `BadTripFile`."""
        if not isinstance(root, dict):
            raise BadTripFile("not_an_object", f"{FILE_REASONS['not_an_object']} but {kind_of(root)}")
        points = values.follow(root, self._points_path)
        if not isinstance(points, list):
            found = "nothing is there" if points is None else f"{kind_of(points)} is there"
            keys = ", ".join(list(map(str, root))[:12])
            raise BadTripFile(
                "no_points", f"no array of points in field '{self._mapping.points}': {found}; it has: {keys}"
            )
        faults: dict[str, int] = {}
        examples: dict[str, str] = {}
        kept: list[tuple[int, float, int]] = []
        moments: list[Any] = []
        positions: list[tuple[float, float]] = []
        codes: list[int] = []
        rows: dict[str, int] = {}
        trips: list[Optional[str]] = []
        vehicles: list[Optional[str]] = []
        for row, point in enumerate(points):
            if isinstance(point, dict):
                time, given_speed, link = (values.follow(point, path) for path in self._paths)
                moments.append(time)
                key, link_fault, link = self._link(link, point)
                speed, speed_fault = values.speed_of(0.0 if self._without_speed else given_speed)
                found_faults = [(link_fault, link), (speed_fault, given_speed)]
            else:
                found_faults = [("not_a_point", point)]
            for reason, value in found_faults:
                if reason:
                    faults[reason] = faults.get(reason, 0) + 1
                    rows.setdefault(reason, row)
                    self._exemplify(examples, reason, shown, value)
            if not any(reason for reason, *_ in found_faults):
                instant, code = times.instant_of(time, self._time_rules)
                kept.append((key, speed, instant))
                if self._places:
                    places = [values.follow(point, path) for path in self._places]
                    positions.append(values.position_of(*(places if len(places) == 2 else _pair(places[0]))))
                codes.append(code)
                trips.append(id_of(values.follow(point, self._trip_of_point)))
                vehicles.append(id_of(values.follow(point, self._vehicle_of_point)))
                if code != times.OK:
                    rows.setdefault(values.TIME_FAULTS[code - 1], row)
                    self._exemplify(examples, values.TIME_FAULTS[code - 1], shown_time, time)
        _count_times(np.array(codes, dtype=np.uint8), faults)
        self._note_epoch(examples, moments)
        result = Points(
            np.array([p[0] for p in kept], dtype=np.int64),
            np.array([p[2] for p in kept], dtype=np.int64),
            np.array([p[1] for p in kept], dtype=np.float64),
            len(points),
            faults,
            id_of(values.follow(root, self._trip_path)) if self._trip_path else None,
            examples=examples,
            vehicle=id_of(values.follow(root, self._vehicle_path)) if self._vehicle_path else None,
            position=np.array(positions, dtype=np.float64).reshape(-1, 2) if self._places else None,
            trips=trips if self._trip_of_point else None,
            vehicles=vehicles if self._vehicle_of_point else None,
            rows=rows,
        )
        result.texts = self._keys.texts_of(result.link_id)
        if points and not kept:
            result.fields = _fields_of(points[0])
        return result

    def _link(self, link: Any, point: Any) -> tuple[int, Optional[str], Any]:
        """Return the key of a point's link, the fault of its id or direction, and the value that has it."""
        link_id, fault = link_id_of(link)
        if link_id is None:
            return NO_LINK, fault, link
        if self._direction_path:
            direction = values.follow(point, self._direction_path)
            backward, fault = is_backward(direction)
            if fault:
                return NO_LINK, fault, direction
            link_id = opposite(link_id) if backward else link_id
        return self._keys.note(link_id), None, link

    @staticmethod
    def _exemplify(examples: dict[str, str], reason: str, show: Callable[[Any], str], value: Any) -> None:
        """Keep an example of the first value with a fault."""
        if reason not in examples and not reason.startswith("no_"):
            examples[reason] = show(value)

    def _note_epoch(self, examples: dict[str, str], moments: Sequence[Any]) -> None:
        """Note the first time of a file if it is a number of a small unit since 1970."""
        first = next((moment for moment in moments if moment is not None), None)
        if self._time_rules.format or isinstance(first, bool):
            return
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            unit = times.epoch_unit(float(first))  # type: ignore[arg-type]
            if unit in values.SMALL_EPOCH_UNITS and times.instant_of(first)[1] == times.OK:
                examples[unit] = shown_time(first)

    def _fields_of(self, raw: bytes) -> str:
        """Return the fields of the first point, for the message if no point can be used."""
        return _fields_of((values.follow(load(raw), self._points_path) or [None])[0])


def _fields_of(point: Any) -> str:
    if not isinstance(point, dict):
        return kind_of(point)
    names = [
        f"{key}.{inner}"
        for key, value in point.items()
        for inner in (value if isinstance(value, dict) and value else {"": None})
    ]
    return ", ".join(name.rstrip(".") for name in names[:20])


def _joined(files: Sequence[_Columns]) -> _Columns:
    """Return the columns of several files one after the other; times stay away."""

    def joined(parts: Sequence[Any]) -> Any:
        return None if parts[0] is None else list(chain.from_iterable(parts))

    link_id, speed, _, _, places, trips, vehicles = zip(*files)
    of_places = list(map(joined, zip(*places)))
    return _Columns(
        np.concatenate(link_id), np.concatenate(speed), [], None, of_places, joined(trips), joined(vehicles)
    )


def _divided(together: Points, sizes: Sequence[int]) -> list[Points]:
    """Return the points of several files by file; `sizes` are their numbers of points, `read`."""
    ends = np.cumsum([0, *sizes])
    dropped = np.union1d(*together.without.values())
    kept = (ends - np.searchsorted(dropped, ends)).tolist()
    found = []
    for number, size in enumerate(sizes):
        some = slice(kept[number], kept[number + 1])
        found.append(
            Points(
                together.link_id[some],
                together.time[some],
                together.speed[some],
                size,
                dict.fromkeys(together.faults, 0),
                position=None if together.position is None else together.position[some],
                trips=together.trips and together.trips[some],
                vehicles=together.vehicles and together.vehicles[some],
            )
        )
    for name, which in together.without.items():
        bounds = np.searchsorted(which, ends).tolist()
        for points, start, first, end in zip(found, ends.tolist(), bounds, bounds[1:]):
            points.without[name] = which[first:end] - start
            if end > first:
                points.faults[name] = end - first
                points.rows[name] = int(which[first]) - start
    return found


def _inside(points: tuple[str, ...], path: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a path from the root as one from a point, if it lies inside the points; else as it is."""
    return (path[len(points) :], ()) if path and holds(points, path) else ((), path)


def _speeds(given: list[Any]) -> Optional[NDArray[np.float64]]:
    """Return speeds as an array, with `NO_SPEED` for None; None for other values."""
    found = _numbers(given, "d")
    if found is None and None in given:
        return _numbers([NO_SPEED if value is None else value for value in given], "d")
    return found


def _numbers(given: list[Any], kind: str) -> Optional[NDArray[Any]]:
    """Return numbers as an array of float64 (`d`) or int64 (`q`); None if one of them is none of these.

    `struct` converts floats four times as fast as numpy.
    """
    found = np.empty(len(given), dtype=kind)
    try:
        struct.pack_into(f"{len(given)}{kind}", found.data, 0, *given)
    except (struct.error, OverflowError):
        return None
    return found


def _count_times(codes: NDArray[np.uint8], faults: dict[str, int]) -> None:
    for code, name in enumerate(values.TIME_FAULTS, start=1):
        faults[name] = int((codes == code).sum())


def _positions(columns: list[list[Any]]) -> NDArray[np.float64]:
    """Return longitudes and latitudes by the rules of `values.position_of`; of one column, that of pairs."""
    if len(columns) == 1:
        columns = list(map(list, zip(*map(_pair, columns[0])))) or [[], []]
    if set().union(*(map(type, column) for column in columns)) <= {float, int, type(None)}:
        with contextlib.suppress(OverflowError):
            found = np.array(columns, dtype=np.float64).T
            outside = ~(np.abs(found) <= (180.0, 90.0)).all(axis=1)
            found[outside] = np.nan
            return found
    pairs = [values.position_of(longitude, latitude) for longitude, latitude in zip(*columns)]
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def _pair(value: object) -> tuple[Any, Any]:
    """Return the first two values of an array; None for what is none, or shorter."""
    return (value[0], value[1]) if isinstance(value, list) and len(value) > 1 else (None, None)


def id_of(value: object) -> Optional[str]:
    """Return the id of a trip or vehicle as text; a whole number is the same however it is written."""
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_FLOAT:
        return str(int(value))
    return str(value)


def _kept_ids(column: Optional[Sequence[Any]], kept: Optional[NDArray[np.int64]]) -> Optional[Ids]:
    """Return the ids of points, of all or of those that are kept; None if they have none."""
    if isinstance(column, Repeated):
        return column if kept is None else column.taken(kept)
    if column is None:
        return None
    return _ids(list(column) if kept is None else [column[at] for at in kept.tolist()])


def _ids(column: list[Any]) -> list[Optional[str]]:
    kinds = set(map(type, column))
    return column if kinds <= {str, type(None)} else list(map(id_of, column))


def kind_of(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
