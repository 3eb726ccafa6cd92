"""The stand-in cluster itself: started once, found again, ended exactly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from development.cluster import Cluster
from development.cluster_daemons import Daemon, descendants
from development.cluster_spark import java_folder
from roadpulse.cluster_client.profiles.profile import Profile
from tests.waiting import until

newest = pytest.mark.parametrize("cluster", ["4"], indirect=True)


@pytest.fixture
def family(tmp_path: Path) -> Daemon:
    """A program with a child that lives in a session of its own."""
    daemon = Daemon(tmp_path, "family")
    daemon.start(["/bin/sh", "-c", "setsid sleep 1000 & echo ready; wait"])
    process = daemon.process()
    assert process is not None
    until(lambda: "ready" in daemon.said() and descendants(process.pid))
    return daemon


def test_a_stopped_program_takes_its_children_with_it(family: Daemon) -> None:
    process = family.process()
    assert process is not None
    (child,) = descendants(process.pid)
    family.stop()
    assert not process.alive
    assert not child.alive
    assert family.process() is None


def test_a_program_is_started_once(family: Daemon) -> None:
    before = family.process()
    family.start(["/bin/false"])
    assert family.process() == before
    family.stop()


def test_a_later_process_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "gone")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        daemon.pid_file.write_text(f"{other.pid} 12345\n", encoding="ascii")
        assert daemon.process() is None
        daemon.stop()
        assert other.poll() is None


def test_children_that_outlived_a_killed_program_are_found_and_ended(family: Daemon, tmp_path: Path) -> None:
    process = family.process()
    assert process is not None
    stays = Daemon(tmp_path, "stays")
    stays.start(["/bin/sh", "-c", "sleep 1000 & echo ready; wait"])
    leader = stays.process()
    assert leader is not None
    children = until(lambda: descendants(leader.pid))
    leader.send(signal.SIGKILL)
    until(lambda: not leader.alive)
    assert stays.orphans() == children
    stays.start(["/bin/sleep", "1000"])
    assert stays.orphans() == children
    stays.stop()
    assert not any(child.alive for child in children)
    assert process.alive
    family.stop()


@newest
def test_a_second_start_changes_nothing(cluster: Cluster) -> None:
    before = [daemon.process() for daemon in (*cluster.spark.daemons(), cluster.sshd.daemon)]
    (path,) = cluster.start()
    assert [daemon.process() for daemon in (*cluster.spark.daemons(), cluster.sshd.daemon)] == before
    profile = Profile.read(path)
    assert profile.spark_master == cluster.spark.url
    assert path.name.endswith(".ssh.json")


@newest
def test_a_worker_that_died_is_started_again(cluster: Cluster) -> None:
    worker = cluster.spark.worker(1)
    before = worker.process()
    listed = {entry["id"] for entry in cluster.spark.state()["workers"]}
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: not worker.process())
    cluster.start()
    assert worker.process() not in (None, before)
    now = {entry["id"] for entry in cluster.spark.state()["workers"] if entry["state"] == "ALIVE"}
    assert len(now) == cluster.spark.workers
    assert len(now - listed) == 1, "started means that the master knows the new one"


@newest
def test_the_classes_of_spark_come_from_an_archive(cluster: Cluster) -> None:
    for daemon in cluster.spark.daemons():
        process = daemon.process()
        assert process is not None
        maps = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8", errors="replace")
        assert f"{java_folder(cluster.version)}/classes.jsa" in maps
