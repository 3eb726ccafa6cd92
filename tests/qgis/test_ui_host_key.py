"""The dialog of host keys: an unknown key is compared and kept, a changed one is never taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtTest import QSignalSpy, QTest
from qgis.PyQt.QtWidgets import QAbstractButton, QDialogButtonBox, QLabel, QPushButton

from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.ssh.connection import Connection
from roadpulse.cluster_client.ssh.errors import HostKeyChanged, HostKeyUnknown
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from roadpulse.cluster_client.ssh.network import Login
from roadpulse.ui.diagnosis.host_key_dialog import HostKeyDialog
from roadpulse.workflow import locations
from tests.integration.ssh_server import SshServer


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qgis_app: Any) -> KnownHosts:
    """Known hosts of this test's own."""
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    return KnownHosts(locations.known_hosts())


def connect(ssh_server: SshServer, known: KnownHosts) -> str:
    """Log in and have a command answered."""
    profile = Profile(kind="ssh", name="x", host="127.0.0.1", port=ssh_server.port, user="root")
    credentials = Credentials(key_path=str(ssh_server.user_key))
    connection = Connection.open(Login.of(profile), credentials, known)
    try:
        return connection.sftp().normalize("/")
    finally:
        connection.close()


def refusal(ssh_server: SshServer, known: KnownHosts) -> Any:
    with pytest.raises((HostKeyUnknown, HostKeyChanged)) as caught:
        connect(ssh_server, known)
    return caught.value


def words(dialog: HostKeyDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_a_key_that_a_person_accepts_lets_the_next_connection_in(
    ssh_server: SshServer, known: KnownHosts
) -> None:
    dialog = HostKeyDialog(refusal(ssh_server, known))
    dialog.show()
    assert ssh_server.fingerprint == dialog.findChild(QLabel, "fingerprint").text()
    assert {"127.0.0.1", str(ssh_server.port), "ssh-ed25519"} <= set(words(dialog).replace(",", "").split())
    spy = QSignalSpy(dialog.accepted)
    dialog.findChild(QPushButton, "accept").click()
    assert len(spy) == 1
    assert [key.fingerprint for key in known.keys("127.0.0.1", ssh_server.port)] == [ssh_server.fingerprint]
    assert connect(ssh_server, known) == "/"


def test_a_key_is_not_accepted_by_enter_or_escape(ssh_server: SshServer, known: KnownHosts) -> None:
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        dialog = HostKeyDialog(refusal(ssh_server, known))
        dialog.show()
        spy = QSignalSpy(dialog.rejected)
        QTest.keyClick(dialog, key)
        assert len(spy) == 1
        assert not locations.known_hosts().exists()


def test_the_command_to_compare_with_can_be_copied(known: KnownHosts) -> None:
    error = HostKeyUnknown("", host="pi0", port=22, key_type="ssh-rsa", fingerprint="SHA256:x", key="y")
    dialog = HostKeyDialog(error)
    dialog.findChild(QPushButton, "copy").click()
    assert QGuiApplication.clipboard().text() == "ssh-keygen -lf /etc/ssh/ssh_host_rsa_key.pub"
    dialog.close()


def test_a_changed_key_is_shown_and_never_accepted(ssh_server: SshServer, known: KnownHosts) -> None:
    known.accept(refusal(ssh_server, known))
    before, kept = ssh_server.fingerprint, locations.known_hosts().read_text()
    ssh_server.stop()
    ssh_server.renew_host_key()
    ssh_server.start()
    dialog = HostKeyDialog(refusal(ssh_server, known))
    told = words(dialog)
    assert ssh_server.fingerprint in told and before in told and str(locations.known_hosts()) in told
    roles = {dialog.findChild(QDialogButtonBox).buttonRole(b) for b in dialog.findChildren(QAbstractButton)}
    assert not roles & {QDialogButtonBox.ButtonRole.AcceptRole, QDialogButtonBox.ButtonRole.YesRole}
    dialog.accept()
    assert locations.known_hosts().read_text() == kept
    dialog.close()


def test_a_key_that_cannot_be_kept_is_said_and_the_dialog_stays(tmp_path: Path, known: KnownHosts) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    error = HostKeyUnknown("", host="pi0", port=22, key_type="ssh-rsa", fingerprint="SHA256:x", key="y")
    dialog = HostKeyDialog(error)
    dialog.show()
    spy = QSignalSpy(dialog.accepted)
    dialog.findChild(QPushButton, "accept").click()
    assert not spy
    assert dialog.isVisible() and "cannot be kept" in dialog.banner.words.text()
    dialog.close()


def test_a_forgotten_key_is_unknown_again_and_the_others_stay(
    ssh_server: SshServer, known: KnownHosts
) -> None:
    other = HostKeyUnknown("", host="pi0", port=22, key_type="ssh-rsa", fingerprint="SHA256:x", key="AAAA")
    known.accept(other)
    known.accept(refusal(ssh_server, known))
    assert known.forget("127.0.0.1", ssh_server.port)
    assert not known.forget("127.0.0.1", ssh_server.port)
    assert isinstance(refusal(ssh_server, known), HostKeyUnknown)
    assert locations.known_hosts().read_text() == "pi0 ssh-rsa AAAA\n"
