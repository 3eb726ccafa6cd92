"""Decoding of trip files of any size in bounded memory, some points at a time.

The file is cut between its points (see json_cuts). Each piece, wrapped in the objects that lead to the
points, is a small trip file, and so is the file without its points; all are decoded by `TripDecoder`.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Union

from ..contract.errors import FILE_REASONS, BadTripFile
from ..contract.field_path import keys_of
from ..contract.spec import FieldMapping
from ..storage import LARGE
from ..storage.local import scratch
from .decoder import Points, TripDecoder
from .json_cuts import find_cuts
from .trip_json import GZIP, too_large

PIECE = 1 << 20
"""Bytes of JSON that are decoded at once; as objects they take about four times as much memory."""

_BLOCK = 1 << 20
_FIRST = b"0"  # stands for the points before a piece, if the piece lacks one


def decode_large(decoder: TripDecoder, mapping: FieldMapping, path: Path) -> Iterator[Points]:
    """Decode the unpacked JSON file at `path`; yield the file without its points, then these in pieces.

    The sums over all yielded `Points` equal the result of `TripDecoder.decode`. Raises `BadTripFile`, also
    after some pieces.
    """
    with in_utf8(path) as here, here.open("rb") as stream:
        keys = keys_of(mapping.points)
        cuts = find_cuts(stream, keys, PIECE)
        late = None  # an error in the JSON after the points, reported unless the points have one, too
        try:
            around = decoder.decode_text(cuts.around)
        except BadTripFile as error:
            cause = error.__cause__
            before = _position(stream, cuts.start)[0]
            if not isinstance(cause, json.JSONDecodeError) or not cuts.pieces or cause.pos < before:
                raise
            late = error
        else:
            if around.read or not cuts.pieces:  # the scan has missed the points
                yield around if cuts.whole else decoder.decode_text(here.read_bytes())
                return
            yield around
        begin = b"".join(b'{"%s":' % json.dumps(key)[1:-1].encode("ascii") for key in keys) + b"["
        finish = b"]" + b"}" * len(keys)
        for number, (start, end) in enumerate(cuts.pieces):
            stream.seek(start)
            content = stream.read(end - start if end >= 0 else -1)
            if end < 0:
                finish = b""
            if number and not content.strip(b" \t\r\n"):
                begin += _FIRST + b","  # a trailing comma: the decoder reports it
            try:
                yield decoder.decode_text(begin + content + finish)
            except BadTripFile as error:
                raise _shifted(error, stream, start - len(begin)) from error
        if late is not None:
            raise _shifted(late, stream, cuts.end - cuts.start) from late


def _shifted(error: BadTripFile, stream: BinaryIO, shift: int) -> BadTripFile:
    """Return a fault of a piece with its place in the file; the piece begins `shift` bytes into it."""
    cause = error.__cause__
    if not isinstance(cause, json.JSONDecodeError):
        return error
    before = len(cause.doc[: cause.pos].encode("utf-8", "surrogateescape"))
    position, line, column = _position(stream, before + shift)
    message = f"{cause.msg}: line {line} column {column} (char {position})"
    return BadTripFile(error.reason, f"{FILE_REASONS[error.reason]}: {message}")


def _position(stream: BinaryIO, offset: int) -> tuple[int, int, int]:
    """Return the place of a byte as in JSON's errors: characters before it, and line and column from 1 on."""
    stream.seek(0)
    read = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    characters, line, begun = 0, 1, 0
    while offset > 0 and (block := stream.read(min(offset, _BLOCK))):
        offset -= len(block)
        text = read.decode(block)
        line += text.count("\n")
        if "\n" in text:
            begun = characters + text.rindex("\n") + 1
        characters += len(text)
    return characters, line, characters - begun + 1


@contextlib.contextmanager
def in_utf8(path: Path) -> Iterator[Path]:
    """Yield the file itself if it is UTF-8, otherwise a temporary copy in UTF-8."""
    with path.open("rb") as stream:
        encoding = json.detect_encoding(stream.read(4))
    if "8" in encoding:
        yield path
        return
    with scratch.file("trip.json") as here:
        with path.open("rb") as stream, here.open("wb") as written:
            read = codecs.getincrementaldecoder(encoding)()
            try:
                while block := stream.read(_BLOCK):
                    written.write(read.decode(block).encode("utf-8", "surrogatepass"))
                written.write(read.decode(b"", final=True).encode("utf-8", "surrogatepass"))
            except ValueError as error:
                raise BadTripFile("bad_json", f"{FILE_REASONS['bad_json']}: {error}") from error
        yield here


@contextlib.contextmanager
def unpacked(content: Union[bytes, Path], max_bytes: int) -> Iterator[Union[bytes, Path]]:
    """Yield the unpacked JSON of a trip file as bytes, or as a file if it has more than `LARGE` bytes.

    `content` is the trip file, gzipped or not. Raises `BadTripFile`.
    """
    head = content[:2] if isinstance(content, bytes) else _head(content)
    if head != GZIP:
        yield content
        return
    with _gunzipped(io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")) as read:
        begin = read(min(LARGE, max_bytes) + 1)
        if len(begin) <= min(LARGE, max_bytes):
            yield begin
            return
        with scratch.file("trip.json") as here:
            size = 0
            with here.open("wb") as written:
                while begin:
                    size += len(begin)
                    if size > max_bytes:
                        raise too_large(max_bytes)
                    written.write(begin)
                    begin = read(_BLOCK)
            yield here


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(2)


@contextlib.contextmanager
def _gunzipped(stream: BinaryIO) -> Iterator[Callable[[int], bytes]]:
    """Yield a function that reads a number of unpacked bytes; it raises `BadTripFile`."""
    with stream, gzip.GzipFile(fileobj=stream) as archive:

        def read(size: int) -> bytes:
            try:
                return archive.read(size)
            except (OSError, EOFError, zlib.error) as error:
                raise BadTripFile("bad_gzip", f"{FILE_REASONS['bad_gzip']}: {error}") from error

        yield read
