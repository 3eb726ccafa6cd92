"""What is sent to a cluster's shell: only values, whatever characters they hold."""

import json
import shutil
import string
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from roadpulse.aggregation.spec import RunSpec
from roadpulse.cluster_client.folders import absolute, default_store, folder_name
from roadpulse.cluster_client.profile import Folders, Profile, Resources
from roadpulse.cluster_client.runs import Run
from roadpulse.cluster_client.ssh.connection import Done
from roadpulse.cluster_client.ssh.jobzip import job_zip
from roadpulse.cluster_client.ssh.place import Place
from roadpulse.cluster_client.ssh.remote_run import run_files
from roadpulse.cluster_client.ssh.scripts import assignments, last_answer, source

SH = shutil.which("dash") or shutil.which("sh")
pytestmark = pytest.mark.skipif(SH is None, reason="needs a POSIX shell")
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"`$(){}[]<>|&;*?~!#\\\n\r\t -=%"),
        st.sampled_from(string.ascii_letters),
        st.characters(),
    ).filter(lambda c: c != "\0" and not "\ud800" <= c <= "\udfff"),
    max_size=40,
)  # fmt: skip
PROFILE = Profile(
    kind="ssh", name="Pi", host="pi0", user="pi", spark_master="spark://pi0:7077", spark_home="/opt/spark",
    resources=Resources(6, 2, "470m", "512m"), folders=Folders("/data/runs", "/data/points"),
)  # fmt: skip
JOB = job_zip()


def sh(text):
    return subprocess.run([SH, "-s"], input=text.encode(), capture_output=True, check=True).stdout.decode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=HOSTILE)
def test_the_shell_gets_just_the_value(value):
    assert sh(assignments({"given": value}) + 'printf %s "$given"\n') == value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=HOSTILE, runs=HOSTILE)
def test_the_launchers_settings_run_nothing(name, runs):
    run = Run.new(name, PROFILE, RunSpec(trips="/trips", store="/store"))
    text = run_files(run, Place("/home/pi", f"/{runs}"), JOB)["job.sh"].decode("utf-8", "surrogateescape")
    expected = f"/{runs}".rstrip("/") + f"/jobs/{JOB.sha256}.zip"
    assert sh(text + 'printf %s "$job_zip"\n') == expected


@pytest.mark.parametrize("name", ["a b", "a;b", "1a", "a-b", "PATH=x"])
def test_only_plain_names_are_set(name):
    with pytest.raises(ValueError, match="name"):
        assignments({name: "x"})


@pytest.mark.parametrize(
    "name",
    ["common", "start", "probe", "stop", "withdraw", "remove", "launcher", "space", "nodes", "ask", "clock"],
)
def test_every_script_is_posix(name):
    subprocess.run([SH, "-n"], input=source(name).encode(), check=True, capture_output=True)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_script_that_arrives_cut_off_does_nothing(tmp_path, share):
    values = {"nonce": "n", "folder": str(tmp_path), "launcher": "/bin/true"}
    whole = assignments(values) + source("common") + source("start") + "main\n"
    cut = whole[: int(len(whole) * share)]
    subprocess.run([SH, "-s"], input=cut.encode(), capture_output=True, check=False)
    assert list(tmp_path.iterdir()) == []


def test_an_answer_is_told_from_what_a_log_in_prints():
    done = Done(0, "Welcome!\nroadpulse-1 alive\nLast login: today\nroadpulse-2 dead\n")
    assert last_answer(done, "roadpulse-1") == ["alive"]
    assert last_answer(done, "roadpulse-3") == []


# -- the files of a run -------------------------------------------------------------------------------


def files(profile=PROFILE, name="June", **spec):
    run = Run.new(name, profile, RunSpec(**{"trips": "~/trips", "store": "points", **spec}))
    return run, run_files(run, Place("/home/pi", "/data/runs"), JOB)


def test_the_specification_holds_the_paths_of_the_cluster():
    run, found = files()
    spec = json.loads(found["spec.json"])
    assert (spec["trips"], spec["store"]) == ("/home/pi/trips", "/home/pi/points")
    assert json.loads(found["job.json"])["run"] == run.id
    assert RunSpec.from_json(spec).trips == "/home/pi/trips"


def test_spark_gets_what_the_profile_says_and_nothing_that_it_leaves_open():
    conf = dict(line.split(" ", 1) for line in files()[1]["spark.conf"].decode().splitlines())
    assert conf["spark.master"] == "spark://pi0:7077"
    assert (conf["spark.cores.max"], conf["spark.executor.memory"]) == ("6", "470m")
    bare = files(Profile(kind="ssh", name="x", host="h", spark_master="spark://h:7077"))[1]["spark.conf"]
    assert b"spark.cores.max" not in bare and b"memory" not in bare


def test_a_profile_without_spark_runs_on_processes():
    found = files(Profile(kind="ssh", name="x", host="h", python="/opt/py/bin/python", workers=2))[1]
    assert "spark.conf" not in found
    assert "spark_submit=''\n" in found["job.sh"].decode()
    assert "python=/opt/py/bin/python\n" in found["job.sh"].decode()


def test_no_name_breaks_the_properties_file():
    conf = files(name="a\nspark.evil true\\\n ünï 道 𝄞")[1]["spark.conf"].decode("ascii")
    assert not any(line.startswith("spark.evil") for line in conf.splitlines())
    assert "\\u00fcn\\u00ef" in conf and "\\ud834\\udd1e" in conf


@settings(max_examples=100, deadline=None)
@given(name=HOSTILE)
def test_a_run_folder_has_a_plain_name(name):
    run = Run.new(name, PROFILE, RunSpec(trips="/t", store="/s"))
    assert set(folder_name(run)) <= set(string.ascii_letters + string.digits + "-_")
    assert run.id[:8] in folder_name(run)


def test_the_name_of_a_run_folder_stays_the_same():
    run = Run.new("June", PROFILE, RunSpec(trips="/t", store="/s"))
    assert folder_name(run) == folder_name(run)
    assert folder_name(run).startswith(datetime.now(timezone.utc).strftime("%Y-%m-%d-"))


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/data", "/data"), ("~", "/home/pi"), ("~/x", "/home/pi/x"), ("x/../y", "/home/pi/y"),
        ("~other/x", "/home/pi/~other/x"), ("s3://bucket/a", "s3://bucket/a"), ("/a//b/./c", "/a/b/c"),
    ],
)  # fmt: skip
def test_paths_begin_at_the_home(path, seen):
    assert absolute(path, "/home/pi") == seen


def test_the_point_store_lies_beside_the_runs_unless_it_is_named():
    assert default_store(PROFILE) == "/data/points"
    assert default_store(Profile(kind="ssh", name="x", host="h")) == "~/roadpulse/points"
    assert (
        default_store(Profile(kind="ssh", name="x", host="h", folders=Folders("/nfs/r/"))) == "/nfs/r/points"
    )


# -- the job ------------------------------------------------------------------------------------------


def test_the_job_has_the_same_bytes_each_time():
    again = job_zip.__wrapped__()
    assert again == JOB and again is not JOB


def test_the_job_holds_the_aggregation_and_nothing_else(tmp_path):
    import io
    import zipfile

    names = zipfile.ZipFile(io.BytesIO(JOB.content)).namelist()
    assert "roadpulse/aggregation/runners/spark.py" in names
    assert all(
        name in ("__main__.py", "roadpulse/__init__.py", "roadpulse/metadata.txt")
        or name.startswith("roadpulse/aggregation/")
        for name in names
    )
    assert not any("__pycache__" in name for name in names)


def test_the_job_is_compiled_where_it_runs(tmp_path):
    import sys

    job = tmp_path / "it's a job.zip"
    job.write_bytes(JOB.content)
    launcher = source("launcher").rpartition("\nmain\n")[0]
    sh(assignments({"python": sys.executable, "job_zip": str(job)}) + launcher + "\ncompile_job")
    assert sorted(tmp_path.iterdir()) == [job, Path(f"{job}.compiled")]
    code = "import roadpulse.aggregation.spec as spec; print(spec.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True,
        env={"PYTHONPATH": f"{job}.compiled"},
    )  # fmt: skip
    assert told.stdout.endswith("spec.pyc\n")


def test_the_job_runs_from_its_zip(tmp_path):
    import sys

    (tmp_path / "job.zip").write_bytes(JOB.content)
    told = subprocess.run(
        [sys.executable, str(tmp_path / "job.zip"), "--help"], capture_output=True, text=True, cwd=tmp_path,
        env={}, check=True,
    )  # fmt: skip
    assert "RUN_FOLDER" in told.stdout or "folder" in told.stdout
