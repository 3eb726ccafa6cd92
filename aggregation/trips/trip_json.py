"""The JSON of trip files: unpacked, and decoded as leniently as files of others need.

NaN, keys that stand twice, bytes that are no UTF-8 and numbers of any length are read: what is wrong with a
value is counted, and fields of no interest may hold anything.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import Any

from ..contract.errors import FILE_REASONS, BadTripFile
from . import values

GZIP = b"\x1f\x8b"
"""The first bytes of gzip files."""


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
    """Return the error of a file with more bytes than allowed."""
    return BadTripFile("too_large", f"{FILE_REASONS['too_large']} of {max_bytes >> 20} MiB")


def load(raw: bytes) -> Any:
    """The decoded JSON of a trip file, unpacked; raises `BadTripFile`."""
    return load_text(text_of(raw))


def text_of(raw: bytes) -> str:
    """The text of a JSON trip file, unpacked; raises `BadTripFile`."""
    encoding = json.detect_encoding(raw)
    try:
        return raw.decode(encoding, "surrogateescape" if "8" in encoding else "strict")
    except ValueError as error:
        raise BadTripFile("bad_json", f"{FILE_REASONS['bad_json']}: {error}") from error


def load_text(text: str) -> Any:
    """The decoded JSON of a trip file's text; raises `BadTripFile`."""
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise BadTripFile("too_deep", FILE_REASONS["too_deep"]) from error
    except ValueError as error:
        raise BadTripFile("bad_json", f"{FILE_REASONS['bad_json']}: {error}") from error


def _integer(digits: str) -> float:
    """An integer of a file; Python refuses very long ones, which fields of no interest may hold."""
    return int(digits) if len(digits) <= values.MAX_DIGITS else float(digits)
