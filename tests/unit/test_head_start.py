"""Runs begin on the head and continue on a cluster, with the same results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine import PLUGINS, Engine, Outcome, trip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    engine = Engine(tmp_path_factory.mktemp("head"))
    for number in range(40):
        engine.write(f"trip-{number:02d}.json", trip(60, 60 * number, 7))
    engine.settle()
    return engine


@pytest.fixture(scope="module")
def expected(engine: Engine) -> Outcome:
    return engine.finish(store=str(engine.folder / "expected"))


def carry_out(engine: Engine, *arguments: str) -> tuple[int, str, Outcome]:
    """Carry out a run with an empty store in a process of its own: exit code, output, what it left."""
    folder = engine.prepare(store=str(engine.folder / f"store-{'-'.join(arguments)}"))
    done = subprocess.run(
        [sys.executable, "-m", "roadpulse.tests.dummy_cluster", str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": str(PLUGINS), "ROADPULSE_CACHE": str(engine.folder / "cache")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=Path.home(),
    )  # fmt: skip
    return done.returncode, done.stdout, Outcome(done.returncode, folder, done.stdout)


def runner_of(outcome: Outcome) -> dict[str, Any]:
    memory = ("worker_memory_mb", "worker_bound_mb")
    return {name: value for name, value in outcome.manifest["runner"].items() if name not in memory}


def test_a_small_run_is_done_at_the_head(engine: Engine, expected: Outcome) -> None:
    code, output, outcome = carry_out(engine, "1", "1")
    assert code == 0, output
    assert outcome.hashes == expected.hashes
    found = runner_of(outcome)
    assert (found["kind"], found["nodes"], found["dummy_tasks"], found["head_workers"]) == ("dummy", 1, 0, 1)
    assert found["head_tasks"] >= 2
    assert "without_dummy" not in found


def test_without_processes_of_the_head_the_cluster_does_all(engine: Engine, expected: Outcome) -> None:
    code, output, outcome = carry_out(engine, "0", "0")
    assert code == 0, output
    assert outcome.hashes == expected.hashes
    found = runner_of(outcome)
    assert found["dummy_tasks"] >= 2
    assert set(found) == {"kind", "nodes", "dummy_tasks"}


def test_where_the_cluster_is_lost_the_head_does_the_rest(engine: Engine, expected: Outcome) -> None:
    code, output, outcome = carry_out(engine, "0", "1", "lost")
    assert code == 0, output
    assert outcome.hashes == expected.hashes
    found = runner_of(outcome)
    assert found["dummy_tasks"] == 1
    assert found["without_dummy"] == "The head goes on alone, which takes longer. The dummy went home."


def test_where_the_head_may_not_go_on_the_run_fails_with_the_cluster(engine: Engine) -> None:
    code, output, _ = carry_out(engine, "0", "0", "lost")
    assert code != 0
    assert "ClusterUnavailable: The dummy is lost." in output
