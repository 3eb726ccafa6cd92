"""A Spark cluster on which head and nodes disagree about the time, by ten minutes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.base.backend import follow
from roadpulse.cluster_client.runs.status import RunStatus
from tests.integration.shifted_clocks import needs_library, python
from tests.integration.spark_fixtures import FAST, Way, newest, spec_of
from tests.integration.spark_runs import run_locally, tables

pytestmark = needs_library


@pytest.mark.parametrize(
    ("head", "nodes"),
    [(5, -5), pytest.param(-5, 5, marks=pytest.mark.long)],
    ids=["head-ahead", "nodes-ahead"],
)
@newest
def test_head_and_nodes_of_a_cluster_may_disagree_about_the_time(
    way: Way, belfast: Path, tmp_path: Path, head: float, nodes: float
) -> None:  # fmt: skip
    trips = tmp_path / "trips"
    trips.mkdir()
    for path in sorted((belfast / "trips").iterdir())[:300]:
        shutil.copyfile(path, trips / path.name)  # just now
    run_locally(tmp_path / "local", spec_of(trips, tmp_path / "other"))
    shifted = replace(way.profile, python=python(tmp_path, head, nodes))
    runners, decoded = [], []
    for workers in (0, None):  # on Spark, though it is not worth its start; then as it comes
        profile = replace(shifted, resources=replace(shifted.resources, head_workers=workers))
        backend = way.backend(profile)
        run = backend.submit(way.run(trips, f"{workers}", profile))
        seen: list[RunStatus] = []
        status = follow(backend, run, on_status=seen.append, polling=FAST)
        assert status.state is RunState.FINISHED, backend.log(run)
        assert not [
            found for found in seen if found.state is RunState.LOST or "said nothing" in found.message
        ]
        assert 0 < status.elapsed < 290  # the clocks are 5 minutes off, and more
        assert tables(backend.fetch(run)) == tables(tmp_path / "local")
        manifest = json.loads(Path(run.folder, "manifest.json").read_text())
        runners.append(manifest["runner"]["kind"])
        decoded.append(manifest["files"]["decoded"])
    assert runners[0] == "spark"
    assert decoded[0] > 0 and decoded[1] == 0
