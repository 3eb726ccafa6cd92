"""Vehicle, times and positions of the ends of trips, kept for later questions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.trip_files import printable
from ..trips.times import NO_TIME


class TripEnds(NamedTuple):
    """Ends of a trip, by its points in the order of the file that count.

    The times are those of the first and last point with one, in µs since 1970 (`NO_TIME`: none); the
    positions, in degrees, those of the first and last point with one (NaN: none). `vehicle` is the vehicle's
    id.
    """

    vehicle: str = ""
    first_time: int = NO_TIME
    last_time: int = NO_TIME
    first_longitude: float = math.nan
    first_latitude: float = math.nan
    last_longitude: float = math.nan
    last_latitude: float = math.nan


NO_ENDS = TripEnds()


def ends_of(
    vehicle: Optional[str], time: NDArray[np.int64], position: Optional[NDArray[np.float64]]
) -> TripEnds:
    """Return the ends of a trip with points at these times and longitudes and latitudes."""
    times, places = (NO_TIME, NO_TIME), (math.nan,) * 4
    if len(time):
        first, last = time[0], time[-1]
        if NO_TIME in (first, last):
            given = time[time != NO_TIME]
            first, last = (given[0], given[-1]) if len(given) else (NO_TIME, NO_TIME)
        times = int(first), int(last)
    if position is not None:
        placed = position[~np.isnan(position[:, 0])]
        if len(placed):
            places = (*placed[0].tolist(), *placed[-1].tolist())
    return TripEnds(printable(vehicle or ""), *times, *places)


def ends_of_portions(vehicle: Optional[str], portions: Iterable[NDArray[Any]]) -> TripEnds:
    """Return the same of a trip in portions with columns time, longitude and latitude."""
    found = ends_of(vehicle, np.empty(0, dtype=np.int64), None)
    for some in portions:
        here = ends_of(vehicle, some["time"], np.column_stack([some["longitude"], some["latitude"]]))
        if here.first_time != NO_TIME:
            first = here.first_time if found.first_time == NO_TIME else found.first_time
            found = found._replace(first_time=first, last_time=here.last_time)
        if not math.isnan(here.last_longitude):
            place = here[3:5] if math.isnan(found.first_longitude) else found[3:5]
            found = TripEnds(*found[:3], *place, *here[5:])
    return found
