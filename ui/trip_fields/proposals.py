"""The fields of a trip file: those that exist, and proposals for names that are not found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

from ...aggregation.contract.errors import SpecError
from ...aggregation.contract.field_path import keys_of, path_fault, path_of
from ...aggregation.contract.link_ids import is_backward, link_id_of
from ...aggregation.contract.spec import FieldMapping
from ...aggregation.trips import times, values
from .content import Content
from .field_names import plain, rank, unit_in

NEEDED = ("link_id", "speed", "time")
"""Entries of a mapping that a point needs."""

_MORE = ("trip_id", "vehicle_id", "longitude", "latitude", "direction")
"""Entries that are proposed where a file has a field for them and the mapping names none."""

_USUAL_TIMES = times.TimeRules()
_DEPTH = 4
_WIDTH = 200


@dataclass(frozen=True)
class RawField:
    """A field as it is in the file: its path and the first value given."""

    path: str
    example: Any


def fields_of(points: Sequence[Any], most: int = 20) -> list[RawField]:
    """Return the fields that the first points have, in their order, with the first value that is not null."""
    found: dict[str, Any] = {}
    for point in points[:most]:
        for path, value in _leaves(point):
            if found.get(path) is None:
                found[path] = value
    return [RawField(path, value) for path, value in found.items()][:_WIDTH]


def arrays_of(root: Any) -> list[str]:
    """Return paths from the root to arrays of objects, the longest array first: where the points may be."""
    found = [(len(value), path) for path, value in _walk(root, "", 0) if _is_points(value)]
    return [path for _, path in sorted(found, key=lambda item: (-item[0], item[1]))]


def propose(content: Content, mapping: FieldMapping) -> Optional[FieldMapping]:
    """Return a mapping that fits the file better than `mapping`; None where nothing better is known.

    What `mapping` finds stays. A proposal is only ever shown to the person, never used unasked.
    """
    points, path = content.points(mapping), mapping.points
    if not isinstance(points, list) or not points:
        arrays = arrays_of(content.root)
        if not arrays:
            return None
        path = arrays[0]
        points = values.follow(content.root, keys_of(path))
    fields = fields_of(points)
    chosen: dict[str, str] = {}
    for name in NEEDED:
        now = getattr(content.rules(mapping), name)
        if any(field.path == now and field.example is not None for field in fields):
            chosen[name] = getattr(mapping, name)
    taken = {getattr(content.rules(mapping), name) for name in chosen}
    for name in (*NEEDED, *_MORE):
        if name in chosen or (name in _MORE and getattr(mapping, name)):
            continue
        if name == "speed" and mapping.speed_from:
            continue  # it is computed
        best = _best(name, [field for field in fields if field.path not in taken])
        if best is not None:
            taken.add(best)
            chosen[name] = _inside(path, best) if name in _OF_TRIP and content.rows is None else best
    if bool(chosen.get("longitude")) != bool(chosen.get("latitude")):
        chosen.pop("longitude", None)
        chosen.pop("latitude", None)
    if all(chosen.get(name) == getattr(mapping, name) for name in NEEDED) and path == mapping.points:
        # What is needed is found: of the rest only what tells trips in one file apart matters.
        chosen = {name: found for name, found in chosen.items() if name == "trip_id" and not content.is_trip}
    try:
        proposal = replace(mapping, points=path, **chosen)
    except SpecError:
        return None
    return proposal if proposal != mapping and chosen else None


_OF_TRIP = ("trip_id", "vehicle_id")
"""Entries whose path leads from the root of a trip, also where it ends in a point."""


def _inside(points: str, path: str) -> str:
    return path_of((*keys_of(points), *keys_of(path)))


def changes(mapping: FieldMapping, proposal: FieldMapping) -> str:
    """Return the changes of a proposal as text: the fields of its points that `mapping` does not name."""
    names = (*NEEDED, *_MORE)
    changed = [getattr(proposal, name) for name in names if getattr(proposal, name) != getattr(mapping, name)]
    return ", ".join(changed or [proposal.points])


def unit_hint(root: Any) -> str:
    """Return the unit of the speeds that a file names itself (`m/s`, `km/h`, `mph`, `knots`), else empty."""
    if not isinstance(root, dict):
        return ""
    for key, value in root.items():
        is_unit = isinstance(value, str) and re.search(r"unit", key, re.IGNORECASE)
        if is_unit and plain(value) != "ms" and (unit := unit_in(value)):  # those are also milliseconds
            return unit
    return ""


def fits(name: str, value: Any, rules: times.TimeRules = _USUAL_TIMES) -> bool:
    """Return True if a value can be what `name` (link_id, speed or time) asks for.

    A time without an offset fits, whatever `rules` say of it.
    """
    if name == "link_id":
        return link_id_of(value)[1] is None
    if name == "speed":
        return values.speed_of(value)[1] is None
    if name in ("longitude", "latitude"):
        pair = (value, 0.0) if name == "longitude" else (0.0, value)
        return values.position_of(*pair)[0] == values.position_of(*pair)[0]  # not NaN
    if name == "direction":
        return is_backward(value)[1] is None
    if name in _OF_TRIP:
        return isinstance(value, (str, int)) and not isinstance(value, bool)
    instant, code = times.instant_of(value, rules)
    return instant != times.NO_TIME or code == times.WITHOUT_ZONE


def _best(name: str, fields: Sequence[RawField]) -> Optional[str]:
    """Return the field whose name fits an entry best, of those whose values can be it."""
    found = []
    for at, field in enumerate(fields):
        if not fits(name, field.example):
            continue
        keys = keys_of(field.path)
        names = {plain(keys[-1]), plain("_".join(keys[-2:]))}  # `edge.id` says as much as `edge_id`
        ranks = [r for one in names if (r := rank(name, one)) >= 0]
        if ranks:
            found.append((min(ranks), at, field.path))
    return min(found)[2] if found else None


def _leaves(point: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    if not isinstance(point, dict):
        return
    for key, value in point.items():
        path = f"{prefix}{path_of((key,))}"
        if path_fault(path):  # no path can name it
            continue
        if isinstance(value, dict) and value and depth < _DEPTH:
            yield from _leaves(value, f"{path}.", depth + 1)
        elif not isinstance(value, (dict, list)):
            yield path, value


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and depth < _DEPTH:
        for key, inner in value.items():
            step = path_of((key,))
            below = f"{path}.{step}" if path else step
            if path_fault(below):
                continue
            yield below, inner
            yield from _walk(inner, below, depth + 1)


def _is_points(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
