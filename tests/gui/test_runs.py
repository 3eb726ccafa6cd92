"""The list of runs in the real QGIS: states, map, deletion."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.ssh.backend import SshBackend
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from tests.gui.desktop import SCREENS, Desktop, always_waits
from tests.integration.ssh_server import PROGRAM, SshServer
from tests.recorded_runs import PI, a_run, carry_out, ended, going_on, write
from tests.waiting import until


def records_of(desktop: Desktop) -> RunStore:
    """The records in the desktop's profile."""
    return RunStore(desktop.profile / "roadpulse" / "records")


@pytest.fixture
def store(desktop: Desktop) -> RunStore:
    return records_of(desktop)


def look_at_runs(desktop: Desktop, city: Path, folder: Path) -> tuple[dict[str, Any], Run]:
    """What the list shows of runs in every state, and the one that failed."""
    store = records_of(desktop)
    finished = carry_out(
        store, folder / "runs", city / "trips", "Aldermere, June", folder / "points",
        speed_unit="mph", time_zone="Europe/London", bin_minutes=30,
    )  # fmt: skip
    write(store, a_run("Belfast, before", PI, 2.4, state=RunState.DECODING))
    write(store, ended(a_run("Belfast, after", PI, 24), RunState.FINISHED, seconds=130))
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
    with going_on(store, folder / "going", "Belfast, summer", **state) as going:
        report = desktop.drive(
            "runs_dock", streets=str(city / "streets.csv"), finished=finished.id, failed=failed.id,
            going=going.id,
            screens=f"{SCREENS}/runs",
        )  # fmt: skip
    return report, failed


def test_the_list_shows_every_run_and_leads_to_its_map(checkout: Path, city: Path, tmp_path: Path) -> None:
    def look(name: str) -> tuple[dict[str, Any], Run]:
        return look_at_runs(Desktop(tmp_path / name / "qgis", checkout), city, tmp_path / name)

    report, failed = look("first")
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
    assert rows["half-written"][8].startswith("The record cannot be read: it is not valid JSON (Expecting")
    assert report["layers"] == ["Aldermere, June: mean speed (mph)", "Streets"]
    assert report["layers_again"] == 2
    assert report["again"] == [str(city / "trips"), "mph", 30, "Europe/London"]
    assert report["button"] == "Follow"
    assert report["followed"] == "Running: Belfast, summer"
    assert report["menu"] == ["Run again…", "Log", "Open run folder", "Copy run id", "Delete…"]
    assert failed.folder in report["question"]
    assert report["question"].endswith("This cannot be undone.")
    assert report["left"] == 7
    assert "no such run" in report["nothing"]
    assert not always_waits(report, lambda: look(str(time.monotonic_ns()))[0])


@pytest.mark.skipif(not PROGRAM, reason="there is no sshd; install openssh-server")
def test_a_run_that_ended_on_another_computer_is_told_at_the_start_and_shown_on_the_map(
    desktop: Desktop, store: RunStore, city: Path, tmp_path: Path
) -> None:
    server = SshServer(tmp_path / "sshd").start()
    try:
        profile = Profile(
            kind="ssh", name="one Pi", host="127.0.0.1", port=server.port, user="root", workers=1,
            key_path=str(server.user_key), host_key=server.fingerprint, python=sys.executable,
            folders=Folders(runs=str(tmp_path / "remote")),
        )  # fmt: skip
        key = Credentials(key_path=str(server.user_key))
        known = KnownHosts(tmp_path / "known")
        backend = SshBackend(profile, store, desktop.profile / "roadpulse" / "runs", key, known)
        spec = RunSpec(
            trips=str(city / "trips"), store=str(tmp_path / "points"), speed_unit="mph",
            time_zone="Europe/London",
        )  # fmt: skip
        run = backend.submit(Run.new("Aldermere", profile, spec))
        until((Path(run.folder) / "manifest.json").exists)
        backend.close()
        assert not store.find(run.id).state.is_final
        report = desktop.drive(
            "run_ended_meanwhile", streets=str(city / "streets.csv"), screens=f"{SCREENS}/runs"
        )
    finally:
        server.stop()
    assert report["said"] == "“Aldermere” has finished on one Pi."
    assert report["offers"] == 0
    assert report["layer"][0] == "Aldermere: mean speed (mph)"
    assert report["selected"] == [run.id]
    assert store.find(run.id).state is RunState.FINISHED
    assert (Path(run.local_folder) / "manifest.json").exists()


def test_the_list_is_where_and_as_it_was_when_qgis_was_closed(desktop: Desktop) -> None:
    first, second = desktop.drive("dock_is_moved"), desktop.drive("dock_is_moved")
    assert (first["there"], first["pressed"]) == (False, False)
    assert (second["there"], second["pressed"], second["right"]) == (True, True, True)
