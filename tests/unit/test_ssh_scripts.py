"""What is sent to a cluster's shell: only values, whatever characters they hold."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import string
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.storage.local.files import is_shared
from roadpulse.cluster_client.backends.ssh.run_files import launcher, run_files, spark_conf
from roadpulse.cluster_client.processes import start_mark
from roadpulse.cluster_client.profiles.profile import Folders, Profile, Resources
from roadpulse.cluster_client.runs.paths import absolute, default_store, folder_name
from roadpulse.cluster_client.runs.records import Run
from roadpulse.cluster_client.ssh.connection import Done
from roadpulse.cluster_client.ssh.job_zip import job_zip
from roadpulse.cluster_client.ssh.run_paths import RemoteFolders, job_json
from roadpulse.cluster_client.ssh.scripts import assignments, last_answer, source
from roadpulse.cluster_client.ssh.transfer import OWN_FILES
from tests.pythons import each_python
from tests.waiting import until

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


def job_json_of(run, name=""):
    """The content of the job.json of a run of that id."""
    about = replace(Run.new("x", PROFILE, RunSpec(trips="/t", store="/s")), id=run, name=name)
    return job_json(about)


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
    text = launcher(run, RemoteFolders("/home/pi", f"/{runs}"), JOB).removesuffix("main\n")
    expected = f"/{runs}".rstrip("/") + f"/jobs/{JOB.sha256}.zip"
    assert sh(text + 'printf %s "$job_zip"\n') == expected


@pytest.mark.parametrize("name", ["a b", "a;b", "1a", "a-b", "PATH=x"])
def test_only_plain_names_are_set(name):
    with pytest.raises(ValueError, match="name"):
        assignments({name: "x"})


@pytest.mark.parametrize(
    "name",
    [
        "common",
        "job",
        "start",
        "probe",
        "stop",
        "withdraw",
        "remove",
        "launcher",
        "space",
        "nodes",
        "ask",
        "clock",
        "own",
    ],
)
def test_every_script_is_posix(name):
    subprocess.run([SH, "-n"], input=source(name).encode(), check=True, capture_output=True)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_script_that_arrives_cut_off_does_nothing(tmp_path, share):
    (tmp_path / "job.json").write_bytes(job_json_of("x"))
    values = {"nonce": "n", "folder": str(tmp_path), "run": "x", "program": "/bin/true"}
    whole = assignments(values) + source("common") + source("start") + "main\n"
    cut = whole[: int(len(whole) * share)]
    subprocess.run([SH, "-s"], input=cut.encode(), capture_output=True, check=False)
    assert [path.name for path in tmp_path.iterdir()] == ["job.json"]


def test_an_answer_is_told_from_what_a_log_in_prints():
    done = Done(0, "Welcome!\nroadpulse-1 alive\nLast login: today\nroadpulse-2 dead\n")
    assert last_answer(done, "roadpulse-1") == ["alive"]
    assert last_answer(done, "roadpulse-3") == []


# -- the files of a run -------------------------------------------------------------------------------


def files(profile=PROFILE, name="June", **spec):
    run = Run.new(name, profile, RunSpec(**{"trips": "~/trips", "store": "points", **spec}))
    return run, run_files(run, RemoteFolders("/home/pi", "/data/runs"))


def conf_of(profile=PROFILE, name="June"):
    return spark_conf(profile, name, "python3")


def launcher_of(profile=PROFILE):
    return launcher(files(profile)[0], RemoteFolders("/home/pi", "/data/runs"), JOB)


def test_the_specification_holds_the_paths_of_the_cluster():
    run, found = files()
    spec = json.loads(found["spec.json"])
    assert (spec["trips"], spec["store"]) == ("/home/pi/trips", "/home/pi/points")
    assert json.loads(found["job.json"])["run"] == run.id
    assert RunSpec.from_json(spec).trips == "/home/pi/trips"


def test_spark_gets_what_the_profile_says_and_nothing_that_it_leaves_open():
    conf = dict(line.split(" ", 1) for line in conf_of().splitlines())
    assert conf["spark.master"] == "spark://pi0:7077"
    assert (conf["spark.cores.max"], conf["spark.executor.memory"]) == ("6", "470m")
    bare = conf_of(Profile(kind="ssh", name="x", host="h", spark_master="spark://h:7077"))
    assert "spark.cores.max" not in bare and "memory" not in bare
    assert sh(launcher_of().rpartition("\nmain\n")[0] + '\nprintf %s "$spark_conf"') == conf_of(name="June")


def test_a_profile_without_spark_runs_on_processes():
    text = launcher_of(Profile(kind="ssh", name="x", host="h", python="/opt/py/bin/python", workers=2))
    assert "spark_conf=''\n" in text
    assert "spark_submit=''\n" in text
    assert "python=/opt/py/bin/python\n" in text


def test_nothing_that_is_run_lies_in_the_runs_folder():
    assert set(files()[1]) == {"spec.json", "job.json"}


def test_no_name_breaks_the_properties_file():
    conf = conf_of(name="a\nspark.evil true\\\n ünï 道 𝄞")
    assert conf.isascii()
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
    assert "roadpulse/aggregation/runners/spark/cluster.py" in names
    assert all(
        name in ("__main__.py", "roadpulse/__init__.py", "roadpulse/metadata.txt")
        or name.startswith("roadpulse/aggregation/")
        for name in names
    )
    assert not any("__pycache__" in name for name in names)


@pytest.fixture
def sent(tmp_path):
    """The job where it was sent to, a cache and a stage of one's own, and what the scripts share for them."""
    job, stage = tmp_path / f"it's shared/{JOB.sha256}.zip", tmp_path / "stage"
    job.parent.mkdir()
    job.write_bytes(JOB.content)
    stage.mkdir()
    values = {"python": sys.executable, "job_zip": str(job), "stage": str(stage)}
    cache = f"export XDG_CACHE_HOME='{tmp_path}/cache'\n"
    return job, cache + assignments(values) + source("job")


def test_the_job_is_compiled_in_a_cache_that_only_its_user_may_write(tmp_path, sent):
    job, text = sent
    kept = sh(text + 'own_job && keep_job && printf %s "$copy"')
    assert Path(kept) == tmp_path / "cache/roadpulse/jobs" / job.name
    assert [path.name for path in job.parent.iterdir()] == [job.name]
    assert [path.name for path in Path(kept).parent.iterdir()] == [job.name]
    assert all(path.stat().st_mode & 0o077 == 0 for path in Path(kept).parents[:2])
    code = "import roadpulse.aggregation.contract.spec as spec; print(spec.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True,
        env={"PYTHONPATH": kept},
    )  # fmt: skip
    assert told.stdout.endswith("spec.pyc\n")
    assert sh(text + 'own_job && printf %s "$copy"') == kept  # from then on


def test_a_job_of_the_same_size_and_other_content_is_not_run(tmp_path, sent):
    job, text = sent
    Path(f"{job}.compiled").write_bytes(b"planted")
    planted = bytearray(JOB.content)
    planted[1000] ^= 1
    job.write_bytes(planted)
    assert sh(text + "own_job || printf refused") == "refused"
    job.unlink()
    assert sh(text + "own_job 2>/dev/null || printf refused") == "refused"


@pytest.mark.parametrize("cache", ["open", "link", "file"])
def test_a_cache_that_others_may_write_is_not_used(tmp_path, sent, cache):
    _, text = sent
    folder = tmp_path / "cache/roadpulse"
    folder.parent.mkdir()
    if cache == "open":  # as if it were another user's, whose modes cannot be changed
        folder.mkdir()
        folder.chmod(0o777)
        text = text.replace("chmod go-w", "true")
    elif cache == "link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.write_text("")
    assert sh(text + 'own_job && keep_job; printf %s "$copy"') == f"{tmp_path}/stage/job.zip"


# -- a run's processes --------------------------------------------------------------------------------


class Folder:
    """A run's folder, with processes that may be its own or not."""

    def __init__(self, path):
        self.path, self.processes = path, []
        (path / "started").mkdir(parents=True)
        (path / "job.json").write_bytes(job_json_of("mine"))
        (path / "spec.json").write_text("{}")

    def begin(self, run, program="sleep 60"):
        process = subprocess.Popen(
            [SH, "-c", program],
            env={**os.environ, "ROADPULSE_RUN": run},
            start_new_session=True,
            cwd=self.path,
        )
        self.processes.append(process)
        return process

    def name(self, process, mark=None):
        (self.path / "pid").write_text(f"{process.pid}\n{mark or start_mark(process.pid)}\n")

    def said(self, name, run="mine", **values):
        """The answer of a script, without the nonce."""
        given = {"nonce": "n", "folder": str(self.path), "run": run, **values}
        return sh(assignments(given) + source("common") + source(name) + "main\n").strip().partition(" ")[2]

    def call(self, name, run="mine", **values):
        """The first word of a script's answer."""
        return self.said(name, run, **values).split()[0]


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path / "a run")
    yield made
    for process in made.processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_processes_of_a_run_are_ended(folder):
    process = folder.begin("mine")
    folder.name(process)
    assert folder.call("probe", force="") == "alive"
    assert folder.call("remove", **OWN_FILES) == "failed"
    assert folder.call("stop") == "asked"
    assert process.wait(30) == -signal.SIGTERM


@pytest.mark.parametrize("run", ["", "another", "mine2", "min"])
def test_processes_that_the_file_pid_names_and_that_are_not_the_runs_live_on(folder, run):
    process = folder.begin(run)
    folder.name(process)
    assert folder.call("probe", force="yes") == "dead"
    assert folder.call("stop") == "dead"
    assert process.poll() is None
    assert folder.call("remove", **OWN_FILES) == "removed"


@pytest.mark.parametrize("others", [True, False])
def test_only_the_files_of_the_run_are_deleted(folder, others):
    ours = [
        "spec.json", "status.json", "log.txt", "rc", "manifest.json", "job.sh", "spec.json.0123abcd.part",
        ".status.json.0123abcd.tmp", "results/link_speeds.csv", "results/link_speeds_by_time-00001.csv",
        "results/datapackage.json", "results/.datapackage.json.0123abcd.tmp",
        "work/trips.npz", "work/links-00012.npz", "work/.link_speeds-00000.csv.0123abcd.tmp",
    ]  # fmt: skip
    mine = ["my notes.txt", "results/thesis.csv", "work/datapackage.json", "deep/spec.json", ".hidden"]
    for name in (*ours, *(mine if others else ())):
        (folder.path / name).parent.mkdir(exist_ok=True)
        (folder.path / name).write_text("x")
    (folder.path / "link").symlink_to(folder.path / "started")
    if not others:
        (folder.path / "link").unlink()
    assert folder.call("remove", run="min", **OWN_FILES) == "gone"
    assert (folder.path / "spec.json").exists()
    assert folder.call("remove", **OWN_FILES) == "removed"
    left = {str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if not path.is_dir()}
    assert left == ({*mine, "link"} if others else set())
    assert folder.path.exists() is others
    assert folder.call("remove", **OWN_FILES) == "gone"


@pytest.mark.parametrize(
    ("job", "why"),
    [
        (None, "or its job.json is"),
        (job_json_of("another"), "another run's"),
        (job_json_of("mine2"), "another run's"),
        (job_json_of("another", name="mine"), "another run's"),
        (job_json_of(""), "another run's"),
        (b"", "another run's"),
    ],
)
@pytest.mark.parametrize("run", ["mine", ""])
def test_nothing_is_done_in_a_folder_that_is_not_the_runs(folder, job, why, run):
    (folder.path / "started").rmdir()
    (folder.path / "job.json").unlink()
    if job is not None:
        (folder.path / "job.json").write_bytes(job)
    before = sorted(path.name for path in folder.path.iterdir())
    said = folder.said("start", run, program="echo planted")
    assert said.startswith("failed ") and why in said and "withdrawn" not in said
    for name in ("probe", "stop", "withdraw", "remove"):
        assert folder.call(name, run, force="yes", **OWN_FILES) == "gone"
    assert sorted(path.name for path in folder.path.iterdir()) == before


def test_a_run_that_was_withdrawn_is_not_started(folder):
    (folder.path / "started").rmdir()
    assert folder.call("withdraw") == "withdrawn"
    assert folder.said("start", program="echo planted") == "failed the run was withdrawn before"
    assert not (folder.path / "log.txt").exists()


def test_a_job_json_that_is_no_file_is_not_waited_for(folder):
    (folder.path / "started").rmdir()
    (folder.path / "job.json").unlink()
    os.mkfifo(folder.path / "job.json")
    assert folder.call("start", program="echo planted") == "failed"
    assert not (folder.path / "started").exists()


@pytest.mark.parametrize(
    ("mode", "files", "folders"),
    [(0o755, 0o600, 0o700), (0o1777, 0o600, 0o700), (0o2770, 0o660, 0o770), (0o777, 0o666, 0o777)],
)
def test_what_is_made_in_a_run_folder_is_shared_as_that_is(tmp_path, mode, files, folders):
    tmp_path.chmod(mode)
    sh(source("common") + f"cd {shlex.quote(str(tmp_path))}; keep_private; : >log.txt; mkdir started")
    assert (tmp_path / "log.txt").stat().st_mode & 0o777 == files
    assert (tmp_path / "started").stat().st_mode & 0o777 == folders
    assert is_shared(tmp_path) is (files != 0o600)


def test_a_process_that_has_its_id_from_another_one_lives_on(folder):
    process = folder.begin("mine")
    folder.name(process, mark=start_mark(process.pid) + "1")
    assert folder.call("stop") == "dead"
    assert process.poll() is None


def test_what_outlived_the_leader_of_a_run_is_its_own_too(folder):
    leader = folder.begin("mine", "sleep 60 & : >begun; exec sleep 60")
    folder.name(leader)
    until((folder.path / "begun").exists)
    leader.kill()
    leader.wait()
    assert folder.call("probe", force="") == "alive"
    assert folder.call("probe", force="yes") == "alive"
    until(lambda: folder.call("probe", force="") == "dead")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_process_of_another_user_is_not_the_runs(folder):
    process = subprocess.Popen(
        ["sleep", "60"], env={"ROADPULSE_RUN": "mine"}, start_new_session=True, user=65534
    )
    folder.processes.append(process)
    folder.name(process)
    assert folder.call("probe", force="yes") == "dead"
    assert process.poll() is None


@pytest.mark.parametrize(
    "pid", ["", "1\nx\n", "0\n", "-1\n", "x\n", "99999999999999999999\nx\n", "$(touch a)\n"]
)
def test_a_damaged_file_pid_names_no_process(folder, pid):
    (folder.path / "pid").write_text(pid)
    assert folder.call("stop") == "dead"
    assert not (folder.path / "a").exists()


def test_a_log_that_leads_elsewhere_is_not_written(folder, tmp_path):
    (folder.path / "started").rmdir()
    (folder.path / "log.txt").symlink_to(tmp_path / "elsewhere")
    assert folder.call("start", program="echo planted") == "failed"
    assert not (tmp_path / "elsewhere").exists()


def test_the_job_runs_from_its_zip(tmp_path):
    import sys

    (tmp_path / "job.zip").write_bytes(JOB.content)
    told = subprocess.run(
        [sys.executable, str(tmp_path / "job.zip"), "--help"], capture_output=True, text=True, cwd=tmp_path,
        env={}, check=True,
    )  # fmt: skip
    assert "RUN_FOLDER" in told.stdout or "folder" in told.stdout


# -- a folder from which Livy's user runs something ---------------------------------------------------


def own_folder(parent, *names, path=os.environ["PATH"]):
    values = {"nonce": "n", "parent": str(parent), "names": " ".join(names)}
    before = f"export PATH={shlex.quote(path)}\n"
    word, *rest = sh(before + assignments(values) + source("common") + source("own") + "main\n").split(
        " ", 2
    )[1:]
    return word.strip(), "".join(rest).strip()


@pytest.fixture
def shared_above(tmp_path):
    """A folder that a group writes, with the sticky bit."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs").chmod(0o3775)
    return tmp_path / "runs"


def group_of(path):
    """The group that may write a folder in these tests; it is not this user's own."""
    if os.geteuid() == 0:
        os.chown(path, -1, 65534)
    return path


def test_a_folder_is_made_that_only_its_user_may_write_and_others_may_read(shared_above):
    jobs = group_of(shared_above) / "it's mine/jobs"
    assert own_folder(jobs, "look-1", "job-2") == ("own", f"of-{os.geteuid()}")
    own = jobs / f"of-{os.geteuid()}"
    assert sorted(path.name for path in own.iterdir()) == ["job-2", "look-1"]
    for folder in (own, *own.iterdir()):
        assert folder.stat().st_mode & 0o777 == 0o755
    assert [path.stat().st_mode & 0o7777 for path in (jobs, jobs.parent)] == [0o3775, 0o3775]
    assert own_folder(jobs) == ("own", own.name)  # again


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user and a group")
@pytest.mark.parametrize("where", ["above", "parent", "own", "inside", "link", "behind link"])
@pytest.mark.parametrize("how", ["group", "everybody", "owner"])
def test_a_folder_is_refused_that_others_may_change_or_replace(tmp_path, where, how):
    jobs = tmp_path / "above/jobs"
    jobs.mkdir(parents=True)
    own, elsewhere = jobs / "of-0", tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert own_folder(jobs, "look-1") == ("own", "of-0")
    (own / "run.py").touch(0o644)
    parent = jobs
    if "link" in where:
        (elsewhere / "deep").mkdir()
        (elsewhere / "deep/jobs").symlink_to("../../above/jobs")
        (tmp_path / "jobs").symlink_to("elsewhere/deep/jobs")
        parent = tmp_path / "jobs"
        assert own_folder(parent) == ("own", "of-0")
    paths = {
        "above": jobs.parent, "parent": jobs, "own": own, "inside": own / "run.py",
        "link": elsewhere / "deep", "behind link": jobs.parent,
    }  # fmt: skip
    path = paths[where]
    if how == "owner":
        os.chown(path, 65534, -1)
        said = "belongs to the user nobody"
    elif how == "group":
        os.chown(path, -1, 65534)
        path.chmod(path.stat().st_mode | 0o020)
        said = "the group nogroup may write "
    else:
        path.chmod(path.stat().st_mode | 0o002)
        said = "everybody may write "
    word, why = own_folder(parent)
    assert word == "failed" and said in why
    assert path == Path(why.replace(said, "").strip()).resolve()
    if where in ("above", "parent", "link", "behind link") and how != "owner":
        path.chmod(path.stat().st_mode | 0o1000)
        assert own_folder(parent) == ("own", "of-0")


GROUPS = {
    "": "failed", "me:x:71:\n": "own", "me:x:71:me\n": "own", "me:x:71:me,other\n": "failed",
    "me:x:71:other\n": "failed",
}  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user and a group")
@pytest.mark.parametrize(("line", "word"), GROUPS.items())
def test_a_group_counts_as_its_users_alone_only_where_that_is_known(tmp_path, line, word):
    jobs = tmp_path / "jobs"
    assert own_folder(jobs) == ("own", "of-0")
    os.chown(jobs / "of-0", 0, 71)
    (jobs / "of-0").chmod(0o775)
    programs = {
        "id": "case $1 in -u) echo 0 ;; -g) echo 71 ;; *) echo me ;; esac",
        "getent": f"printf %s {shlex.quote(line)}; [ -n {shlex.quote(line)} ]",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    assert own_folder(jobs, path=f"{tmp_path}:{os.environ['PATH']}")[0] == word


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
@pytest.mark.parametrize("squatter", [0, 65534])
def test_a_link_in_the_place_of_the_own_folder_is_refused(tmp_path, squatter):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs").chmod(0o1777)
    (tmp_path / "jobs/of-0").symlink_to(tmp_path / "elsewhere")
    os.chown(tmp_path / "jobs/of-0", squatter, -1, follow_symlinks=False)
    assert own_folder(tmp_path / "jobs")[1].endswith("jobs/of-0 is a link")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    word, why = own_folder(tmp_path / "file/jobs")
    assert word == "failed" and why.startswith("it cannot be made: ")


# -- programs that are asked something ----------------------------------------------------------------


@pytest.mark.parametrize("temporary", [True, False], ids=["", "without a temporary folder"])
@each_python
def test_a_module_in_the_home_of_a_log_in_is_not_imported(tmp_path, python, temporary):
    home, programs = tmp_path / "home", tmp_path / "programs"
    home.mkdir()
    programs.mkdir()
    (home / "json.py").write_text("raise SystemExit('planted')")
    if not temporary:
        (programs / "mktemp").write_text("#!/bin/sh\nexit 1\n")
        (programs / "mktemp").chmod(0o755)
    job = tmp_path / f"{JOB.sha256}.zip"
    job.write_bytes(JOB.content)
    program = "import json, os, sys; print('seen', json.dumps(sys.argv[1:]), os.getcwd())"
    values = {"nonce": "n", "python": python, "program": program, "argument": "x", "job_zip": str(job)}
    text = assignments(values) + "".join(map(source, ("common", "job", "ask"))) + "main\n"
    done = subprocess.run(
        [SH, "-s"], input=text, capture_output=True, text=True, check=True, cwd=home,
        env={"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}"},
    )  # fmt: skip
    seen, _, folder = done.stdout.splitlines()[0].rpartition(" ")
    assert seen == 'seen ["x"]' and done.stdout.endswith("n done 0\n")
    assert folder.startswith("/tmp/roadpulse.") if temporary else folder == "/"
    assert not folder.startswith("/tmp/") or not Path(folder).exists()
