"""Large files that are read in stretches give the points, trips and counts of the file read whole."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roadpulse.aggregation import storage
from roadpulse.aggregation.contract.spec import DecodeRules, FieldMapping, Trim
from roadpulse.aggregation.contract.trip_files import may_be_cut
from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.runners import plan
from roadpulse.aggregation.runners.plan import decode_tasks
from roadpulse.aggregation.storage import LocalPath
from roadpulse.aggregation.store.cut_files import CutFiles
from roadpulse.aggregation.store.decode import DecodeContext, decode
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import FileRecord, PointStore
from roadpulse.aggregation.trips.readers import stretches, tables
from tests.engine import Engine, LocalRunner

Row = dict[str, Any]
FIELDS = {"link_id": "link", "speed": "v", "time": "t", "trip_id": "trip"}


def rows(n_trips: int = 40, seed: int = 5) -> list[Row]:
    """Trips of some lengths, one after the other, with points that have a fault."""
    chance = random.Random(seed)  # nosec B311
    found = []
    for trip in range(n_trips):
        clock = 8 * 3600 + 60 * trip
        for n in range(chance.choice([1, 3, 40, 200])):
            clock += chance.choice([1, 1, 5, 200, -20])
            time = f"2025-06-10T{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}Z"
            found.append(
                {
                    "trip": f"trip {trip}",
                    "link": chance.choice(["", "x y"]) if n % 31 == 30 else str(100 + n // 9 % 7),
                    "v": "fast" if n % 37 == 36 else str(round(chance.uniform(0, 90), 2)),
                    "t": "noon" if n % 41 == 40 else time,
                }
            )
    return found


def as_csv(points: list[Row], end: str = "\n") -> bytes:
    return end.join(["trip,link,v,t", *(",".join(point.values()) for point in points), ""]).encode()


def as_lines(points: list[Row]) -> bytes:
    return b"\n".join(json.dumps(point).encode() for point in points)


def as_trips(points: list[Row], named: bool = True) -> bytes:
    trips: dict[str, list[Row]] = {}
    for point in points:
        trips.setdefault(point["trip"], []).append(point)
    found = [{**({"trip": trip} if named else {}), "data": some} for trip, some in trips.items()]
    return as_lines(found)


def as_parquet(points: list[Row], folder: Path) -> bytes:
    Path(folder, "rows.json").write_text(json.dumps(points))
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (FROM read_json(?, columns = {trip: 'VARCHAR', link: 'VARCHAR', v: 'VARCHAR', "
            "t: 'VARCHAR'})) TO ? (FORMAT parquet, ROW_GROUP_SIZE 2048)",
            [f"{folder}/rows.json", f"{folder}/rows.parquet"],
        )
    return Path(folder, "rows.parquet").read_bytes()


class Read:
    """A file as the store has it, read by so many workers."""

    def __init__(self, path: Path, store: Path, workers: int, mapping: Row, **rules: Any) -> None:
        fields = FieldMapping(**mapping)
        decode_rules = DecodeRules(mapping=fields, **rules)
        self.store = PointStore.open(str(store), decode_rules)
        files, _ = storage.find_trips(str(path))
        self.tasks = decode_tasks(files, workers, may_be_cut=lambda p: may_be_cut(p, bool(fields.trip_id)))
        context = DecodeContext(self.store, "one", decode_rules, 256 << 20, False)
        cut = CutFiles(task.files[0] for task in self.tasks if task.stretch)
        self.records: list[FileRecord] = []
        for task in reversed(self.tasks):
            self.records += cut.take(decode(task, context, lambda *_: None))
        self.whole = [file.path for file in cut.to_read_whole]

    @property
    def n_stretches(self) -> int:
        return len([task for task in self.tasks if task.stretch])

    def trips(self) -> list[tuple[Any, ...]]:
        """The records, but for numbers and parts."""
        return [
            (r.place, r.path, r.trip_id, r.points, r.counted, r.faults, r.fields, r.examples, r.form, r.ends)
            for r in self.records
        ]

    def rows(self) -> Iterator[list[tuple[Any, ...]]]:
        """All points, and all traversals, with the places of their trips."""
        place = {record.number: record.place for record in self.records}
        assert len(place) == len(self.records)
        parts = sorted({record.part for record in self.records if record.counted})
        names = (
            "link_id",
            "entry",
            "exit",
            "n",
            "mean",
            "min",
            "weighted",
            "seconds",
            "brakes",
            "seq",
            "file",
        )
        for portions in (
            self.store.read_points("one", parts, 0, BUCKETS),
            self.store.read_traversals("one", parts, 0, BUCKETS, columns=names),
        ):
            yield sorted(
                (place[row[-1]], *row[:-1])
                for some in portions
                for row in zip(*(some[name].tolist() for name in some if name != "bucket"))
            )


FORMS = {
    "csv": ("a.csv", FIELDS),
    "carriage returns": ("a.csv", FIELDS),
    "lines": ("a.jsonl", FIELDS),
    "trips": ("a.jsonl", {**FIELDS, "points": "data"}),
    "trips without an id": ("a.ndjson", {**FIELDS, "points": "data", "trip_id": ""}),
    "parquet": ("a.parquet", FIELDS),
}


def written(form: str, points: list[Row], folder: Path) -> bytes:
    if form == "parquet":
        return as_parquet(points, folder)
    made = {
        "csv": as_csv,
        "carriage returns": lambda points: as_csv(points, "\r\n"),
        "lines": as_lines,
        "trips": as_trips,
        "trips without an id": lambda points: as_trips(points, named=False),
    }
    return made[form](points)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MIN_TASK_BYTES", 1)
    monkeypatch.setattr(plan, "LEAST_STRETCH", 25_000)
    monkeypatch.setattr(stretches, "BLOCK", 3000)
    monkeypatch.setattr(tables, "PIECE", 3000)


def read(content: bytes, name: str, folder: Path, workers: int, mapping: Row, **rules: Any) -> Read:
    path = folder / name
    if not path.exists():
        path.write_bytes(content)
        os.utime(path, ns=(1_750_000_000_123_456_789,) * 2)
    return Read(path, folder / f"store-{workers}", workers, mapping, **rules)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("trim", [False, True])
def test_stretches_give_what_the_whole_file_gives(tmp_path: Path, form: str, trim: bool) -> None:
    name, mapping = FORMS[form]
    content = written(form, rows(150 if form == "parquet" else 40), tmp_path)
    rules = {"trim": Trim(stationary_seconds=5)} if trim else {}
    whole, cut = (read(content, name, tmp_path, workers, mapping, **rules) for workers in (1, 4))
    assert (whole.n_stretches, cut.whole) == (0, [])
    assert cut.n_stretches > 3
    assert cut.trips() == whole.trips()
    assert list(cut.rows()) == list(whole.rows())
    assert sum(record.counted > 0 for record in cut.records) > 30


def turns(points: list[Row]) -> list[Row]:
    return sorted(points, key=lambda point: point["t"])


def lost() -> list[Row]:
    return [{**rows(1)[0], "trip": ""}]


def with_quoted_line(points: list[Row]) -> bytes:
    content = as_csv(points)
    return content.replace(b"trip 39,", b'"trip\n39",')


INSIDE = {"points": "data", "trip_id": "data.trip"}
UNCUT = {
    "trips by turns": ("a.csv", lambda: as_csv(turns(rows()))),
    "a trip that comes back": ("a.csv", lambda: as_csv([*rows(), *rows()[:9]])),
    "points without a trip in two places": (
        "a.csv", lambda: as_csv([*rows()[:1], *lost(), *rows()[1:], *lost()]),
    ),
    "a line in quotes": ("a.csv", lambda: with_quoted_line(rows())),
    "UTF-16": ("a.csv", lambda: as_csv(rows()).decode().encode("utf-16")),
    "trips of several ids in a line": (
        "a.jsonl", lambda: as_lines([{"data": rows(2)}] * 40),
    ),
    "no table": ("a.csv", lambda: as_lines([{"features": row} for row in rows()]).replace(b"{", b"[")),
}  # fmt: skip


@pytest.mark.parametrize("what", UNCUT)
def test_a_file_is_read_whole_where_stretches_would_differ(tmp_path: Path, what: str) -> None:
    name, made = UNCUT[what]
    found = read(made(), name, tmp_path, 4, {**FIELDS, **INSIDE} if "ids" in what else FIELDS)
    assert found.n_stretches > 3
    assert found.whole == [str(tmp_path / name)]
    assert found.records == []


@pytest.mark.parametrize("name", ["a.csv.gz", "a.geojson", "a.json"])
def test_other_forms_are_one_task(tmp_path: Path, name: str) -> None:
    content = gzip.compress(as_csv(rows())) if name.endswith(".gz") else b"[" + b" " * 100_000
    assert read(content, name, tmp_path, 4, FIELDS).n_stretches == 0


def test_a_table_of_one_trip_is_one_task(tmp_path: Path) -> None:
    assert read(as_csv(rows()), "a.csv", tmp_path, 4, {**FIELDS, "trip_id": ""}).n_stretches == 0


class _Many(LocalRunner):
    workers = 4


@pytest.mark.parametrize(("order", "n_ingests"), [(list, 1), (turns, 2)])
def test_a_run_counts_cut_files_as_whole_ones(
    tmp_path: Path, order: Callable[[list[Row]], list[Row]], n_ingests: int
) -> None:
    """A file that is read again whole has an ingest of its own; nothing else of it is left."""
    engine = Engine(tmp_path)
    engine.write("a.csv", as_csv(order(rows())))
    engine.write("b.json", [{"link": 101, "v": 20, "t": "2025-06-10T08:00:00Z"}])
    engine.settle()
    found = []
    for workers in (1, 4):
        folder = engine.prepare(mapping=FIELDS, store=str(tmp_path / f"store-{workers}"))
        runner = _Many() if workers == 4 else LocalRunner()
        found.append(run(RunFolder(LocalPath(folder)), runner))
    whole, cut = found
    for entry in ("files", "points", "faults", "warnings", "trips"):
        assert cut.get(entry) == whole.get(entry)
    hashes = [[part["sha256"] for part in table["parts"]] for table in whole["results"].values()]
    assert [[part["sha256"] for part in table["parts"]] for table in cut["results"].values()] == hashes
    (store,) = (tmp_path / "store-4").glob("*/")
    commits = list(store.glob("files/*/files.parquet"))
    assert len(commits) == n_ingests
    with duckdb.connect() as connection:
        of = "FROM read_parquet(?, hive_partitioning = false)"
        listed = connection.execute(f"SELECT number, path {of}", [list(map(str, commits))]).fetchall()
        parts = [str(part) for part in store.glob("points/*/part-*.parquet")]
        points = {n for (n,) in connection.execute(f"SELECT DISTINCT file {of}", [parts]).fetchall()}
    assert points <= {number for number, _ in listed}
    assert engine.run_here(mapping=FIELDS, store=str(tmp_path / "store-4")).manifest["files"]["decoded"] == 0
