"""msgspec types with selected fields of JSON objects, nested by their paths."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any, Optional

import msgspec

_UNNAMEABLE = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')  # not allowed in names of msgspec's fields


def can_name(path: tuple[str, ...]) -> bool:
    """Return True if a type can have the fields of this path."""
    return not any(map(_UNNAMEABLE.search, path))


def struct(fields: dict[tuple[str, ...], Any]) -> Any:
    """Return a msgspec type with an optional field for each path; paths with the same first key share one."""
    heads: dict[str, dict[tuple[str, ...], Any]] = {}
    for path, kind in fields.items():
        heads.setdefault(path[0], {})[path[1:]] = kind
    members, names = [], {}
    for head, inner in heads.items():
        names[_member(head)] = head
        members.append((_member(head), inner[()] if () in inner else Optional[struct(inner)], None))
    return msgspec.defstruct("Typed", members, rename=names, gc=False)


def _member(key: str) -> str:
    """Return a Python name for a JSON key, which may be any string."""
    return "f" + key.encode("utf-8").hex()


def column(objects: list[Any], path: tuple[str, ...]) -> list[Any]:
    """Return the value at the end of a path for each object; None if the path breaks off."""
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
