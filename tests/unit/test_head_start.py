"""A head start on Spark is asked for in the profile, and reaches the run whichever way it is submitted."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from roadpulse.aggregation.spec import RunSpec
from roadpulse.cluster_client.livy.batch import batch_of
from roadpulse.cluster_client.profile import Profile, Resources
from roadpulse.cluster_client.runs import Run
from roadpulse.cluster_client.ssh.jobzip import job_zip
from roadpulse.cluster_client.ssh.place import Place
from roadpulse.cluster_client.ssh.remote_run import run_files
from roadpulse.cluster_client.ssh.scripts import source

PLACE = Place("/home/pi", "/data/runs")
BARE = Profile(kind="ssh", name="Pi", host="h", spark_master="spark://h:7077", livy_url="http://h:8998")
AHEAD = replace(BARE, name="Pi ahead", resources=Resources(head_workers=2))


def run_of(profile: Profile) -> Run:
    run = Run.new("x", profile, RunSpec(trips="/trips", store="/points", speed_unit="mph"))
    return replace(run, folder="/data/runs/x")


def test_over_ssh_the_launcher_tells_the_job_of_a_head_start(tmp_path: Path) -> None:
    submit, job = tmp_path / "bin/spark-submit", job_zip()
    place = Place(str(tmp_path), str(tmp_path / "runs"))
    for folder in (submit.parent, Path(place.jobs)):
        folder.mkdir(parents=True)
    submit.write_text('#!/bin/sh\necho "$@"\n')
    submit.chmod(0o755)
    Path(place.job_zip(job)).write_bytes(job.content)
    for profile, told in ((BARE, ""), (AHEAD, " --head-workers 2")):
        here = tmp_path / profile.name
        here.mkdir()
        for name, content in run_files(
            run_of(replace(profile, spark_home=str(tmp_path))), place, job
        ).items():
            (here / name).write_bytes(content)
        done = subprocess.run(
            ["sh", "-c", source("launcher")], cwd=here, start_new_session=True, stdout=subprocess.PIPE,
            text=True, check=True,
        )  # fmt: skip
        assert done.stdout.endswith(f"/run.py {here}{told}\n")


def test_through_livy_the_job_is_told_of_a_head_start() -> None:
    plain, ahead = (batch_of(run_of(replace(p, kind="livy")), PLACE, ["run.py"]) for p in (BARE, AHEAD))
    assert ahead["args"] == [*plain["args"], "--head-workers", "2"]
    assert ahead["conf"] == plain["conf"]
