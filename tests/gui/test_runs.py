"""The list of runs in the real QGIS: states, map, deletion."""

from __future__ import annotations

from pathlib import Path

import pytest
from roadpulse.cluster_client.runs import RunStore
from roadpulse.cluster_client.status import RunState

from tests.gui.desktop import SCREENS, Desktop
from tests.recorded_runs import PI, a_run, carry_out, ended, going_on, write

LONGEST_GAP_MS = 100


@pytest.fixture
def store(desktop: Desktop) -> RunStore:
    """The records in the desktop's profile."""
    return RunStore(desktop.profile / "roadpulse" / "records")


def test_the_list_shows_every_run_and_leads_to_its_map(
    desktop: Desktop, store: RunStore, city: Path, tmp_path: Path
) -> None:
    finished = carry_out(
        store, tmp_path / "runs", city / "trips", "Aldermere, June", tmp_path / "points",
        speed_unit="mph", time_zone="Europe/London", bin_minutes=30,
    )  # fmt: skip
    write(store, a_run("Belfast, before", PI, 2.4, state=RunState.DECODING))
    write(store, ended(a_run("Belfast, after", PI, 27), RunState.FINISHED, seconds=130))
    full = (
        "The disk is full: 0 bytes left on /mnt/data. Nothing was lost; free some space and press Run again."
    )
    failed = write(store, ended(a_run("Winter", hours=30), RunState.FAILED, full))
    write(store, ended(a_run("Spring", PI, 75), RunState.CANCELLED))
    write(store, ended(a_run("Autumn 2024", PI, 24 * 240), RunState.LOST, "The run's folder is gone."))
    (store.folder / "half-written.json").write_text('{"schema": 1, "id": ')
    state = {
        "state": "decoding", "elapsed": 190, "seconds_left": 84, "points": 21_300_000,
        "files": {"done": 12_404, "total": 49_998}, "bytes": {"done": 5_561_000_000, "total": 22_400_000_000},
    }  # fmt: skip
    with going_on(store, tmp_path / "going", "Belfast, summer", **state):
        report = desktop.drive(
            "runs_dock", streets=str(city / "streets.csv"), finished=finished.id, failed=failed.id,
            screens=f"{SCREENS}/runs",
        )  # fmt: skip
    rows = {row[1]: row for row in report["rows"]}
    assert report["hidden"]
    assert report["counts"] == "8 runs, 2 going on"
    assert rows["Aldermere, June"][0] == "Finished"
    assert "Reading trips" in rows["Belfast, summer"][0]
    assert rows["Belfast, summer"][8] == "12,404 of 49,998 files, 84 s left"
    assert "127.0.10.1" in rows["Belfast, before"][8]
    assert rows["Belfast, after"][3].startswith("yesterday")
    assert rows["Winter"][8].startswith("The disk is full")
    assert rows["half-written"][0] == "Damaged"
    assert rows["half-written"][8].startswith("The record cannot be read: Expecting value")
    assert report["layers"] == ["Aldermere, June: mean speed (mph)", "Streets"]
    assert report["layers_again"] == 2
    assert report["again"] == [str(city / "trips"), "mph", 30, "Europe/London"]
    assert report["menu"] == ["Run again…", "Log", "Open run folder", "Copy run id", "Delete…"]
    assert failed.folder in report["question"]
    assert report["question"].endswith("This cannot be undone.")
    assert report["left"] == 7
    assert "no such run" in report["nothing"]
    assert report["gap_opening_ms"] < LONGEST_GAP_MS, report["gaps_opening"]
