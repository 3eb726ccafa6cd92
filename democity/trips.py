"""Trips of a day, one JSON file each, made with any number of worker processes.

Every trip draws from a chance of its own (seed and number), so the files do not depend on the workers.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from .chance import Chance
from .driving import Drive, drive
from .network import Network
from .routes import follow
from .traffic import STARTS_BY_HOUR, Traffic, make_traffic
from .tripfiles import TripWriter, utc_seconds

DAY_OF_DEMO = date(2025, 6, 10)
"""A Tuesday in summer time: local midnight is 23:00 UTC of the day before."""

_SHARE = 25  # trips a worker makes between two reports


class GenerationCancelled(Exception):
    """The generation was cancelled; the files written so far are whole."""


@dataclass(frozen=True)
class TripTotals:
    """Totals of the written trips."""

    trips: int = 0
    points: int = 0
    bytes: int = 0

    def __add__(self, other: TripTotals) -> TripTotals:
        return TripTotals(self.trips + other.trips, self.points + other.points, self.bytes + other.bytes)


def trip_name(number: int) -> str:
    """File name of a trip."""
    return f"trip_{number:05d}.json"


def write_trips(
    network: Network,
    folder: Path,
    n_trips: int,
    seed: int,
    day: date = DAY_OF_DEMO,
    rich: bool = False,
    workers: int = 1,
    progress: Optional[Callable[[int, int], None]] = None,
    cancelled: Optional[Callable[[], bool]] = None,
) -> TripTotals:
    """Write `n_trips` files to `folder`/trips, ordered by their start.

    `progress(done, n_trips)` is called now and then; when `cancelled()` is true, `GenerationCancelled` is
    raised soon. `workers` above 1 start processes of this Python, which a program that embeds Python cannot
    always do. `rich` makes trips of about 1,600 points of about 285 bytes, as in 2019; else they are about
    670 points of 133 bytes. Needs about 100 MB a worker for any `n_trips`.
    """
    target = Path(folder) / "trips"
    target.mkdir(parents=True, exist_ok=True)
    maker = TripMaker(network, make_traffic(network, seed), target, n_trips, seed, day, rich)
    return write_files(maker, n_trips, workers, progress, cancelled)


def write_files(
    maker: TripMaker,
    n_trips: int,
    workers: int = 1,
    progress: Optional[Callable[[int, int], None]] = None,
    cancelled: Optional[Callable[[], bool]] = None,
) -> TripTotals:
    """Write the trips 0 to `n_trips` of a maker, as `write_trips` says."""
    shares = [range(first, min(first + _SHARE, n_trips)) for first in range(0, n_trips, _SHARE)]
    totals = TripTotals()
    made = map(maker.write, shares) if workers <= 1 else _in_processes(maker, shares, workers)
    for part in made:
        totals += part
        if progress:
            progress(totals.trips, n_trips)
        if cancelled and cancelled():
            raise GenerationCancelled("The city was not finished: somebody asked to stop.")
    return totals


class TripMaker:
    """Makes trips by their number."""

    def __init__(
        self, network: Network, traffic: Traffic, target: Path, n_trips: int, seed: int, day: date, rich: bool
    ) -> None:
        self._network, self._traffic, self._target = network, traffic, target
        self._n_trips, self._seed, self._day, self._rich = n_trips, seed, day, rich
        self._home_bounds = np.cumsum(traffic.home_shares)
        self._hub_bounds = np.cumsum(traffic.hub_shares)
        self._hours = np.concatenate(([0.0], np.cumsum(STARTS_BY_HOUR) / sum(STARTS_BY_HOUR)))
        self._latest = utc_seconds(day)[1] - 400.0
        self._writer: Optional[TripWriter] = None

    def write(self, numbers: range) -> TripTotals:
        """Write these trips, whole files each."""
        points = size = 0
        for number in numbers:
            chance, writer = Chance(self._seed, "trip", number), self.writer_of(number)
            trip = self.trip(number, chance)
            content = writer.write(number, trip, self._network.city, chance)
            (self.folder_of(number) / trip_name(number)).write_bytes(content)
            points += int(np.searchsorted(trip.second, writer.length_of_day))
            size += len(content)
        return TripTotals(len(numbers), points, size)

    def writer_of(self, number: int) -> TripWriter:
        """Return the writer of a trip's day."""
        if self._writer is None:  # its tables are quicker made in the worker than sent there
            self._writer = TripWriter(self._network, self._day, self._rich)
        return self._writer

    def folder_of(self, number: int) -> Path:
        """Return the folder of a trip's file."""
        return self._target

    def trip(self, number: int, chance: Chance) -> Drive:
        """Drive trip `number` of the day."""
        start = self._start(number, chance)
        most = 1 << 30
        if self._rich:
            most = int(700 + 1800 * chance.one())
        route = self.route(start / 3600.0, most, chance)
        return drive(self._network, self._traffic, route, start, chance, most)

    def _start(self, number: int, chance: Chance) -> float:
        """Second of the local day: the numbers run evenly through the day's distribution of starts."""
        quantile = (number + chance.one()) / self._n_trips
        return float(
            int(min(float(np.interp(quantile, self._hours, np.arange(25.0))) * 3600.0, self._latest))
        )

    def route(self, hour: float, most: int, chance: Chance) -> NDArray[np.int64]:
        """Links from a home over one or more hubs, or the other way round.

        A rich trip goes from hub to hub until its tracker has about `most` seconds.
        """
        inbound = chance.one() < self._share_inbound(hour)
        home, hub = self.home(chance), self.hub(chance)
        links: list[int] = []
        onward = 0.8 if hour < 5.0 else 0.54  # at night it is taxis and deliveries
        if inbound:
            links += self._leg(hub, home, True, hour, chance)
        while self._seconds(links) < 0.9 * most if self._rich else chance.maybe(onward):
            following = self.hub(chance)
            links += self._leg(following, int(self._traffic.hubs[hub]), True, hour, chance)
            hub = following
        if not inbound:
            links += self._leg(hub, home, False, hour, chance)
        return np.array(links, dtype=np.int64) if links else self.route(hour, most, chance)

    def _seconds(self, links: list[int]) -> float:
        rows = np.array(links, dtype=np.int64)
        return float((self._network.length[rows] / self._traffic.free[rows]).sum())

    def _leg(self, hub: int, node: int, inbound: bool, hour: float, chance: Chance) -> list[int]:
        busy = (6.8 < hour < 9.4) if inbound else (15.6 < hour < 18.8)
        trees = self._traffic.trees[int(busy and chance.maybe(0.7)), 0 if inbound else 1]
        return follow(self._network, trees[hub], node)

    def home(self, chance: Chance) -> int:
        """Draw the node of a home."""
        i = int(np.searchsorted(self._home_bounds, chance.one() * self._home_bounds[-1], side="right"))
        return int(self._traffic.homes[min(i, len(self._traffic.homes) - 1)])

    def hub(self, chance: Chance) -> int:
        """Draw a place of work or shopping, by its number in the traffic's hubs."""
        i = int(np.searchsorted(self._hub_bounds, chance.one() * self._hub_bounds[-1], side="right"))
        return min(i, len(self._traffic.hubs) - 1)

    @staticmethod
    def _share_inbound(hour: float) -> float:
        if 5.0 <= hour < 10.0:
            return 0.82
        if 15.0 <= hour < 20.0:
            return 0.2
        return 0.5


_maker: Optional[TripMaker] = None


def _start_worker(maker: TripMaker) -> None:
    global _maker  # noqa: PLW0603  (a worker process has one task and keeps it)
    _maker = maker


def _write_share(numbers: range) -> TripTotals:
    if _maker is None:
        raise RuntimeError("the worker was not started")
    return _maker.write(numbers)


def _in_processes(maker: TripMaker, shares: list[range], workers: int) -> Iterator[TripTotals]:
    """Totals of the shares as they are done; only a few shares are under way at any time."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (maker,)) as pool:
        waiting = iter(shares)
        running: set[Future[TripTotals]] = set()
        try:
            for numbers in waiting:
                running.add(pool.submit(_write_share, numbers))
                if len(running) >= 3 * workers:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
