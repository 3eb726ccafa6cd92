"""Paths of fields in trip files: object keys joined by dots.

A key with a dot in its name is written in brackets and quotes, alone or as a step of a longer path:
`["dbResponse.linkID"]`, `a.["b.c"].d`. Between the quotes a backslash stands before a quote or
another backslash.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Optional
from unicodedata import category

_STEP = re.compile(r'\[\s*("(?:[^"\\]|\\.)*")\s*\]|((?:(?!\[")[^.])*)', re.DOTALL)
_QUOTED = re.compile(r'\["')


class PathFault(ValueError):
    """A text is not a field path; the message says why, as a clause that begins with the path."""


@lru_cache(maxsize=4096)
def keys_of(path: str) -> tuple[str, ...]:
    """Return the keys that a path joins; raises `PathFault`."""
    if odd := next((one for one in path if category(one) in ("Cc", "Cs")), ""):
        raise PathFault(f"{path!r} holds the character {odd!a}, which no field path may hold")
    keys: list[str] = []
    at = 0
    while True:
        step = _STEP.match(path, at)
        if step is None:  # not reached: the second alternative matches nothing, too
            raise PathFault(_malformed(path))
        key, at = _key(path, *step.groups()), step.end()
        if not key.strip():
            raise PathFault(_malformed(path))
        keys.append(key)
        if at == len(path):
            return tuple(keys)
        if path[at] != "." and not _QUOTED.match(path, at):
            raise PathFault(_malformed(path))
        at += path[at] == "."


def _key(path: str, quoted: Optional[str], plain: Optional[str]) -> str:
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1:-1])
    key = plain or ""
    if key.endswith("\\"):
        raise PathFault(
            f"{path!r}: a backslash does not keep a dot from leading to what is inside a key; write a key "
            'with a dot in its name in brackets and quotes, as in ["dbResponse.linkID"]'
        )
    return key


def _malformed(path: str) -> str:
    return (
        f"{path!r} is not a field path such as 'timestamp' or 'dbResponse.linkID'; a key with a dot in its "
        'name is written in brackets and quotes, as in ["dbResponse.linkID"]'
    )


def path_of(keys: tuple[str, ...]) -> str:
    """Return the path that joins some keys."""
    return ".".join(map(_step, keys))


def _step(key: str) -> str:
    if "." in key or key.startswith('["') or key.endswith("\\"):
        escaped = re.sub(r'(["\\])', r"\\\1", key)
        return f'["{escaped}"]'
    return key


def path_fault(path: str) -> str:
    """Return why a text is not a field path; empty if it is one."""
    try:
        keys_of(path)
    except PathFault as fault:
        return str(fault)
    return ""


def holds(outer: tuple[str, ...], inner: tuple[str, ...]) -> bool:
    """Return True if the value at the end of `outer` is, or holds, that at the end of `inner`."""
    return inner[: len(outer)] == outer
