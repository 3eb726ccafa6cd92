"""Time and memory of runs over millions of trips, computed from the cost of one unit of every step.

    python -m benchmarks projection [--write]

Prints the tables of `docs/scale.md`, or writes them there. The costs are those of `benchmarks/costs.json`,
which `python -m benchmarks costs --save` measures; what is assumed of clusters stands in `CLUSTERS`.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from roadpulse.aggregation.runners.plan import MAX_TASK_BYTES, MAX_TASK_FILES, summary_tasks
from roadpulse.aggregation.storage.s3.folder_listing import AT_ONCE as FOLDERS_AT_ONCE
from roadpulse.aggregation.storage.s3.listing import PAGE
from roadpulse.aggregation.storage.s3.trips import AT_ONCE

from .measure import ROOT

COSTS = Path(__file__).with_name("costs.json")
PAGE_OF_DOCS = ROOT / "docs" / "scale.md"
BEGIN, END = "## Figures\n", "## Checks\n"

TRIPS = (1_000_000, 10_000_000, 100_000_000)
LINKS, BINS = 170_000, 24
SPARK_START = 9.0
"""Seconds from the decision to the first task on a node."""
TRIP_INDEX_BYTES = 4
"""Bytes of a trip in `trips.npz`, which every task of a summary reads."""
REQUESTS_PER_PART = 2
"""Requests of a task to a part in a bucket: its footer and a range of its rows."""


@dataclass(frozen=True)
class Costs:
    """Costs of one unit on a core of the measuring computer: seconds of CPU, bytes, or bytes per second."""

    trip_bytes: float
    trip_points: float
    decode_bytes_per_second: float
    decode_seconds_per_file: float
    store_bytes_per_point: float
    traversal_bytes_per_point: float
    report_bytes_per_file: float
    summary_seconds_per_point: float
    open_seconds_per_part: float
    merge_seconds_per_row: float
    head_seconds_per_new_file: float
    head_seconds_per_known_file: float
    head_bytes_per_file: float
    head_bytes: float

    @classmethod
    def read(cls, path: Path = COSTS) -> Costs:
        """Return the saved costs."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Cluster:
    """A cluster: `speed` is that of a core as a fraction of the measuring computer's.

    `network` and `disk` are bytes per second of one node, `page_seconds` the time of one page of a listing,
    `answer_seconds` that until the first byte of an object, `requests` the most requests per second that the
    bucket answers (None: no limit of its own).
    """

    name: str
    nodes: int
    cores: int
    speed: float
    network: float
    disk: float
    page_seconds: float
    answer_seconds: float
    requests: Optional[float] = None

    @property
    def power(self) -> float:
        """Cores of the measuring computer that are as fast as all cores."""
        return self.nodes * self.cores * self.speed


CLUSTERS = (
    Cluster("16 Raspberry Pi 4, MinIO on them", 16, 4, 0.25, 117e6, 300e6, 0.05, 0.005),
    Cluster("16 cloud cores, S3", 4, 4, 1.0, 195e6, math.inf, 0.1, 0.03, 5500),
    Cluster("256 cloud cores, S3", 16, 16, 1.0, 781e6, math.inf, 0.1, 0.03, 5500),
)


@dataclass(frozen=True)
class Step:
    """A step's seconds by each thing that may limit it; the largest counts."""

    by: dict[str, float]

    @property
    def seconds(self) -> float:
        """Seconds of the step."""
        return max(self.by.values())

    @property
    def limit(self) -> str:
        """What limits it."""
        return max(self.by, key=lambda name: self.by[name])


@dataclass(frozen=True)
class Projection:
    """Steps and memory of a run over `trips` files on a cluster."""

    costs: Costs
    cluster: Cluster
    trips: int

    @property
    def points(self) -> float:
        """Points of all trips."""
        return self.trips * self.costs.trip_points

    @property
    def parts(self) -> int:
        """Parts of the point store: one for each decode task, of so many bytes or files at most."""
        size = self.trips * self.costs.trip_bytes
        return math.ceil(max(size / MAX_TASK_BYTES, self.trips / MAX_TASK_FILES))

    @property
    def summary_tasks(self) -> int:
        """Tasks of a summary."""
        return len(summary_tasks(int(self.points)))

    @property
    def parts_opened(self) -> int:
        """Parts opened by all tasks of a summary, each of which opens all."""
        return self.summary_tasks * self.parts

    @property
    def listing(self) -> Step:
        """Pages of the listing of trips in large folders, several of which are listed at once."""
        return Step({"pages of the listing": self.trips / PAGE * self.cluster.page_seconds / FOLDERS_AT_ONCE})

    def head(self, known: bool) -> Step:
        """What the head does for each file on one core, besides tasks."""
        costs = self.costs
        each = costs.head_seconds_per_known_file if known else costs.head_seconds_per_new_file
        return Step({"the head's core": self.trips * each / self.cluster.speed})

    @property
    def decode(self) -> Step:
        """Reading trips and writing the store."""
        costs, cluster = self.costs, self.cluster
        read = self.trips * costs.trip_bytes
        written = self.points * (costs.store_bytes_per_point + costs.traversal_bytes_per_point)
        cpu = read / costs.decode_bytes_per_second + self.trips * costs.decode_seconds_per_file
        return Step(
            {
                "cores": cpu / cluster.power,
                "network cards": (read + written) / (cluster.nodes * cluster.network),
                "disks": (read + written) / (cluster.nodes * cluster.disk),
                "answers": self.trips * cluster.answer_seconds / (AT_ONCE * cluster.nodes * cluster.cores),
                **self._requests(self.trips),
            }
        )

    @property
    def summary(self) -> Step:
        """Reading the points of the store and computing the default statistics."""
        costs, cluster = self.costs, self.cluster
        read = self.points * costs.store_bytes_per_point
        index = self.summary_tasks * self.trips * TRIP_INDEX_BYTES
        return Step(
            {
                "cores": self.points * costs.summary_seconds_per_point / cluster.power,
                "opening parts": self.parts_opened * costs.open_seconds_per_part / cluster.power,
                "network cards": (read + index) / (cluster.nodes * cluster.network),
                "disks": (read + index) / (cluster.nodes * cluster.disk),
                **self._requests(self.parts_opened * REQUESTS_PER_PART),
            }
        )

    def _requests(self, n: float) -> dict[str, float]:
        return {"requests": n / self.cluster.requests} if self.cluster.requests else {}

    @property
    def merge(self) -> Step:
        """Merging the tables of all tasks, by link and by link and bin, on one core."""
        rows = LINKS * (1 + BINS)
        return Step({"the head's core": rows * self.costs.merge_seconds_per_row / self.cluster.speed})

    def total(self, known: bool) -> float:
        """Seconds of a run over new or known files, one step after the other."""
        steps = [self.listing, self.head(known), self.summary, self.merge]
        return SPARK_START + sum(step.seconds for step in steps) + (0.0 if known else self.decode.seconds)

    @property
    def head_memory(self) -> float:
        """Bytes of the head."""
        return self.costs.head_bytes + self.trips * self.costs.head_bytes_per_file

    @property
    def reports(self) -> float:
        """Bytes of the reports of all decode tasks, which pass through the head."""
        return self.trips * self.costs.report_bytes_per_file

    @property
    def store(self) -> float:
        """Bytes of points and traversals."""
        return self.points * (self.costs.store_bytes_per_point + self.costs.traversal_bytes_per_point)


def shown_time(seconds: float) -> str:
    """Return a time with two digits: `4.5 s`, `12 min`, `3.2 h`, `2.1 d`."""
    for unit, size in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size * (1 if unit == "d" else 2):
            return f"{_two_digits(seconds / size)} {unit}"
    return f"{_two_digits(seconds)} s"


def shown_bytes(size: float) -> str:
    """Return a size with two digits: `310 MB`, `4.6 TB`."""
    for unit, value in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= value:
            return f"{_two_digits(size / value)} {unit}"
    return f"{_two_digits(size / 1e3)} kB"


def _two_digits(value: float) -> str:
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:.1f}"


ROWS: dict[str, Callable[[Projection], str]] = {
    "listing the trips": lambda p: _shown(p.listing),
    "the head's work, new files": lambda p: _shown(p.head(known=False)),
    "… known files": lambda p: _shown(p.head(known=True)),
    "decoding": lambda p: _shown(p.decode),
    "summary, default statistics": lambda p: _shown(p.summary),
    "merging the results": lambda p: _shown(p.merge),
    "**whole run, all new**": lambda p: f"**{shown_time(p.total(known=False))}**",
    "**whole run, again**": lambda p: f"**{shown_time(p.total(known=True))}**",
}
"""Rows that depend on the cluster."""

SIZES: dict[str, Callable[[Projection], str]] = {
    "trip files": lambda p: shown_bytes(p.trips * p.costs.trip_bytes),
    "points": lambda p: f"{_two_digits(p.points / 1e9)} billion",
    "point store": lambda p: shown_bytes(p.store),
    "pages of a listing, one request each": lambda p: f"{p.trips / PAGE:,.0f}",
    "parts of the store": lambda p: f"{p.parts:,}",
    "tasks of a summary": lambda p: f"{p.summary_tasks:,}",
    "parts that these open": lambda p: f"{p.parts_opened:,}",
    "reports of tasks to the head": lambda p: shown_bytes(p.reports),
    "memory of the head": lambda p: shown_bytes(p.head_memory),
    "trip index in the memory of each worker": lambda p: shown_bytes(p.trips * TRIP_INDEX_BYTES),
}
"""Rows that do not."""


SHOWN_COSTS: dict[str, tuple[str, str, Callable[[float], str]]] = {
    "trip_bytes": ("bytes", "JSON of a trip", shown_bytes),
    "trip_points": ("points", "points of a trip that count", lambda v: f"{v:,.0f}"),
    "decode_bytes_per_second": ("decoding", "decoding, by a core", lambda v: f"{v / 1e6:,.0f} MB/s"),
    "decode_seconds_per_file": ("file", "… a file of 20 points", lambda v: f"{v * 1e3:.2f} ms"),
    "store_bytes_per_point": ("point", "a point in the store", lambda v: f"{v:.1f} bytes"),
    "traversal_bytes_per_point": ("traversal", "its share of a traversal", lambda v: f"{v:.1f} bytes"),
    "report_bytes_per_file": ("report", "the report on a file to the head", lambda v: f"{v:,.0f} bytes"),
    "summary_seconds_per_point": (
        "summary",
        "default statistics, a million points",
        lambda v: f"{v * 1e6:.2f} s",
    ),
    "open_seconds_per_part": ("opening", "opening a part on a disk", lambda v: f"{v * 1e3:.2f} ms"),
    "merge_seconds_per_row": ("merge", "merging a million rows of results", lambda v: f"{v * 1e6:.2f} s"),
    "head_seconds_per_new_file": (
        "new",
        "the head's work, a million new files",
        lambda v: f"{v * 1e6:,.0f} s",
    ),
    "head_seconds_per_known_file": ("known", "… a million known files", lambda v: f"{v * 1e6:,.0f} s"),
    "head_bytes_per_file": ("held", "memory of the head, for each file", lambda v: f"{v:,.0f} bytes"),
    "head_bytes": ("none", "… for none", shown_bytes),
}
"""Name of each cost in formulas, what it is, and how it is shown."""


def _shown(step: Step) -> str:
    return f"{shown_time(step.seconds)} ({step.limit})"


def tables(costs: Costs) -> str:
    """Return the tables as Markdown: costs, sizes, and the steps on each cluster."""
    lines = ["### Costs", "", "| name | what | cost |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {what} | {shown(getattr(costs, field))} |"
        for field, (name, what, shown) in SHOWN_COSTS.items()
    ]
    lines += ["", "### Sizes", "", *_table("what", SIZES, costs, CLUSTERS[0])]
    for cluster in CLUSTERS:
        lines += ["", f"### {cluster.name}", "", *_table("step (what limits it)", ROWS, costs, cluster)]
    return "\n".join(lines) + "\n"


def _table(
    head: str, rows: dict[str, Callable[[Projection], str]], costs: Costs, cluster: Cluster
) -> Iterator[str]:
    yield f"| {head} | " + " | ".join(f"{n / 1e6:,.0f} million trips" for n in TRIPS) + " |"
    yield "|---" * (len(TRIPS) + 1) + "|"
    for name, row in rows.items():
        yield f"| {name} | " + " | ".join(row(Projection(costs, cluster, n)) for n in TRIPS) + " |"


def with_tables(page: str, costs: Costs) -> str:
    """Return the text of the page with new tables in the place of the old ones."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables(costs)}\n{END}{after}"


def main(arguments: Optional[list[str]] = None) -> None:
    """Print the tables, or write them to the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks projection", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write them to docs/scale.md")
    if parser.parse_args(arguments or []).write:
        page = PAGE_OF_DOCS.read_text(encoding="utf-8")
        PAGE_OF_DOCS.write_text(with_tables(page, Costs.read()), encoding="utf-8")
    else:
        print(tables(Costs.read()))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
