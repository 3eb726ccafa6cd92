"""What a trip file is, wherever it lies."""

from __future__ import annotations

from typing import NamedTuple

SUFFIXES = (".json", ".json.gz")
"""Names of trip files end so, in any case."""

LARGE = 4 << 20
"""A trip with more bytes than this is never in memory whole, but in a temporary file."""

GLOB_CHARACTERS = frozenset("*?[")


class TripFile(NamedTuple):
    """A trip file as it was listed: absolute path, size in bytes, and what tells its versions apart."""

    path: str
    size: int
    version: str


def printable(text: str) -> str:
    """A path or text of a file for messages, manifests and the store: valid UTF-8 whatever bytes it holds."""
    if text.isascii():  # nearly all
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can escape
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
