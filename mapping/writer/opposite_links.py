"""Links that have other ids than their roads: the opposite directions of roads, and ids by a rule."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...aggregation.contract.link_ids import LinkId, road_of_opposite
from ...cluster_client.postgis.link_geometry import LinkGeometry, objects
from ...cluster_client.postgis.link_ids import LinkIds, are_texts, link_id_in, opposites

_DIMENSIONS = {0: 2, 1: 3, 2: 3, 3: 4}
"""Numbers of a point by the thousands of its type in ISO WKB: XY, XYZ, XYM, XYZM."""

_SEVERAL = 5

_TMC = re.compile("[0-9A-Z]{3}[-+NP][0-9]{5}")
"""A code of the Traffic Message Channel: country and table, direction, location."""


def with_opposites(found: LinkGeometry, ids: LinkIds) -> LinkGeometry:
    """Return the geometry of `ids`, out of what was found of them and of the roads of opposite directions.

    An opposite direction that was not found itself has the shape of its road from end to start.
    """
    signed = list(opposites(ids))
    if not signed:
        return found
    place = {link_id: row for row, link_id in enumerate(found.ids.tolist())}
    turned = [(link, place[road]) for link, road in signed if link not in place and road in place]
    asked = set(ids.tolist())
    kept = [row for row, link_id in enumerate(found.ids.tolist()) if link_id in asked]
    rows = np.array(kept + [row for _, row in turned], dtype=np.intp)
    links = found.ids[kept].tolist() + [link for link, _ in turned]
    every = objects(links) if are_texts(ids) else np.array(links, dtype=np.int64)
    shapes = found.wkb[rows]
    for at in range(len(kept), len(rows)):
        shapes[at] = reversed_line(shapes[at])
    order = np.argsort(every, kind="stable")
    names, classes = (
        None if column is None else column[rows][order] for column in (found.names, found.classes)
    )
    return replace(found, ids=every[order], wkb=shapes[order], names=names, classes=classes)


@dataclass(frozen=True)
class OtherIds:
    """Links that have other ids among the roads: row by row the place of a link in `ids`, its road, and
    whether the link is the opposite direction of it. A link has several roads, or a road several links."""

    ids: LinkIds
    at: list[int]
    road: list[str]
    turned: list[bool]

    @property
    def roads(self) -> LinkIds:
        """The ids of the roads, as texts."""
        return objects(sorted(set(self.road)))

    def links_of(self, found: LinkGeometry) -> LinkGeometry:
        """Return the geometry of the links, out of that of `roads`."""
        place = {road: row for row, road in enumerate(found.ids.tolist())}
        rows = [row for row, road in enumerate(self.road) if road in place]
        source = np.array([place[self.road[row]] for row in rows], dtype=np.intp)
        shapes = found.wkb[source]
        for number, row in enumerate(rows):
            if self.turned[row]:
                shapes[number] = reversed_line(shapes[number])
        names, classes = (
            None if column is None else column[source] for column in (found.names, found.classes)
        )
        links = LinkGeometry.of_rows(
            self.ids[np.array([self.at[row] for row in rows], dtype=np.intp)], shapes, names, classes,
            found.srid_wkt_or_auth, found.definition,
        )  # fmt: skip
        return replace(links, duplicates=found.duplicates, missing_geometry=found.missing_geometry)


def by_other_ids(
    ids: LinkIds, normal: Callable[[LinkId], LinkId], roads_of: Mapping[LinkId, list[LinkId]]
) -> OtherIds:
    """Return the roads of links whose normal forms are the same; `roads_of` has roads by normal form.

    A link whose normal form is the opposite direction of a road's has that road, if none is its own.
    """
    named = OtherIds(ids, [], [], [])
    for at, link in enumerate(ids.tolist()):
        form = normal(link_id_in(link))
        other = road_of_opposite(form)
        turned = form not in roads_of and other is not None
        for road in sorted(map(str, roads_of.get(other if turned and other is not None else form, ()))):
            named.at.append(at)
            named.road.append(road)
            named.turned.append(turned)
    return named


def has_both_directions(ids: list[LinkId]) -> bool:
    """Return True if some ids tell apart the two directions of a road, by a sign or a letter.

    These are numbers with and without a minus sign, a text with one before it and the same without; TMC codes
    that differ only in `+` and `-`, or `P` and `N`; ids that differ only in an `F` or `T` at their end.
    """
    if not ids or isinstance(ids[0], int):
        return any(link < 0 for link in ids) and any(link >= 0 for link in ids)  # type: ignore[operator]
    texts = {str(link) for link in ids}
    return any(other in texts for text in texts for other in _other_directions(text))


def _other_directions(text: str) -> Iterator[str]:
    """Yield texts that may be the id of the other direction of a link."""
    yield f"-{text}"
    if _TMC.fullmatch(text):
        yield text[:3] + {"-": "+", "+": "-", "N": "P", "P": "N"}[text[3]] + text[4:]
    if text.endswith("F"):
        yield text[:-1] + "T"


def reversed_line(wkb: bytes) -> bytes:
    """Return the ISO WKB of a line or multi-line from end to start."""
    order = "<" if wkb[0] else ">"
    kind, n = struct.unpack_from(f"{order}II", wkb, 1)
    if kind % 1000 == _SEVERAL:
        parts, at = [], 9
        for _ in range(n):
            end = _end_of_line(wkb, at)
            parts.append(reversed_line(wkb[at:end]))
            at = end
        return wkb[:9] + b"".join(reversed(parts))
    points = np.frombuffer(wkb, dtype=np.uint8, offset=9).reshape(n, 8 * _DIMENSIONS[kind // 1000])
    return wkb[:9] + points[::-1].tobytes()


def _end_of_line(wkb: bytes, start: int) -> int:
    """Return where a line in WKB ends that begins at `start`."""
    kind, n = struct.unpack_from("<II" if wkb[start] else ">II", wkb, start + 1)
    return int(start + 9 + 8 * n * _DIMENSIONS[kind // 1000])
