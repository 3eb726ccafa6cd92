"""Link ids: one rule for trips and roads, however they are written.

A whole number within ±(2^63 - 1) is itself: as a number, and as a text with blanks around it, a sign,
leading zeros, or zeros after a decimal point (` 101`, `+101`, `00101`, `101.0`). Any other text is an id as
it stands, without the blanks around it: a TMC code, a UUID, digits beyond 2^63 - 1, and what looks like a
number with an exponent (`1234e5`), as it may be hexadecimal. An empty text and `null` are no id.

The opposite direction of a link has the negative of its id: `-101` of 101, `-AB7` of the text `AB7`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Optional, Union

from .errors import RunError
from .json_text import shown

LinkId = Union[int, str]
"""A link's id: a whole number within ±`LARGEST`, or a text that is no such number."""

LARGEST = 2**63 - 1
"""The largest whole number that is a link id; the smallest is its negative."""

EXACT_FLOAT = 2**53
"""From here on floats cannot distinguish neighbouring integers, so they are no link ids."""

LONGEST = 400
"""Maximum number of characters of a link id as text."""

BLANKS = " \t\r\n\f\v"
"""Characters around a text that do not belong to its link id."""

WHOLE_NUMBER = r"[+-]?[0-9]+(?:\.0*)?"
"""Regular expression of a whole number as text, valid in Python and PostgreSQL."""

REASONS = ("no_link", "bad_link")
"""Reasons for which a value is no link id: none is given, and it is none."""

DIRECTION_REASONS = ("no_direction", "bad_direction")
"""Reasons for which a value is no direction: none is given, and it is none."""

_FORWARD, _BACKWARD = ("f", "forward", "+", "true"), ("t", "backward", "-", "false")

_WHOLE = re.compile(WHOLE_NUMBER)
_NEVER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Controls, breaks of lines, and what UTF-8 cannot hold: no part of an id."""


def link_id_of(value: object) -> tuple[Optional[LinkId], Optional[str]]:
    """Return the link id that a value stands for as `(id, None)`, or `(None, reason)`; see `REASONS`."""
    if isinstance(value, str):
        return _of_text(value)
    if value is None:
        return None, "no_link"
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= EXACT_FLOAT:
            return None, "bad_link"
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None, "bad_link"
    return (value if abs(value) <= LARGEST else str(value)), None


def _of_text(value: str) -> tuple[Optional[LinkId], Optional[str]]:
    text = value.strip(BLANKS)
    if not text or text.lower() == "null":
        return None, "no_link"
    if len(text) > LONGEST or _NEVER.search(text):
        return None, "bad_link"
    if _WHOLE.fullmatch(text):
        number = int(text.partition(".")[0])
        if abs(number) <= LARGEST:
            return number, None
    return text, None


def opposite(link_id: LinkId) -> LinkId:
    """Return the id of the opposite direction of a link."""
    return -link_id if isinstance(link_id, int) else f"-{link_id}"


def road_of_opposite(link_id: LinkId) -> Optional[LinkId]:
    """Return the id of which `link_id` is the opposite direction; None if it has no minus sign."""
    if isinstance(link_id, int):
        return -link_id if link_id < 0 else None
    return link_id_of(link_id[1:])[0] if link_id.startswith("-") else None


def is_backward(value: object) -> tuple[bool, Optional[str]]:
    """Return whether a direction is backward, as `(is it, None)`, or `(False, reason)`.

    Forward is `F`, `forward`, 1, `+` or true; backward is `T`, `backward`, -1, `-` or false; in capitals or
    not.
    """
    if value is None:
        return False, "no_direction"
    if isinstance(value, bool):
        return not value, None
    if isinstance(value, str):
        word = value.strip(BLANKS).lower()
        if word in ("", "null"):
            return False, "no_direction"
        if word in _FORWARD or word in _BACKWARD:
            return word in _BACKWARD, None
    number = link_id_of(value)[0]
    return number == -1, None if number in (1, -1) else "bad_direction"


def directed(link_id: LinkId, direction: object) -> LinkId:
    """Return the id of a link in a direction of its road; what is no direction leaves it as it is."""
    return opposite(link_id) if is_backward(direction)[0] else link_id


def key_of(link_id: LinkId) -> int:
    """Return the number that stands for a link id in the point store.

    A number stands for itself; for a text it is the first 8 bytes of its BLAKE2b in UTF-8, as a big-endian
    number, without the top bit.
    """
    return link_id if isinstance(link_id, int) else hash_of(link_id)


def hash_of(text: str) -> int:
    """Return the 63-bit key of a text."""
    return int.from_bytes(blake2b(text.encode("utf-8")).digest()[:8], "big") & LARGEST


class LinkTexts(dict[int, str]):
    """The texts of link ids by their keys."""

    def note(self, texts: Iterable[tuple[int, str]]) -> None:
        """Add texts with their keys; raises `RunError` for two texts with one key."""
        for key, text in texts:
            if self.setdefault(key, text) != text:
                raise same_key(self[key], text)


def same_key(one: LinkId, other: LinkId) -> RunError:
    """Return the error of two link ids with one key."""
    return RunError(
        f"The link ids {shown(one)} and {shown(other)} have the same key in the point store, so their points "
        "cannot be told apart. Rename one of them, in the trips and in the roads."
    )
