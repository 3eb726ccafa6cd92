"""Generated trips for each trap of statistics of links: the same ones at every call.

`CASES` has functions that return trip files by name, of trips with link ids, speeds and times of every kind.
Speeds are in the unit of `UNITS`, by default mph. `SPECIFICATIONS` are the run specifications for each case.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any, Optional

Trip = dict[str, Any]
Row = tuple[Optional[float], Optional[float], Optional[int]]
"""Seconds since 1970, speed, link."""

LINK = 4_575_425_000


def at(text: str) -> float:
    """Seconds since 1970 of a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


def file_of(rows: Iterable[Row], chosen: Optional[random.Random] = None, **more: Any) -> Trip:
    """A trip file; with `chosen` its times and links are written in all the ways there are."""
    data = []
    for time, speed, link in rows:
        point: dict[str, Any] = {"timestamp": time, "absVelocity": speed, "dbResponse": {"linkID": link}}
        if time is not None and (chosen is None or chosen.random() < 0.8):
            moment = datetime.fromtimestamp(time, timezone.utc)
            point["timestamp"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        elif time is not None and chosen is not None and chosen.random() < 0.5:
            point["timestamp"] = round(time * 1000)
        if link is not None and (chosen is None or chosen.random() < 0.8):
            point["dbResponse"]["linkID"] = str(link)
        if link is None and chosen is not None and chosen.random() < 0.5:
            point["dbResponse"] = None
        data.append(point)
    return {**more, "data": data}


def drive(
    chosen: random.Random,
    start: float,
    n: int,
    links: int = 5,
    steps: tuple[float, ...] = (1.0,),
    stay: float = 0.8,
    fastest: float = 60.0,
) -> list[Row]:
    """A drive of `n` points over `links` links, at one of the intervals `steps` from point to point.

    With probability `stay` a point is on the link of the one before; speeds go up and down and brake hard.
    """
    rows: list[Row] = []
    time, link, speed = start, chosen.randrange(links), chosen.uniform(0, fastest)
    for _ in range(n):
        rows.append((round(time, 3), round(speed, 3), LINK + link))
        time += chosen.choice(steps)
        link = link if chosen.random() < stay else chosen.randrange(links)
        speed = min(max(speed + chosen.choice((-20, -8, -3, 0, 0, 2, 5, 9)) * chosen.random(), 0.0), fastest)
    return rows


def several(n: int, seed: str, make: Callable[[random.Random, int], Iterable[Row]]) -> dict[str, Trip]:
    """`n` trips, each with a source of chance of its own."""
    found = {}
    for number in range(n):
        chosen = random.Random(f"{seed} {number}")
        found[f"trip {number:03d}.json"] = file_of(make(chosen, number), chosen)
    return found


def varying_rates() -> dict[str, Trip]:
    """From 10 Hz to a point in three quarters of a minute, in one trip as well."""
    intervals = [(0.1,), (1.0,), (5.0,), (29.999, 30.0, 30.001), (45.0,), (0.1, 1.0, 5.0, 45.0)]
    start = at("2025-06-10T06:58:00")
    return several(
        24, "rates", lambda chosen, n: drive(chosen, start + 97 * n, 60, steps=intervals[n % len(intervals)])
    )


def idling_car() -> dict[str, Trip]:
    """One car that stands for 600 s among others."""
    start = at("2025-06-10T07:50:00")
    found = several(20, "idling", lambda chosen, n: drive(chosen, start + 60 * n, 15, links=2, stay=1))
    standing: list[Row] = [(start + n, 0.0, LINK) for n in range(600)]
    return {**found, "parked.json": file_of(standing)}


def one_point_traversals() -> dict[str, Trip]:
    """Every point on another link, and trips of a single point."""
    start = at("2025-06-10T11:00:00")

    def make(chosen: random.Random, n: int) -> list[Row]:
        length = 1 if n % 3 == 0 else 40
        return [
            (start + 700 * n + 3 * k, round(chosen.uniform(0, 60), 2), LINK + (n + k) % 7)
            for k in range(length)
        ]

    return several(15, "one point", make)


def loops() -> dict[str, Trip]:
    """Trips that go around a block: the same links again and again, some within seconds."""
    start = at("2025-06-10T12:58:30")

    def make(chosen: random.Random, n: int) -> list[Row]:
        rows = []
        for k in range(90):
            rows.append(
                (start + n * 211 + k * 2, round(chosen.uniform(3, 50), 1), LINK + k // (3 + n % 4) % 4)
            )
        return rows

    return several(10, "loops", make)


def gaps_and_steps_back() -> dict[str, Trip]:
    """Gaps around 120 s, times that stand still or go back, on one link and over its end."""
    start = at("2025-06-10T21:40:00")
    steps = (1.0, 1.0, 1.0, 4.0, 5.0, 5.001, 119.999, 120.0, 120.001, 121.0, 400.0, 0.0, -0.001, -3.0, -500.0)
    return several(20, "gaps", lambda chosen, n: drive(chosen, start + 53 * n, 80, steps=steps, links=3))


def without_times() -> dict[str, Trip]:
    """Points without a time amid others, at both ends, and in whole trips; others without link or speed."""
    start = at("2025-06-10T04:30:00")

    def make(chosen: random.Random, n: int) -> list[Row]:
        rows = drive(chosen, start + 400 * n, 50, links=3, stay=0.85, steps=(1.0, 1.0, 2.0, 130.0))
        return [
            (
                None if n % 6 == 0 or chosen.random() < 0.3 else time,
                None if chosen.random() < 0.05 else speed,
                None if chosen.random() < 0.05 else link,
            )
            for time, speed, link in rows
        ]

    return several(24, "without times", make)


def spring() -> dict[str, Trip]:
    """Through the night in which Europe/London has no time from 01:00 to 02:00."""
    start = at("2025-03-29T21:00:00")
    return several(
        16, "spring", lambda chosen, n: drive(chosen, start + 1800 * n, 45, steps=(1.0, 60.0, 90.0))
    )


def autumn() -> dict[str, Trip]:
    """Through the night in which Europe/London has the time from 01:00 to 02:00 twice."""
    start = at("2025-10-25T21:00:00")
    return several(
        16, "autumn", lambda chosen, n: drive(chosen, start + 1800 * n, 45, steps=(1.0, 60.0, 90.0))
    )


def over_midnight() -> dict[str, Trip]:
    """Trips that stay on a link over midnight, of UTC and of London, and over the end of a week."""
    starts = [at(f"2025-06-{day:02d}T{hour}:58:30") for day in (13, 14, 15, 16) for hour in ("22", "23")]

    def make(chosen: random.Random, n: int) -> list[Row]:
        return drive(chosen, starts[n % len(starts)] + n, 60, links=3, stay=0.95, steps=(1.0, 2.0, 5.0))

    return several(24, "midnight", make)


def single_trips() -> dict[str, Trip]:
    """Each link has one trip, one of them a single point."""
    start = at("2025-06-10T15:00:00")

    def make(chosen: random.Random, n: int) -> list[Row]:
        rows = drive(chosen, start + n * 900, 1 if n == 3 else 12, links=1)
        return [(time, speed, LINK + n) for time, speed, _ in rows]

    return several(8, "single", make)


def zero_speeds() -> dict[str, Trip]:
    """Links where all, most or some stand; others where all creep below 1 km/h."""
    start = at("2025-06-10T08:30:00")

    def make(chosen: random.Random, n: int) -> list[Row]:
        rows = drive(chosen, start + n * 307, 60, links=5)
        share = {LINK: 1.0, LINK + 1: 0.95, LINK + 2: 0.5, LINK + 3: 0.0, LINK + 4: 0.1}
        return [
            (time, 0.3 if link == LINK + 3 else 0.0 if chosen.random() < share[link or 0] else speed, link)
            for time, speed, link in rows
        ]

    return several(16, "zero", make)


def weeks() -> dict[str, Trip]:
    """Three weeks around Easter 2025 with trips at all hours."""
    start = at("2025-04-10T00:00:00")

    def make(chosen: random.Random, n: int) -> list[Row]:
        first = start + chosen.randrange(21 * 86_400)
        return drive(chosen, first, 40, links=4, stay=0.9, steps=(1.0, 10.0, 30.0, 60.0))

    return several(90, "weeks", make)


def nights() -> dict[str, Trip]:
    """Links with 19, 20 and 21 points from 22:00 to 06:00, at the bounds of the window as well."""
    start, day = at("2025-06-10T21:00:00"), at("2025-06-10T10:00:00")  # 22:00 in London
    found = {}
    for link, n in enumerate((19, 20, 21)):
        chosen = random.Random(f"nights {link}")
        night = [start - 1, *(start + 1600 * k for k in range(n - 1)), at("2025-06-11T04:59:59.999")]
        rows: list[Row] = [
            *((day + k, round(chosen.uniform(5, 30), 2), LINK + link) for k in range(70)),
            *((time, round(chosen.uniform(25, 60), 2), LINK + link) for time in night),
            (at("2025-06-11T05:00:00"), 99.0, LINK + link),
        ]
        found[f"{link}.json"] = file_of(rows)
    return found


CASES: dict[str, Callable[[], dict[str, Trip]]] = {
    found.__name__: found
    for found in (
        varying_rates, idling_car, one_point_traversals, loops, gaps_and_steps_back, without_times, spring,
        autumn, over_midnight, single_trips, zero_speeds, weeks, nights,
    )
}  # fmt: skip


def every_file() -> dict[str, Trip]:
    """The trip files of all cases by path, those of a case in a folder of its own."""
    return {f"{case}/{name}": trip for case, make in CASES.items() for name, trip in make().items()}


_LONDON = {"time_zone": "Europe/London"}
NAMED = {
    "Fri-Mon": {"weekdays": [1, 5, 6, 7]},
    "Mid-June": {"dates": ["2025-06-10", "2025-06-14/2025-06-15"]},
    "Weekend": {"weekdays": [6, 7], "dates": ["2025-03-01/2025-12-31"]},
    "Never": {"dates": ["1999-12-31"]},
}
PERIODS = {
    "AM peak": {"weekdays": [1, 2, 3, 4, 5], "from": "07:00", "to": "09:00"},
    "Night": {"weekdays": [5, 6], "from": "22:00", "to": "06:00"},
    "Sunday": {"weekdays": [7]},
    "Late": {"from": "23:59", "to": "00:01"},
}
_EASTER = ["2025-04-18", "2025-04-21"]

SPECIFICATIONS: dict[str, list[dict[str, Any]]] = {
    "varying_rates": [{**_LONDON, "bin_minutes": 5}, {"speed_unit": "km/h", "time_zone": "Asia/Kathmandu"}],
    "idling_car": [
        {"speed_unit": "km/h"}, {"speed_unit": "m/s", "suppress_below": 5},
        {"trim": {"stationary_seconds": 180, "ends_metres": 40, "ends_seconds": 3}},
    ],
    "one_point_traversals": [_LONDON, {"speed_unit": "m/s", "bin_minutes": 1440}],
    "loops": [_LONDON, {**_LONDON, "bin_minutes": 5, "periods": {"Now": {"from": "14:00", "to": "14:01"}}}],
    "gaps_and_steps_back": [
        {**_LONDON, "bin_minutes": 5}, {"speed_unit": "m/s", "date_from": "2025-06-10"},
        {**_LONDON, "trim": {"stationary_seconds": 60, "ends_metres": 200, "ends_seconds": 60}},
    ],
    "without_times": [
        {**_LONDON, "periods": PERIODS}, {"date_from": "2025-06-10"}, {"weekdays": [2, 3], "days": "dates"},
        {"trim": {"ends_seconds": 20}}, {"trim": {"ends_metres": 100}, "speed_unit": "km/h"},
    ],
    "spring": [_LONDON, {**_LONDON, "days": "dates", "bin_minutes": 30, "periods": PERIODS}],
    "autumn": [_LONDON, {**_LONDON, "days": "weekdays", "date_to": "2025-10-26", "periods": PERIODS}],
    "over_midnight": [
        {**_LONDON, "days": "weekdays", "periods": PERIODS}, {"days": NAMED, "date_from": "2025-06-14"},
        {**_LONDON, "weekdays": [6], "periods": PERIODS, "holidays": ["2025-06-14", "2025-06-16"]},
    ],
    "single_trips": [_LONDON, {"speed_unit": "m/s", "days": "workdays"}],
    "zero_speeds": [
        _LONDON, {"speed_unit": "km/h", "bin_minutes": 30}, {"speed_unit": "m/s"},
        {"trim": {"stationary_seconds": 2}},
    ],
    "weeks": [
        {**_LONDON, "days": "workdays", "holidays": _EASTER, "periods": PERIODS},
        {"days": NAMED, "holidays": _EASTER, "bin_minutes": 180},
        {"days": {"Easter": {"dates": ["2025-04-18/2025-04-21"]}}, "bin_minutes": 720},
        {"days": "dates", "weekdays": [5, 7], "holidays": _EASTER, "bin_minutes": 360},
        {"days": "weekdays", "date_from": "2025-04-14", "date_to": "2025-04-27", "periods": PERIODS},
    ],
    "nights": [
        _LONDON, {"free_flow": {"percentile": 50, "from": "10:00", "to": "10:01", "min_points": 60}},
        {**_LONDON, "date_to": "2025-06-10"},
    ],
}  # fmt: skip
"""Entries of spec.json for each case, without trips, store and statistics; speeds are mph if none is said."""
