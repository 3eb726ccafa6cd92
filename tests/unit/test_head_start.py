"""A head start on Spark is asked for in the profile, and reaches the run whichever way it is submitted."""

from __future__ import annotations

from dataclasses import replace

from roadpulse.aggregation.spec import RunSpec
from roadpulse.cluster_client.livy.batch import batch_of
from roadpulse.cluster_client.profile import Profile, Resources
from roadpulse.cluster_client.runs import Run
from roadpulse.cluster_client.ssh.jobzip import job_zip
from roadpulse.cluster_client.ssh.place import Place
from roadpulse.cluster_client.ssh.remote_run import run_files

PLACE = Place("/home/pi", "/data/runs")
BARE = Profile(kind="ssh", name="Pi", host="h", spark_master="spark://h:7077", livy_url="http://h:8998")
AHEAD = replace(BARE, resources=Resources(head_workers=2))


def run_of(profile: Profile) -> Run:
    run = Run.new("x", profile, RunSpec(trips="/trips", store="/points", speed_unit="mph"))
    return replace(run, folder="/data/runs/x")


def test_over_ssh_the_launcher_is_told_of_a_head_start() -> None:
    for profile, told in ((BARE, "head_workers=0\n"), (AHEAD, "head_workers=2\n")):
        assert told in run_files(run_of(profile), PLACE, job_zip())["job.sh"].decode()


def test_through_livy_the_job_is_told_of_a_head_start() -> None:
    plain, ahead = (batch_of(run_of(replace(p, kind="livy")), PLACE, ["run.py"]) for p in (BARE, AHEAD))
    assert ahead["args"] == [*plain["args"], "--head-workers", "2"]
    assert ahead["conf"] == plain["conf"]
