"""Lines of JSON: a trip, a point or a feature of GeoJSON a line.

A line that is no JSON is counted, with its number and how it begins.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO, Optional

from ...contract.errors import BadTripFile
from ..advice import SHOWN
from ..decoder import Points, TripDecoder
from ..trip_json import load, too_large
from .elements import Elements, unreadable
from .recognition import encoding_of

PIECE = 1 << 20
BLANK = b" \t\r\n\0\x1e"  # RFC 8142 begins each text with a record separator


def utf8_blocks(stream: BinaryIO, size: int = PIECE) -> Iterator[bytes]:
    """Yield a text in blocks, in UTF-8 and without a byte-order mark; raises `BadTripFile`."""
    block = stream.read(size)
    encoding, mark = encoding_of(block)
    if encoding == "utf-8":
        block = block[mark:]
        while block:
            yield block
            block = stream.read(size)
        return
    read = codecs.getincrementaldecoder(encoding)()
    block = block[mark:]
    try:
        while block:
            yield read.decode(block).encode("utf-8", "surrogatepass")
            block = stream.read(size)
        yield read.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except ValueError as error:
        raise BadTripFile("bad_text", f"the file is not text in {encoding.upper()}: {error}") from error


def lines_of(blocks: Iterator[bytes], most: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yield lines, some at a time, with the number of the first, from 1 on.

    Raises `BadTripFile` for a line of more than `most` bytes.
    """
    number, rest = 1, [b""]
    for block in blocks:
        end = block.rfind(b"\n")
        if end < 0:
            rest.append(block)
            if sum(map(len, rest)) > most:
                raise too_large(most, f"line {number:,} is")
            continue
        lines = (b"".join(rest) + block[:end]).split(b"\n")
        yield number, lines
        number, rest = number + len(lines), [block[end + 1 :]]
    if last := b"".join(rest):
        yield number, [last]


def decode_lines(elements: Elements, stream: BinaryIO, most: int) -> Iterator[Points]:
    """Yield the points of a file of JSON lines; raises `BadTripFile`."""
    yield from decode_blocks(elements, utf8_blocks(stream), most)


def decode_blocks(
    elements: Elements,
    blocks: Iterator[bytes],
    most: int,
    decoder: Optional[TripDecoder] = None,
    count: Callable[[int], None] = lambda n: None,
) -> Iterator[Points]:
    """Yield the points of JSON lines of at most `most` bytes; raises `BadTripFile`.

    Without a `decoder` the first line tells what they are. `count` is called with the number of lines.
    """
    for first, lines in lines_of(blocks, most):
        count(len(lines))
        given = [(first + n, text) for n, line in enumerate(lines) if (text := line.strip(BLANK))]
        if not given:
            continue
        if decoder is None:
            decoder = first_decoder(elements, [line for _, line in given])
        if elements.are_trips(decoder):
            for number, line in given:
                yield _at(elements.trip(line), [number])
            continue
        try:
            yield _at(elements.rows(decoder, [line for _, line in given]), [number for number, _ in given])
        except BadTripFile:
            for number, line in given:
                yield _at(_row(elements, decoder, line), [number])


def first_decoder(elements: Elements, lines: list[bytes]) -> TripDecoder:
    """Return the decoder that the first line asks for which is JSON."""
    for line in lines:
        try:
            return elements.decoder_of(load(line.strip(BLANK)))
        except BadTripFile:
            continue
    return elements.decoder_of(None)


def _row(elements: Elements, decoder: TripDecoder, line: bytes) -> Points:
    try:
        load(line)  # one text, not several
        return elements.rows(decoder, [line])
    except BadTripFile:
        return unreadable(line[: 2 * SHOWN].decode("utf-8", "replace"))


def _at(points: Points, numbers: list[int]) -> Points:
    """Say in which lines faults were met first; `numbers` are those of the points."""
    is_trip = points.trips is None and len(numbers) == 1
    points.lines = {reason: numbers[0 if is_trip else row] for reason, row in points.rows.items()}
    return points
