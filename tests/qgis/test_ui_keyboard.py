"""What the keyboard finds in the Run dialog, and what a run in progress shows without news."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QMainWindow, QWidget

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.runs.phases import Phase
from roadpulse.cluster_client.runs.status import PhaseProgress, RunStatus
from roadpulse.ui.run_dialog.dialog import RunDialog
from roadpulse.ui.run_dialog.progress_page import RunPage
from roadpulse.ui.runs.phases import RunProgress
from roadpulse.ui.widgets.notes import Note
from roadpulse.workflow import locations
from tests.qgis.widgets import until

PI = Profile(kind="ssh", name="Pi cluster", host="pi0")


class Iface:
    def __init__(self) -> None:
        self.window = QMainWindow()

    def mainWindow(self) -> QMainWindow:
        return self.window


@pytest.fixture
def dialog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qgis_app: Any) -> Iterator[RunDialog]:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    iface = Iface()
    dialog = RunDialog(iface)
    dialog.show()
    dialog.activateWindow()
    until(lambda: dialog.form.loaded)
    yield dialog
    dialog.leave()
    dialog.deleteLater()
    iface.window.deleteLater()


def stops(window: QWidget) -> list[str]:
    """Where the tab key goes, once around, from the present focus on."""
    found = [window.focusWidget()]
    for _ in range(50):
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        if window.focusWidget() is found[0]:
            break
        if window.focusWidget() is not found[-1]:  # words with a link stop at the link
            found.append(window.focusWidget())
    return [widget.objectName() for widget in found]


def test_the_tab_key_goes_from_the_trips_through_the_form_to_the_buttons(dialog: RunDialog) -> None:
    until(lambda: dialog.focusWidget() is not None)
    found = stops(dialog)
    assert found[0] == "trips"
    order = ["trips", "roads_kind", "dates", "bins", "statistic", "min_trips", "close"]
    assert [name for name in found if name in order] == order


def test_words_are_no_stop_unless_something_in_them_can_be_pressed(qgis_app: Any) -> None:
    note = Note()
    note.show_text("2 cores")
    assert not note.focusPolicy() & Qt.FocusPolicy.TabFocus
    note.show_warning("It does not answer.", "Look again", "look")
    assert note.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_time_goes_on_while_a_run_has_nothing_new_to_say(qgis_app: Any) -> None:
    page = RunPage()
    status = RunStatus(state=RunState.STARTING, elapsed=41.0)
    page.show_progress(RunProgress(Phase.STARTING, 0.0, 0.0, status))
    assert page.time.plain == "41 s so far"
    until(lambda: page.time.plain == "43 s so far", 20)
    page.show_progress(RunProgress(Phase.STARTING, 0.0, 0.0, replace(status, elapsed=42.0)))
    assert page.time.plain != "42 s so far"  # a clock does not go back
    page.end()


def test_a_step_that_has_ended_tells_no_half_of_its_number(qgis_app: Any) -> None:
    page = RunPage()
    page.rows.begin(PI)
    half = RunStatus(
        state=RunState.DECODING, files=PhaseProgress(595, 2574), bytes=PhaseProgress(36_000_000, 144_000_000)
    )
    page.show_progress(RunProgress(Phase.READING, 0.2, 0.2, half))
    assert page.rows._numbers[Phase.READING].text().startswith("595 of 2,574 files")
    page.show_progress(RunProgress(Phase.FETCHING, 0.0, 0.8, None, (0, 4_000_000)))
    assert page.rows._numbers[Phase.READING].text() == "144 MB"
    page.end()
