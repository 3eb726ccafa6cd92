"""A run through Livy of which nothing is heard: it is asked to stop in its own folder, and in no other."""

from __future__ import annotations

import json

import pytest

from roadpulse.cluster_client.backends.livy.submission import withdraw
from tests.unit.test_fetching import HostileFiles


def files_of(run: str, **more: bytes) -> HostileFiles:
    return HostileFiles({"/run/job.json": json.dumps({"schema": 1, "run": run}).encode(), **more})


def test_a_run_that_may_begin_later_finds_that_it_was_withdrawn() -> None:
    files = files_of("mine")
    assert withdraw(files, "/run", "mine")
    assert "/run/cancel" in files.contents


def test_a_run_that_has_begun_is_asked_to_stop_and_told_from_others() -> None:
    files = files_of("mine", **{"/run/status.json": b"{}"})
    assert not withdraw(files, "/run", "mine")
    assert "/run/cancel" in files.contents


@pytest.mark.parametrize("job", ["another", "mine2", "", None])
def test_another_runs_folder_is_left_alone(job: str | None) -> None:
    files = HostileFiles({}) if job is None else files_of(job, **{"/run/status.json": b"{}"})
    before = dict(files.contents)
    assert withdraw(files, "/run", "mine")
    assert files.contents == before
