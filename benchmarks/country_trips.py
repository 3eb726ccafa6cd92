"""Trips of a generated country as files of 2019, made once: 50,000 files, of which 8,000 are distinct.

Three kinds of trips, on two weeks of March 2019 and one day more:

- in cities and towns, from homes to places of work and shopping and back, as `roadpulse.democity` has them;
- from one place over a motorway or a lesser road to the next one, more on the larger roads;
- rounds, like a postman's, over all links that no other trip has used, so that all have a trip.

Speeds follow class, limit, hour and load of a link; a weekend has less traffic and no rush. The files of the
distinct trips lie in `distinct/DAY/` and are listed some six times each, as links to the same file, in
`trips/copy-N/DAY/`: 50,000 names take the room of 8,000.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from benchmarks.country_roads import SEED, TOWN, VILLAGE, Country, Place, Road, make_country
from roadpulse.democity.chance import Chance
from roadpulse.democity.driving import Drive, drive
from roadpulse.democity.network import Network, write_streets_csv
from roadpulse.democity.routes import follow
from roadpulse.democity.traffic import STARTS_BY_HOUR, Traffic
from roadpulse.democity.tripfiles import TripWriter
from roadpulse.democity.trips import TripMaker, TripTotals, write_files

Ints = NDArray[np.int64]

FIRST_DAY, DAYS = date(2019, 3, 4), 14
"""A Monday; the day after the last of them is the one day more."""
DISTINCT, LISTED = 8_000, 50_000
"""Distinct trips of the two weeks, and the files that are listed for them."""
BETWEEN_PLACES = 0.25
"""Share of the distinct trips that lead from one place to another."""
_WEIGHTS = {"motorway": 7.0, "primary": 2.0, "secondary": 1.0, "unclassified": 0.5}
_WEEKEND_STARTS = (
    2.2, 1.6, 1.2, 1.0, 0.8, 1.0, 1.6, 2.4, 3.6, 5.2, 6.6, 7.4, 7.6, 7.4, 7.0, 6.8, 6.6, 6.2, 5.6, 4.8, 4.2,
    3.6, 3.0, 2.6,
)  # fmt: skip
_LATEST = 86_000.0
"""Last second of a day at which a trip starts."""


@dataclass(frozen=True)
class CountryFiles:
    """What lies in the folder: `trips` is listed, `more` are the folders of the day to be added."""

    folder: Path
    totals: TripTotals
    seconds: float

    @property
    def trips(self) -> Path:
        """The folder of the listed trips."""
        return self.folder / "trips"

    @property
    def streets(self) -> Path:
        """The roads as CSV."""
        return self.folder / "streets.csv"

    def add_day(self) -> int:
        """List the files of the day after the two weeks too; returns how many."""
        return sum(_list(self.folder, _day(DAYS), copy) for copy in range(_copies()))

    def take_day_away(self) -> None:
        """List the two weeks alone."""
        for copy in range(_copies()):
            shutil.rmtree(self.trips / f"copy-{copy + 1}" / _day(DAYS).isoformat(), ignore_errors=True)


def country_files(folder: Path) -> CountryFiles:
    """Make the country in `folder`, or find it there; what an interrupted call left is made again."""
    marker = folder / "country.json"
    if marker.exists():
        found = json.loads(marker.read_text(encoding="utf-8"))
        return CountryFiles(folder, TripTotals(**found["totals"]), found["seconds"])
    began = time.perf_counter()
    shutil.rmtree(folder, ignore_errors=True)
    distinct = folder / "distinct"
    for number in range(DAYS + 1):
        (distinct / _day(number).isoformat()).mkdir(parents=True)
    country = make_country(SEED)
    write_streets_csv(country.network, folder / "streets.csv")
    plan = plan_trips(country)
    maker = CountryTrips(country.network, country.traffic, distinct, plan)
    totals = write_files(maker, len(plan.starts), os.cpu_count() or 1)
    for copy in range(_copies()):
        for number in range(DAYS):
            _list(folder, _day(number), copy)
    seconds = time.perf_counter() - began
    marker.write_text(json.dumps({"totals": asdict(totals), "seconds": seconds}), encoding="utf-8")
    return CountryFiles(folder, totals, seconds)


def _day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number)


def _copies() -> int:
    return -(-LISTED // DISTINCT)


def _list(folder: Path, day: date, copy: int) -> int:
    """List the trips of a day once more, the last time only as many as make `LISTED`; returns how many."""
    target = folder / "trips" / f"copy-{copy + 1}" / day.isoformat()
    target.mkdir(parents=True, exist_ok=True)
    share = min(LISTED / DISTINCT - copy, 1.0)
    listed = 0
    for file in sorted((folder / "distinct" / day.isoformat()).iterdir()):
        number = int(file.stem.rpartition("_")[2])
        if int((number + 1) * share) > int(number * share):  # spread evenly
            os.link(file, target / file.name)
            listed += 1
    return listed


@dataclass(frozen=True)
class TripPlan:
    """Routes and starts of n trips, ordered by day and start.

    `route(i)` are consecutive links of trip i, `days` (n) and `starts` (n) its day and second of that day,
    `most` (n) the points after which its tracker stops.
    """

    links: Ints
    first: Ints
    days: Ints
    starts: NDArray[np.float64]
    most: Ints

    def route(self, number: int) -> Ints:
        """Links of a trip."""
        return self.links[self.first[number] : self.first[number + 1]]


def plan_trips(country: Country, seed: int = SEED, distinct: int = DISTINCT) -> TripPlan:
    """Choose day, start and route of `distinct` trips of the two weeks and of those of the day after.

    Every link of the country has one, as long as fewer than two thirds of them are enough for all rounds.
    """
    chance = Chance(seed, "country trips")
    n_more = distinct // DAYS
    journeys = list(_between(country, chance, int(BETWEEN_PLACES * (distinct + n_more))))
    local = _in_places(country, chance)
    kept = [next(local) for _ in range(distinct // 3)]
    used = np.zeros(len(country.network), dtype=bool)
    for _, _, _, route in (*journeys, *kept):
        used[route] = True
    rounds = list(_rounds(country, used, chance))
    while len(journeys) + len(kept) + len(rounds) < distinct + n_more:
        kept.append(next(local))
    trips = [*rounds, *journeys, *kept]
    days = [int(day) for day, *_ in trips]
    by_chance = chance.uniform(len(trips) - len(rounds)).argsort() + len(rounds)
    for number in by_chance[:n_more].tolist():  # no round: the two weeks alone reach every link
        days[number] = DAYS
    order = sorted(range(len(trips)), key=lambda i: (days[i], trips[i][1]))
    routes = [np.array(trips[i][3], dtype=np.int64) for i in order]
    return TripPlan(
        np.concatenate(routes), np.concatenate(([0], np.cumsum([len(route) for route in routes]))),
        np.array([days[i] for i in order]), np.array([trips[i][1] for i in order]),
        np.array([trips[i][2] for i in order]),
    )  # fmt: skip


_Trip = tuple[int, float, int, list[int]]
"""Day, start in seconds of the day, most points, links of the country."""


def _when(chance: Chance) -> tuple[int, float]:
    """A day of the two weeks, those of a weekend less often, and a start on it."""
    day = chance.below(DAYS)
    if is_weekend(day) and chance.maybe(0.3):
        return _when(chance)
    shares = np.cumsum(_WEEKEND_STARTS if is_weekend(day) else STARTS_BY_HOUR)
    bounds = np.concatenate(([0.0], shares / shares[-1]))
    return day, min(float(np.interp(chance.one(), bounds, np.arange(25.0))) * 3600.0, _LATEST)


def is_weekend(day: int) -> bool:
    """Return True for a Saturday or Sunday; `day` counts from `FIRST_DAY`."""
    return _day(day).weekday() >= 5


def _in_places(country: Country, chance: Chance) -> Iterator[_Trip]:
    """Trips in cities and towns, without end; a place has as many as suit its links."""
    towns = [place for place in country.places if place.rank <= TOWN]
    makers = [_maker(place) for place in towns]
    bounds = np.cumsum([len(place.network) for place in towns])
    while True:
        i = int(np.searchsorted(bounds, chance.below(int(bounds[-1])), side="right"))
        day, start = _when(chance)
        most = int(800 + 1_750 * chance.one())
        route = makers[i].route(start / 3600.0, most, chance)
        yield day, start, most, (route + towns[i].first_link).tolist()


def _maker(place: Place) -> TripMaker:
    return TripMaker(place.network, place.traffic, Path(), 1, SEED, FIRST_DAY, rich=True)


def _between(country: Country, chance: Chance, count: int) -> Iterator[_Trip]:
    """Trips from one place to a neighbour, and there from one destination to the next."""
    makers = [_maker(place) for place in country.places]
    bounds = np.cumsum([_WEIGHTS[road.highway] for road in country.roads])
    for _ in range(count):
        i = int(np.searchsorted(bounds, chance.one() * bounds[-1], side="right"))
        road, way = country.roads[i], chance.below(2)
        day, start = _when(chance)
        most = int(1_300 + 2_700 * chance.one())
        goal = road.places[1 - way]
        links = _over(country, road, way, makers, chance)
        if country.places[goal].rank < VILLAGE:
            rest = makers[goal].route(start / 3600.0, most // 3, chance)
            at, gate = country.network.to_node[links[-1]], rest + country.places[goal].first_link
            if country.network.from_node[gate[0]] == at:
                links += gate.tolist()
        yield day, start, most, links


def _over(country: Country, road: Road, way: int, makers: list[TripMaker], chance: Chance) -> list[int]:
    """Links from a home of the first place over the road to a destination in the other."""
    here, there = (country.places[road.places[i]] for i in (way, 1 - way))
    leaving, arriving = road.gateways[way], road.gateways[1 - way]
    home = makers[road.places[way]].home(chance)
    goal = int(there.traffic.hubs[makers[road.places[1 - way]].hub(chance)])
    out = follow(here.network, here.ways[leaving][0], home)
    into = follow(there.network, there.ways[arriving][1], goal)
    return [
        *(link + here.first_link for link in out),
        *road.links[way].tolist(),
        *(link + there.first_link for link in into),
    ]


def _rounds(country: Country, used: NDArray[np.bool_], chance: Chance) -> Iterator[_Trip]:
    """Rounds over all links that are not `used`: on at each junction, else the shortest way."""
    network = country.network
    order = np.argsort(network.from_node, kind="stable")
    leaving = [part.tolist() for part in np.split(
        order, np.searchsorted(network.from_node[order], np.arange(1, len(network.nodes)))
    )]  # fmt: skip
    ends, starts = network.to_node.tolist(), network.from_node.tolist()
    seconds = (network.length / (0.7 * country.traffic.free) + 5.0).tolist()
    left = (~used).tolist()
    open_links = [sum(left[link] for link in links) for links in leaving]
    for first in np.flatnonzero(~used).tolist():
        if not left[first]:
            continue
        links: list[int] = []
        spent, longest = 0.0, 1_700.0 + 1_900.0 * chance.one()
        way: Optional[list[int]] = [first]
        while way and spent < longest:
            for link in way:
                links.append(link)
                spent += seconds[link]
                if left[link]:
                    left[link] = False
                    open_links[starts[link]] -= 1
            way = _next_unused(ends[links[-1]], starts[links[-1]], leaving, ends, left, open_links)
        day, start = _when(chance)
        yield day, min(start, _LATEST - 3_000.0), 1 << 30, links


def _next_unused(
    node: int,
    came_from: int,
    leaving: list[list[int]],
    ends: list[int],
    left: list[bool],
    open_links: list[int],
) -> Optional[list[int]]:
    """Links to, and with, the nearest that is left; back where one came from only as a last resort.

    None where there is none within some junctions.
    """
    ahead = [link for link in leaving[node] if left[link]]
    if ahead:
        return [min(ahead, key=lambda link: ends[link] == came_from)]
    seen = {node}
    queue: deque[tuple[int, list[int]]] = deque([(node, [])])
    while queue and len(seen) < 120:
        here, way = queue.popleft()
        for link in leaving[here]:
            there = ends[link]
            if there not in seen:
                if open_links[there]:
                    onward = next(other for other in leaving[there] if left[other])
                    return [*way, link, onward]
                seen.add(there)
                queue.append((there, [*way, link]))
    return None


class CountryTrips(TripMaker):
    """Writes the files of planned trips."""

    def __init__(self, network: Network, traffic: Traffic, target: Path, plan: TripPlan) -> None:
        super().__init__(network, traffic, target, len(plan.starts), SEED, FIRST_DAY, rich=True)
        self._plan, self._by_day = plan, (-1, self._writer)
        quiet = replace(traffic, inward=0.45 * traffic.inward, outward=0.45 * traffic.outward)
        self._on_weekends = quiet

    def trip(self, number: int, chance: Chance) -> Drive:
        """Drive trip `number` of the plan."""
        plan = self._plan
        traffic = self._on_weekends if is_weekend(int(plan.days[number])) else self._traffic
        start, most = float(int(plan.starts[number])), int(plan.most[number])
        return drive(self._network, traffic, plan.route(number), start, chance, most)

    def folder_of(self, number: int) -> Path:
        """The folder of a trip's day."""
        return self._target / _day(int(self._plan.days[number])).isoformat()

    def writer_of(self, number: int) -> TripWriter:
        """The writer of a trip's day."""
        day = int(self._plan.days[number])
        if self._by_day[0] != day:
            self._by_day = day, super().writer_of(number).on(_day(day))
        assert self._by_day[1] is not None
        return self._by_day[1]
