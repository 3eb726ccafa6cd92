"""Profiles in the real QGIS Desktop, on a real SSH server."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from tests.gui.desktop import SCREENS, Desktop, always_waits
from tests.integration.ssh_server import SshServer


def test_a_cluster_is_set_up_without_a_file(checkout: Path, ssh_server: SshServer, tmp_path: Path) -> None:
    typed = {
        "name": "one Pi", "host": "127.0.0.1", "port": ssh_server.port, "user": "root",
        "python": sys.executable, "key_path": str(ssh_server.user_key),
        "folders.runs": str(tmp_path / "runs"),
    }  # fmt: skip

    def drive(folder: str) -> dict[str, Any]:
        return Desktop(tmp_path / folder, checkout).drive("profile_is_made", screens=SCREENS, **typed)

    report = drive("qgis")
    assert report["grey_because"].startswith("Name the computer to log in to")
    assert report["stored_before"] == ["local"], "nothing is stored before it is saved"
    assert report["fingerprint"] == ssh_server.fingerprint
    assert set(report["outcomes"].values()) <= {"ok", "warning", "skipped"}
    assert {"login", "sftp", "python"} <= {n for n, outcome in report["outcomes"].items() if outcome == "ok"}
    assert report["chosen"] == "one Pi"
    profile = report["profile"]
    assert {entry: profile[entry] for entry in typed if "." not in entry} == {
        entry: value for entry, value in typed.items() if "." not in entry
    }
    assert profile["folders"]["runs"] == typed["folders.runs"]
    assert not always_waits(report, lambda: drive(f"qgis-{time.monotonic_ns()}"))
