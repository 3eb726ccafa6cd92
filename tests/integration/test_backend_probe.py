"""What the window sees of a computer that it reaches over SSH, before a run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.errors import BadTripFile, RunError
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.cluster_client.backends.ssh.probe import HeadProbe
from roadpulse.cluster_client.errors import ClientError
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.ssh.errors import HostKeyUnknown
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from tests.integration.ssh_server import Relay, SshServer

ME = "root" if os.geteuid() == 0 else os.environ.get("USER", "")


def probe(server: SshServer, tmp_path: Path, port: int = 0, **entries: object) -> HeadProbe:
    values = {
        "kind": "ssh", "name": "One computer", "host": "127.0.0.1", "port": port or server.port, "user": ME,
        "host_key": server.fingerprint, "python": sys.executable,
        "folders": Folders(str(tmp_path / "runs"), str(tmp_path / "store")), **entries,
    }  # fmt: skip
    keys = Credentials(key_path=str(server.user_key))
    return HeadProbe(Profile(**values), keys, KnownHosts(tmp_path / "known", ()), no_bucket)  # type: ignore[arg-type]


def no_bucket() -> object:
    raise AssertionError("nobody named a bucket")


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    folder = tmp_path / "two words; $(exit)"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.json").write_text(json.dumps({"data": [number]}), encoding="utf-8")
    return folder


def test_a_single_machine_tells_its_cores(ssh_server: SshServer, tmp_path: Path) -> None:
    look = probe(ssh_server, tmp_path)
    state = look.state()
    look.close()
    assert state.workers is None
    assert state.cores == len(os.sched_getaffinity(0))


def test_a_master_that_does_not_answer_is_named(ssh_server: SshServer, tmp_path: Path) -> None:
    look = probe(ssh_server, tmp_path, spark_master="spark://127.0.0.1:1")
    state = look.state()
    look.close()
    assert "spark://127.0.0.1:1 does not answer" in state.remark


def test_a_host_that_is_not_known_is_not_logged_in_to(ssh_server: SshServer, tmp_path: Path) -> None:
    with pytest.raises(HostKeyUnknown):
        probe(ssh_server, tmp_path, host_key="").state()


def test_trips_are_counted_and_read_where_they_are(
    ssh_server: SshServer, trips: Path, tmp_path: Path
) -> None:
    look = probe(ssh_server, tmp_path)
    source = look.trips(str(trips))
    heard: list[int] = []
    found = source.count(str(trips), str(tmp_path / "store"), DecodeRules(), lambda: None, heard.append)
    assert (found.files, found.new_files, heard) == (9, 9, [9])
    first = source.first(str(trips))
    assert first[0] == str(trips / "0.json")
    assert json.loads(source.beginning(first[0], 1000)) == {"data": [0]}
    assert source.beginning(first[0], 5) == b'{"dat'
    with pytest.raises(BadTripFile):
        source.beginning(str(trips / "gone.json"), 1000)
    look.close()


def test_what_the_place_says_of_its_folders_is_told_from_not_being_able_to_ask(
    ssh_server: SshServer, tmp_path: Path
) -> None:
    """The one keeps a run from starting, the other does not."""
    look = probe(ssh_server, tmp_path)
    with pytest.raises(RunError, match="does not exist") as said:
        look.trips("x").count(
            str(tmp_path / "nowhere"), str(tmp_path), DecodeRules(), lambda: None, lambda n: None
        )
    assert not isinstance(said.value, ClientError)
    look.close()
    look = probe(ssh_server, tmp_path, python="no-such-python")
    with pytest.raises(ClientError, match="no-such-python"):
        look.trips("x").first(str(tmp_path))
    look.close()


def test_a_connection_that_broke_meanwhile_is_opened_anew(
    ssh_server: SshServer, relay: Relay, trips: Path, tmp_path: Path
) -> None:
    look = probe(ssh_server, tmp_path, port=relay.port)
    look.state()
    relay.cut()
    assert len(look.trips(str(trips)).first(str(trips))) == 5
    look.close()
