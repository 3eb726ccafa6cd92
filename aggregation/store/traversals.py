"""Traversals: the passages of trips over links, computed from points in the order of the trip files.

A traversal is a stretch of consecutive points of one trip file on one link; a gap of more than `GAP` or a
step back in time ends it. A point lasts until the trip's next point with a time, at most `LONGEST`, and 0 s
before a step back; the trip's last point lasts as long as the one before it, a lone one a second. Points
without a time last 0 s and end no traversal. Sums are over the points in the file's order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.spec import METRES_PER_SECOND
from ..storage.spill import Spill, spill
from ..trips.times import MICROSECONDS, NO_TIME
from .order import Columns, sorted_by_link

GAP, LONGEST, NEAR = 120 * MICROSECONDS, 30 * MICROSECONDS, 5 * MICROSECONDS
"""Longest gap in a traversal, longest duration of a point, and longest interval of a deceleration."""

HARD = 3.0
"""Deceleration in m/s² beyond which a driver brakes hard."""

_LONE = 1.0
_MOST_BRAKES = np.iinfo(np.int16).max
_ROW = np.dtype(
    [
        ("link_id", np.int64), ("entry", np.int64), ("exit", np.int64), ("n", np.int32), ("mean", np.float64),
        ("min", np.float32), ("weighted", np.float64), ("seconds", np.float64), ("brakes", np.int16),
        ("file", np.int32), ("seq", np.int32),
    ]
)  # fmt: skip
COLUMNS = _ROW.names or ()
"""Columns of a traversal beside its bucket; `entry` and `exit` are the times of its first and last point that
has one, `n` its number of points, `mean` and `min` of their speeds, `weighted` the sum of speed × seconds,
`brakes` its number of hard decelerations, `seq` its place in the trip."""


@dataclass(frozen=True)
class _Open:
    """A traversal that may go on with the trip's next points.

    `total` and `low` are sum and minimum of its speeds, `last_speed` is that of its last point with a time.
    `before` is the duration of the trip's last point with a time, in s (None: it has none yet).
    """

    link_id: int
    n: int
    total: float
    low: float
    weighted: float
    seconds: float
    brakes: int
    entry: int
    exit: int
    last_speed: float
    seq: int
    before: Optional[float]


def traversals_of(
    link_id: NDArray[np.int64],
    time: NDArray[np.int64],
    speed: NDArray[np.float64],
    file: NDArray[np.int32],
    speed_unit: str,
) -> Columns:
    """Return the traversals of at least one point, sorted by bucket, link and entry.

    The points are those of whole files, one file after the other and each in its own order.
    """
    found, _ = _scan(_Points(link_id, time, speed, file), METRES_PER_SECOND[speed_unit])
    return in_order(found)


def in_order(found: Columns) -> Columns:
    """Return traversals sorted by bucket, link and entry."""
    others = {name: found[name] for name in COLUMNS if name != "link_id"}
    return sorted_by_link(found["link_id"], found["entry"], others)


def long_traversals(points: Spill, file: int, speed_unit: str, at_once: int) -> Iterator[Columns]:
    """Yield the traversals of one file, in sorted runs, with about `at_once` points in memory at a time.

    `points` has columns link_id, time and speed, in the file's order.
    """
    factor = METRES_PER_SECOND[speed_unit]
    upcoming = _times_after(points, at_once)
    going: Optional[_Open] = None
    with spill(_ROW) as rows:
        for next_time, some in zip(upcoming, points.portions(at_once)):
            link_id, time, speed = (some[name].copy() for name in ("link_id", "time", "speed"))
            of_file = np.full(len(some), file, dtype=np.int32)
            found, going = _scan(_Points(link_id, time, speed, of_file, going), factor, going, next_time)
            rows.append(*(found[name][:-1] for name in COLUMNS))
        rows.append(*(found[name][-1:] for name in COLUMNS))
        for some in rows.portions(max(at_once // 2, 1)):  # a row is twice as long as that of a point
            yield in_order({name: some[name].copy() for name in COLUMNS})


def _times_after(points: Spill, at_once: int) -> list[int]:
    """Return for each portion the first time in later ones; `NO_TIME` for none."""
    found, first = [], int(NO_TIME)
    for start in reversed(range(0, len(points), at_once)):
        found.append(first)
        time = points.read(start, at_once)["time"]
        given = np.flatnonzero(time != NO_TIME)
        first = int(time[given[0]]) if len(given) else first
    return found[::-1]


class _Points:
    """Points of files in the files' order; `at` selects those with a time, whose times are `moment`.

    With `going`, the first point stands for that open traversal, at its last time.
    """

    def __init__(
        self,
        link_id: NDArray[np.int64],
        time: NDArray[np.int64],
        speed: NDArray[np.float64],
        file: NDArray[np.int32],
        going: Optional[_Open] = None,
    ) -> None:
        if going is not None:
            link_id = np.append(np.int64(going.link_id), link_id)
            time = np.append(np.int64(going.exit), time)
            speed = np.append(going.last_speed, speed)
            file = np.append(file[:1], file)
        self.link_id, self.speed, self.file = link_id, speed, file
        timed = time != NO_TIME
        self.all_timed = bool(timed.all())
        self.at: Any = slice(None) if self.all_timed else np.flatnonzero(timed)
        self.moment = time[self.at]
        self.step = self.moment[1:] - self.moment[:-1]

    def __len__(self) -> int:
        return len(self.link_id)

    def divided(self, factor: float) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Return at which points traversals begin, and after which of those with a time the driver braked
        hard, by number; `factor` converts speeds to m/s.
        """
        begins = np.empty(len(self), dtype=bool)
        begins[0] = True
        np.not_equal(self.link_id[1:], self.link_id[:-1], out=begins[1:])
        begins[1:] |= self.file[1:] != self.file[:-1]
        step, speed = self.step, self.speed[self.at]
        if self.all_timed:
            together = ~begins[1:]
        else:
            run = np.cumsum(begins, dtype=np.int32)[self.at]
            together = run[1:] == run[:-1]
        cuts = np.flatnonzero(together & ((step < 0) | (step > GAP))) + 1
        begins[cuts if self.all_timed else self.at[cuts]] = True
        # Few points are close to braking hard; the exact formula is for those.
        close = (speed[:-1] - speed[1:]) * (factor * MICROSECONDS / HARD * (1 + 1e-9)) >= step
        near = np.flatnonzero(close & together & (step > 0) & (step <= NEAR))
        slower = (speed[near] - speed[near + 1]) * factor / (step[near] / MICROSECONDS)
        return begins, near[slower > HARD]

    def durations(self, going: Optional[_Open], next_time: int) -> NDArray[np.float64]:
        """Return how long the points with a time last, in s."""
        file, lasting = self.file[self.at], np.empty(len(self.moment))
        if not len(lasting):
            return lasting
        np.divide(np.clip(self.step, 0, LONGEST), MICROSECONDS, out=lasting[:-1])
        ends = np.flatnonzero(np.append(file[1:] != file[:-1], True))
        follows = (ends > 0) & (file[ends - 1] == file[ends])
        lasting[ends] = np.where(follows, lasting[ends - 1], _LONE)
        if next_time != NO_TIME:
            lasting[-1] = min(max(next_time - int(self.moment[-1]), 0), LONGEST) / MICROSECONDS
        elif going is not None and going.before is not None and len(lasting) == 1:
            lasting[-1] = going.before
        return lasting


def _scan(
    points: _Points, factor: float, going: Optional[_Open] = None, next_time: int = NO_TIME
) -> tuple[Columns, _Open]:
    """Return the traversals of points, not sorted, and the last of them as one that may go on.

    For portions of one file, `going` is the open traversal before these points, and `next_time` the first
    time after them.
    """
    begins, hard = points.divided(factor)
    lasting = points.durations(going, next_time)
    seconds = lasting
    if not points.all_timed:
        seconds = np.zeros(len(points))
        seconds[points.at] = lasting
    weighted, each = points.speed * seconds, points.speed
    starts, of = np.flatnonzero(begins), np.cumsum(begins, dtype=np.intp) - 1
    k, n = len(starts), np.diff(np.append(starts, len(points)))
    low = np.minimum.reduceat(points.speed, starts)
    timed_of = of[points.at]
    brakes = np.bincount(timed_of[hard], minlength=k)
    entry, leave = np.full(k, NO_TIME), np.full(k, NO_TIME)
    firsts = starts if points.all_timed else np.flatnonzero(np.diff(timed_of, prepend=-1))
    entry[timed_of[firsts]] = points.moment[firsts]
    lasts = np.append(firsts[1:], len(timed_of))[: len(firsts)] - 1
    leave[timed_of[lasts]] = points.moment[lasts]
    file = points.file[starts]
    at = np.arange(k)
    seq = at - np.maximum.accumulate(np.where(np.append(True, file[1:] != file[:-1]), at, 0))
    if going is not None:
        each = each.copy()
        each[0], weighted[0], seconds[0] = going.total, going.weighted, going.seconds
        low[0], n[0] = min(going.low, points.speed[1 : n[0]].min(initial=np.inf)), n[0] - 1 + going.n
        brakes[0] += going.brakes
        entry[0] = going.entry if going.entry != NO_TIME else entry[0]
        seq += going.seq
    total = np.bincount(of, each, k)  # adds in order
    found = {
        "link_id": points.link_id[starts], "entry": entry, "exit": leave, "n": n, "mean": total / n,
        "min": low, "weighted": np.bincount(of, weighted, k), "seconds": np.bincount(of, seconds, k),
        "brakes": brakes, "file": file, "seq": seq,
    }  # fmt: skip
    last = {name: column[-1].item() for name, column in found.items()}
    is_new = len(lasting) > (going is not None and going.exit != NO_TIME)
    still = _Open(
        **{name: last[name] for name in ("link_id", "n", "weighted", "seconds", "brakes", "seq")},
        entry=last["entry"], exit=last["exit"], total=float(total[-1]), low=float(low[-1]),
        last_speed=float(points.speed[points.at][-1]) if len(lasting) else 0.0,
        before=float(lasting[-1]) if is_new else going.before if going is not None else None,
    )  # fmt: skip
    found["brakes"] = np.minimum(brakes, _MOST_BRAKES)
    return {name: found[name].astype(_ROW[name], copy=False) for name in COLUMNS}, still
