"""Livy carries out runs as one user, and the desktop reads and deletes them as another."""

from __future__ import annotations

import grp
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from development.installed import BUILD, for_anyone, packages
from development.livy import livy_jars
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.base.backend import follow
from roadpulse.cluster_client.errors import BackendError
from roadpulse.cluster_client.profiles.profile import Folders
from tests.integration.livy_fixtures import FAST, newest

pytestmark = [newest, pytest.mark.belfast]


@pytest.fixture(scope="module")
def shared(other_user):
    """Folders that a group shares; `other_user` is in it, and the user of Livy."""
    root = Path(tempfile.mkdtemp(prefix="rpshared", dir="/var/tmp"))
    root.chmod(0o755)
    shutil.copytree(packages(), root / "store/packages")
    for name in ("runs", "store", "store/packages", "jobs"):
        (root / name).mkdir(exist_ok=True)
        shutil.chown(root / name, group=other_user.name)
        (root / name).chmod(0o2775)
    (root / "jobs").chmod(0o3775)
    subprocess.run(["gpasswd", "--add", "nobody", other_user.name], check=True, capture_output=True)
    yield root
    subprocess.run(["gpasswd", "--delete", "nobody", other_user.name], check=True, capture_output=True)
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def server(shared, other_user, cluster):
    """A Livy of the user nobody, who is in the group as well."""
    home, temporary = shared / "livy", shared / "livy/local"
    for folder in (home, home / "logs", home / "conf", temporary):
        folder.mkdir()
        shutil.chown(folder, "nobody")
    environment = {
        "HOME": str(home),
        "JAVA_HOME": "",  # the computer's Java: that of the stand-in may lie where others may not go
        "ROADPULSE_CACHE": str(home / "cache"),
        "TMPDIR": str(temporary),
        "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={temporary}",
    }
    livy = cluster.livy_server(
        "0.7.1", f"{cluster.subnet}.39", home, settings={"livy.spark.master": "local[1]"},
        environment=environment,
    )  # fmt: skip
    group = grp.getgrnam(other_user.name).gr_gid
    nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", f"--groups={group}")
    here = BUILD / f"spark-{cluster.version}"
    spark = for_anyone(here, shared / "parts/spark")
    livy = replace(
        livy, whitelist=[shared / "jobs"], before=nobody,
        jars=for_anyone(livy_jars(livy.version), shared / "parts/livy"),
        spark_home=spark / livy.spark_home.relative_to(here), python=spark / livy.python.relative_to(here),
    )  # fmt: skip
    livy.start()
    yield livy
    livy.stop()


@pytest.fixture
def trips(shared, belfast):
    folder = shared / "trips"
    folder.mkdir(exist_ok=True)
    for path in sorted((belfast / "trips").iterdir())[:20]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def way(shared, server, other_user, make_way, ssh_server):
    """The way to that Livy, over SSH as `other_user`."""
    folders = Folders(*(str(shared / name) for name in ("runs", "store", "jobs")))
    found = make_way(
        server, host="127.0.0.1", port=ssh_server.port, user=other_user.name, folders=folders,
        key_path=str(ssh_server.user_key), host_key=ssh_server.fingerprint,
    )  # fmt: skip
    found.store_folder = folders.store
    return found


def test_what_one_user_sends_and_another_carries_out_is_fetched_and_deleted_by_the_first(way, shared, trips):
    backend = way.backend()
    run = backend.submit(way.run(trips))
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED, (status, backend.log(run))
    folder = shared / "runs" / Path(run.folder).name
    assert {path.owner() for path in folder.iterdir()} == {"nobody", way.profile.user}
    assert (backend.fetch(run) / "results/link_speeds.csv").stat().st_size
    backend.discard(run)
    assert not folder.exists()


def test_a_folder_that_the_user_of_livy_may_not_write_is_named(way, shared, trips):
    (shared / "runs").chmod(0o755)
    shutil.chown(shared / "runs", way.profile.user)
    backend = way.backend()
    run = backend.submit(way.run(trips))
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert "may not be written" in status.error.message
    assert Path(run.folder).name in status.error.message


def own_folder(shared, user) -> Path:
    """The user's folder of what Livy starts."""
    return shared / f"jobs/of-{pwd.getpwnam(user).pw_uid}"


def test_nobody_of_the_group_can_replace_what_livy_starts(way, shared, trips, server):
    backend = way.backend()
    follow(backend, backend.submit(way.run(trips)), polling=FAST)
    own = own_folder(shared, way.profile.user)
    files = sorted(own.iterdir())
    assert {path.suffix for path in files} == {".zip", ".py"}
    attempts = [["rm", "-f", str(files[0])], ["mv", str(own), f"{own}-aside"], ["touch", f"{own}/json.py"]]
    attempts += [["sh", "-c", 'echo "import os" >>"$0"', str(path)] for path in files]
    before = {path.name: path.read_bytes() for path in files}
    for attempt in attempts:
        done = subprocess.run([*server.before, *attempt], capture_output=True, text=True, check=False)
        assert done.returncode, attempt
    assert {path.name: path.read_bytes() for path in own.iterdir()} == before


def test_a_folder_in_which_the_group_could_replace_what_livy_starts_is_refused(way, shared, trips):
    (shared / "jobs").chmod(0o2775)
    try:
        backend, run = way.backend(), way.run(trips)
        with pytest.raises(BackendError, match=f"the group {way.profile.user} may write {shared}/jobs"):
            backend.submit(run)
    finally:
        (shared / "jobs").chmod(0o3775)
    assert not [batch for batch in way.batches() if run.id in batch["name"]]
    assert not list((shared / "runs").glob(f"*{run.id[:8]}*"))
