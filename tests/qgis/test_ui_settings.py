"""Remembered settings: read what is understood, reset what is not, never lose the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from roadpulse.aggregation.contract.days import Days, DaySet, periods_from_json
from roadpulse.aggregation.contract.spec import FieldMapping, FreeFlow, Trim
from roadpulse.cluster_client.profiles.profile import LOCAL
from roadpulse.cluster_client.runs.records import Run
from roadpulse.ui.runs.run_from_record import settings_of
from roadpulse.ui.runs.settings import RoadsChoice, RunSettings, from_json, run_spec
from roadpulse.ui.widgets.number_format import about, counted, duration, share, size, slug

CHANGED = RunSettings(
    trips="/data/trips", time_zone="Europe/London", speed_unit="mph", weekdays=(1, 2), bin_minutes=15,
    date_from="2025-06-10", date_to="2025-06-11", mapping=FieldMapping(points="pts"),
    roads=RoadsChoice(connection="Roads", schema="roads", table="streets", id_field="link_id"),
    statistic="tti", statistics=("n_points", "n_trips", "mean", "p07"), holidays="2025-12-25, 2025-12-26",
    days=Days("named", (DaySet("Term", (1, 2, 3), ((date(2025, 1, 6), date(2025, 2, 14)),)),)),
    periods=periods_from_json({"AM peak": "Mon-Fri 07:00-09:00"}), free_flow=FreeFlow(90, 1260, 300, 5),
    trim=Trim(180, 200, 60), suppress_below=3,
)  # fmt: skip


def test_settings_survive_being_written_and_read() -> None:
    assert from_json(json.loads(json.dumps(CHANGED.to_json())), RunSettings()) == CHANGED


def test_entries_of_another_version_are_passed_over() -> None:
    values = {**CHANGED.to_json(), "colour": "red", "bin_minutes": "often", "weekdays": [9]}
    read = from_json(json.loads(json.dumps(values)), RunSettings())
    assert read == replace(CHANGED, bin_minutes=60, weekdays=(1, 2, 3, 4, 5, 6, 7))


def test_no_entry_could_hold_a_secret() -> None:
    names = json.dumps(CHANGED.to_json()).lower()
    assert not any(word in names for word in ("password", "secret", "token", "authcfg"))


def test_the_specification_says_what_the_settings_say() -> None:
    spec = run_spec(CHANGED, "/store")
    assert (spec.trips, spec.store, spec.speed_unit, spec.bin_minutes) == ("/data/trips", "/store", "mph", 15)
    assert (str(spec.date_from), str(spec.date_to), spec.weekdays) == ("2025-06-10", "2025-06-11", (1, 2))
    assert spec.mapping.points == "pts"
    assert spec.statistics == ("n_points", "n_trips", "mean", "p07", "tti")  # the drawn one too
    assert (spec.days, spec.periods) == (CHANGED.days, CHANGED.periods)
    assert spec.holidays == (date(2025, 12, 25), date(2025, 12, 26))
    assert (spec.free_flow, spec.trim, spec.suppress_below) == (FreeFlow(90, 1260, 300, 5), CHANGED.trim, 3)


@pytest.mark.parametrize(
    "damaged",
    [
        {"days": "sometimes"}, {"days": {"Term": "Mon-Fry"}}, {"periods": {"AM": "7-9"}}, {"periods": []},
        {"statistic": "n_trips"}, {"statistic": 5}, {"statistics": "mean"}, {"statistics": ["p100", 3]},
        {"free_flow": {"percentile": 100}}, {"trim": {"ends_metres": -1}},
    ],
    ids=str,
)  # fmt: skip
def test_an_entry_that_the_contract_refuses_is_reset_and_the_rest_is_kept(damaged: dict[str, object]) -> None:
    read = from_json({**json.loads(json.dumps(CHANGED.to_json())), **damaged}, RunSettings())
    (name,) = damaged
    assert read == replace(CHANGED, **{name: getattr(RunSettings(), name)})


def test_a_run_of_the_list_gives_its_statistics_days_and_rules_back(qgis_app: object) -> None:
    spec = run_spec(CHANGED, "/store")
    read = settings_of(Run.new("x", LOCAL, spec, "", "/here/x"))
    assert run_spec(replace(read, trips=spec.trips), "/store") == spec
    assert read.statistic == "mean"


def test_numbers_read_as_a_person_says_them() -> None:
    assert (size(812), size(138_400_000), size(22.4e9)) == ("1 kB", "138 MB", "22.4 GB")
    assert (counted(1, "file", "files"), counted(12345, "file", "files")) == ("1 file", "12,345 files")
    assert (duration(0.2), duration(89), duration(95), duration(4800)) == (
        "1 s",
        "89 s",
        "2 min",
        "1 h 20 min",
    )
    assert (about(23.0), about(9.4), about(100.0)) == ("25 s", "9 s", "2 min")
    assert (share(1.0), share(0.99999), share(0.0261), share(0.0)) == ("100 %", "99.9 %", "2.6 %", "0 %")
    assert slug("Belfast, 10:00 / Ærø") == "Belfast-10-00-Ærø"
