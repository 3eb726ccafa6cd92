"""Command-line entry point of a compaction: `python -m roadpulse.aggregation compact STORE`.

Small ingests of a point store become one, for each mapping, unit and trim that it holds. With `--trips`,
which may be given several times, points of files that have another version there now are left out, and with
`--only-these` also those of files that are not among them: a later run reads them again if it names them.
What was merged is removed once no run may still read it, at the earliest after two minutes: by a later run
or the same command.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from . import storage
from .contract import json_text
from .contract.errors import RunError
from .contract.s3_access import S3Access
from .runners import packages, wheelhouse

if TYPE_CHECKING:
    from .store.point_store import FileRecord, PointStore

COMMAND = "compact"


def main(arguments: list[str]) -> int:
    """Compact a store and return the exit code: 0 done, 1 failed (the log says why), 2 wrong call."""
    parser = argparse.ArgumentParser(prog=f"roadpulse.aggregation {COMMAND}", description=__doc__)
    parser.add_argument("store", help="folder of the point store, or s3://bucket/prefix")
    parser.add_argument("--trips", action="append", default=[], help="trips of which the versions count")
    parser.add_argument(
        "--only-these", action="store_true", help="leave out files that --trips does not name"
    )
    parser.add_argument("--s3", default="{}", help="how the bucket is reached, as JSON")
    parser.add_argument("--packages", type=Path, help="folder for Python packages")
    parser.add_argument("--wheels", type=Path, help="take them from here instead of the network")
    options = parser.parse_args(arguments)
    if options.only_these and not options.trips:
        parser.error("--only-these needs --trips")
    try:
        access = S3Access.from_json(json_text.decode(options.s3, "--s3"))
        is_far = any(map(storage.is_s3, [options.store, *options.trips]))
        if packages.missing(is_far):
            shared = options.packages or wheelhouse.own_folder()
            wheels = options.wheels or wheelhouse.offline_wheels(shared)
            packages.provide(wheelhouse.collect(shared, wheels, is_far))
        compact(options.store, access, options.trips, options.only_these)
    except (RunError, ValueError) as error:
        logging.error(error.message if isinstance(error, RunError) else str(error))
        return 1
    return 0


@dataclass
class Totals:
    """Numbers of a compaction: ingests that were merged or removed, and files that were left out."""

    merged: int = 0
    left_out: int = 0
    removed: int = 0


def compact(
    store: str,
    access: Optional[S3Access] = None,
    trips: Sequence[str] = (),
    only_these: bool = False,
    report: Callable[[str], None] = logging.info,
    check: Callable[[], None] = lambda: None,
) -> Totals:
    """Merge the small ingests of a point store, for each of its decode rules; raises `RunError`.

    `report` gets lines for the person; `check` is called regularly, and may raise to stop: what was merged
    stays merged.
    """
    from .store.point_store import stores_in  # noqa: PLC0415  (needs the packages)

    storage.check_reach(store, access)
    found = stores_in(store, access)
    if not found:
        raise RunError(f"There is no point store of this version in {store}.")
    is_useless = _useless(trips, access, only_these, [opened.root for opened in found])
    totals = Totals()
    for opened in found:
        _compact(opened, is_useless, totals, report, check)
    return totals


def _useless(
    trips: Sequence[str], access: Optional[S3Access], only_these: bool, stores: list[storage.Place]
) -> Callable[[FileRecord], bool]:
    """Return a predicate for records that no run over the trips can use."""
    from .runners.selection import superseded  # noqa: PLC0415  (needs the packages)

    own = [storage.Own("point store", str(store)) for store in stores]
    listings = [storage.find_trips(path, lambda n: None, access, None, own).files for path in trips]
    return superseded(chain.from_iterable(listings), only_these)


def _compact(
    store: PointStore,
    is_useless: Callable[[FileRecord], bool],
    totals: Totals,
    report: Callable[[str], None],
    check: Callable[[], None],
) -> None:
    from .store.compaction import SMALL, merge, remove_replaced  # noqa: PLC0415
    from .store.recovery import clean_up  # noqa: PLC0415

    clean_up(store)
    removed = remove_replaced(store)
    chosen, useless = [], 0
    for ingest in store.ingests():
        records = store.read_files(ingest)
        found = sum(record.passing or is_useless(record) for record in records)
        if found or sum(record.counted for record in records) < SMALL:
            chosen.append(ingest)
        useless += found
    if len(chosen) > 1 or useless:
        merged = merge(store, chosen, is_useless, check)
        if merged is None:
            report(f"{store.root}: another process merges its parts")
        else:
            totals.merged += len(chosen)
            totals.left_out += merged.left_out
            report(f"{store.root}: merged {len(chosen):,} ingests, and left out {merged.left_out:,} files")
    else:
        report(f"{store.root}: nothing to merge")
    removed += remove_replaced(store)
    if removed:
        totals.removed += len(removed)
        report(f"{store.root}: removed {len(removed):,} merged ingests")
