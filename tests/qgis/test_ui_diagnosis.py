"""The diagnosis in its window: on a real SSH server, live, cancelled, and with a key to compare."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QEvent
from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtTest import QSignalSpy
from qgis.PyQt.QtWidgets import QComboBox, QLabel, QPushButton, QToolButton

from development.s3 import S3Server
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.profiles.profile import LOCAL, Folders, Profile
from roadpulse.ui.diagnosis.dialog import DiagnosisDialog
from roadpulse.ui.diagnosis.host_key_dialog import HostKeyDialog
from roadpulse.ui.diagnosis.lines import OneLine
from roadpulse.workflow import locations
from tests.integration.ssh_server import SshServer, make_key
from tests.qgis.widgets import until

WAY_IN = ["address", "port", "host_key", "login"]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qgis_app: Any) -> None:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.7.1", 0)) as listener:
        yield listener.getsockname()[1]


def profile(ssh_server: SshServer, folder: Path, **values: Any) -> Profile:
    entries = {
        "kind": "ssh", "name": "one Pi", "host": "127.0.0.1", "port": ssh_server.port, "user": "root",
        "key_path": str(ssh_server.user_key), "host_key": ssh_server.fingerprint, "python": sys.executable,
        "folders": Folders(str(folder / "runs")), **values,
    }  # fmt: skip
    return Profile(**entries)


def opened(*arguments: Any, **more: Any) -> DiagnosisDialog:
    dialog = DiagnosisDialog(*arguments, **more)
    dialog.show()
    return dialog


def states(dialog: DiagnosisDialog) -> dict[str, str]:
    return {line.name: line.state for line in dialog.lines.lines}


def text(dialog: DiagnosisDialog, check: str, what: str = "found") -> str:
    label = dialog.findChild(QLabel, f"{check} {what}")
    return label.whole if isinstance(label, OneLine) else label.text()


def ended(dialog: DiagnosisDialog) -> bool:
    return bool(dialog.findings) and not dialog.running


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def test_every_check_of_a_good_connection_is_told(ssh_server: SshServer, tmp_path: Path) -> None:
    (tmp_path / "trips").mkdir()
    (tmp_path / "trips/a.json").write_text("{}")
    dialog = opened(profile(ssh_server, tmp_path), str(tmp_path / "trips"))
    until(lambda: ended(dialog))
    assert set(states(dialog)) == {finding.name for finding in dialog.findings}
    assert not set(states(dialog).values()) & {"failed", "waiting", "looking", "skipped"}
    assert "1 trip files" in text(dialog, "trips")
    assert dialog.status_note.plain.startswith("Runs will work")
    dialog.close()


def test_a_failure_is_told_in_full_and_the_rest_is_not_looked_at(
    ssh_server: SshServer, tmp_path: Path
) -> None:
    wrong = make_key(tmp_path / "other")
    dialog = opened(profile(ssh_server, tmp_path, key_path=str(wrong)))
    until(lambda: ended(dialog))
    told = states(dialog)
    assert [told[name] for name in WAY_IN] == ["ok", "ok", "ok", "failed"]
    assert set(told.values()) - {"ok", "failed"} == {"skipped"}
    assert "authorized_keys" in text(dialog, "login") + text(dialog, "login", "todo")
    assert dialog.findChild(QLabel, "login todo").isVisible()
    assert not dialog.findChild(QLabel, "port todo").isVisible()
    assert dialog.status_note.plain.startswith("Runs will not work yet")
    dialog.close()


def test_an_unknown_key_is_compared_and_the_diagnosis_goes_on(ssh_server: SshServer, tmp_path: Path) -> None:
    dialog = opened(profile(ssh_server, tmp_path, host_key=""))
    until(lambda: dialog.findChild(HostKeyDialog) is not None)
    assert states(dialog)["host_key"] == "failed"
    dialog.findChild(HostKeyDialog).accept_button.click()
    until(lambda: ended(dialog) and states(dialog)["host_key"] == "ok")
    assert "failed" not in states(dialog).values()
    assert ssh_server.fingerprint not in locations.known_hosts().read_text()  # the key itself is kept
    dialog.close()


def test_who_does_not_accept_the_key_stays_outside(ssh_server: SshServer, tmp_path: Path) -> None:
    dialog = opened(profile(ssh_server, tmp_path, host_key=""))
    until(lambda: dialog.findChild(HostKeyDialog) is not None)
    dialog.findChild(HostKeyDialog).reject()
    assert states(dialog)["login"] == "skipped" and not dialog.running
    assert not locations.known_hosts().exists()
    dialog.close()


def test_a_changed_key_is_a_failure_and_nothing_is_asked(ssh_server: SshServer, tmp_path: Path) -> None:
    dialog = opened(profile(ssh_server, tmp_path, host_key="SHA256:" + "a" * 43))
    until(lambda: ended(dialog))
    assert states(dialog)["host_key"] == "failed" and "another key" in text(dialog, "host_key")
    assert dialog.findChild(HostKeyDialog) is None
    dialog.close()


def test_this_computer_is_looked_at_too(tmp_path: Path) -> None:
    here = Profile(kind="local", name="here", folders=Folders(str(tmp_path), str(tmp_path)))
    dialog = opened(here)
    until(lambda: ended(dialog))
    assert states(dialog)["python"] == "ok" and states(dialog)["trips"] == "skipped"
    dialog.close()


def test_buckets_are_looked_at_where_the_profile_or_the_trips_lead_there(
    s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    s3_server.client().put_object(Bucket=bucket, Key="2025/a.json", Body=b'{"data": []}')
    here = Profile(
        kind="local", name="MinIO", folders=Folders(str(tmp_path), f"s3://{bucket}/points"),
        s3=S3Access(s3_server.endpoint, keys_file=str(s3_server.keys_file)),
    )  # fmt: skip
    dialog = opened(here, f"s3://{bucket}/2025")
    until(lambda: ended(dialog))
    told = states(dialog)
    assert {told["s3_trips"], told["s3_read"], told[f"s3_write s3://{bucket}/points"]} == {"ok"}
    assert f"s3://{bucket}/2025" in dialog.lines.lines[list(told).index("s3_trips")].title.toolTip()
    dialog.close()
    wrong = replace(here, s3=replace(here.s3, endpoint="http://127.0.7.1:9"))
    dialog = opened(wrong, f"s3://{bucket}/2025")
    until(lambda: ended(dialog))
    assert states(dialog)["s3_trips"] == "skipped" and "failed" in states(dialog).values()
    dialog.close()


def test_the_report_is_copied_as_text_and_holds_no_secret(ssh_server: SshServer, tmp_path: Path) -> None:
    dialog = opened(profile(ssh_server, tmp_path, key_path=str(tmp_path / "none")))
    assert not dialog.findChild(QPushButton, "copy").isEnabled()
    until(lambda: ended(dialog))
    dialog.findChild(QPushButton, "copy").click()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("Roadpulse: one Pi") and text(dialog, "login") in copied
    dialog.close()


def test_it_can_be_run_again_after_the_mistake_was_mended(ssh_server: SshServer, tmp_path: Path) -> None:
    key = tmp_path / "later"
    dialog = opened(profile(ssh_server, tmp_path, key_path=str(key)))
    until(lambda: ended(dialog))
    assert states(dialog)["login"] == "failed"
    make_key(key)
    ssh_server.trust(key)
    dialog.findChild(QPushButton, "again").click()
    assert dialog.running
    until(lambda: ended(dialog))
    assert states(dialog)["login"] == "ok"
    dialog.close()


def test_cancel_answers_at_once(silent: int) -> None:
    dialog = opened(Profile(kind="ssh", name="mute", host="127.0.7.1", port=silent))
    until(lambda: "looking" in states(dialog).values())
    dialog.findChild(QPushButton, "cancel").click()
    assert not dialog.running and "looking" not in states(dialog).values()
    assert "stopped" in text(dialog, "login") and dialog.status_note.plain.startswith("Stopped")
    dialog.close()


def test_closed_in_the_middle_nothing_goes_on(silent: int) -> None:
    before = threads()
    dialog = opened(Profile(kind="ssh", name="mute", host="127.0.7.1", port=silent))
    until(lambda: "looking" in states(dialog).values())
    assert threads() - before
    dialog.close()
    # As the event loop of QGIS does it.
    QCoreApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)
    assert sip.isdeleted(dialog)
    # What is in the middle of shaking hands ends with its own limit.
    until(lambda: not threads() - before)


def test_another_profile_can_be_chosen(ssh_server: SshServer, tmp_path: Path) -> None:
    good = profile(ssh_server, tmp_path)
    dialog = opened(LOCAL, profiles=(LOCAL, good))
    chooser = dialog.findChild(QComboBox, "profile")
    assert [chooser.itemText(at) for at in range(2)] == ["This computer", "one Pi"]
    chooser.setCurrentIndex(1)
    until(lambda: ended(dialog) and "login" in states(dialog))
    assert dialog.profile == good and states(dialog)["login"] == "ok"
    dialog.close()


def test_what_is_right_can_be_unfolded(ssh_server: SshServer, tmp_path: Path) -> None:
    long = tmp_path / ("a folder with a long name " * 8)
    dialog = opened(profile(ssh_server, tmp_path, folders=Folders(str(long))))
    until(lambda: ended(dialog))
    label = dialog.findChild(QLabel, "sftp found")
    assert label.text() != text(dialog, "sftp")
    dialog.findChild(QToolButton, "sftp fold").click()
    assert label.text() == text(dialog, "sftp") and str(long) in label.text()
    dialog.close()


def test_an_entry_that_is_not_in_qgis_is_told_and_nothing_begins(
    ssh_server: SshServer, tmp_path: Path
) -> None:
    dialog = opened(profile(ssh_server, tmp_path, authcfg="zzzzzzz"))
    until(dialog.banner.isVisible)
    assert "zzzzzzz" in dialog.banner.words.text() and not dialog.running
    spy = QSignalSpy(dialog.rejected)
    dialog.findChild(QPushButton, "close").click()
    assert len(spy) == 1
