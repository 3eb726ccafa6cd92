"""The status of a run over SSH, from files and answers of the cluster that a test gives."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import cast

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.ssh import status_poller
from roadpulse.cluster_client.backends.ssh.status_poller import StatusPoller
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.runs.records import Run
from roadpulse.cluster_client.ssh.connection import Connection


def status(done: int) -> bytes:
    return json.dumps({"state": "decoding", "files": {"done": done, "total": 9}}).encode()


def test_a_run_that_wrote_its_last_status_right_before_its_end_stays_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = [status(1), status(1), status(2)]  # first poll; second poll, before and after its probe
    answers = ["alive", "dead"]

    class Files:
        def __init__(self, connection: object) -> None: ...

        def read(self, path: str, limit: int = 0) -> bytes | None:
            if not path.endswith("status.json"):
                return None
            return written.pop(0) if len(written) > 1 else written[0]

        def size(self, path: str) -> None:
            return None

        def tail(self, path: str, lines: int) -> str:
            return ""

    monkeypatch.setattr(status_poller, "SftpFiles", Files)
    monkeypatch.setattr(
        status_poller, "call", lambda *_: [answers.pop(0) if len(answers) > 1 else answers[0], "900000"]
    )
    profile = Profile(kind="ssh", name="head", host="head", user="analyst")
    now = datetime.now(timezone.utc)
    run = Run(
        id="1", name="June", profile=profile, folder="/runs/1", spec={}, remote_id="77 boot-1", created=now
    )
    poller = StatusPoller(grace=1.0)
    states = [
        poller.status(cast(Connection, SimpleNamespace(login="head")), "/runs/1", run).state for _ in range(5)
    ]
    final = states.index(RunState.LOST)
    assert set(states[final:]) == {RunState.LOST}
