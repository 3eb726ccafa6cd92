"""A whole generated city in one folder: trips/, streets.csv, README.txt and city.json.

`city.json` says what the folder holds and is written first and last, so that a second call knows whether
there is anything to do, and nothing else is ever overwritten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional, Union

from .network import DEFAULT_SEED, SPEED_UNIT, TIME_ZONE, Network, make_network, write_streets_csv
from .trips import DAY_OF_DEMO, TripTotals, write_trips

MARKER = "city.json"
_FORMAT = 1  # rises when the same seed would give other files


class FolderInUse(Exception):
    """The folder holds something else; nothing was changed."""


@dataclass(frozen=True)
class City:
    """A generated city on disk."""

    folder: Path
    trips: Path
    streets: Path
    seed: int
    size: Union[str, int]
    day: date
    totals: TripTotals
    speed_unit: str = SPEED_UNIT
    time_zone: str = TIME_ZONE

    @property
    def network(self) -> Network:
        """Its roads, water and parks, drawn again (a quarter of a second for a medium city) if need be."""
        return _draw(self.seed, self.size)


@lru_cache(maxsize=1)
def _draw(seed: int, size: Union[str, int]) -> Network:
    return make_network(seed, size)


def generate(
    folder: Union[str, Path],
    n_trips: int = 2000,
    seed: int = DEFAULT_SEED,
    size: Union[str, int] = "medium",
    day: date = DAY_OF_DEMO,
    rich: bool = False,
    workers: int = 1,
    progress: Optional[Callable[[int, int], None]] = None,
    cancelled: Optional[Callable[[], bool]] = None,
) -> City:
    """Generate a city into a folder; a second call with the same parameters finds it done.

    A generation that was interrupted starts afresh. Raises `FolderInUse` for a folder that holds anything
    else, `GenerationCancelled` when asked to stop, ValueError for parameters out of range.
    """
    if not 1 <= n_trips <= 10_000_000:
        raise ValueError(f"n_trips is {n_trips}; it lies between 1 and 10000000")
    folder = Path(folder)
    wanted: dict[str, Any] = {
        "generator": "roadpulse.democity", "format": _FORMAT, "n_trips": n_trips, "seed": seed, "size": size,
        "day": day.isoformat(), "rich": rich,
    }  # fmt: skip
    found = _finished(folder, wanted)
    trips, streets = folder / "trips", folder / "streets.csv"
    if found is not None:
        if progress:
            progress(n_trips, n_trips)
        return City(folder, trips, streets, seed, size, day, TripTotals(**found))
    network = _draw(seed, size)
    folder.mkdir(parents=True, exist_ok=True)
    _write_marker(folder, {**wanted, "complete": False})
    write_streets_csv(network, streets)
    totals = write_trips(network, folder, n_trips, seed, day, rich, workers, progress, cancelled)
    _write_readme(folder, network, wanted, totals)
    units = {"speed_unit": SPEED_UNIT, "time_zone": TIME_ZONE, "city": network.city, "links": len(network)}
    _write_marker(folder, {**wanted, **units, "totals": asdict(totals), "complete": True})
    return City(folder, trips, streets, seed, size, day, totals)


def _finished(folder: Path, wanted: dict[str, Any]) -> Optional[dict[str, int]]:
    """Totals of the city that is there already; None where one is to be made; raises `FolderInUse`."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise FolderInUse(f"{folder} is a file. Nothing was changed; choose another folder for the city.")
    marker = folder / MARKER
    if not marker.exists():
        if any(folder.iterdir()):
            raise FolderInUse(
                f"The folder {folder} holds other files. Nothing was changed; choose an empty or new folder."
            )
        return None
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("generator") != wanted["generator"]:
        raise FolderInUse(
            f"{marker} was not written by Roadpulse. Nothing was changed; choose another folder."
        )
    different = [name for name, value in wanted.items() if found.get(name) != value]
    if different:
        was = ", ".join(f"{name} {found.get(name)}" for name in different)
        raise FolderInUse(
            f"The folder {folder} holds another generated city ({was}). Nothing was changed; "
            "choose another folder, or delete this one first."
        )
    if not found.get("complete") or not (folder / "streets.csv").exists():
        return None
    return found["totals"] if _count_trips(folder) == wanted["n_trips"] else None


def _count_trips(folder: Path) -> int:
    trips = folder / "trips"
    if not trips.is_dir():
        return 0
    with os.scandir(trips) as entries:
        return sum(entry.name.endswith(".json") for entry in entries)


def _write_marker(folder: Path, values: dict[str, Any]) -> None:
    """Replace the marker in one step."""
    aside = folder / (MARKER + ".part")
    aside.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    aside.replace(folder / MARKER)


def _write_readme(folder: Path, network: Network, wanted: dict[str, Any], totals: TripTotals) -> None:
    day, megabytes = date.fromisoformat(wanted["day"]), totals.bytes / 1e6
    text = f"""\
{network.city}: a generated city

Nothing here is real: roads, names and traffic were made by Roadpulse from seed {wanted["seed"]}. The same
seed gives the same files.

trips/       {totals.trips:,} GPS trips, {totals.points:,} points, {megabytes:,.0f} MB: one file each;
             "data" is the array of points, one a second, with "timestamp" (UTC), "lat", "lon",
             "absVelocity" (mph) and "dbResponse": {{"linkID"}}
streets.csv  {len(network):,} directed links: link_id, name, highway (OSM class), limit_mph, oneway, length_m
             and the line as WKT (longitude latitude, EPSG:4326)
city.json    what this was made from

Speeds are in mph. Traffic drives on the left. The day is {day:%A} {day}
in {TIME_ZONE}; in summer its first hour is 23:00 to 24:00 UTC of the day before.

As in real data, some points have no link (about 2.7 %: lost in bursts; null, empty or absent) or no
speed (0.6 %: null or absent), and a tenth of the files is pretty-printed.
"""
    (folder / "README.txt").write_text(text, encoding="utf-8")
