"""The list of runs: what it says of each, what it finds out by itself, and that it keeps nobody waiting."""

from __future__ import annotations

import gc
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QMainWindow, QMenu, QMessageBox, QPushButton

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.local.backend import LocalBackend
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.ui.runs import run_texts
from roadpulse.ui.runs.catalogue import RunCatalogue
from roadpulse.ui.runs.open_runs import open_remote_runs
from roadpulse.ui.runs.poller import RunsPoller
from roadpulse.ui.runs.run_from_record import settings_of
from roadpulse.ui.runs_dock.panel import RunsPanel
from roadpulse.ui.runs_dock.row import Column
from roadpulse.workflow.backends import backend_for
from roadpulse.workflow.credentials import read_credentials
from tests.engine import trip
from tests.gui.heartbeat import Heartbeat
from tests.integration.ssh_server import PROGRAM, SshServer
from tests.qgis.widgets import until
from tests.recorded_runs import PI, a_run, carry_out, ended, going_on, write

NOW = datetime(2025, 6, 10, 12, 0, tzinfo=timezone.utc)


class MessageBar(QMainWindow):
    """What the panel needs of QGIS's own window: a place for messages."""

    def __init__(self) -> None:
        super().__init__()
        from qgis.gui import QgsMessageBar

        self.bar = QgsMessageBar(self)

    def messageBar(self) -> Any:
        return self.bar


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "records")


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    """Six trips of 200 points over three links."""
    folder = tmp_path / "trips"
    folder.mkdir()
    for number in range(6):
        (folder / f"t{number}.json").write_bytes(trip(200, number * 200))
    return folder


@pytest.fixture
def window(qgis_app: Any) -> Iterator[MessageBar]:
    window = MessageBar()
    window.resize(1300, 400)
    yield window
    window.close()
    window.deleteLater()


@pytest.fixture
def panel(window: MessageBar, store: RunStore) -> Iterator[RunsPanel]:
    """The panel as the dock shows it, with its own look at the store; begins when it is shown."""
    QgsSettings().remove("roadpulse/runs_header")
    poller = RunsPoller(store, window)
    panel = RunsPanel(window, poller, lambda _then: None, window)
    window.setCentralWidget(panel)
    window.show()
    poller.begin()
    yield panel
    poller.close()


def cells(panel: RunsPanel, column: Column) -> list[str]:
    model = panel.model
    return [model.index(row, column).data() for row in range(model.rowCount())]


def row(panel: RunsPanel, run: Run) -> Any:
    return panel.model.row(run.id)


def menu_of(panel: RunsPanel, shown: Any) -> list[str]:
    menu = QMenu()
    panel.actions_.fill(menu, [shown])
    return [action.text() for action in menu.actions() if not action.isSeparator()]


# -- what is listed -------------------------------------------------------------------------------------


def test_a_run_of_another_qgis_appears_is_followed_and_shows_what_came_out(
    panel: RunsPanel, store: RunStore, trips: Path, tmp_path: Path
) -> None:
    until(lambda: panel.stack.currentIndex() == 1)
    assert "No runs yet." in panel.nothing.text()
    other = LocalBackend(RunStore(store.folder), tmp_path / "runs")
    spec = RunSpec(trips=str(trips), store=str(tmp_path / "points"))
    run = other.submit(Run.new("June", replace(LOCAL, workers=1), spec))
    until(lambda: row(panel, run) is not None)
    until(lambda: row(panel, run).entry.facts is not None)
    shown = row(panel, run)
    assert shown.state is RunState.FINISHED
    assert (shown.entry.facts.files, shown.entry.facts.points, shown.entry.facts.links) == (6, 1200, 3)
    assert shown.text(Column.POINTS, NOW) == "1,200"
    assert panel.counts.text() == "1 run"


def test_the_newest_run_comes_first_and_any_column_sorts(panel: RunsPanel, store: RunStore) -> None:
    for name, hours in (("Belfast 10", 5), ("Belfast 9", 1), ("Aldermere", 3)):
        write(store, ended(a_run(name, hours=hours), RunState.CANCELLED))
    until(lambda: panel.model.rowCount() == 3)
    assert cells(panel, Column.NAME) == ["Belfast 9", "Aldermere", "Belfast 10"]
    panel.table.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
    assert cells(panel, Column.NAME) == ["Aldermere", "Belfast 9", "Belfast 10"]


def test_the_filter_finds_runs_by_words_of_name_place_state_trips_and_id(
    panel: RunsPanel, store: RunStore
) -> None:
    june = write(store, ended(a_run("June", PI, 1), RunState.CANCELLED))
    write(store, ended(a_run("July", hours=2), RunState.FAILED, "The disk is full."))
    until(lambda: panel.model.rowCount() == 2)
    for text, names in (
        ("belfast pi", ["June"]), ("DISK", ["July"]), ("/data/j", ["June", "July"]), (june.id[:13], ["June"]),
        ("june failed", []), ("this computer failed", ["July"]), ("", ["June", "July"]),
    ):  # fmt: skip
        panel.filter.setText(text)
        until(lambda names=names: cells(panel, Column.NAME) == names)  # type: ignore[misc]
    panel.filter.setText("june failed")
    until(lambda: panel.stack.currentIndex() == 1)
    assert "No run matches “june failed”." in panel.nothing.text()


def test_a_selected_run_stays_selected_when_others_come_and_go(panel: RunsPanel, store: RunStore) -> None:
    kept = write(store, ended(a_run("kept", hours=2), RunState.CANCELLED))
    gone = write(store, ended(a_run("gone", hours=3), RunState.CANCELLED))
    until(lambda: panel.model.rowCount() == 2)
    panel.select(kept.id)
    write(store, ended(a_run("new"), RunState.CANCELLED))
    store.delete(gone.id)
    until(lambda: cells(panel, Column.NAME) == ["new", "kept"])
    assert [shown.run.name for shown in panel.selected()] == ["kept"]


def test_a_damaged_record_is_listed_with_its_reason_and_hides_no_other(
    panel: RunsPanel, store: RunStore
) -> None:
    write(store, ended(a_run("June"), RunState.CANCELLED))
    (store.folder / "torn.json").write_text("{")
    until(lambda: panel.model.rowCount() == 2)
    torn = panel.model.row("torn")
    assert torn.text(Column.STATE, NOW) == "Damaged"
    assert torn.remark.startswith("The record cannot be read: it is not valid JSON (Expecting property name")
    assert menu_of(panel, torn) == ["Delete…"]


def test_a_result_that_is_gone_is_said_so(
    panel: RunsPanel, store: RunStore, trips: Path, tmp_path: Path
) -> None:
    run = carry_out(store, tmp_path / "runs", trips, "June", tmp_path / "points")
    until(lambda: row(panel, run) is not None and row(panel, run).entry.facts is not None)
    shutil.rmtree(run.folder)
    panel.poller.read()
    until(lambda: row(panel, run).entry.gone)
    assert row(panel, run).remark == "Its result is not in its folder any more."


# -- what can be done -----------------------------------------------------------------------------------


def test_deleting_names_what_goes_and_takes_just_that(
    panel: RunsPanel, store: RunStore, trips: Path, tmp_path: Path, window: MessageBar
) -> None:
    run = carry_out(store, tmp_path / "runs", trips, "June", tmp_path / "points")
    mine = Path(run.folder) / "notes.txt"
    mine.write_text("of mine")
    until(lambda: row(panel, run) is not None)
    panel.actions_.delete([row(panel, run)])
    box = panel.findChild(QMessageBox, "delete_runs")
    assert run.folder in box.informativeText()
    assert "This cannot be undone." in box.informativeText()
    assert box.defaultButton().text().replace("&", "") == "Cancel"
    box.findChild(QPushButton, "delete").click()
    until(lambda: len(panel.model) == 0)
    assert [path.name for path in Path(run.folder).iterdir()] == ["notes.txt"]
    assert len(list(trips.iterdir())) == 6


def test_a_run_that_goes_on_can_be_cancelled_and_not_deleted(
    panel: RunsPanel, store: RunStore, tmp_path: Path
) -> None:
    with going_on(store, tmp_path / "going", "June", state="decoding", elapsed=12) as run:
        until(lambda: row(panel, run) is not None and row(panel, run).status is not None)
        assert menu_of(panel, row(panel, run))[:3] == ["Follow", "Look now", "Cancel the run"]
        menu = QMenu()
        panel.actions_.fill(menu, [row(panel, run)])
        assert not menu.actions()[-1].isEnabled()
        panel.actions_.cancel(row(panel, run))
        until(lambda: row(panel, run).state is RunState.CANCELLED)
    assert store.find(run.id).state is RunState.CANCELLED


def test_a_run_again_asks_for_the_same_as_before() -> None:
    spec = RunSpec(
        trips="/data/2019", store="/s", speed_unit="mph", time_zone="Europe/London", bin_minutes=15,
        date_from=datetime(2019, 6, 1).date(), weekdays=(1, 2), min_trips=3, suppress_below=2,
    )  # fmt: skip
    settings = settings_of(Run.new("June", PI, spec))
    assert settings.profile == PI.name
    assert (settings.trips, settings.speed_unit, settings.time_zone) == ("/data/2019", "mph", "Europe/London")
    assert (settings.bin_minutes, settings.date_from, settings.date_to) == (15, "2019-06-01", "")
    assert (settings.weekdays, settings.min_trips, settings.suppress_below) == ((1, 2), 3, 2)


# -- other computers ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("own_objects")
def test_a_place_that_does_not_answer_is_said_in_its_row_and_keeps_nobody_waiting(
    panel: RunsPanel, store: RunStore, tmp_path: Path
) -> None:
    far = [write(store, a_run(f"far {n}", PI, n, state=RunState.DECODING)) for n in range(3)]
    with going_on(store, tmp_path / "near", "near", state="decoding", elapsed=12, points=77) as near:
        heart, began = Heartbeat(panel), time.perf_counter()
        until(lambda: all(row(panel, run) is not None and row(panel, run).trouble for run in far))
        until(lambda: row(panel, near).points == 77)
        for run in far:
            assert "127.0.10.1" in row(panel, run).remark
            assert row(panel, run).going
        assert heart.longest(began) < 100
    assert store.find(far[0].id).state is RunState.DECODING


def test_nobody_is_asked_for_the_master_password_by_a_list_alone(
    panel: RunsPanel, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qgis.core import QgsApplication

    monkeypatch.setattr(type(QgsApplication.authManager()), "masterPasswordIsSet", lambda _self: False)
    locked = write(store, a_run("June", replace(PI, authcfg="abc1234"), state=RunState.DECODING))
    until(lambda: row(panel, locked) is not None and row(panel, locked).trouble)
    assert "master password" in row(panel, locked).remark


@pytest.mark.skipif(not PROGRAM, reason="there is no sshd; install openssh-server")
def test_a_run_on_another_computer_that_ended_meanwhile_is_told_and_its_log_is_read_there(
    qgis_app: Any, store: RunStore, trips: Path, tmp_path: Path, window: MessageBar
) -> None:
    server = SshServer(tmp_path / "sshd").start()
    try:
        profile = Profile(
            kind="ssh", name="one Pi", host="127.0.0.1", port=server.port, user="root", workers=1,
            key_path=str(server.user_key), host_key=server.fingerprint, python=sys.executable,
            folders=replace(PI.folders, runs=str(tmp_path / "runs")),
        )  # fmt: skip
        backend = backend_for(profile, store, read_credentials(profile))
        spec = RunSpec(trips=str(trips), store=str(tmp_path / "points"))
        run = backend.submit(Run.new("June", profile, spec, local_folder=str(tmp_path / "fetched")))
        backend.close()
        assert open_remote_runs(store) == (store.find(run.id),)
        poller = RunsPoller(store, window)
        told: list[Any] = []
        poller.ended.connect(lambda run, status: told.append((run.name, run_texts.end_sentence(run, status))))
        poller.show(True)
        poller.begin()
        until(lambda: bool(told))
        assert told == [("June", "“June” has finished on one Pi.")]
        until(lambda: store.find(run.id).state is RunState.FINISHED)
        logs: list[str] = []
        poller.call(run, lambda backend, known: backend.log(known), logs.append, told.append)
        until(lambda: bool(logs) or len(told) > 1)
        assert len(told) == 1
        assert not list((tmp_path / "fetched").glob("manifest.json"))
        poller.close()
    finally:
        server.stop()


# -- many runs ------------------------------------------------------------------------------------------


def two_thousand_records(store: RunStore) -> None:
    store.folder.mkdir(parents=True, exist_ok=True)
    states = (RunState.FINISHED, RunState.FAILED, RunState.CANCELLED)
    for n in range(2000):
        run = ended(a_run(f"Run {n:04d}x", PI if n % 2 else LOCAL, n), states[n % 3], "Something")
        (store.folder / f"{run.id}.json").write_text(json.dumps(run.to_json()))


@pytest.mark.usefixtures("own_objects")
def test_two_thousand_runs_stay_fluid(panel: RunsPanel, store: RunStore) -> None:
    until(lambda: panel.stack.currentIndex() == 1)
    two_thousand_records(store)
    heart, filled = Heartbeat(panel), time.perf_counter()
    until(lambda: panel.model.rowCount() == 2000)
    panel.filter.setText("Run 1907x")
    until(lambda: panel.model.rowCount() == 1)
    assert cells(panel, Column.NAME) == ["Run 1907x"]
    panel.filter.setText("")
    until(lambda: panel.model.rowCount() == 2000)
    for step in (
        *(partial(panel.table.sortByColumn, column, Qt.SortOrder.AscendingOrder) for column in Column),
        panel.model.time_passes, panel.table.scrollToBottom,
    ):  # fmt: skip
        began = time.perf_counter()
        step()
        until(partial(heart.beaten, began))
    assert cells(panel, Column.NAME)[0] == "Run 0000x"
    assert heart.longest(filled) < 100, heart.largest(filled)


def test_two_thousand_records_are_read_without_the_garbage_collector(store: RunStore) -> None:
    two_thousand_records(store)
    book, collections = RunCatalogue(store), []

    def collected(phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            collections.append(about["generation"])

    gc.collect()
    gc.callbacks.append(collected)
    try:
        entries = book.read()
    finally:
        gc.callbacks.remove(collected)
    assert len(entries) == 2000
    assert len(collections) <= 5


# -- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=20), "just now"), (timedelta(minutes=59), "59 min ago"),
        (timedelta(days=400), "2024"), (timedelta(seconds=-300), "today"),
    ],
)  # fmt: skip
def test_moments_are_said_as_people_say_them(ago: timedelta, words: str) -> None:
    assert words in run_texts.relative(NOW - ago, NOW)


def test_yesterday_is_the_day_before_whatever_the_hour() -> None:
    midnight = NOW.astimezone().replace(hour=0, minute=30)
    assert run_texts.relative(midnight - timedelta(hours=2), midnight).startswith("yesterday 22:30")
    assert run_texts.relative(midnight - timedelta(days=3), midnight).startswith("Sat 7 Jun")
    assert run_texts.relative(None, midnight) == "not known"
