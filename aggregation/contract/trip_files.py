"""What a trip file is, wherever it lies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from .errors import RunError

SUFFIXES = (".json", ".json.gz")
"""Names of trip files end so, in any case."""

_PACKED = (".gz", ".GZ", ".Gz", ".gZ")

OTHERS_SEEN = 10_000
"""Files of other forms that are looked at where there are no trips."""

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


def beginning(lead: str, below: str) -> str:
    """What the keys of a glob's objects begin with: the plain folder `lead` and `below` up to a wildcard."""
    return (f"{lead}/" if lead else "") + re.split(r"[*?\[]", below)[0]


def pattern(key: str, lead: str = "") -> re.Pattern[str]:
    """A glob's key as a regular expression, after the rules of Python's `glob`: hidden names need a dot.

    `lead` is a folder before it, whose name is no pattern.
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


class TripFile(NamedTuple):
    """A trip file as it was listed: absolute path, size in bytes, and what tells its versions apart."""

    path: str
    size: int
    version: str


class Listing(NamedTuple):
    """Trip files in order of their paths: `files` count, `copies` are packed copies of some of them."""

    files: list[TripFile]
    copies: list[TripFile]


class Collector:
    """Trip files as they are found, each path once, in any order.

    Of two paths that differ only by `.gz` (in any case) the plain one counts, and the packed one is its copy.
    """

    def __init__(self) -> None:
        self._files: dict[str, TripFile] = {}
        self._n_copies = 0
        self._any_packed = False

    def __len__(self) -> int:
        """The number of files found so far, without copies."""
        return len(self._files) - self._n_copies

    def add(self, file: TripFile) -> None:
        """Take in one more file."""
        if file.path in self._files:
            return
        if plain := unpacked_name(file.path):
            self._any_packed = True
            self._n_copies += plain in self._files
        elif self._any_packed:
            self._n_copies += sum(file.path + ending in self._files for ending in _PACKED)
        self._files[file.path] = file

    def listing(self) -> Listing:
        """What was found."""
        listing = Listing([], [])
        for path in sorted(self._files):
            is_copy = unpacked_name(path) in self._files
            (listing.copies if is_copy else listing.files).append(self._files[path])
        return listing


def unpacked_name(path: str) -> str:
    """The path that a packed file has when it is unpacked; empty for a plain one."""
    return path[:-3] if path[-3:].lower() == ".gz" else ""


class CopiesInOrder:
    """Finds packed copies among names in order, as a bucket lists them; holds a few names at a time."""

    def __init__(self) -> None:
        self._plain: list[str] = []  # each is the beginning of the next

    def is_copy(self, name: str) -> bool:
        """Return True if `name`, the next in order, is packed and came before without `.gz`."""
        while self._plain and not name.startswith(self._plain[-1]):
            self._plain.pop()
        plain = unpacked_name(name)
        if not plain:
            self._plain.append(name)
        return plain in self._plain


def no_trips(trips: str, others: Iterable[str]) -> RunError:
    """What to say where TRIPS names no trip file; `others` are names of the files that lie there."""
    text = f"There are no trip files (.json, .json.gz) in {trips!r}"
    names = (name.rpartition("/")[2] for name in islice(others, OTHERS_SEEN))
    endings = Counter(_ending(name) for name in names if name and not name.startswith("."))
    if not endings:
        return RunError(f"{text}. Check the folder.")
    found = " and ".join(f"{n:,} {ending}" for ending, n in sorted(endings.items(), key=_most)[:2])
    return RunError(
        f"{text}, but {found}. Other forms are not read by this version: write each trip into a JSON file of "
        "its own, or check the folder."
    )


def _most(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _ending(name: str) -> str:
    """`that end in .csv.gz` of a file's name; `of another kind` where it has no plain ending."""
    found = re.search(r"[^.](\.[A-Za-z0-9]{1,10}(?:\.gz)?)$", name)
    return f"that end in {found[1].lower()}" if found else "of another kind"


def printable(text: str) -> str:
    """A path or text of a file for messages, manifests and the store: valid UTF-8 whatever bytes it holds."""
    if text.isascii():  # nearly all
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can escape
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
