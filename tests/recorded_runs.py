"""Records of runs in every state, for tests of what lists them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.local.backend import LocalBackend
from roadpulse.cluster_client.processes import start_mark
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.shared_files import write_atomically
from tests.waiting import until

PI = Profile(kind="ssh", name="Belfast Pi cluster", host="127.0.10.1", port=9, user="pi")
"""A cluster at an address where nobody answers."""


def a_run(name: str = "June", profile: Profile = LOCAL, hours: float = 0.0, **entries: Any) -> Run:
    """A run of that many hours ago, not recorded yet."""
    made = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=hours)
    run = Run.new(name, profile, RunSpec(trips=f"/data/{name}", store="/data/points"), folder=f"/runs/{name}")
    return replace(run, created=made, started=made, **entries)


def ended(run: Run, state: RunState, message: str = "", seconds: float = 90) -> Run:
    """The same run with its end."""
    end = run.created + timedelta(seconds=seconds) if run.created else None
    return replace(run, state=state, message=message, ended=end)


def write(store: RunStore, run: Run) -> Run:
    """Put a record into the store as it is, whatever its state."""
    write_atomically(store.folder / f"{run.id}.json", json.dumps(run.to_json()))
    return run


def carry_out(store: RunStore, runs: Path, trips: Path, name: str, points: Path, **spec: Any) -> Run:
    """A real run of the engine on this computer, to its end."""
    backend = LocalBackend(store, runs)
    wanted = RunSpec(trips=str(trips), store=str(points), **spec)
    run = backend.submit(Run.new(name, replace(LOCAL, workers=1), wanted))
    assert until(lambda: (status := backend.status(run)).is_final and status).state is RunState.FINISHED
    until((Path(run.folder) / "rc").exists)  # the launcher's last word, after the run's own
    return store.find(run.id)


@contextmanager
def going_on(store: RunStore, folder: Path, name: str, **status: Any) -> Iterator[Run]:
    """A run that goes on as long as the context: a process that lives, and what it says of itself."""
    folder.mkdir(parents=True)
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        now = datetime.now(timezone.utc)
        values = {"schema": 1, "updated": (now + timedelta(hours=1)).isoformat(), **status}
        (folder / "status.json").write_text(json.dumps(values))
        run = a_run(name, hours=status.get("elapsed", 0) / 3600, state=RunState.DECODING)
        run = replace(run, remote_id=f"{process.pid} {start_mark(process.pid)}")
        yield write(store, replace(run, folder=str(folder), local_folder=str(folder)))
    finally:
        os.killpg(process.pid, 9)
        process.wait()
