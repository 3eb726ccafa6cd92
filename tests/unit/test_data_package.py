"""The sidecar of the result tables, validated by Frictionless itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from frictionless import Package, validate

from roadpulse.aggregation.contract import tables
from roadpulse.aggregation.contract.data_package import content, table_schema
from roadpulse.aggregation.contract.days import Days, periods_from_json
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.contract.statistic import all_keys, statistic
from tests.engine import Engine, trip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    made = Engine(tmp_path_factory.mktemp("engine"))
    for number in range(8):
        made.write(f"{number}.json", trip(400, first=600 * number))
    return made


def package_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results" / "datapackage.json").read_text(encoding="utf-8"))


def test_frictionless_finds_no_fault_in_a_run(engine: Engine) -> None:
    outcome = engine.run_here()
    assert outcome.hashes
    report = validate(str(outcome.folder / "results" / "datapackage.json"))
    assert report.valid, report.flatten(["title", "message"])
    assert [task.name for task in report.tasks] == ["link_speeds", "link_speeds_by_time"]
    assert [task.stats["rows"] for task in report.tasks] == [
        outcome.manifest["results"][table]["rows"] for table in ("link_speeds", "link_speeds_by_time")
    ]


def test_frictionless_finds_no_fault_in_a_run_of_all_statistics_with_days_and_periods(engine: Engine) -> None:
    periods = {"AM peak": "Mon-Fri 07:00-09:00", "Rest": "09:00-07:00"}
    outcome = engine.run_here(
        statistics="all", days="dates", periods=periods, bin_minutes=30, suppress_below=2
    )
    assert len(outcome.hashes) == 3
    report = validate(str(outcome.folder / "results" / "datapackage.json"))
    assert report.valid, report.flatten(["title", "message"])
    assert [task.name for task in report.tasks] == list(tables.TABLES)
    assert all(task.stats["rows"] for task in report.tasks)


def test_frictionless_finds_the_faults_of_a_changed_table(engine: Engine) -> None:
    folder = engine.run_here().folder
    table = folder / "results" / "link_speeds_by_time.csv"
    lines = table.read_text().splitlines(keepends=True)
    first = lines[1].split(",")
    changed = [lines[0], lines[1], lines[1], ",".join([first[0], "08:07", "0", *first[3:]])]
    table.write_text("".join(changed))
    report = validate(str(folder / "results" / "datapackage.json"))
    kinds = {kind for (kind,) in report.flatten(["type"])}
    assert {"hash-count", "byte-count", "primary-key", "constraint-error"} <= kinds


def test_it_names_what_a_reader_needs_and_nothing_that_only_one_computer_knows(engine: Engine) -> None:
    outcome = engine.run_here()
    found = package_of(outcome.folder)
    manifest = outcome.manifest
    assert found["sources"] == [{"title": str(engine.trips)}]
    n_bytes = sum(file.stat().st_size for file in engine.trips.iterdir())
    assert found["counts"]["files"] == {"named": 8, "bad": 0, "packed_copies": 0, "bytes": n_bytes}
    assert found["counts"]["points"]["read"] == 3200
    assert found["temporal"] == {"first": "2025-06-10", "last": "2025-06-10"}
    assert found["software"]["roadpulse"] == manifest["software"]["roadpulse"]
    assert "store" not in found["specification"] and str(engine.store) not in json.dumps(found)
    assert "licenses" not in found  # only the person knows it
    again = engine.run_here()  # from the store, with other timings
    assert again.manifest["files"]["reused"] == 8
    name = "results/datapackage.json"
    assert (again.folder / name).read_bytes() == (outcome.folder / name).read_bytes()


SPEC = RunSpec(
    trips="/trips", store="/secret/store", speed_unit="mph", statistics=all_keys(), days=Days("workdays"),
    periods=periods_from_json({"AM peak": "Mon-Fri 07:00-09:00"}), suppress_below=3,
    s3=S3Access(endpoint="http://s3.example:9000"),
)  # fmt: skip


def field(table: str, name: str, spec: RunSpec = SPEC) -> dict[str, Any]:
    return next(one for one in table_schema(table, spec)["fields"] if one["name"] == name)


@pytest.mark.parametrize("table", tables.TABLES)
def test_the_schema_of_a_table_is_its_columns_out_of_the_registry(table: str) -> None:
    schema = table_schema(table, SPEC)
    assert tuple(one["name"] for one in schema["fields"]) == tables.columns(table, SPEC)
    assert tuple(schema["primaryKey"]) == tables.key_columns(table, SPEC)
    assert schema["missingValues"] == [""]
    for one in schema["fields"][len(schema["primaryKey"]) :]:
        entry = statistic(one["name"])
        assert one["title"] == entry.label and one["description"]
        assert one.get("unit", "") == entry.unit_text("mph")
        assert one.get("estimator", "") == entry.estimator


def test_units_constraints_and_rules_are_those_of_the_run() -> None:
    assert field(tables.LINK_SPEEDS, "mean")["unit"] == "mph"
    assert field(tables.LINK_SPEEDS, "delay")["unit"] == "s/km"
    assert field(tables.LINK_SPEEDS, "n_trips")["constraints"] == {"minimum": 3, "required": True}
    assert field(tables.LINK_SPEEDS, "stopped_share")["constraints"] == {"minimum": 0, "maximum": 1}
    assert "22:00–06:00" in field(tables.LINK_SPEEDS, "free_flow")["description"]
    days = field(tables.LINK_SPEEDS_BY_TIME, "days")
    assert days["constraints"] == {"required": True, "enum": ["Mon-Fri", "Sat-Sun"]}
    dates = field(tables.LINK_SPEEDS_BY_TIME, "days", replace(SPEC, days=Days("dates")))
    assert dates["type"] == "date" and "enum" not in dates["constraints"]
    assert field(tables.LINK_SPEEDS_BY_PERIOD, "period")["constraints"]["enum"] == ["AM peak"]


def test_the_schemas_of_every_statistic_are_valid_descriptors() -> None:
    spec = replace(SPEC, holidays=(date(2025, 12, 25),))
    resources = [
        {"name": table.replace("_", "-"), "path": f"{table}.csv", "schema": table_schema(table, spec)}
        for table in tables.TABLES
    ]
    assert Package.metadata_validate({"name": "all", "resources": resources}) is not None
    assert list(Package.metadata_validate({"name": "all", "resources": resources})) == []


def test_a_folder_whose_name_is_no_utf8_is_named_by_escapes(engine: Engine) -> None:
    outcome = engine.run_here()
    written = content(replace(SPEC, trips="/trips/caf\udce9", periods=()), outcome.manifest)
    assert json.loads(written.decode("utf-8"))["sources"] == [{"title": "/trips/caf\udce9"}]
