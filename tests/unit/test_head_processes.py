"""The number of head processes in the profile reaches the run through every backend."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.livy.batch import batch_of
from roadpulse.cluster_client.backends.ssh.run_files import launcher, run_files
from roadpulse.cluster_client.profiles.profile import Profile, Resources
from roadpulse.cluster_client.runs.records import Run
from roadpulse.cluster_client.ssh.job_zip import job_zip
from roadpulse.cluster_client.ssh.run_paths import RemoteFolders

PLACE = RemoteFolders("/home/pi", "/data/runs")
BARE = Profile(kind="ssh", name="Pi", host="h", spark_master="spark://h:7077", livy_url="http://h:8998")
AHEAD = replace(BARE, name="Pi ahead", resources=Resources(head_workers=2))
SPARK_ONLY = replace(BARE, name="Pi Spark", resources=Resources(head_workers=0))


def run_of(profile: Profile) -> Run:
    run = Run.new("x", profile, RunSpec(trips="/trips", store="/points", speed_unit="mph"))
    return replace(run, folder="/data/runs/x")


def launched(profile: Profile, tmp_path: Path) -> dict[str, str]:
    """What the launcher starts, with a stand-in for Spark: the job's arguments and environment."""
    home, job = tmp_path / "spark", job_zip()
    place = RemoteFolders(str(tmp_path), str(tmp_path / "runs"))
    for folder in (home / "bin", home / "jars", home / "conf", Path(place.jobs)):
        folder.mkdir(parents=True, exist_ok=True)
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "args=$@"\nenv\n')
    for program in (python, home / "bin/spark-submit"):
        program.touch()
        program.chmod(0o755)
    (home / "bin/find-spark-home").write_text('export SPARK_HOME="$(cd "${0%/*}/.."; pwd)"\n')
    (home / "bin/load-spark-env.sh").write_text('. "$SPARK_HOME/conf/spark-env.sh"\n')
    (home / "conf/spark-env.sh").write_text("export OF_SPARK=yes\n")
    Path(place.job_zip(job)).write_bytes(job.content)
    here = tmp_path / profile.name
    here.mkdir()
    profile = replace(profile, python=str(python))
    for name, content in run_files(run_of(profile), place).items():
        (here / name).write_bytes(content)
    environment = {
        **os.environ, "SPARK_HOME": "/elsewhere", "PATH": f"{home}/bin:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-c", launcher(run_of(profile), place, job)], cwd=here, start_new_session=True,
        stdout=subprocess.PIPE, text=True, check=True, env=environment,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


@pytest.mark.parametrize(
    ("profile", "told"), [(BARE, "auto"), (AHEAD, "2"), (SPARK_ONLY, "0")], ids=["bare", "ahead", "spark"]
)
@pytest.mark.parametrize("named", [True, False], ids=["folder-named", "on-the-path"])
def test_over_ssh_the_job_is_told_how_to_start_spark_and_who_begins(
    tmp_path: Path, profile: Profile, told: str, named: bool
) -> None:
    home = tmp_path / "spark"
    found = launched(replace(profile, spark_home=str(home) if named else ""), tmp_path)
    assert found["args"].endswith(f"{tmp_path / profile.name} --spark --head-workers {told}")
    stage = Path(found["args"].split()[0]).parent
    assert f"--py-files {stage}/job.zip" in found["PYSPARK_SUBMIT_ARGS"]
    assert (found["SPARK_HOME"], found["OF_SPARK"]) == (str(home), "yes")
    assert found["PYSPARK_PYTHON"] == str(tmp_path / "python")
    assert not stage.exists()


def test_over_ssh_the_job_begins_also_where_spark_is_not_there(tmp_path: Path) -> None:
    found = launched(replace(BARE, spark_home=str(tmp_path / "nowhere")), tmp_path)
    assert found["SPARK_HOME"] == str(tmp_path / "nowhere")  # the job tells, if it is ever wanted
    assert "--spark" in found["args"]


def test_through_livy_the_job_is_told_who_begins() -> None:
    plain, ahead, spark = (
        batch_of(run_of(replace(p, kind="livy")), PLACE, ["run.py"]) for p in (BARE, AHEAD, SPARK_ONLY)
    )
    assert ahead["args"] == [*plain["args"], "--head-workers", "2"]
    assert spark["args"] == [*plain["args"], "--head-workers", "0"]
    assert ahead["conf"] == plain["conf"]
