"""Questions in SQL: the views of a run against its points, and the worked questions of the documentation."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from roadpulse.aggregation import sql
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.contract.sql_views import views_of
from tests.engine import Engine, Outcome

ZONE = ZoneInfo("Europe/London")
QUESTIONS = re.findall(
    r"```sql\n(.*?)```", (Path(__file__).parents[2] / "docs/how-to/sql.md").read_text("utf-8"), re.DOTALL
)
SPEC = {"speed_unit": "m/s", "shown_unit": "km/h", "time_zone": "Europe/London", "min_trips": 1}
Point = tuple[int, datetime, float]
ROUTES = [(101, 102, 104), (101, 103, 104), (102, 101), (101, 104)]


def trips() -> dict[str, list[Point]]:
    """Trips at night and in the morning of two days, on several routes, some braking."""
    found = {}
    for n in range(24):
        at = datetime(2025, 6, 10 + n % 2, 2 if n % 3 else 7, n, tzinfo=timezone.utc)
        points = []
        for place, link in enumerate(ROUTES[n % 4]):
            for k in range(5):
                speed = 10.0 + place + n % 5 - (8 if k == 4 and n % 6 == 0 else 0)
                points.append((link, at, speed))
                at += timedelta(seconds=1 + k % 2)
        found[f"trip {n:02}"] = points
    return found


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    engine = Engine(tmp_path_factory.mktemp("sql"))
    for name, points in trips().items():
        engine.write(f"{name}.json", [
            {"dbResponse": {"linkID": link}, "timestamp": at.isoformat(), "absVelocity": speed}
            for link, at, speed in points
        ])  # fmt: skip
    engine.settle()
    return engine


@pytest.fixture(scope="module")
def outcome(engine: Engine) -> Outcome:
    return engine.run_here(**SPEC)


@pytest.fixture(scope="module")
def views(outcome: Outcome) -> Iterator[duckdb.DuckDBPyConnection]:
    warnings: list[str] = []
    with sql.opened(outcome.folder, warn=warnings.append) as connection:
        yield connection
    assert warnings == []


def stretches() -> Iterator[tuple[str, int, int, datetime, list[float]]]:
    """Trip, place, link, first time and speeds of each stretch on one link."""
    for trip, points in trips().items():
        for seq, link in enumerate(dict.fromkeys(link for link, *_ in points)):
            own = [(at, speed) for one, at, speed in points if one == link]
            yield trip, seq, link, own[0][0], [speed for _, speed in own]


def by_hour() -> dict[tuple[int, int], list[tuple[str, float]]]:
    found = defaultdict(list)
    for trip, points in trips().items():
        for link, at, speed in points:
            found[link, at.astimezone(ZONE).hour].append((trip, speed * 3.6))
    return found


def slower_mornings() -> list[tuple[Any, ...]]:
    cells, rows = by_hour(), []
    for link in sorted({link for link, _ in cells}):
        night, peak = cells.get((link, 3), []), cells.get((link, 8), [])
        if min(len({trip for trip, _ in night}), len({trip for trip, _ in peak})) >= 5:
            at_night, at_8 = (mean(speed for _, speed in cell) for cell in (night, peak))
            rows.append((link, at_night, at_8, at_night - at_8))
    return sorted(rows, key=lambda row: (-row[3], row[0]))


def times_between() -> list[tuple[Any, ...]]:
    entries = {(trip, link): (at, seq) for trip, seq, link, at, _ in stretches()}
    found = defaultdict(list)
    for trip in trips():
        if (trip, 101) in entries and (trip, 104) in entries:
            (start, one), (end, other) = entries[trip, 101], entries[trip, 104]
            assert other > one
            found[start.astimezone(ZONE).hour].append((end - start).total_seconds())
    return [(hour, len(some), median(some)) for hour, some in sorted(found.items())]


def next_links() -> list[tuple[Any, ...]]:
    routes = (list(dict.fromkeys(link for link, *_ in points)) for points in trips().values())
    found = Counter(after for route in routes for one, after in zip(route, route[1:]) if one == 101)
    return sorted(found.items(), key=lambda row: (-row[1], row[0]))


def hard_brakes() -> list[tuple[Any, ...]]:
    found = defaultdict(list)
    for _, _, link, _, speeds in stretches():
        found[link].append(sum(before - after > 6 for before, after in zip(speeds, speeds[1:])))
    rows = [(link, len(some), 100.0 * sum(some) / len(some)) for link, some in found.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def dates() -> list[tuple[Any, ...]]:
    found = defaultdict(list)
    for trip, points in trips().items():
        for _, at, _ in points:
            local = at.astimezone(ZONE)
            found[local.date()].append((trip, local.hour))
    return [
        (d, len({t for t, _ in some}), len(some), len({h for _, h in some}))
        for d, some in sorted(found.items())
    ]


ANSWERS = [slower_mornings, times_between, next_links, hard_brakes, dates]


@pytest.mark.parametrize("number", range(5))
def test_a_worked_question_has_the_answer_of_the_points(
    views: duckdb.DuckDBPyConnection, number: int
) -> None:
    assert len(QUESTIONS) == len(ANSWERS)
    expected = ANSWERS[number]()
    found = views.execute(QUESTIONS[number]).fetchall()
    assert expected
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected):
        assert row == pytest.approx(wanted, rel=1e-12) if number != 4 else row == wanted


def test_the_views_have_the_columns_of_the_data_dictionary(
    views: duckdb.DuckDBPyConnection, outcome: Outcome
) -> None:
    spec = RunSpec.from_text((outcome.folder / "spec.json").read_text())
    kinds = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
    text = sql.data_dictionary(outcome.folder)
    for view in views_of(spec):
        described = views.execute(f"DESCRIBE {view.name}").fetchall()
        assert [(name, kind) for name, kind, *_ in described] == [
            (column.name, kinds.get(column.kind, column.kind)) for column in view.columns
        ]
        assert f"## {view.name}\n" in text
    assert "| `mean` | `DOUBLE` | Mean speed (km/h): " in text


def test_points_are_those_that_the_run_counts(engine: Engine) -> None:
    """Of its dates, weekdays and trips alone, in the unit of the results."""
    outcome = engine.run_here(**SPEC, date_from="2025-06-11", weekdays=[3, 7], holidays=["2025-06-11"])
    with sql.opened(outcome.folder) as views:
        n, fastest = views.execute("SELECT count(*), max(speed) FROM points").fetchone() or (0, 0)
        metres = views.execute("SELECT sum(metres), sum(points) FROM traversals").fetchone() or (0, 0)
    assert n == outcome.manifest["points"]["counted"] == metres[1] > 100
    assert fastest == pytest.approx(16 * 3.6)
    late = [p for points in trips().values() for p in points if p[1].astimezone(ZONE).day == 11]
    assert n == len(late)


def test_links_that_are_texts_are_shown_as_texts(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    engine.write("a.json", [
        {"dbResponse": {"linkID": link}, "timestamp": "2025-06-10T08:00:00Z", "absVelocity": 20}
        for link in ("A'7", "A'7", 12)
    ])  # fmt: skip
    engine.settle()
    outcome = engine.run_here()
    with sql.opened(outcome.folder) as views:
        for view in ("points", "traversals"):
            found = views.execute(f"SELECT link_id, count(*) FROM {view} GROUP BY ALL ORDER BY 1").fetchall()
            assert found == [("12", 1), ("A'7", 2 if view == "points" else 1)]
        assert views.execute("SELECT key FROM links WHERE link_id = '12'").fetchall() == [(12,)]


def test_trips_that_have_changed_since_the_run_are_told(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    for name in ("a.json", "b.json"):
        engine.write(name)
    engine.settle()
    outcome = engine.run_here()
    engine.write("b.json", [])
    warnings: list[str] = []
    with sql.opened(outcome.folder, warn=warnings.append) as views:
        assert views.execute("SELECT count(*) FROM trips").fetchall() == [(1,)]
    assert warnings[0].startswith("1 of 2 trip files have changed since the run")


def test_the_command_prints_writes_and_keeps_a_database(outcome: Outcome, tmp_path: Path) -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "roadpulse.aggregation", "sql", str(outcome.folder), *words]
        return subprocess.run(command, env={**os.environ}, capture_output=True, text=True, check=False)

    printed = call(
        "SELECT link_id, n_trips FROM link_speeds ORDER BY 1", "--database", str(tmp_path / "a.duckdb")
    )
    assert printed.stdout.splitlines()[:2] == ["link_id,n_trips", "101,24"]
    with duckdb.connect(str(tmp_path / "a.duckdb"), read_only=True) as kept:
        assert kept.execute("SELECT count(*) FROM points").fetchall() == [(300,)]
    written = call("SELECT 1 AS a;", "--output", str(tmp_path / "a.csv"))
    assert (written.returncode, (tmp_path / "a.csv").read_text()) == (0, "a\n1\n")
    again = call("SELECT 2 AS a", "--output", str(tmp_path / "a.csv"))
    assert (again.returncode, (tmp_path / "a.csv").read_text()) == (1, "a\n1\n")
    assert f"{tmp_path / 'a.csv'} is there already. Name a new file." in again.stdout
    wrong = call("SELECT nothing FROM points")
    assert wrong.returncode == 1
    assert "DuckDB cannot answer: Binder Error" in wrong.stdout


def test_the_name_of_a_run_folder_is_no_pattern(outcome: Outcome, tmp_path: Path) -> None:
    for name in ("June [1]'s *", "June 1's other"):
        shutil.copytree(outcome.folder, tmp_path / name)
    with sql.opened(tmp_path / "June [1]'s *") as views:
        found = views.execute("SELECT n_trips FROM link_speeds WHERE link_id = 101").fetchall()
    assert found == [(24,)]


@pytest.mark.parametrize(
    ("change", "words"),
    [({"store": "s3://bucket/points"}, "in a bucket"), (None, "has no result yet")],
)
def test_a_run_that_cannot_be_asked_is_refused(
    outcome: Outcome, tmp_path: Path, change: Any, words: str
) -> None:
    spec = json.loads((outcome.folder / "spec.json").read_text())
    (tmp_path / "spec.json").write_text(json.dumps({**spec, **(change or {})}))
    if change:
        (tmp_path / "manifest.json").write_text((outcome.folder / "manifest.json").read_text())
    with pytest.raises(RunError, match=words), sql.opened(tmp_path):
        pass
