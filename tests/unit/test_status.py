"""What is known of a run is judged from its folder: the manifest and the status are the truth."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.runs.status import Evidence, PhaseProgress, judge, read_status

NOW = datetime(2025, 6, 10, 8, 0, tzinfo=timezone.utc)
FOLDER = "/data/runs/june"


def status_json(state="decoding", **values):
    return json.dumps(
        {
            "schema": 1,
            "state": state,
            "files": {"done": 5, "total": 10},
            "bytes": {"done": 400, "total": 1000},
            "tasks": {"done": 1, "total": 4},
            "points": 12,
            "updated": NOW.isoformat(),
            "elapsed": 2.0,
            "seconds_left": 3.0,
            "workers": 2,
            "error": None,
            "warnings": [],
            **values,
        }
    ).encode()


def test_progress_is_read_with_its_units():
    told = judge(Evidence(alive=True, status=status_json()), FOLDER, NOW)
    assert (told.state, told.files, told.bytes) == (
        RunState.DECODING,
        PhaseProgress(5, 10),
        PhaseProgress(400, 1000),
    )
    assert (told.points, told.speed, told.seconds_left, told.fraction) == (12, 200.0, 3.0, 0.4)
    assert not told.is_final


def test_summarising_is_measured_by_its_tasks():
    assert judge(Evidence(alive=True, status=status_json("summarising")), FOLDER, NOW).fraction == 0.25


def test_a_run_without_a_status_yet_is_starting():
    assert judge(Evidence(alive=True), FOLDER).state is RunState.STARTING


@pytest.mark.parametrize("state", ["decoding", "finished", "failed", "cancelled", "teleporting"])
@pytest.mark.parametrize(("alive", "code"), [(True, None), (False, None), (False, 1), (None, None)])
def test_a_manifest_makes_a_run_finished_whatever_else_is_said(state, alive, code):
    evidence = Evidence(alive=alive, exit_code=code, status=status_json(state), manifest=True)
    assert judge(evidence, FOLDER, NOW).state is RunState.FINISHED


@pytest.mark.parametrize(("alive", "final"), [(True, False), (False, True)])
def test_a_status_that_says_finished_is_not_believed_without_the_manifest(alive, final):
    told = judge(
        Evidence(alive=alive, exit_code=None if alive else 0, status=status_json("finished")), FOLDER, NOW
    )
    assert told.state is (RunState.FAILED if final else RunState.PUBLISHING)
    if final:
        assert "manifest.json" in told.error.message


def test_the_runs_own_error_is_passed_on():
    error = {"message": "The disk is full.", "detail": "Traceback …"}
    told = judge(Evidence(alive=False, exit_code=1, status=status_json("failed", error=error)), FOLDER, NOW)
    assert (told.state, told.error.message, told.error.detail) == (
        RunState.FAILED,
        "The disk is full.",
        "Traceback …",
    )


def test_a_process_that_is_gone_without_a_word_is_lost_with_its_last_lines():
    told = judge(Evidence(alive=False, status=status_json(), log_tail="one\nlast line"), FOLDER, NOW)
    assert told.state is RunState.LOST
    assert "last line" in told.error.message
    assert told.error.detail == "one\nlast line"


def test_an_exit_code_without_a_final_status_is_a_failure():
    told = judge(
        Evidence(alive=False, exit_code=3, status=status_json(), log_tail="ImportError: x"), FOLDER, NOW
    )
    assert told.state is RunState.FAILED
    assert "exit code 3" in told.error.message
    assert "ImportError: x" in told.error.message


def test_a_kill_is_explained_by_memory():
    assert "memory" in judge(Evidence(alive=False, exit_code=137), FOLDER).error.message


def test_a_run_that_was_cancelled_before_it_could_say_so_is_cancelled():
    evidence = Evidence(alive=False, exit_code=143, status=status_json(), cancel_asked=True)
    assert judge(evidence, FOLDER, NOW).state is RunState.CANCELLED


def test_a_cancelled_run_is_not_over_while_its_process_lives():
    told = judge(Evidence(alive=True, status=status_json(), cancel_asked=True), FOLDER, NOW)
    assert not told.is_final
    assert told.message == "Stopping."


def test_a_state_that_is_not_known_is_not_the_end():
    told = judge(Evidence(alive=True, status=status_json("teleporting")), FOLDER, NOW)
    assert (told.state, told.phase, told.is_final) == (RunState.UNKNOWN, "teleporting", False)


def test_a_folder_that_vanished_is_a_lost_run_that_names_it():
    told = judge(Evidence(alive=False, folder=False), FOLDER)
    assert told.state is RunState.LOST
    assert FOLDER in told.error.message


def test_where_the_process_cannot_be_seen_the_status_counts():
    assert judge(Evidence(alive=None, status=status_json()), FOLDER, NOW).state is RunState.DECODING


def test_a_long_silence_is_mentioned_and_no_verdict():
    told = judge(Evidence(alive=True, status=status_json()), FOLDER, NOW + timedelta(minutes=5))
    assert told.state is RunState.DECODING
    assert "5 min" in told.message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[1]",
        b'"x"',
        b"\xff\xfe",
        b"{}",
        b'{"state": null, "files": 3, "bytes": {"done": "x"}}',
        b'{"state": ["decoding"], "elapsed": "soon", "points": NaN, "warnings": "x", "error": "y"}',
        b'{"state": "decoding", "points": -4, "bytes": {"done": 1e999, "total": true}}',
    ],
)
def test_a_malformed_status_is_survived(content):
    told = read_status(content)
    assert not told.is_final
    assert told.points == 0
    assert judge(Evidence(alive=False, status=content), FOLDER).state is RunState.LOST


def test_only_four_states_are_the_end():
    assert {state.value for state in RunState if state.is_final} == {
        "finished",
        "failed",
        "cancelled",
        "lost",
    }
