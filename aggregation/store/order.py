"""Order of the rows of a part: by bucket, link and time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..storage.sorting import order_by
from ..trips.times import MICROSECONDS, NO_TIME

BUCKETS = 4096
_MULTIPLIER = np.uint64(11_400_714_819_323_198_485)

Columns = dict[str, NDArray[Any]]


def bucket_of(link_id: NDArray[np.int64]) -> NDArray[np.int16]:
    """Return the buckets (0 to 4095) of link ids: top 12 bits of `id × 11400714819323198485 mod 2^64`."""
    with np.errstate(over="ignore"):
        hashed = link_id.astype(np.uint64) * _MULTIPLIER
    return (hashed >> np.uint64(52)).astype(np.int16)


def sorted_by_link(link_id: NDArray[np.int64], time: NDArray[np.int64], others: Columns) -> Columns:
    """Return at least one row sorted by bucket, link and `time` (`NO_TIME` first), otherwise as given.

    The columns are bucket, link_id and `others`. A vehicle has many consecutive points on a link, so links
    are ranked by stretch, not by point.
    """
    starts = np.flatnonzero(np.concatenate([[True], link_id[1:] != link_id[:-1]]))
    lengths = np.diff(np.append(starts, len(link_id)))
    links, of_run = np.unique(link_id[starts], return_inverse=True)
    buckets = bucket_of(links)
    rank = np.empty(len(links), dtype=np.int64)
    by_bucket = order_by(buckets, np.arange(len(links)))
    rank[by_bucket] = np.arange(len(links))
    of_row = np.repeat(rank[of_run], lengths)
    order = order_by(of_row, _ticks(time))
    counts = np.bincount(of_row, minlength=len(links))
    return {
        "bucket": np.repeat(buckets[by_bucket], counts),
        "link_id": np.repeat(links[by_bucket], counts),
        **{name: column[order] for name, column in others.items()},
    }


def _ticks(time: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return small integers in the order of the times: since the first, in seconds if all are whole."""
    given = time != NO_TIME
    if not given.any():
        return np.zeros(len(time), dtype=np.int64)
    first = time[given].min()
    ticks = np.where(given, time - first + MICROSECONDS, 0)
    seconds = ticks // MICROSECONDS
    return seconds if np.array_equal(seconds * MICROSECONDS, ticks) else ticks
