"""Forms of trip files: a registry of readers, one module a form.

Every form ends in `Points`, by the rules of the decoder. A file of many trips says for each point, or for
each piece, to which trip it belongs.

| form | what |
|---|---|
| `object` | an object that holds the points of one trip, as in 2019 |
| `array` | an array of trips or of points, the whole file or at `mapping.trips` |
| `lines` | JSON lines, a trip or a point a line |
| `table` | CSV with any delimiter, or Parquet: a point a row |
| `geojson` | features that are points, with attributes in `properties` |
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Optional, Union, cast

import msgspec

from ...contract.errors import FILE_REASONS, BadTripFile
from ...contract.field_path import keys_of
from ...contract.spec import ARRAY, GEOJSON, LINES, OBJECT, TABLE, FieldMapping
from ...storage.base.trip_source import Spans
from ...storage.local import scratch
from ..decoder import Points, TripDecoder
from ..json_cuts import find_cuts
from ..large_files import decode_large, unpacked
from ..trip_json import GZIP, load
from .arrays import PIECE, decode_array
from .elements import Elements
from .foreign import foreign_fault
from .lines import decode_lines
from .parquet import decode_parquet
from .recognition import PARQUET, beginning, form_of, header_names
from .stretches import Stretch, StretchReader
from .tables import decode_csv

_FEATURES = ("features",)
_KEYS_OF_ARRAYS = re.compile(rb'("(?:[^"\\]|\\.)*")\s*:\s*\[\s*\{')
_KEYS_TRIED = 8  # each takes a scan of the file
_MAY_BE_OTHER = ("bad_json", "no_points", "not_an_object")
"""Faults of a file as an object that may come from its being of another form."""


class Reading(NamedTuple):
    """A trip file of some form. Its pieces are one trip unless it `has_many`, and only one unless large.

    If they are to be `in_order`, the points of each trip have to lie together.
    """

    form: str
    pieces: Iterator[Points]
    has_many: bool = True
    is_large: bool = False
    in_order: bool = False


class TripReader:
    """Reads trip files of any form by one field mapping.

    Trips of more than `max_bytes` unpacked bytes are rejected; `time_zone` is that of local times.
    """

    def __init__(self, mapping: FieldMapping, max_bytes: int = 256 << 20, time_zone: str = "") -> None:
        self._mapping, self._max_bytes = mapping, max_bytes
        self._whole = TripDecoder(mapping, max_bytes, time_zone)
        self._elements = Elements(mapping, self._whole, max_bytes, time_zone)
        self._trips = keys_of(mapping.trips) if mapping.trips else ()
        self._columns = header_names(mapping)

    def prepare(self, contents: Sequence[bytes]) -> None:
        """Decode some small files together, for `opened` to return (see `TripDecoder.prepare`)."""
        if self._mapping.form in ("", OBJECT) and not self._trips:
            self._whole.prepare([content for content in contents if content[:1] == b"{"])

    @contextmanager
    def opened(self, content: Union[bytes, Path], name: str) -> Iterator[Reading]:
        """Yield the trips of a file, gzipped or not, of this name; raises `BadTripFile`, also later."""
        form = self._mapping.form
        if not form and isinstance(content, bytes) and content[:1] == b"{":
            form = OBJECT  # most often; other forms fail as one
        if not form:
            head = beginning(content)
            form = form_of(head, name, self._columns)
            if form == OBJECT and (fault := foreign_fault(head)):
                raise BadTripFile("bad_json", f"{FILE_REASONS['bad_json']}; {fault}")
        with ExitStack() as stack:
            if form == LINES:
                stream = stack.enter_context(_opened(content))
                yield Reading(form, decode_lines(self._elements, stream, self._max_bytes))
                return
            if form == TABLE:
                yield Reading(form, stack.enter_context(self._table(content)))
                return
            text = stack.enter_context(unpacked(content, self._max_bytes))
            if form == ARRAY:
                yield Reading(form, decode_array(self._elements, text, self._trips))
            elif form == GEOJSON:
                yield Reading(form, decode_array(self._elements, text, _FEATURES))
            else:
                yield self._object(text, name)

    def stretch(self, spans: Spans, name: str, stretch: Stretch) -> StretchReader:
        """Return a reader of one stretch of a file of this name."""
        return StretchReader(
            self._elements, self._mapping, self._columns, self._max_bytes, (spans, name, stretch)
        )

    @contextmanager
    def _table(self, content: Union[bytes, Path]) -> Iterator[Iterator[Points]]:
        """Yield the points of a table, a CSV or a Parquet file."""
        decoder = self._elements.of_rows
        with ExitStack() as stack:
            if beginning(content, len(PARQUET)) != PARQUET:
                stream = stack.enter_context(_opened(content))
                yield decode_csv(decoder, self._mapping, stream)
                return
            if isinstance(content, bytes):
                path = stack.enter_context(scratch.file("trips.parquet"))
                path.write_bytes(content)
                content = path
            yield decode_parquet(decoder, self._mapping, content)

    def _object(self, text: Union[bytes, Path], name: str) -> Reading:
        """Return the reading of an object, or of what is found to be another form."""
        if self._trips:
            return Reading(ARRAY, decode_array(self._elements, text, self._trips))
        try:
            if isinstance(text, bytes):
                first, rest = self._whole.decode_text(text), cast("Iterator[Points]", iter(()))
            else:
                rest = decode_large(self._whole, self._mapping, text)
                first = next(rest)
        except BadTripFile as error:
            if self._mapping.form or error.reason not in _MAY_BE_OTHER:
                raise
            other = self._other(text, name)
            if other is None:
                raise
            return other
        return Reading(OBJECT, chain([first], rest), first.trips is not None, isinstance(text, Path))

    def _other(self, text: Union[bytes, Path], name: str) -> Optional[Reading]:
        """Return the reading of a file that is no object with points; None if it is of no form."""
        head = beginning(text)
        form = form_of(head, name, self._columns)
        if form == LINES:
            stream = io.BytesIO(text) if isinstance(text, bytes) else text.open("rb")
            return Reading(form, _closing(stream, decode_lines(self._elements, stream, self._max_bytes)))
        if form == TABLE:
            return None
        if form == GEOJSON:
            return Reading(form, decode_array(self._elements, text, _FEATURES))
        path = self._array_of_trips(text, head) if form == OBJECT else ()
        return Reading(ARRAY, decode_array(self._elements, text, path)) if path else None

    def _array_of_trips(self, text: Union[bytes, Path], head: bytes) -> tuple[str, ...]:
        """Return the path to the only array of trips of an object, which is at its root; empty for none."""
        try:
            if isinstance(text, Path):
                return self._large_array_of_trips(text, head)
            arrays = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
            found = [(key,) for key, raw in arrays.items() if self._has_trips(bytes(raw))]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadTripFile):
            return ()
        return found[0] if len(found) == 1 else ()

    def _has_trips(self, raw: bytes) -> bool:
        """Return True if JSON is an array of trips; raises what is wrong with it."""
        elements = msgspec.json.decode(raw, type=list[msgspec.Raw]) if raw[:1] == b"[" else []
        return bool(elements) and self._elements.are_trips(
            self._elements.decoder_of(load(bytes(elements[0])))
        )

    def _large_array_of_trips(self, path: Path, head: bytes) -> tuple[str, ...]:
        """Return the same of a file of which only the array's first trips are read, found by its `head`."""
        with path.open("rb") as stream:
            for key in dict.fromkeys(map(msgspec.json.decode, _KEYS_OF_ARRAYS.findall(head)[:_KEYS_TRIED])):
                stream.seek(0)
                cuts = find_cuts(stream, (key,), PIECE)
                if not cuts.pieces:
                    continue
                start, end = cuts.pieces[0]
                stream.seek(start)
                if not self._has_trips(b"[" + stream.read(max(end - start, 0)) + b"]"):
                    continue
                others = msgspec.json.decode(cuts.around, type=dict[str, msgspec.Raw])
                is_only = cuts.whole and not any(self._has_trips(bytes(raw)) for raw in others.values())
                return (key,) if is_only else ()
        return ()


def _closing(stream: BinaryIO, pieces: Iterator[Points]) -> Iterator[Points]:
    with stream:
        yield from pieces


@contextmanager
def _opened(content: Union[bytes, Path]) -> Iterator[BinaryIO]:
    """Yield the unpacked content of a trip file as a stream; reading it raises `BadTripFile`."""
    with ExitStack() as stack:
        stream: Any = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
        stack.enter_context(stream)
        if stream.read(2) == GZIP:
            stream.seek(0)
            stream = stack.enter_context(gzip.GzipFile(fileobj=stream))
            try:
                yield stream
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise BadTripFile("bad_gzip", f"{FILE_REASONS['bad_gzip']}: {error}") from error
        else:
            stream.seek(0)
            yield stream
