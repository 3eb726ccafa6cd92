"""Bounded reading of untrusted JSON, with errors that name the file and the entry.

    values = Entries.of(read(folder / "manifest.json"), "manifest.json")
    rows = values.part("results").part("link_speeds").whole("rows")

Every file and answer that another program, computer or person may have written is read here:
specifications, status, manifests, claims, package lists, profiles, records, settings. Anything but plain
JSON of moderate size raises `JsonFault`: deep nesting, numbers beyond 64 bits, NaN and infinity, duplicate
keys, pipes in place of files.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol, Union

LARGEST = 16 << 20
"""Maximum size in bytes of a file with long lists, such as a manifest."""

LARGEST_NOTE = 1 << 20
"""Maximum size in bytes of a file about one thing: a status, a specification, a profile, a record."""

DEEPEST = 32
"""Maximum nesting of objects and arrays."""

MOST_VALUES = 2_000_000
"""Maximum number of values in a file (counted by its commas and brackets, including those in strings)."""

MOST = 2**63 - 1
"""Largest integer by absolute value; it fits 64 bits everywhere."""

_DIGITS = 19
_SHOWN = 60
_SHOWN_DIGITS = 24
_BLOCK = 1 << 20
_BRACKETS = re.compile(r'"[^"]*"|[\[\]{}]')


class JsonFault(ValueError):
    """A file or an answer is not JSON within the bounds, or an entry has the wrong type or value.

    `name` is the file or other source of the text; `fault` is a clause that begins with "it" or "its"
    ("its entry 'rows' is missing").
    """

    def __init__(self, name: str, fault: str) -> None:
        super().__init__(name, fault)
        self.name, self.fault = name, fault

    def __str__(self) -> str:
        return f"{self.name} cannot be used: {self.fault}"


class FarFile(Protocol):
    """A remote file, such as an object in a bucket."""

    def read_first(self, most: int) -> bytes:
        """Return the first `most` bytes."""
        ...  # pragma: no cover


def read(path: Union[Path, FarFile], largest: int = LARGEST) -> Any:
    """Return the decoded JSON of a file of at most `largest` bytes; raises `OSError` or `JsonFault`."""
    content = first_bytes(path, largest + 1) if isinstance(path, Path) else path.read_first(largest + 1)
    return decode(content, str(path), largest)


def decode(content: Union[bytes, str], name: str, largest: int = LARGEST) -> Any:
    """Decode JSON, given as UTF-8 bytes or a string; `name` names the source. Raises `JsonFault`."""
    if len(content) > largest:
        raise JsonFault(name, f"it is larger than {largest:,} bytes")
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonFault(name, f"it is not text in UTF-8 (byte {error.start:,})") from error
    check_shape(text, name)
    decoder = json.JSONDecoder(
        object_pairs_hook=lambda pairs: _object(pairs, name),
        parse_int=lambda digits: _whole(digits, name),
        parse_float=lambda digits: _number(digits, name),
        parse_constant=lambda word: _no_number(word, name),
    )
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        what = f"it is not valid JSON ({error.msg}, line {error.lineno}, column {error.colno})"
        raise JsonFault(name, what) from error


def shown(value: object) -> str:
    """Return a value as messages quote it: short, on one line."""
    try:
        text = repr(value)
    except ValueError:  # an int with more digits than Python prints
        text = "a very long number"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


@dataclass(frozen=True)
class Entries:
    """Typed access to the entries of a JSON object; every error is a `JsonFault` that names the entry.

    `name` is the file's, `where` the path of this object in it (empty for the root).
    """

    values: Mapping[str, Any]
    name: str
    where: str = ""

    @classmethod
    def of(cls, values: object, name: str, where: str = "") -> Entries:
        """Return the entries of a decoded value; raises `JsonFault` if it is not an object."""
        if not isinstance(values, Mapping):
            raise JsonFault(name, f"its entry {where!r} is not an object" if where else "it is not an object")
        return cls(values, name, where)

    @classmethod
    def read(cls, path: Union[Path, FarFile], largest: int = LARGEST) -> Entries:
        """Return the entries of a file; raises `OSError` or `JsonFault`."""
        return cls.of(read(path, largest), str(path))

    def __contains__(self, entry: object) -> bool:
        return entry in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def value(self, entry: str) -> Any:
        """Return a required entry of any type."""
        if entry not in self.values:
            raise JsonFault(self.name, f"its entry {self.path(entry)!r} is missing")
        return self.values[entry]

    def part(self, entry: str) -> Entries:
        """Return the entries of an object."""
        return Entries.of(self.value(entry), self.name, self.path(entry))

    def array(self, entry: str) -> list[Any]:
        """Return an array."""
        value = self.value(entry)
        if not isinstance(value, list):
            raise self.fault(entry, "not an array")
        return value

    def parts(self, entry: str) -> list[Entries]:
        """Return the entries of each object of an array."""
        return [
            Entries.of(value, self.name, f"{self.path(entry)}[{n}]")
            for n, value in enumerate(self.array(entry))
        ]

    def text(self, entry: str) -> str:
        """Return a string."""
        value = self.value(entry)
        if not isinstance(value, str):
            raise self.fault(entry, "not a text")
        return value

    def texts(self, entry: str) -> tuple[str, ...]:
        """Return an array of strings."""
        values = self.array(entry)
        if not all(isinstance(value, str) for value in values):
            raise self.fault(entry, "not an array of texts")
        return tuple(values)

    def whole(self, entry: str, least: int = 0, most: int = MOST) -> int:
        """Return an integer from `least` to `most`."""
        value = self.value(entry)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fault(entry, "not a whole number")
        if not least <= value <= most:
            raise self.fault(entry, f"not between {least} and {most}")
        return value

    def number(self, entry: str, least: float = -math.inf, most: float = math.inf) -> float:
        """Return a finite number from `least` to `most`."""
        value = self.value(entry)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fault(entry, "not a number")
        # Compared before conversion: an integer may be too large for a float.
        if not least <= value <= most or (abs(value) > MOST and isinstance(value, int)):
            raise self.fault(entry, f"not between {least:g} and {most:g}")
        if not math.isfinite(value):
            raise self.fault(entry, "not a finite number")
        return float(value)

    def flag(self, entry: str) -> bool:
        """Return a boolean."""
        value = self.value(entry)
        if not isinstance(value, bool):
            raise self.fault(entry, "not true or false")
        return value

    def path(self, entry: str) -> str:
        """Return the path of an entry in the file, joined by dots."""
        return f"{self.where}.{entry}" if self.where else entry

    def fault(self, entry: str, what: str) -> JsonFault:
        """Return the error for an entry, with its value: "its entry 'rows' is 'x', `what`"."""
        return JsonFault(self.name, f"its entry {self.path(entry)!r} is {shown(self.value(entry))}, {what}")


def first_bytes(path: Path, most: int) -> bytes:
    """Return the first `most` bytes of a regular file; a pipe or device raises without blocking."""
    with open(path, "rb", buffering=0, opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise JsonFault(str(path), "it is a pipe or a device and not a file")
        blocks, left = [], most
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            blocks.append(block)
            left -= len(block)
    return b"".join(blocks)


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without blocking if it is a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def check_shape(text: str, name: str) -> None:
    """Raise `JsonFault` for nesting or numbers of values that exhaust a decoder's stack or memory.

    Called by `decode`, and separately for JSON that another decoder reads, such as trip files.
    """
    opened = text.count("[") + text.count("{")
    if opened + text.count(",") > MOST_VALUES:
        raise JsonFault(name, f"it holds more than {MOST_VALUES:,} values")
    if opened <= DEEPEST:
        return
    depth = 0
    # Without escaped characters every string ends at the next quote.
    for found in _BRACKETS.finditer(text.replace("\\\\", "").replace('\\"', "")):
        mark = found.group()
        if mark in "[{":
            depth += 1
            if depth > DEEPEST:
                raise JsonFault(name, f"it is nested more than {DEEPEST} deep")
        elif mark in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]], name: str) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys: set[str] = set()
        for key, _ in pairs:
            if key in keys:
                raise JsonFault(name, f"its entry {shown(key)} is there twice")
            keys.add(key)
    return values


def _whole(digits: str, name: str) -> int:
    length = len(digits.lstrip("-"))
    if length <= _DIGITS and abs(value := int(digits)) <= MOST:
        return value
    raise JsonFault(name, f"it holds a number of {length} digits, {_shown_number(digits)}, above 2^63-1")


def _number(digits: str, name: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise JsonFault(name, f"it holds the number {_shown_number(digits)}, which is too large")
    return value


def _no_number(word: str, name: str) -> NoReturn:
    raise JsonFault(name, f"it holds {word}, which is not a number in JSON")


def _shown_number(digits: str) -> str:
    """Return the digits of a number as messages quote them."""
    return digits if len(digits) <= _SHOWN_DIGITS else f"{digits[:_SHOWN_DIGITS]}…"
