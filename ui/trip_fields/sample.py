"""A first look at the trips: what the first points say, and the links of a sample.

Plain functions for a thread; nothing here knows of widgets. A file is decoded after the rules of a run,
within the bounds of `json_text`, since the whole of it is in memory here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Callable, Optional

import numpy as np

from ...aggregation.contract.errors import BadTripFile
from ...aggregation.contract.field_path import keys_of
from ...aggregation.contract.link_ids import LinkId, directed, is_backward, link_id_of
from ...aggregation.contract.spec import FieldMapping
from ...aggregation.contract.time_zones import is_zone
from ...aggregation.trips import advice, times, values
from ...cluster_client.backends.base.probe import TripSource
from ...cluster_client.postgis.link_ids import LinkIds, ids_of
from .content import Content, content_of
from .proposals import NEEDED, RawField, fields_of, fits
from .recognition import Recognition, recognise

LARGEST_PREVIEW, LARGEST_FETCHED = 64 << 20, 8 << 20
FETCHED_SAMPLE = 3 << 20
"""Bytes: the largest file that is looked at, here and over the network, and what a sample may fetch."""

POINTS_SHOWN = 20
SAMPLE_IDS = 2_000

Check = Callable[[], None]


@dataclass(frozen=True)
class FirstPoint:
    """One point as Roadpulse reads it; None where a value is missing or not usable."""

    link_id: Optional[LinkId]
    speed: Optional[float]
    time: Optional[datetime]


@dataclass(frozen=True)
class Preview:
    """The first points of the first usable file, as they are read with a mapping.

    `found` holds which of link_id, speed and time have a usable value in some of these points; `raw` the
    points as they are in the file. `proposal` is a mapping that would find more, `problem` the reason why
    nothing can be read. `faults` holds, for the fields that are not found, the fault of the value in the
    file. `recognition` is what the file probably is.
    """

    file: str = ""
    points: tuple[FirstPoint, ...] = ()
    raw: tuple[Any, ...] = ()
    fields: tuple[RawField, ...] = ()
    found: tuple[str, ...] = ()
    proposal: Optional[FieldMapping] = None
    problem: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    content: Optional[Content] = field(default=None, repr=False)
    recognition: Optional[Recognition] = None


def preview(
    source: TripSource,
    trips: str,
    mapping: FieldMapping,
    check: Check,
    zone: str = "UTC",
    unit: str = "km/h",
) -> Preview:
    """Read the first points; what is wrong with them is said in `Preview.problem`. Raises `RunError`.

    `zone` is that of times which the mapping says are local, `unit` that of speeds which are computed.
    """
    last = Preview()
    for path in source.first(trips):
        check()
        try:
            content = _content(source, path, mapping)
            last = inspect(path, content, mapping, zone, unit)
        except BadTripFile as error:
            last = Preview(file=path, problem=_clause(error.message))
        except OSError as error:
            last = Preview(file=path, problem=f"it cannot be read: {error.strerror}")
        if last.points or last.proposal:
            return last
    return last


def inspect(
    path: str, content: Content, mapping: FieldMapping, zone: str = "UTC", unit: str = "km/h"
) -> Preview:
    """Return what `mapping` finds in the first points of a file; see `preview`. Raises `BadTripFile`."""
    raw, paths = content.points(mapping), content.rules(mapping)
    recognition = recognise(content, mapping, zone, unit)
    proposal = None
    if recognition and replace(recognition.mapping, naive_times=mapping.naive_times) != mapping:
        proposal = recognition.mapping
    if not isinstance(raw, list):
        return Preview(
            file=path, proposal=proposal, content=content, recognition=recognition,
            problem=f"there is no array of points in its field “{mapping.points}”",
        )  # fmt: skip
    first = raw[:POINTS_SHOWN]
    given = {
        name: [_value(point, getattr(paths, name)) for point in first] if getattr(paths, name) else []
        for name in NEEDED
    }
    rules = times.TimeRules(mapping.naive_times, zone if is_zone(zone) else "UTC", mapping.time_format)
    if mapping.speed_from:
        given["speed"] = _computed_speeds(first, given, paths, rules, unit)
    found = tuple(name for name in given if any(fits(name, value, rules) for value in given[name]))
    faults = {
        name: text
        for name in given
        if name not in found
        for text in filter(None, [_fault(name, given[name], path, mapping)])
    }
    links = given["link_id"]
    if mapping.direction:
        links = [_directed(link, _value(one, paths.direction)) for link, one in zip(links, first)]
    points = tuple(_point(*read, rules) for read in zip(links, given["speed"], given["time"]))
    return Preview(
        file=path, points=points, raw=tuple(first), fields=tuple(fields_of(raw)), found=found,
        proposal=proposal, content=content, recognition=recognition,
        problem="" if raw else "it holds no points", faults=faults,
    )  # fmt: skip


def sample_link_ids(
    source: TripSource, paths: tuple[str, ...], mapping: FieldMapping, check: Check
) -> LinkIds:
    """Return distinct link ids (n,) of the first points of some files; raises `RunError`.

    Bad files are passed over.
    """
    found: set[LinkId] = set()
    read = 0

    def beginning(path: str, n: int) -> bytes:
        nonlocal read
        head = source.beginning(path, n)
        read += len(head)
        return head

    for path in paths:
        check()
        try:
            content = content_of(partial(beginning, path), path, mapping, _most(source), not source.far)
            found.update(_links_of(content, mapping))
        except (BadTripFile, OSError):
            continue  # counted and named by the run itself
        if len(found) >= SAMPLE_IDS or (source.far and read > FETCHED_SAMPLE):
            break
    return ids_of(sorted(found, key=lambda link: (isinstance(link, str), link))[:SAMPLE_IDS])


def _links_of(content: Content, mapping: FieldMapping) -> set[LinkId]:
    points, paths = content.points(mapping), content.rules(mapping)
    found: set[LinkId] = set()
    for point in points if isinstance(points, list) else ():
        link = _value(point, paths.link_id)
        link_id = link_id_of(_directed(link, _value(point, paths.direction)) if paths.direction else link)[0]
        if link_id is not None:
            found.add(link_id)
    return found


def _content(source: TripSource, path: str, mapping: FieldMapping) -> Content:
    return content_of(partial(source.beginning, path), path, mapping, _most(source), not source.far)


def _most(source: TripSource) -> int:
    return LARGEST_FETCHED if source.far else LARGEST_PREVIEW


def _clause(message: str) -> str:
    """Return the fault of a file as a clause that begins with "it"."""
    return re.sub("^the file ", "it ", message)


def _value(point: Any, path: str) -> Any:
    return values.follow(point, keys_of(path))


def _computed_speeds(
    points: list[Any],
    given: Mapping[str, list[Any]],
    mapping: FieldMapping,
    rules: times.TimeRules,
    unit: str,
) -> list[Optional[float]]:
    """Return the speeds of points out of their positions; None for points that a run leaves out."""
    from ...aggregation.store.position_speeds import Places, speeds_of  # noqa: PLC0415  (needs msgspec)

    found: list[Optional[float]] = [None] * len(points)
    linked = [at for at, link in enumerate(given["link_id"]) if link_id_of(link)[1] is None]
    positions = [
        values.position_of(_value(points[at], mapping.longitude), _value(points[at], mapping.latitude))
        for at in linked
    ]
    instants = [times.instant_of(given["time"][at], rules)[0] for at in linked]
    position = np.array(positions, dtype=np.float64).reshape(-1, 2)
    speed, _ = speeds_of(Places(np.array(instants, dtype=np.int64), *position.T), unit)
    for at, one in zip(linked, speed.tolist()):
        found[at] = None if np.isnan(one) else one
    return found


def _fault(name: str, given: list[Any], path: str, mapping: FieldMapping) -> str:
    """Return the fault of the first value of a field; empty if the field has no value."""
    file = PurePosixPath(path.replace("\\", "/")).name
    for value in given:
        reason = _reason(name, value, mapping)
        if not reason.startswith("no_"):
            text = advice.sentence(reason, advice.shown(value), file, mapping)
            return text[:1].upper() + text[1:]
    return ""


def _reason(name: str, value: Any, mapping: FieldMapping) -> str:
    if name == "link_id":
        return str(link_id_of(value)[1])
    if name == "speed":
        return str(values.speed_of(value)[1])
    return values.TIME_FAULTS[
        times.instant_of(value, times.TimeRules("utc", format=mapping.time_format))[1] - 1
    ]


def _directed(link: Any, direction: Any) -> Any:
    """Return the id of a link in its direction; None if that is not understood."""
    link_id, _ = link_id_of(link)
    if link_id is None or is_backward(direction)[1]:
        return None
    return directed(link_id, direction)


def _point(link: Any, speed: Any, time: Any, rules: times.TimeRules) -> FirstPoint:
    link_id, link_fault = link_id_of(link)
    parsed_speed, speed_fault = values.speed_of(speed)
    instant, _ = times.instant_of(time, rules)
    known = instant != times.NO_TIME
    moment = datetime.fromtimestamp(instant / times.MICROSECONDS, timezone.utc) if known else None
    return FirstPoint(None if link_fault else link_id, None if speed_fault else parsed_speed, moment)
