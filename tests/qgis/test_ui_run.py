"""The Run dialog's words and what it knows of places and of runs that went on without QGIS."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QApplication

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import FieldMapping, RunSpec
from roadpulse.aggregation.inventory import TripCount
from roadpulse.aggregation.storage.s3.errors import S3Refused
from roadpulse.cluster_client.backends.base.probe import BackendState
from roadpulse.cluster_client.errors import Unreachable
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.cluster_client.runs.phases import Phase, phase_of
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.ui.run_dialog import estimate
from roadpulse.ui.run_dialog.form import RunForm
from roadpulse.ui.run_dialog.sections.backend_watch import BackendWatch
from roadpulse.ui.run_dialog.sections.show import ShowSection
from roadpulse.ui.run_dialog.sections.trips import TripsSection, count_text
from roadpulse.ui.run_dialog.sections.where import state_text
from roadpulse.ui.runs import reattach
from roadpulse.ui.runs.pending import PendingRun
from roadpulse.ui.runs.phases import phases_of, total
from roadpulse.ui.runs.settings import RememberedTrips, RunSettings, Throughput, run_spec
from roadpulse.ui.trip_fields.recognition import Guess, Recognition
from roadpulse.ui.trip_fields.sample import FirstPoint, Preview
from roadpulse.ui.widgets.statistics import StatisticChooser, StatisticList

PI = Profile(kind="ssh", name="Pi cluster", host="pi0")
FOUND = TripCount(1_204, 60_000_000, 204, 10_000_000, ())
NOW = datetime.now(timezone.utc).replace(microsecond=0)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "records")


def recorded(store: RunStore, name: str, profile: Profile = PI, days: int = 0, **changes: object) -> Run:
    run = Run.new(name, profile, RunSpec("/trips", "/store", "mph"), "", f"/here/{name}")
    run = replace(run, created=NOW - timedelta(days=days), **changes)
    store.record(run)
    return run


def note(run: Run) -> PendingRun:
    return PendingRun(run.local_folder, "/maps/x.gpkg", run.name, RunSettings())


# -- runs that went on --------------------------------------------------------------------------------


def test_runs_on_other_computers_are_offered_whoever_started_them(store: RunStore) -> None:
    old = recorded(store, "noted long ago", days=40, state=RunState.DECODING)
    noted = recorded(store, "noted", days=1, state=RunState.FINISHED)
    headless = recorded(store, "headless", state=RunState.WAITING)
    recorded(store, "of no interest any more", days=40)
    recorded(store, "followed to its end", state=RunState.FINISHED)
    recorded(store, "of another program here", LOCAL)
    offers, lost = reattach.offers(store, [note(old), note(noted)])
    assert [(offer.run.id, offer.noted is not None) for offer in offers] == [
        (headless.id, False), (noted.id, True), (old.id, True)
    ]  # fmt: skip
    assert lost == []


def test_a_run_that_was_never_recorded_is_not_offered_since_that_would_start_it(store: RunStore) -> None:
    never = note(Run.new("never", PI, RunSpec("/trips", "/store", "mph"), "", "/here/never"))
    assert reattach.offers(store, [never]) == ([], [never])


def test_an_offer_says_no_more_than_is_known(store: RunStore) -> None:
    assert "was still going on Pi cluster when" in reattach.sentence(recorded(store, "a"))
    assert "has finished" in reattach.sentence(recorded(store, "b", state=RunState.FINISHED))
    assert "ended without a map" in reattach.sentence(recorded(store, "c", state=RunState.LOST))


# -- words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (BackendState(16, 64, 64), "connected, 16 workers, all 64 cores free"),
        (BackendState(1, 64, 60), "connected, 1 worker, 60 of 64 cores free"),
        (BackendState(3, 6, 0), "connected, 3 workers, all 6 cores busy: a run would wait"),
        (BackendState(cores=4), "connected, 4 cores"),
        (BackendState(service="Livy 0.7.1"), "connected, Livy 0.7.1"),
    ],
)
def test_a_place_is_described_with_what_it_told(state: BackendState, words: str) -> None:
    assert state_text(state, remote=True) == words


def test_less_is_said_of_trips_where_less_is_known() -> None:
    assert count_text(FOUND) == "1,204 files, 60 MB, 204 new"
    assert count_text(replace(FOUND, new_files=None, new_bytes=None)) == "1,204 files, 60 MB"
    assert count_text(replace(FOUND, more=True)).startswith("at least 1,204 files")
    assert count_text(replace(FOUND, copies=1)).endswith(", 204 new, 1 packed copy left out")
    assert count_text(replace(FOUND, copies=1_200)).endswith(", 1,200 packed copies left out")


def test_an_estimate_promises_only_what_was_measured_there() -> None:
    pace = {"decode": 1e6, "summarise": 60e6, "rest": 9.0}
    assert estimate.sentence(FOUND, pace, PI) == "About 20 s on Pi cluster (204 files are new)."
    unknown = replace(FOUND, new_files=None, new_bytes=None)
    assert estimate.sentence(unknown, pace, PI) == "At most about 70 s on Pi cluster."
    assert estimate.sentence(FOUND, {}, PI) == (
        "204 files are new. How long Pi cluster takes is known after the first run there."
    )
    assert estimate.sentence(FOUND, pace, LOCAL) == "About 20 s on this computer (204 files are new)."


def test_each_place_has_a_pace_and_trips_of_its_own() -> None:
    QgsSettings().remove("roadpulse")
    assert Throughput.load(PI) == {}
    Throughput.save({"decode": 5e6, "rest": 0.0}, PI)
    assert Throughput.load(PI)["decode"] == 5e6
    assert Throughput.load(LOCAL) == Throughput.DEFAULT
    RememberedTrips.save(PI, "/mnt/shared/trips")
    assert (RememberedTrips.load(PI), RememberedTrips.load(LOCAL)) == ("/mnt/shared/trips", "")
    QgsSettings().remove("roadpulse")


# -- phases -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [LOCAL, PI])
def test_the_phases_make_up_the_whole(profile: Profile) -> None:
    ends = [total(phase, 1.0, profile) for phase in phases_of(profile)]
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(1.0)


def test_what_waits_or_is_out_of_sight_stays_in_its_phase() -> None:
    assert phase_of(RunState.WAITING, Phase.READING, phases_of(PI)) is Phase.READING
    assert phase_of(RunState.UNKNOWN, Phase.COMPUTING, phases_of(PI)) is Phase.COMPUTING
    assert phase_of(RunState.STARTING, Phase.STARTING, phases_of(PI)) is Phase.STARTING
    assert phase_of(RunState.STARTING, Phase.LISTING, phases_of(LOCAL)) is Phase.LISTING


def test_what_a_bucket_refuses_this_computer_keeps_it_from_running_and_silence_does_not(
    qgis_app: object,
) -> None:
    section = TripsSection(BackendWatch())
    section.folder.setText("s3://trips/")
    section._not_counted(S3Refused("It is not allowed. Ask for the right to do it.", code="AccessDenied"))
    assert section.problem().startswith("It is not allowed")
    section._not_counted(Unreachable("Nobody answers."))
    assert section.problem() == ""
    assert section.note.plain.startswith("Nobody answers.")
    section.forget()


def luminance(colour: QColor) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(colour: QColor, ground: QColor) -> float:
    darker, lighter = sorted((luminance(colour), luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("ground", "words"), [("#ffffff", "#000000"), ("#323232", "#e0e0e0")])
def test_headings_and_statistics_that_are_computed_in_any_case_are_readable(
    ground: str, words: str, qgis_app: object
) -> None:
    before, palette = QApplication.palette(), QPalette(QColor(ground))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(words))
    QApplication.setPalette(palette)
    try:
        chosen, offered = StatisticList(), StatisticChooser()
        items = [chosen.list.item(row) for row in range(chosen.list.count())]
        items += [offered.model().item(row) for row in range(offered.count())]
        locked = [item for item in items if not item.flags() & Qt.ItemFlag.ItemIsEnabled]
        assert {"Counts", "Of points", "Points", "Trips", "Mean speed"} <= {item.text() for item in locked}
        for item in locked:
            colour = QColor(item.foreground().color())
            assert item.data(Qt.ItemDataRole.ForegroundRole) is not None, item.text()
            assert contrast(colour, QColor(ground)) >= 4.5, item.text()
        chosen.set_drawn("p85")
        free = next(item for item in items if item.text() == "Mean speed")
        assert free.data(Qt.ItemDataRole.ForegroundRole) is None
    finally:
        QApplication.setPalette(before)


# -- units --------------------------------------------------------------------------------------------


def test_the_unit_of_the_map_follows_the_trips_until_another_is_chosen() -> None:
    section = ShowSection()
    section.show_settings(RunSettings(speed_unit="km/h"))
    for of_trips, shown in (("mph", "mph"), ("m/s", "km/h"), ("knots", "km/h"), ("mph", "mph")):
        section.follow(of_trips)
        settings = section.apply(RunSettings(speed_unit=of_trips))
        assert (settings.unit, settings.shown_unit) == (shown, "" if shown == of_trips else shown)
    section.unit.setCurrentText("m/s")
    section.follow("km/h")
    assert section.apply(RunSettings(speed_unit="km/h")).unit == "m/s"


def test_settings_of_a_run_in_the_unit_of_its_trips_show_that_one() -> None:
    section = ShowSection()
    section.show_settings(RunSettings(speed_unit="m/s"))
    section.follow("m/s")
    assert section.apply(RunSettings(speed_unit="m/s")).shown_unit == ""


def test_the_run_has_both_units_of_the_settings() -> None:
    spec = run_spec(
        RunSettings(trips="/trips", time_zone="UTC", speed_unit="m/s", shown_unit="mph"), "/store"
    )
    assert (spec.speed_unit, spec.unit) == ("m/s", "mph")


# -- times --------------------------------------------------------------------------------------------


def test_a_click_says_that_times_without_a_zone_are_local() -> None:
    form = RunForm()
    form.show_settings(RunSettings(time_zone="Europe/Berlin"))
    time = FirstPoint(7, 30.0, None)
    found = Recognition("JSON, a trip a file", FieldMapping(), (Guess("times", "local", "no offset"),))
    form.trips.preview = Preview(
        file="a.json", points=(time,), found=("link_id", "speed", "time"), recognition=found
    )
    form.trips.show_preview()
    (text,) = form.trips.guesses.texts
    assert text == "Times are probably local: no offset. Use local"
    form.trips.guesses.used.emit("times", "local")
    assert form.settings().mapping.naive_times == "local"
    form.trips.show_preview()
    assert form.trips.guesses.texts == []
    form.forget()
