"""A generated city with a day of GPS trips, for the demo, the tests and the benchmarks.

It needs numpy alone and nothing of the plugin. From seed to file: `plan` draws rings, radials and the river,
`blocks` cuts the land between them, `warp` and `roads` bend it and build the motorway, `network` numbers the
links; `traffic` loads them, `routes` finds ways, `driving` drives, `tripfiles` writes; `city` does it all.
"""

from __future__ import annotations

from .city import City, FolderInUse, generate
from .network import DEFAULT_SEED, SPEED_UNIT, TIME_ZONE, Network, make_network, write_streets_csv
from .trips import DAY_OF_DEMO, GenerationCancelled, TripTotals, write_trips

__all__ = [
    "DAY_OF_DEMO",
    "DEFAULT_SEED",
    "SPEED_UNIT",
    "TIME_ZONE",
    "City",
    "FolderInUse",
    "GenerationCancelled",
    "Network",
    "TripTotals",
    "generate",
    "make_network",
    "write_streets_csv",
    "write_trips",
]
