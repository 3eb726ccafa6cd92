"""The text of one trip file, in the format of 2019.

A point has some ten fields and there are millions of points, so nothing is formatted twice: every text that
can occur (a second of the day, a speed, three digits of a coordinate, a link) stands in a table, and a file
is one join over pieces looked up there.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from .chance import Chance
from .driving import Drive
from .network import SPEED_UNIT, TIME_ZONE, Network
from .traffic import MPH

UNMATCHED_SHARE = 0.027
"""Share of the points without a link, as in real data (lost in bursts of some seconds)."""
NO_SPEED_SHARE = 0.006
PRETTY_SHARE = 0.1

_NO_LINK = (  # the ways in which real files say that a point has no link
    '"dbResponse": null', '"dbResponse": {}', "", '"dbResponse": {"linkID": null}',
)  # fmt: skip


def utc_seconds(day: date) -> tuple[datetime, int]:
    """Local midnight as a UTC instant, and the length of the local day in seconds (23 to 25 hours)."""
    zone = ZoneInfo(TIME_ZONE)
    start = datetime.combine(day, time(), zone).astimezone(timezone.utc)
    end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(timezone.utc)
    return start, int((end - start).total_seconds())


class TripWriter:
    """Turns drives into the bytes of trip files."""

    def __init__(self, network: Network, day: date, rich: bool) -> None:
        self._network = network
        self._rich = rich
        self._length, self._times = _times_of(day)
        self._digits = [f"{n:03d}" for n in range(1000)]
        micro = np.round(network.lon_lat * 1e6).astype(np.int64)
        low, high = micro.min(axis=0) // 1000 - 2, micro.max(axis=0) // 1000 + 2
        self._low = low.tolist()
        self._coarse = [[_coarse(n) for n in range(low[c], high[c] + 1)] for c in (0, 1)]
        self._hundredths = [f"{n / 100:.2f}".rstrip("0").rstrip(".") for n in range(20_000)]
        self._ids = [str(link) for link in network.link_id.tolist()]
        self._descriptions = self._describe() if rich else []

    @property
    def length_of_day(self) -> int:
        """Seconds of the local day."""
        return self._length

    def on(self, day: date) -> TripWriter:
        """Return the writer of another day, which shares all else with this one."""
        other = copy(self)
        other._length, other._times = _times_of(day)
        return other

    def _describe(self) -> list[str]:
        """Return the map matcher's texts of a rich record, one for every link."""
        network = self._network
        rows = zip(self._ids, network.highway_names(), network.limit.tolist(), network.way_id.tolist())
        return [
            f'{{"linkID":"{link}","wayID":"{way}","roadClass":"{highway}","speedLimit":{limit},"distance":'
            for link, highway, limit, way in rows
        ]

    def write(self, number: int, trip: Drive, city: str, chance: Chance) -> bytes:
        """One trip file; points after the end of the day are left out."""
        inside = int(np.searchsorted(trip.second, self._length))
        n = min(len(trip.second), inside)
        pretty = chance.maybe(PRETTY_SHARE)
        columns = self._columns(trip, n, pretty, chance)
        pieces: list[str] = [""] * (n * len(columns))
        for i, column in enumerate(columns):
            pieces[i :: len(columns)] = column
        body = "".join(pieces)
        first, last = self._times[int(trip.second[0])], self._times[int(trip.second[n - 1])]
        return _wrap(number, city, first, last, body[:-1] if not pretty else body[:-2], pretty)

    def _columns(self, trip: Drive, n: int, pretty: bool, chance: Chance) -> list[Sequence[str]]:
        """Pieces of text, one list for each column of the record, n long."""
        links = trip.link[:n].tolist()
        hundredths = np.minimum(np.round(trip.speed[:n] * (100.0 / MPH)), 19_999).astype(np.int64)
        lon = np.round(trip.lon[:n] * 1e6).astype(np.int64)
        lat = np.round(trip.lat[:n] * 1e6).astype(np.int64)
        open_, comma, after = (
            ('    {\n      "timestamp": "', ',\n      "', ": ") if pretty else ('{"timestamp":"', ',"', ":")
        )
        second = int(trip.second[0])
        stamps = self._times[second : second + n]
        speeds = [self._hundredths[v] for v in hundredths.tolist()]
        speed_column = self._speed_column(speeds, comma, after, chance)
        link_column = self._link_column(links, comma, after, pretty, chance)
        columns: list[Sequence[str]] = [
            [open_] * n, stamps,
            [f'Z"{comma}lat"{after}'] * n, self._coarse_of(1, lat), self._fine_of(lat),
            [f'{comma}lon"{after}'] * n, self._coarse_of(0, lon), self._fine_of(lon),
        ]  # fmt: skip
        if self._rich:
            columns += self._rich_columns(trip, n, comma, after, chance)
        return [*columns, speed_column, link_column]

    def _rich_columns(
        self, trip: Drive, n: int, comma: str, after: str, chance: Chance
    ) -> list[Sequence[str]]:
        """Altitude, heading and accuracy, as a tracker of 2019 sent them."""
        draw = chance.uniform(2 * n)
        east, north = np.gradient(trip.lon[:n]), np.gradient(trip.lat[:n]) if n > 1 else np.zeros(1)
        heading = np.degrees(np.arctan2(east * 0.613, north)) % 360.0
        altitude = 62.0 + 14.0 * np.sin(trip.lon[:n] * 140.0) + 9.0 * np.sin(trip.lat[:n] * 210.0) + draw[:n]
        accuracy = 2.0 + 6.0 * draw[n:] * draw[n:]
        texts = self._hundredths
        columns: list[Sequence[str]] = []
        for name, values in (("altitude", altitude), ("heading", heading), ("accuracy", accuracy)):
            tenths = (np.round(values * 10.0).astype(np.int64) * 10 % 36_000).tolist()
            columns += [
                [f'{comma}{name}"{after}'] * n,
                [texts[v] if v < 20_000 else f"{v / 100:g}" for v in tenths],
            ]
        return columns

    def _coarse_of(self, axis: int, micro: NDArray[np.int64]) -> list[str]:
        texts, low = self._coarse[axis], self._low[axis]
        size = np.where(micro < 0, -(-micro // 1000), micro // 1000) - low
        return [texts[v] for v in size.tolist()]

    def _fine_of(self, micro: NDArray[np.int64]) -> list[str]:
        digits = self._digits
        return [digits[v] for v in (np.abs(micro) % 1000).tolist()]

    def _speed_column(self, speeds: list[str], comma: str, after: str, chance: Chance) -> list[str]:
        lead = f'{comma}absVelocity"{after}'
        column = [lead + speed for speed in speeds]
        for i in np.flatnonzero(chance.uniform(len(speeds)) < NO_SPEED_SHARE).tolist():
            column[i] = lead + "null" if chance.maybe(0.5) else ""
        return column

    def _link_column(
        self, links: list[int], comma: str, after: str, pretty: bool, chance: Chance
    ) -> list[str]:
        n = len(links)
        end = "\n    },\n" if pretty else "},"
        texts: dict[int, str] = {}
        for link in set(links):
            inner = (
                f'{{\n        "linkID": "{self._ids[link]}"\n      }}'
                if pretty
                else f'{{"linkID":"{self._ids[link]}"}}'
            )
            texts[link] = f'{comma}dbResponse"{after}{inner}{end}'
        if self._rich:
            column = self._rich_links(links, comma, after, end, chance)
        else:
            column = [texts[link] for link in links]
        # Satellites are lost for some seconds at a time, not point by point.
        bursts = np.flatnonzero(chance.uniform(n) < UNMATCHED_SHARE / 6.5)
        for i in bursts.tolist():
            lost = chance.pick(_NO_LINK)
            lost = lost if pretty else lost.replace(": ", ":")
            lost = f"{comma[:-1]}{lost}" if lost else ""
            for k in range(i, min(i + 1 + chance.below(12), n)):
                column[k] = lost + end
        return column

    def _rich_links(self, links: list[int], comma: str, after: str, end: str, chance: Chance) -> list[str]:
        draw = chance.uniform(2 * len(links))
        away = np.floor(draw * 400.0).astype(np.int64).tolist()
        lead, texts, described = f'{comma}dbResponse"{after}', self._hundredths, self._descriptions
        tail = f',"source":"osm-2019-03"}}{end}'
        return [
            f'{lead}{described[link]}{texts[d]},"score":0.{texts_score}{tail}'
            for link, d, texts_score in zip(links, away, away[len(links) :])
        ]


def _times_of(day: date) -> tuple[int, list[str]]:
    """Seconds of a local day, and the text of each in UTC."""
    start, length = utc_seconds(day)
    times: list[str] = []
    for minute in range(length // 60):
        stem = f"{start + timedelta(minutes=minute):%Y-%m-%dT%H:%M:}"
        times += [f"{stem}{second:02d}" for second in range(60)]
    return length, times


def _coarse(n: int) -> str:
    """Whole degrees and three decimals of n thousandths of a degree, in front of three more digits."""
    sign = "-" if n < 0 else ""
    return f"{sign}{abs(n) // 1000}.{abs(n) % 1000:03d}"


def _wrap(number: int, city: str, first: str, last: str, body: str, pretty: bool) -> bytes:
    head = {
        "tripId": f'"{city.lower()}-{number:05d}"', "vehicleId": f'"v{number * 7919 % 99991:05d}"',
        "velocityUnit": f'"{SPEED_UNIT}"', "start": f'"{first}Z"', "end": f'"{last}Z"',
    }  # fmt: skip
    if pretty:
        lines = "".join(f'  "{key}": {value},\n' for key, value in head.items())
        text = f'{{\n{lines}  "data": [\n{body}\n  ]\n}}\n'
    else:
        text = "{" + "".join(f'"{key}":{value},' for key, value in head.items()) + f'"data":[{body}]}}\n'
    return text.encode("ascii")
