"""Types for msgspec that hold just some fields of JSON objects, nested as their paths are."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any, Optional

import msgspec

_UNNAMEABLE = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')  # in names that msgspec's types cannot have


def can_name(path: tuple[str, ...]) -> bool:
    """Return True if a type can have the fields of this path."""
    return not any(map(_UNNAMEABLE.search, path))


def struct(fields: dict[tuple[str, ...], Any]) -> Any:
    """A msgspec type with an optional field for each path; paths with equal first keys share a type."""
    heads: dict[str, dict[tuple[str, ...], Any]] = {}
    for path, kind in fields.items():
        heads.setdefault(path[0], {})[path[1:]] = kind
    members, names = [], {}
    for head, inner in heads.items():
        names[_member(head)] = head
        members.append((_member(head), inner[()] if () in inner else Optional[struct(inner)], None))
    return msgspec.defstruct("Typed", members, rename=names, gc=False)


def _member(key: str) -> str:
    """A Python name for a JSON key, which may be any text."""
    return "f" + key.encode("utf-8").hex()


def column(objects: list[Any], path: tuple[str, ...]) -> list[Any]:
    """The values at the end of a path, one an object; None where the path breaks off."""
    column = objects
    for key in path:
        member = attrgetter(_member(key))
        try:
            column = list(map(member, column))
        except AttributeError:  # None has no members
            present = next((type(item) for item in column if item is not None), None)
            if present is None:
                return column
            nothing = present()
            column = list(map(member, [nothing if item is None else item for item in column]))
    return column
