"""What a trip file is, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

SUFFIXES = (".json", ".json.gz")
"""Names of trip files end so, in any case."""

LARGE = 4 << 20
"""A trip with more bytes than this is never in memory whole, but in a temporary file."""

GLOB_CHARACTERS = frozenset("*?[")


def plain_folder(pattern: str, is_folder: Callable[[str], bool], separator: str = "/") -> tuple[str, str]:
    """The longest leading folder of a pattern that exists under just that name, and the pattern below it.

    A folder may be called `[2024]`: where it exists, its name is a name and no pattern. The first is empty
    where there is no such folder, or none of the leading folders has a wildcard in its name.
    """
    parts = pattern.split(separator)
    for n in range(len(parts) - 1, 0, -1):
        folder = separator.join(parts[:n])
        if not GLOB_CHARACTERS & set(folder):
            break
        if is_folder(folder):
            return folder, separator.join(parts[n:])
    return "", pattern


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
