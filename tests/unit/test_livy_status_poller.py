"""The status of a run through Livy, from files and answers that a test gives."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Callable, Optional, cast

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.livy.answers import Batch
from roadpulse.cluster_client.backends.livy.batch import batch_name
from roadpulse.cluster_client.backends.livy.client import LivyClient
from roadpulse.cluster_client.backends.livy.status_poller import StatusPoller
from roadpulse.cluster_client.errors import BackendError
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.runs.files import RunFiles
from roadpulse.cluster_client.runs.records import Run


class Files:
    """The files of a run that has written the statuses of a list, one after the other."""

    def __init__(self, *statuses: bytes) -> None:
        self._statuses = list(statuses)

    def name(self, path: str) -> str:
        return path

    def read(self, path: str, most: int = 0) -> Optional[bytes]:
        if not path.endswith("status.json"):
            return None
        return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]

    def size(self, path: str) -> None:
        return None

    def tail(self, path: str, lines: int) -> str:
        return ""


class Livy:
    """A Livy whose answer about a batch is that of a function."""

    where = "livy"

    def __init__(self, answer: Callable[[], Batch]) -> None:
        self._answer = answer

    def batch(self, name: str) -> Batch:
        return self._answer()

    def log(self, name: str) -> list[str]:
        return []


def status(state: str, message: str = "", done: int = 1) -> bytes:
    values = {"state": state, "message": message, "files": {"done": done, "total": 9}}
    return json.dumps(values).encode()


def a_run() -> Run:
    profile = Profile(kind="livy", name="head", host="head", user="analyst", livy_url="http://head:8998")
    now = datetime.now(timezone.utc)
    run = Run(id="1", name="June", profile=profile, folder="/runs/1", spec={}, created=now)
    return replace(run, remote_id=f"{batch_name(run)} 3")


def refuse() -> Any:
    raise BackendError("Livy refuses the call without a log-in.")


def test_why_livy_cannot_be_asked_is_said_beside_what_the_run_says() -> None:
    files = cast(RunFiles, Files(status("waiting", "Spark is starting")))
    found = StatusPoller(cast(LivyClient, Livy(refuse))).status(files, "/runs/1", a_run())
    assert found.state is RunState.WAITING
    assert found.message.startswith("Spark is starting. Livy cannot be asked at the moment: ")
    assert "refuses the call without a log-in" in found.message


def test_a_run_that_wrote_its_last_status_right_before_its_end_stays_ended() -> None:
    answers = ["running", "dead"]

    def answer() -> Batch:
        return Batch("June", answers.pop(0) if len(answers) > 1 else answers[0], 3, ("stdout: ",))

    # The first poll; the second poll, before and after Livy is asked.
    files = cast(RunFiles, Files(status("decoding"), status("decoding"), status("decoding", done=2)))
    poller, run = StatusPoller(cast(LivyClient, Livy(answer))), a_run()
    states = [poller.status(files, "/runs/1", run).state for _ in range(5)]
    assert states[0] is RunState.DECODING
    assert set(states[1:]) == {RunState.LOST}
