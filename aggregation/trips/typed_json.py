"""msgspec types with selected fields of JSON objects, nested by their paths, and their values as columns.

A type has a field for each spelling of a path: keys with a dot may stand for several of its steps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Optional

import msgspec

from ..contract.field_path import holds

Path = tuple[str, ...]
Reader = Callable[[Sequence[Any]], tuple[list[Any], ...]]
"""Takes objects and returns columns, a value for each object."""

_UNNAMEABLE = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')  # not allowed in names of msgspec's fields
_MOST_KEYS = 5  # a path of so many keys has 16 spellings


def can_type(paths: Iterable[Path]) -> bool:
    """Return True if one type can have the fields of all these paths."""
    if any(len(path) > _MOST_KEYS or any(map(_UNNAMEABLE.search, path)) for path in paths):
        return False
    every = sorted(spelling for path in paths for spelling in spellings(path))
    return not any(holds(one, following) for one, following in zip(every, every[1:]))


def spellings(path: Path) -> Iterator[Path]:
    """Yield the keys under which a value may lie, in the order in which `values.follow` looks."""
    for end in (1, *range(len(path), 1, -1)):
        key, rest = ".".join(path[:end]), path[end:]
        yield from ((key, *others) for others in (spellings(rest) if rest else [()]))


def struct(fields: dict[Path, Any]) -> Any:
    """Return a msgspec type with optional fields for each path; those with the same first key share one."""
    return _struct({spelling: kind for path, kind in fields.items() for spelling in spellings(path)})


def _struct(fields: dict[Path, Any]) -> Any:
    heads: dict[str, dict[Path, Any]] = {}
    for path, kind in fields.items():
        heads.setdefault(path[0], {})[path[1:]] = kind
    members, names = [], {}
    for head, inner in heads.items():
        names[_member(head)] = head
        members.append((_member(head), inner[()] if () in inner else Optional[_struct(inner)], None))
    return msgspec.defstruct("Typed", members, rename=names, gc=False)


def _member(key: str) -> str:
    """Return a Python name for a JSON key, which may be any string."""
    return "f" + key.encode("utf-8").hex()


def reader(keys: Sequence[Path], nothing: Sequence[Any] = ()) -> Reader:
    """Return a function that reads values by their keys; `nothing` has what stands for missing ones of each.

    Comprehensions that name the members take half the time of `map` with `attrgetter`.
    """
    lists = []
    for path, missing in zip_longest(keys, nothing):
        loops, value = "for item in objects", f"item.{_member(path[0])}"
        for depth, key in enumerate(path[1:]):
            loops += f" for inner{depth} in [{value}]"
            value = f"None if inner{depth} is None else inner{depth}.{_member(key)}"
        if missing is not None:
            loops += f" for value in [{value}]"
            value = f"{missing!r} if value is None else value"
        lists.append(f"[{value} {loops}], ")
    read: Reader = eval(f"lambda objects: ({''.join(lists)})")  # noqa: S307  # nosec B307  # hexadecimal names
    return read


def other_reader(path: Path) -> Optional[Reader]:
    """Return a function that reads the values under the other spellings of a path; None if it has none."""
    others = list(spellings(path))[1:]
    return reader(others) if others else None


def follower(path: Path) -> Callable[[Any], Any]:
    """Return a function that returns the value at the end of a path of one object; None if there is none."""
    read = reader(list(spellings(path)))
    return lambda item: next((value for (value,) in read([item]) if value is not None), None)
