"""A first look at the trips: how many there are, how many are new, and what the first points say.

Plain functions for a thread; nothing here knows of widgets.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np
from numpy.typing import NDArray

from ..aggregation import plan, storage, times, values
from ..aggregation.errors import BadTripFile
from ..aggregation.points import PointStore
from ..aggregation.spec import FieldMapping
from ..aggregation.trips import TripDecoder, unpack
from .field_proposals import RawField, fields_of, fits, propose, unit_hint

LARGEST_PREVIEW = 64 << 20
FIRST_FILES = 5
POINTS_SHOWN = 20
SAMPLE_FILES = 24
SAMPLE_IDS = 2_000

Check = Callable[[], None]


@dataclass(frozen=True)
class TripCount:
    """What TRIPS names: `new_…` is what the point store does not have; `sample` some files, spread evenly."""

    files: int
    bytes: int
    new_files: int
    new_bytes: int
    sample: tuple[str, ...]


@dataclass(frozen=True)
class FirstPoint:
    """One point as Roadpulse reads it; None where a value is missing or not usable."""

    link_id: Optional[int]
    speed: Optional[float]
    time: Optional[datetime]


@dataclass(frozen=True)
class Preview:
    """The first points of the first usable file, as they are read with a mapping.

    `found` holds which of link_id, speed and time have a usable value in some of these points; `raw` the
    points as they are in the file. `proposal` is a mapping that would find more, `problem` says in words
    why nothing can be read.
    """

    file: str = ""
    points: tuple[FirstPoint, ...] = ()
    raw: tuple[Any, ...] = ()
    fields: tuple[RawField, ...] = ()
    found: tuple[str, ...] = ()
    proposal: Optional[FieldMapping] = None
    unit: str = ""
    problem: str = ""
    root: Any = field(default=None, repr=False)


def count_trips(
    trips: str, store: str, mapping: FieldMapping, check: Check, found: Callable[[int], None]
) -> TripCount:
    """Count the files and those that are new; `found` is told the number so far. Raises `RunError`."""

    def progress(n_files: int) -> None:
        check()
        found(n_files)

    files = storage.list_trips(trips, progress)
    check()
    new = plan.select(files, PointStore.at(store, mapping), check).new
    step = max(1, len(files) // SAMPLE_FILES)
    return TripCount(
        files=len(files),
        bytes=sum(file.size for file in files),
        new_files=len(new),
        new_bytes=sum(file.size for file in new),
        sample=tuple(file.path for file in files[::step][:SAMPLE_FILES]),
    )


def first_files(trips: str, n: int = FIRST_FILES) -> list[str]:
    """A few of the files that TRIPS names, without walking through all of them."""
    given = Path(trips).expanduser()
    if given.is_file():
        return [str(given)]
    found: list[str] = []
    for path in _walk(given) if given.is_dir() else glob.iglob(str(given), recursive=True):  # noqa: PTH207
        if path.lower().endswith(storage.SUFFIXES):
            found.append(path)
        if len(found) == n:
            break
    return found


def preview(trips: str, mapping: FieldMapping, check: Check) -> Preview:
    """Read the first points; what is wrong with them is said in `Preview.problem`. Raises `RunError`."""
    last = Preview()
    for path in first_files(trips):
        check()
        try:
            last = preview_file(path, mapping)
        except BadTripFile as error:
            last = Preview(file=path, problem=error.message)
        except OSError as error:
            last = Preview(file=path, problem=f"it cannot be read: {error.strerror}")
        if last.points or last.proposal:
            return last
    return last


def preview_file(path: str, mapping: FieldMapping) -> Preview:
    """The first points of one file; raises `BadTripFile` or `OSError`."""
    root = _load(path)
    return look(path, root, mapping)


def look(path: str, root: Any, mapping: FieldMapping) -> Preview:
    """What `mapping` finds in a file that is loaded already."""
    raw = values.follow(root, tuple(mapping.points.split(".")))
    if not isinstance(raw, list):
        return Preview(
            file=path, proposal=propose(root, mapping), unit=unit_hint(root), root=root,
            problem=f"there is no array of points in its field “{mapping.points}”",
        )  # fmt: skip
    first = raw[:POINTS_SHOWN]
    given = {
        name: [_value(point, getattr(mapping, name)) for point in first]
        for name in ("link_id", "speed", "time")
    }
    naive = mapping.naive_times == "utc"
    points = tuple(_point(*read, naive) for read in zip(given["link_id"], given["speed"], given["time"]))
    found = tuple(name for name in given if any(fits(name, value) for value in given[name]))
    return Preview(
        file=path, points=points, raw=tuple(first), fields=tuple(fields_of(raw)), found=found,
        proposal=propose(root, mapping) if len(found) < len(given) else None,
        unit=unit_hint(root), root=root, problem="" if raw else "it holds no points",
    )  # fmt: skip


def sample_link_ids(paths: tuple[str, ...], mapping: FieldMapping, check: Check) -> NDArray[np.int64]:
    """Distinct link ids (n,) int64 of some files; bad files are passed over."""
    decoder = TripDecoder(mapping, LARGEST_PREVIEW)
    found: set[int] = set()
    for path in paths:
        check()
        try:
            if Path(path).stat().st_size <= LARGEST_PREVIEW:
                found.update(np.unique(decoder.decode(Path(path).read_bytes()).link_id).tolist())
        except (BadTripFile, OSError):
            continue  # counted and named by the run itself
        if len(found) >= SAMPLE_IDS:
            break
    return np.array(sorted(found)[:SAMPLE_IDS], dtype=np.int64)


def _walk(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.join(parent, name)  # noqa: PTH118


def _load(path: str) -> Any:
    if Path(path).stat().st_size > LARGEST_PREVIEW:
        raise BadTripFile("too_large", "it is too large for a preview")
    raw = unpack(Path(path).read_bytes(), LARGEST_PREVIEW * 4)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadTripFile("bad_json", "it is not valid JSON") from error


def _value(point: Any, path: str) -> Any:
    return values.follow(point, tuple(path.split(".")))


def _point(link: Any, speed: Any, time: Any, naive: bool) -> FirstPoint:
    link_id, link_fault = values.link_id_of(link)
    pace, speed_fault = values.speed_of(speed)
    instant, code = times.instant_of(time, naive)
    moment = datetime.fromtimestamp(instant / times.MICROSECONDS, timezone.utc) if code == times.OK else None
    return FirstPoint(None if link_fault else link_id, None if speed_fault else pace, moment)
