"""Cost of one unit of every step of a run, in CPU seconds and bytes, measured on this computer.

    python -m benchmarks costs [--trips N] [--save]

With `--save` they become the inputs of `python -m benchmarks projection` (`benchmarks/costs.json`).
"""

from __future__ import annotations

import argparse
import json
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from roadpulse.aggregation import storage
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.runners.plan import decode_tasks, summary_tasks
from roadpulse.aggregation.runners.selection import Selection, select
from roadpulse.aggregation.store.decode import DecodeContext, DecodeTask, decode
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import NewRecords, PointStore
from roadpulse.aggregation.summary import result_tables
from roadpulse.aggregation.summary.summarise import SummaryContext, save_trips, summarise

from .head import measured
from .measure import SCRATCH, rich_trips
from .s3_job import small_trip

SAVED = Path(__file__).with_name("costs.json")
FOLDER = SCRATCH / "costs"
SMALL_FILES, HEAD_FILES = 5000, (100_000, 500_000)
LIMIT = 256 << 20


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """CPU seconds of this process for a piece of work, the least of some times."""
    took = []
    for _ in range(times):
        begin = time.process_time()
        work()
        took.append(time.process_time() - begin)
    return min(took)


class Store:
    """A new point store of some trips, decoded in this process."""

    def __init__(self, trips: Path, name: str, files_a_task: int = 0) -> None:
        self.spec = RunSpec(trips=str(trips), store=str(FOLDER / name), speed_unit="m/s", time_zone="UTC")
        shutil.rmtree(self.spec.store, ignore_errors=True)
        self.files = storage.find_trips(self.spec.trips).files
        self.store = PointStore.open(self.spec.store, self.spec.decode_rules)
        self.context = DecodeContext(self.store, "one", self.spec.decode_rules, LIMIT, True)
        self.tasks = decode_tasks(self.files, 2)
        if files_a_task:
            self.tasks = [
                DecodeTask(number, first, self.files[first : first + files_a_task])
                for number, first in enumerate(range(0, len(self.files), files_a_task))
            ]
        self.report_bytes = 0
        self.store.begin("one")
        with NewRecords() as records:
            for task in self.tasks:
                found = decode(task, self.context, lambda *_: None)
                self.report_bytes += len(pickle.dumps(found))
                records.add(found)
            self.store.commit("one", records)
            self.points = records.counted
        self.selection: Selection = select(self.files, self.store)
        self.work = storage.place(str(FOLDER / f"work-{name}"))
        shutil.rmtree(str(self.work), ignore_errors=True)
        save_trips(self.work / "trips.npz", self.selection.trips())
        self.summary = SummaryContext(
            self.store, self.spec, self.selection.parts(), self.work / "trips.npz", self.work
        )

    def decode(self) -> None:
        """Decode all trips once more."""
        for task in self.tasks:
            decode(task, self.context, lambda *_: None)

    def bytes_of(self, what: str) -> int:
        """Return the bytes of the files in a folder of the store, such as `points`."""
        return sum(file.stat().st_size for file in Path(str(self.store.root), what).rglob("*.parquet"))


def main(arguments: Optional[list[str]] = None) -> None:
    """Print the costs as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks costs", description=__doc__)
    parser.add_argument("--trips", type=int, default=1000, help="number of generated trips (0.46 MB each)")
    parser.add_argument("--save", action="store_true", help="write them to benchmarks/costs.json")
    options = parser.parse_args(arguments or [])
    shutil.rmtree(FOLDER, ignore_errors=True)
    found = {**_of_trips(options.trips), **_of_small_files(), **_of_the_head()}
    text = json.dumps({name: float(f"{value:.3g}") for name, value in found.items()}, indent=2)
    print(text)
    if options.save:
        SAVED.write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(FOLDER, ignore_errors=True)


def _of_trips(n_trips: int) -> dict[str, float]:
    whole = Store(rich_trips(n_trips), "whole")
    tasks = summary_tasks(whole.points)

    def summarise_all() -> None:
        for task in tasks:
            summarise(task, whole.summary)

    found = {
        "trip_bytes": whole.files.bytes / len(whole.files),
        "trip_points": whole.points / len(whole.files),
        "decode_bytes_per_second": whole.files.bytes / seconds(whole.decode),
        "store_bytes_per_point": whole.bytes_of("points") / whole.points,
        "traversal_bytes_per_point": whole.bytes_of("traversals") / whole.points,
        "report_bytes_per_file": whole.report_bytes / len(whole.files),
        "summary_seconds_per_point": seconds(summarise_all) / whole.points,
    }
    results = storage.place(str(FOLDER / "results"))

    def merge() -> Any:
        return result_tables.merge(
            whole.work, results, [task.number for task in tasks], whole.spec, lambda: None, "results"
        )

    merged: list[Any] = []
    found["merge_seconds_per_row"] = seconds(lambda: merged.append(merge()), 1) / _rows(merged[-1])
    return found


def _rows(results: dict[str, Any]) -> int:
    return sum(part["rows"] for table in results.values() for part in table["parts"])


def _of_small_files() -> dict[str, float]:
    folder = FOLDER / "small"
    for number in range(SMALL_FILES):
        file = folder / f"{number // 1000}" / f"{number}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(small_trip(number), encoding="ascii")
    one, many = Store(folder, "one"), Store(folder, "many", files_a_task=10)
    whole = (0, BUCKETS)

    def read(opened: Store) -> None:
        (parts,) = opened.summary.parts.values()
        for _ in opened.store.read_points("one", parts, *whole):
            pass

    extra = len(many.tasks) - len(one.tasks)
    return {
        "decode_seconds_per_file": seconds(one.decode) / SMALL_FILES,
        "open_seconds_per_part": (seconds(lambda: read(many)) - seconds(lambda: read(one))) / extra,
    }


def _of_the_head() -> dict[str, float]:
    """Return what grows between two numbers of files, and the memory of a head with few."""
    few, many = HEAD_FILES
    cpu: dict[int, list[float]] = {}
    memory: dict[int, float] = {}
    for n_files in HEAD_FILES:
        shutil.rmtree(FOLDER / "store-head", ignore_errors=True)
        runs = [measured(n_files, FOLDER / "store-head", False) for _ in range(2)]
        cpu[n_files] = [run["cpu"] for run in runs]
        memory[n_files] = 1e6 * max(most for run in runs for _, most in run["phases"])
    new, known = ((more - less) / (many - few) for less, more in zip(cpu[few], cpu[many]))
    a_file = (memory[many] - memory[few]) / (many - few)
    return {
        "head_seconds_per_new_file": new,
        "head_seconds_per_known_file": known,
        "head_bytes_per_file": a_file,
        "head_bytes": memory[few] - few * a_file,
    }


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
