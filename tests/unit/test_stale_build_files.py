"""Files that killed test sessions leave in the build folder are found by the next one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from development import installed


@pytest.fixture(autouse=True)
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build folder and a process that has not looked yet."""
    monkeypatch.setattr(installed, "BUILD", tmp_path)
    monkeypatch.setattr(installed, "_asked", set())
    return tmp_path


def test_a_session_that_ended_left_its_folder_behind_and_one_that_runs_did_not(build: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    for pid in (ended.pid, os.getppid()):
        (build / f"server-{pid}").mkdir()
    (build / f"server-own-{os.getppid()}").mkdir()
    (build / "venv").mkdir()
    assert installed.left_behind("server-") == [build / f"server-{ended.pid}"]


def test_a_folder_with_our_own_id_is_an_earlier_sessions_only_until_we_have_looked(build: Path) -> None:
    ours = build / f"server-{os.getpid()}"
    ours.mkdir()
    assert installed.left_behind("server-") == [ours]
    assert installed.left_behind("server-") == []
