"""From the ruled plan to a grown city: a smooth bending of the plane, and real coordinates.

The plan is drawn with straight lines. Bending the whole plane afterwards makes rings round, radials and
streets curve together and the outline irregular, and cannot make two streets cross that did not.
"""

from __future__ import annotations

from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from .chance import Chance

Floats = NDArray[np.float64]

ORIGIN_LON, ORIGIN_LAT = -1.2100, 52.1850
"""The market cross of the city (EPSG:4326), in open country where Europe/London is the time zone."""

_A, _E2 = 6378137.0, 0.0066943799901413165  # WGS 84


class Warp:
    """Bends the plan of a city with radials at `angles` (rising, radians) and orbital radius `radius` (m)."""

    def __init__(self, angles: Floats, radius: float, chance: Chance) -> None:
        self._angles = angles
        self._turn = chance.one(-0.5, 0.5)  # wider than high, as pages and screens are
        self._stretch = 1.0 + chance.one(0.1, 0.16)
        # (wave length, steepness): steepness below 1 in sum keeps the bending free of folds
        waves = [
            (2.1 * radius, 0.13),
            (1.3 * radius, 0.13),
            (0.8 * radius, 0.10),
            (1500.0, 0.13),
            (800.0, 0.10),
        ]
        self._waves = []
        for length, steepness in waves:
            for _ in range(2):
                direction, phase = chance.one(0.0, 2 * pi), chance.one(0.0, 2 * pi)
                push = direction + pi / 2 + chance.one(-0.6, 0.6)
                number = 2 * pi / length
                self._waves.append((number, direction, phase, push, steepness / number))

    def __call__(self, plan: Floats) -> Floats:
        """Bend points (n, 2) in metres; the result is rounded to centimetres."""
        x, y = self._round_rings(plan)
        c, s = cos(self._turn), sin(self._turn)
        u, v = (c * x + s * y) * self._stretch, (c * y - s * x) / self._stretch
        x, y = c * u - s * v, s * u + c * v
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for number, direction, phase, push, size in self._waves:
            wave = np.sin(number * (cos(direction) * x + sin(direction) * y) + phase) * size
            dx += cos(push) * wave
            dy += sin(push) * wave
        return np.asarray(np.round(np.column_stack((x + dx, y + dy)), 2))

    def _round_rings(self, plan: Floats) -> tuple[Floats, Floats]:
        """Push the straight sides between two radials out to arcs."""
        x, y = plan[:, 0], plan[:, 1]
        theta = np.arctan2(y, x) % (2 * pi)
        after = np.searchsorted(self._angles, theta, side="right")
        last, first = self._angles[-1] - 2 * pi, self._angles[0] + 2 * pi
        bounds = np.concatenate(([last], self._angles, [first]))
        low, high = bounds[after], bounds[after + 1]
        middle, half = (low + high) / 2, (high - low) / 2
        push = np.cos(theta - middle) / np.cos(half)
        return x * push, y * push


def to_lon_lat(metres: Floats) -> Floats:
    """Longitude and latitude (n, 2) in degrees, rounded to 1e-7, of metres east and north of the origin."""
    lat0 = radians(ORIGIN_LAT)
    w2 = 1.0 - _E2 * sin(lat0) ** 2
    meridian = _A * (1.0 - _E2) / w2**1.5
    lat = ORIGIN_LAT + np.degrees(metres[:, 1] / meridian)
    phi = np.radians(lat)
    normal = _A / np.sqrt(1.0 - _E2 * np.sin(phi) ** 2)
    lon = ORIGIN_LON + np.degrees(metres[:, 0] / (normal * np.cos(phi)))
    return np.asarray(np.round(np.column_stack((lon, lat)), 7))
