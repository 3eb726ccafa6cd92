"""What a watcher sees of a run: states, counts, its process, its end; and how much memory it needs."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from roadpulse.tests.engine import PLUGINS, Engine, Outcome, trip
from tests.waiting import own_seconds_until, until

POINTS = 3000
ORDER = ["listing", "decoding", "summarising", "publishing", "finished"]


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)


def much(engine, n):
    """Many names of one trip of about half a megabyte."""
    first = engine.write("trip 0.json", trip(POINTS, links=50))
    for number in range(1, n):
        os.link(first, engine.trips / f"trip {number}.json")
    engine.settle()


def watch(process, folder):
    """Every status.json that a process leaves until its end, and how long it had waited for a processor."""
    seen, last, waited = [], None, 0.0
    while True:
        ended = process.poll() is not None
        if (folder / "status.json").exists():
            text = (folder / "status.json").read_text(encoding="utf-8")
            if text != last:
                with contextlib.suppress(OSError):  # it has just ended
                    waited = int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9
                seen.append({**json.loads(text), "waited": waited})
                last = text
        if ended:
            return seen
        time.sleep(0.005)


def test_a_watcher_sees_every_second_states_in_order_and_counts_that_only_grow(engine):
    much(engine, 1500)
    folder = engine.prepare()
    process = engine.start(folder)
    seen = watch(process, folder)
    assert process.returncode == 0
    places = [ORDER.index(status["state"]) for status in seen]
    assert places == sorted(places)
    assert {"decoding", "finished"} <= {status["state"] for status in seen}
    for count in (
        lambda s: s["files"]["done"],
        lambda s: s["bytes"]["done"],
        lambda s: s["points"],
        lambda s: s["elapsed"],
        lambda s: s["updated"],
    ):
        values = [count(status) for status in seen]
        assert values == sorted(values)
    for status in seen:
        assert status["schema"] == 1
        assert status["pid"] == process.pid
        assert status["workers"] == 1
        assert status["error"] is None
        for name in ("files", "bytes", "tasks"):
            assert 0 <= status[name]["done"] <= status[name]["total"]
    last, manifest = seen[-1], Outcome(0, folder).manifest
    assert last["files"] == {"done": 1500, "total": 1500}
    assert last["bytes"]["done"] == last["bytes"]["total"] == manifest["files"]["bytes"]
    assert last["points"] == manifest["points"]["counted"] == 1500 * POINTS
    assert any(status["bytes"]["done"] > 0 for status in seen if status["state"] == "decoding")
    moments = [datetime.fromisoformat(status["updated"]).timestamp() for status in seen]
    assert moments[-1] - moments[0] > 2  # long enough for what follows to say something
    running = [at - status["waited"] for at, status in zip(moments, seen)]  # but for what others took
    assert max(later - earlier for earlier, later in zip(running, running[1:])) < 4


def signalled(engine, state, number):
    """Start a run and send it a signal in some state; code and folder, and how long its end took."""
    folder = engine.prepare()
    process = engine.start(folder, workers=2)
    outcome = Outcome(0, folder)
    begun = (folder / "status.json").exists
    until(lambda: process.poll() is not None or (begun() and outcome.status["state"] == state))
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
    seconds = own_seconds_until(lambda: process.poll() is not None)
    return Outcome(process.returncode, folder), seconds


@pytest.mark.parametrize("state", ["decoding", "summarising"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_cancelled_run_ends_within_two_seconds_and_leaves_nothing(engine, state, number):
    much(engine, 1000)
    for _ in range(5):
        outcome, seconds = signalled(engine, state, number)
        if outcome.code != 0:
            break
        shutil.rmtree(engine.store)  # it was past that state before anybody looked: anew, from the start
    assert seconds < 2
    assert outcome.code == 143
    status = outcome.status
    assert status["state"] == "cancelled"
    assert "cancelled" in status["error"]["message"]
    assert sorted(path.name for path in outcome.folder.iterdir()) == ["spec.json", "status.json"]
    assert engine.leftovers() == []


def test_a_failed_run_leaves_its_status_and_nothing_else(engine):
    engine.write("a.json", b"{")
    outcome = engine.run()
    assert outcome.code == 1
    assert outcome.status["error"].keys() == {"message", "detail", "retry"}
    assert sorted(path.name for path in outcome.folder.iterdir()) == ["spec.json", "status.json"]
    assert engine.leftovers() == []


def test_a_finished_run_leaves_its_result_and_nothing_else(engine):
    engine.write("a.json")
    outcome = engine.finish()
    assert sorted(path.name for path in outcome.folder.iterdir()) == [
        "manifest.json",
        "results",
        "spec.json",
        "status.json",
    ]
    assert sorted(outcome.hashes) == ["link_speeds.csv", "link_speeds_by_time.csv"]
    assert engine.leftovers() == []


def test_the_manifest_says_what_made_the_result(engine):
    engine.write("a.json")
    manifest = engine.finish(time_zone="Europe/London", bin_minutes=15).manifest
    assert (manifest["schema"], manifest["speed_unit"], manifest["time_zone"]) == (1, "mph", "Europe/London")
    assert (manifest["bin_minutes"], manifest["estimator"], manifest["workers"]) == (15, "mean of points", 1)
    assert {"roadpulse", "python", "duckdb", "msgspec", "numpy", "tzdata"} <= manifest["software"].keys()
    assert set(manifest["timings"]) == {"list", "decode", "summarise", "publish", "total"}
    assert (
        sum(v for k, v in manifest["timings"].items() if k != "total") <= manifest["timings"]["total"] + 0.01
    )
    assert manifest["started"] <= manifest["finished"]


def test_a_wrong_call_ends_with_its_own_code():
    command = [sys.executable, "-m", "roadpulse.aggregation"]
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS)}
    wrong = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "usage" in wrong.stderr


PEAK = """
import sys
from roadpulse.aggregation.runners import plan
from roadpulse.aggregation.__main__ import main
plan.MAX_TASK_BYTES, plan.MIN_TASK_BYTES, plan.POINTS_PER_TASK = 8 << 20, 1 << 20, 100_000
sys.exit(main([sys.argv[1], "--workers", "1"]))
"""


def test_memory_does_not_grow_with_the_input(engine):
    """With tasks an eighth to a twentieth of their usual size, so that a small input already makes many."""
    peaks = []
    much(engine, 600)
    for trips in ("trip 1?.json", "trip 1*.json", "trip *.json"):
        folder = engine.prepare(
            trips=str(engine.trips / trips), store=str(engine.folder / f"store {len(peaks)}")
        )
        environment = {**os.environ, "PYTHONPATH": str(PLUGINS)}
        subprocess.run([sys.executable, "-c", PEAK, str(folder)], env=environment, check=True)
        peaks.append(Outcome(0, folder).manifest["peak_memory_mb"])
    assert 30 < peaks[0] < 400
    assert max(peaks) < 1.3 * peaks[0] + 20
