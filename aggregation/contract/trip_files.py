"""Trip files by name: suffixes, glob patterns, and packed copies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice

from .errors import RunError

_TABLES = (".csv", ".tsv")
_LINES = (".jsonl", ".ndjson")
_PLAIN = (".json", ".geojson", *_LINES, *_TABLES)
_PARQUET = ".parquet"

SUFFIXES = (*_PLAIN, *(f"{suffix}.gz" for suffix in _PLAIN), _PARQUET)
"""Suffixes of trip files, case-insensitive."""

SUFFIXES_SHOWN = f"{', '.join(_PLAIN)}, also with .gz, and {_PARQUET}"

_TEXT_TABLES = (*_TABLES, *(f"{suffix}.gz" for suffix in _TABLES))
_STREAMED = (*_TEXT_TABLES, *_LINES, *(f"{suffix}.gz" for suffix in _LINES), _PARQUET)

OTHERS_SEEN = 10_000
"""Maximum number of other files that are examined if there are no trips."""

_ANY_SIZE = 1 << 62

LARGE = 4 << 20
"""A trip of more bytes is held in a temporary file, not in memory."""

GLOB_CHARACTERS = frozenset("*?[")


def is_table(name: str) -> bool:
    """Return True if a file of this name is a table of text."""
    return name.lower().endswith(_TEXT_TABLES)


def may_be_cut(name: str, has_trip_ids: bool) -> bool:
    """Return True if a file of this name may be read in stretches, each by itself.

    A table of one trip, which no column tells apart, cannot.
    """
    plain = _LINES if not has_trip_ids else (*_LINES, *_TABLES, _PARQUET)
    return name.lower().endswith(plain)


def limit_of(name: str, max_bytes: int) -> int:
    """Return the largest size in bytes of a trip file of this name.

    That is `max_bytes` but for forms that are read some rows at a time.
    """
    return _ANY_SIZE if name.lower().endswith(_STREAMED) else max_bytes


def plain_folder(pattern: str, is_folder: Callable[[str], bool], separator: str = "/") -> tuple[str, str]:
    """Return the longest leading folder of a pattern that exists literally, and the pattern below it.

    A folder may be called `[2024]`: if it exists, its name is taken literally. The folder is empty if none
    exists, or if no leading folder has a wildcard in its name.
    """
    parts = pattern.split(separator)
    for n in range(len(parts) - 1, 0, -1):
        folder = separator.join(parts[:n])
        if not GLOB_CHARACTERS & set(folder):
            break
        if is_folder(folder):
            return folder, separator.join(parts[n:])
    return "", pattern


def beginning(lead: str, below: str) -> str:
    """Return the common prefix of a glob's keys: the plain folder `lead` and `below` up to a wildcard."""
    return (f"{lead}/" if lead else "") + re.split(r"[*?\[]", below)[0]


def pattern(key: str, lead: str = "") -> re.Pattern[str]:
    """Return a glob as a regular expression by the rules of Python's `glob`: hidden names need a dot.

    `lead` is a leading folder whose name is taken literally.
    """
    parts = key.split("/")
    found = [re.escape(f"{lead}/")] if lead else []
    for n, part in enumerate(parts):
        last = n == len(parts) - 1
        if part == "**":
            found.append(r"(?:(?!\.)[^/]+/)*" + (r"(?!\.)[^/]+" if last else ""))
            continue
        hidden = part.startswith(".") or not GLOB_CHARACTERS & set(part)
        found.append(("" if hidden else r"(?!\.)") + _segment(part) + ("" if last else "/"))
    return re.compile("".join(found), re.DOTALL)


def _segment(part: str) -> str:
    words, i = [], 0
    while i < len(part):
        c, i = part[i], i + 1
        if c == "*":
            words.append("[^/]*")
        elif c == "?":
            words.append("[^/]")
        elif c == "[" and (end := part.find("]", i + 2 if part[i : i + 1] == "!" else i + 1)) > 0:
            inside = part[i:end].replace("\\", r"\\").replace("[", r"\[").replace("&&", r"\&&")
            inside = "^" + inside[1:] if inside.startswith("!") else "\\" * (inside[0] == "^") + inside
            words.append(f"[{inside}]")
            i = end + 1
        else:
            words.append(re.escape(c))
    return "".join(words)


def unpacked_name(path: str) -> str:
    """Return the path of a packed file without `.gz`; empty for a plain one."""
    return path[:-3] if path[-3:].lower() == ".gz" else ""


class CopiesInOrder:
    """Finds packed copies among sorted names, as a bucket lists them, with a few names in memory."""

    def __init__(self) -> None:
        self._plain: list[str] = []  # each is a prefix of the next

    def is_copy(self, name: str) -> bool:
        """Return True if `name`, the next in order, is packed and its plain name came before."""
        while self._plain and not name.startswith(self._plain[-1]):
            self._plain.pop()
        plain = unpacked_name(name)
        if not plain:
            self._plain.append(name)
        return plain in self._plain


def no_trips(trips: str, others: Iterable[str]) -> RunError:
    """Return the error for `trips` without any trip file; `others` are names of other files there."""
    text = f"There are no trip files ({SUFFIXES_SHOWN}) in {trips!r}"
    names = (name.rpartition("/")[2] for name in islice(others, OTHERS_SEEN))
    endings = Counter(_ending(name) for name in names if name and not name.startswith("."))
    if not endings:
        return RunError(f"{text}. Check the folder.")
    found = " and ".join(f"{n:,} {ending}" for ending, n in sorted(endings.items(), key=_most)[:2])
    return RunError(
        f"{text}, but {found}. Other forms are not read by this version: write the trips in one of these, or "
        "check the folder."
    )


def _most(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _ending(name: str) -> str:
    """Return `that end in .csv.gz` for a file name; `of another kind` if it has no plain suffix."""
    match = re.search(r"[^.](\.[A-Za-z0-9]{1,10}(?:\.gz)?)$", name)
    return f"that end in {match[1].lower()}" if match else "of another kind"


def printable(text: str) -> str:
    """Return a path or other text as valid UTF-8, with invalid bytes escaped, for messages and files."""
    if text.isascii():  # nearly always
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can escape
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
