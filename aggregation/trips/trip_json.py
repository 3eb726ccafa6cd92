"""Unpacking and lenient decoding of the JSON of trip files.

NaN, duplicate keys, invalid UTF-8 and numbers of any length are accepted: faults of mapped values are
counted, and other fields may have any content.
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
    """Return a file's bytes, gunzipped if necessary; raises `BadTripFile` beyond `max_bytes`."""
    if raw[:2] == GZIP:
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as archive:
                raw = archive.read(max_bytes + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise BadTripFile("bad_gzip", f"{FILE_REASONS['bad_gzip']}: {error}") from error
    if len(raw) > max_bytes:
        raise too_large(max_bytes)
    return raw


def too_large(max_bytes: int, what: str = "the file is") -> BadTripFile:
    """Return the error of a file, or another part of it, with more bytes than allowed."""
    return BadTripFile("too_large", f"{what} larger than the limit of {max_bytes >> 20} MiB")


def load(raw: bytes) -> Any:
    """Return the decoded JSON of an unpacked trip file; raises `BadTripFile`."""
    return load_text(text_of(raw))


def text_of(raw: bytes) -> str:
    """Return the text of an unpacked trip file; raises `BadTripFile`."""
    encoding = json.detect_encoding(raw)
    try:
        return raw.decode(encoding, "surrogateescape" if "8" in encoding else "strict")
    except ValueError as error:
        raise BadTripFile("bad_json", f"{FILE_REASONS['bad_json']}: {error}") from error


def load_text(text: str) -> Any:
    """Return the decoded JSON of a trip file's text; raises `BadTripFile`."""
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise BadTripFile("too_deep", FILE_REASONS["too_deep"]) from error
    except ValueError as error:
        raise BadTripFile("bad_json", f"{FILE_REASONS['bad_json']}: {error}") from error


def _integer(digits: str) -> float:
    """Convert an integer; very long ones, which Python rejects and other fields may have, become floats."""
    return int(digits) if len(digits) <= values.MAX_DIGITS else float(digits)
