"""Profiles in the real QGIS Desktop, on a real SSH server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gui.desktop import SCREENS, Desktop, always_waits
from tests.integration.ssh_server import PROGRAM, SshServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    if not PROGRAM:
        pytest.skip("there is no sshd; install openssh-server")
    server = SshServer(tmp_path / "sshd").start()
    yield server
    server.stop()


def test_a_cluster_is_set_up_without_a_file(checkout: Path, server: SshServer, tmp_path: Path) -> None:
    typed = {
        "name": "one Pi", "host": "127.0.0.1", "port": server.port, "user": "root", "python": sys.executable,
        "key_path": str(server.user_key), "folders.runs": str(tmp_path / "runs"),
    }  # fmt: skip

    def drive(folder: str) -> dict[str, Any]:
        return Desktop(tmp_path / folder, checkout).drive("profile_is_made", screens=SCREENS, **typed)

    report = drive("qgis")
    assert report["grey_because"].startswith("Name the computer to log in to")
    assert report["stored_before"] == ["local"], "nothing is stored before it is saved"
    assert report["fingerprint"] == server.fingerprint
    assert set(report["outcomes"].values()) <= {"ok", "warning", "skipped"}
    assert {"login", "sftp", "python"} <= {n for n, outcome in report["outcomes"].items() if outcome == "ok"}
    assert report["chosen"] == "one Pi"
    profile = report["profile"]
    assert {entry: profile[entry] for entry in typed if "." not in entry} == {
        entry: value for entry, value in typed.items() if "." not in entry
    }
    assert profile["folders"]["runs"] == typed["folders.runs"]
    assert not always_waits(report, lambda: drive(f"qgis-{time.monotonic_ns()}"))
