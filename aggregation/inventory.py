"""Inventory of the trips before a run: number and size of all and of new trip files, and a sample of paths.

The desktop calls it for trips that it can read, and runs it on a cluster's head for trips there:

    python -c "from roadpulse.aggregation import inventory; inventory.main()" '{"trips": …, "store": …, …}'
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from . import storage
from .contract.errors import RunError
from .contract.json_text import Entries
from .contract.s3_access import S3Access, is_s3
from .contract.spec import DecodeRules
from .runners import packages, wheelhouse
from .storage.local.trips import named_by

SAMPLE_FILES = 24
FIRST_FILES = 5
MARK = "roadpulse-answer "

Check = Callable[[], None]


@dataclass(frozen=True)
class TripCount:
    """Number and bytes of the trip files; `new_…` counts those that the point store lacks (None: unknown).

    `sample` is paths of some files, evenly spread. `copies` is the number of packed files beside their plain
    versions (see `storage.find_trips`), excluded from the other numbers. If `more`, the count was stopped by
    a time limit, and the numbers are lower bounds.
    """

    files: int
    bytes: int
    new_files: Optional[int]
    new_bytes: Optional[int]
    sample: tuple[str, ...]
    more: bool = False
    copies: int = 0

    @classmethod
    def from_json(cls, values: object) -> TripCount:
        """Create from decoded JSON; raises `JsonFault`."""
        found = Entries.of(values, "the count of the trips")
        new = {
            name: None if found.value(name) is None else found.whole(name)
            for name in ("new_files", "new_bytes")
        }
        return cls(
            files=found.whole("files"), bytes=found.whole("bytes"), **new,
            sample=found.texts("sample"), more=found.flag("more"), copies=found.whole("copies"),
        )  # fmt: skip


def count_trips(
    trips: str,
    store: str,
    rules: DecodeRules,
    check: Check = lambda: None,
    found: Callable[[int], None] = lambda n: None,
    access: Optional[S3Access] = None,
) -> TripCount:
    """Count all trip files and the new ones; raises `RunError`.

    `check` is called regularly and may raise to stop; `found` is called with the number of files so far. New
    files are counted only if the packages that read the store are installed and, for a store in a bucket,
    `access` is given.
    """

    def progress(n_files: int) -> None:
        check()
        found(n_files)

    files, copies = storage.find_trips(trips, progress, access)
    check()
    has = known_files(store, rules, check, access)
    new = None if has is None else array("q", (file.size for file in files if not has(file)))
    return TripCount(
        files=len(files),
        bytes=files.bytes,
        new_files=None if new is None else len(new),
        new_bytes=None if new is None else sum(new),
        sample=_sample(files),
        copies=len(copies),
    )


def _sample(files: storage.TripFiles) -> tuple[str, ...]:
    """Return the paths of at most `SAMPLE_FILES` files, evenly spread."""
    step = max(1, len(files) // SAMPLE_FILES)
    return tuple(files[at].path for at in range(0, len(files), step)[:SAMPLE_FILES])


def first_files(trips: str, n: int = FIRST_FILES) -> list[str]:
    """Return the first `n` trip files that are found, without listing all."""
    given = Path(trips).expanduser()
    if given.is_file():
        return [str(given)]
    found: list[str] = []
    for path in _walk(given) if given.is_dir() else named_by(str(given)):
        if path.lower().endswith(storage.SUFFIXES):
            found.append(path)
        if len(found) == n:
            break
    return found


def _walk(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.join(parent, name)  # noqa: PTH118


def known_files(
    store: str, rules: DecodeRules, check: Check, access: Optional[S3Access] = None
) -> Optional[Callable[[storage.TripFile], bool]]:
    """Return a predicate that is True for files in the point store; None if the store cannot be read here."""
    if access is None and is_s3(store):
        return None
    try:
        from .runners import selection  # noqa: PLC0415  (needs the packages, which a head may lack)
        from .store.point_store import PointStore  # noqa: PLC0415
    except ImportError:
        return None
    return selection.known_files(PointStore.at(store, rules, access), check)


# -- on a cluster's head ------------------------------------------------------------------------------


class _TimeOver(Exception):
    """The time limit of a count has passed."""


def main() -> None:
    """Answer a JSON request in the first argument with one line of JSON, after `MARK`.

    `{"first": n, "trips": …}` requests the first files, `{"seconds": …, "trips": …, "store": …,
    "rules": …}` the count.
    """
    request = json.loads(sys.argv[1])
    try:
        if "first" in request:
            answer: Any = {"first": first_files(request["trips"], int(request["first"]))}
        else:
            answer = asdict(_count_in_time(request))
    except RunError as error:
        answer = {"error": error.message, "detail": error.detail}
    # ASCII JSON, as file names may not be valid UTF-8; later requests send them back.
    print(MARK + json.dumps(answer))


def _count_in_time(request: Mapping[str, Any]) -> TripCount:
    end = time.monotonic() + float(request["seconds"])
    so_far = 0

    def found(n_files: int) -> None:
        nonlocal so_far
        so_far = n_files

    def check() -> None:
        if time.monotonic() > end:
            raise _TimeOver

    _use_packages(Path(request["store"]) / "packages")
    try:
        return count_trips(
            request["trips"], request["store"], DecodeRules.from_json(request["rules"]), check, found
        )
    except _TimeOver:
        return TripCount(so_far, 0, None, None, tuple(first_files(request["trips"], SAMPLE_FILES)), more=True)


def _use_packages(shared: Path) -> None:
    """Import the packages that an earlier run has collected; none are fetched for an inventory."""
    if not packages.missing():
        return
    collected = wheelhouse.kept(shared)
    if collected is not None:
        with contextlib.suppress(packages.PackagesMissing):
            packages.provide(collected)
