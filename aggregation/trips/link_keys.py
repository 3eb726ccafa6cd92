"""Link ids of columns of points, as keys of the point store."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract import link_ids
from ..contract.link_ids import EXACT_FLOAT, LinkTexts, is_backward, link_id_of, opposite, same_key

NO_LINK = -(2**63)
"""The key of a point without a link id; no link id has it."""

_KEPT = 1_000_000


class Unclear(Exception):
    """A column has a value that is no link id, or no direction, and not just missing."""


class LinkKeys(dict[Any, int]):
    """The keys of values that were met in trip files, by value, and the `texts` of those that are texts.

    A value is a link id, or a pair of a link id and a direction.
    """

    def __init__(self) -> None:
        super().__init__()
        self.texts = LinkTexts()

    def __missing__(self, value: Any) -> int:
        key = self._key_of(value)
        self[value] = key
        return key

    def _key_of(self, value: Any) -> int:
        given, direction = value if isinstance(value, tuple) else (value, True)
        link_id, reason = link_id_of(given)
        if reason == "no_link":
            return NO_LINK
        backward, fault = is_backward(direction)
        if link_id is None or fault:
            raise Unclear
        return self.note(opposite(link_id) if backward else link_id)

    def note(self, link_id: link_ids.LinkId) -> int:
        """Return the key of a link id, and note the text of one; raises `RunError` if another one has it."""
        key = link_ids.key_of(link_id)
        if isinstance(link_id, str):
            if key in self:
                raise same_key(link_id, key)
            self.texts.note([(key, link_id)])
        elif key in self.texts:
            raise same_key(self.texts[key], link_id)
        return key

    def column(self, links: list[Any], directions: Optional[list[Any]] = None) -> NDArray[np.int64]:
        """Return the keys of link ids (str, int or None) with their directions, `NO_LINK` for none.

        Raises `Unclear`, and `RunError` for two ids with one key.
        """
        if len(self) > _KEPT:
            self.clear()
            self.texts.clear()
        if directions is not None:
            if bool in set(map(type, directions)):  # as True and 1 are one key of a dictionary
                directions = [str(one) if isinstance(one, bool) else one for one in directions]
            links = list(zip(links, directions))
        found = np.empty(len(links), dtype=np.int64)
        struct.pack_into(f"{len(links)}q", found.data, 0, *map(self.__getitem__, links))  # faster than numpy
        return found

    def texts_of(self, keys: NDArray[np.int64]) -> LinkTexts:
        """Return the texts of those of `keys` that stand for texts."""
        if not self.texts:
            return LinkTexts()
        changes = np.flatnonzero(keys[1:] != keys[:-1])  # a vehicle has many consecutive points on a link
        return LinkTexts(texts_among(self.texts, [*keys[:1].tolist(), *keys[changes + 1].tolist()]))


def texts_among(texts: dict[int, str], keys: Iterable[int]) -> dict[int, str]:
    """Return the texts of those of `keys` that have one."""
    return {key: texts[key] for key in texts.keys() & keys}


def may_be_rounded(links: list[Any], keys: NDArray[np.int64]) -> bool:
    """Return True if a number among link ids may have been read from a float that is not exact."""
    if not len(keys) or (keys.max() < EXACT_FLOAT and keys.min() > -EXACT_FLOAT):
        return False
    if int not in set(map(type, links)):
        return False
    return any(type(one) is int and abs(one) >= EXACT_FLOAT for one in links)
