"""Remembered settings: read what is understood, reset what is not, never lose the rest."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.ui.runs.settings import RoadsChoice, RunSettings, from_json, run_spec
from roadpulse.ui.widgets.number_format import about, counted, duration, share, size, slug

CHANGED = RunSettings(
    trips="/data/trips", time_zone="Europe/London", speed_unit="mph", weekdays=(1, 2), bin_minutes=15,
    date_from="2025-06-10", date_to="2025-06-11", mapping=FieldMapping(points="pts"),
    roads=RoadsChoice(connection="Roads", schema="roads", table="streets", id_field="link_id"),
)  # fmt: skip


def test_settings_survive_being_written_and_read() -> None:
    assert from_json(json.loads(json.dumps(asdict(CHANGED))), RunSettings()) == CHANGED


def test_entries_of_another_version_are_passed_over() -> None:
    values = {**asdict(CHANGED), "colour": "red", "bin_minutes": "often", "weekdays": [9]}
    read = from_json(json.loads(json.dumps(values)), RunSettings())
    assert read == replace(CHANGED, bin_minutes=60, weekdays=(1, 2, 3, 4, 5, 6, 7))


def test_no_entry_could_hold_a_secret() -> None:
    names = json.dumps(asdict(CHANGED)).lower()
    assert not any(word in names for word in ("password", "secret", "token", "authcfg"))


def test_the_specification_says_what_the_settings_say() -> None:
    spec = run_spec(CHANGED, "/store")
    assert (spec.trips, spec.store, spec.speed_unit, spec.bin_minutes) == ("/data/trips", "/store", "mph", 15)
    assert (str(spec.date_from), str(spec.date_to), spec.weekdays) == ("2025-06-10", "2025-06-11", (1, 2))
    assert spec.mapping.points == "pts"


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
