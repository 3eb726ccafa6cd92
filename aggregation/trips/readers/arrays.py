"""Arrays of JSON, of trips, of points or of features: a whole file, or at a path of keys in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Union

import msgspec

from ...contract.errors import FILE_REASONS, BadTripFile
from ...contract.field_path import path_of
from .. import typed_json, values
from ..decoder import Points, kind_of
from ..json_cuts import find_cuts
from ..large_files import in_utf8
from ..trip_json import load
from .elements import Elements

PIECE = 1 << 20


def decode_array(elements: Elements, content: Union[bytes, Path], path: tuple[str, ...]) -> Iterator[Points]:
    """Yield the points of the array at the end of a path; raises `BadTripFile`.

    `content` is the unpacked file, as bytes or as a file.
    """
    if isinstance(content, bytes):
        yield from elements.decode(iter([_inside(content, path)]))
        return
    with in_utf8(content) as here, here.open("rb") as stream:
        cuts = find_cuts(stream, path, PIECE)
        if not cuts.pieces or cuts.end < 0:
            load(cuts.around)  # raises what is wrong with it
            raise (
                _no_array(load(here.read_bytes()), path)
                if not cuts.pieces
                else BadTripFile(
                    "bad_json", f"{FILE_REASONS['bad_json']}: the array of trips or points does not end"
                )
            )
        load(cuts.around)

        def pieces() -> Iterator[bytes]:
            for start, end in cuts.pieces:
                stream.seek(start)
                yield stream.read(end - start)

        yield from elements.decode(pieces())


def _inside(text: bytes, path: tuple[str, ...]) -> bytes:
    """Return what stands between the brackets of an array in a file."""
    found = _raw(text, path) if path else text.strip(b"\xef\xbb\xbf \t\r\n\0")
    if found[:1] + found[-1:] == b"[]":
        return found[1:-1]
    value = values.follow(load(text), path)  # raises what is wrong with it
    if not isinstance(value, list):
        raise _no_array(load(text), path)
    return msgspec.json.encode(value)[1:-1]


def _raw(text: bytes, path: tuple[str, ...]) -> bytes:
    """Return the value at the end of a path as it is written; empty if the text is not strict JSON."""
    if not typed_json.can_type([path]):
        return b""
    try:
        root = msgspec.json.decode(text, type=typed_json.struct({path: msgspec.Raw}))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return b""
    return bytes(typed_json.follower(path)(root) or b"")


def _no_array(root: object, path: tuple[str, ...]) -> BadTripFile:
    value = values.follow(root, path)
    found = "nothing is there" if value is None else f"{kind_of(value)} is there"
    keys = f"; it has: {', '.join(list(map(str, root))[:12])}" if isinstance(root, dict) else ""
    return BadTripFile("no_points", f"no array in field '{path_of(path)}': {found}{keys}")
