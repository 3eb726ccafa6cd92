"""SSH: the host to log in to, as whom, and how the host proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.PyQt.QtCore import pyqtSignal

from ....cluster_client.backends.base.backend_type import FormSection
from ....mapping.language import tr
from ....workflow import locations, requirements
from ...background.tasks import LatestTask, Task
from ...widgets.notes import Note
from .fields import AuthField, NumberField, PathField, TextField
from .section import ProfileSection

if TYPE_CHECKING:
    from ....cluster_client.backends.base.backend_type import BackendType
    from ....cluster_client.ssh.network import Login


class SshSection(ProfileSection):
    """Host, user and key."""

    def __init__(self) -> None:
        super().__init__(FormSection.SSH, tr("SSH"))
        self.host = TextField(
            "host", "pi0.example.org",
            tr("The computer to log in to: the head of the cluster. A name of your ~/.ssh/config will do."),
        )  # fmt: skip
        self.host.hint = lambda host: self._ways.get(host, "")
        self._ways: dict[str, str] = {}
        self.port = NumberField("port", 1, 65535, "")
        self.key_path = PathField(
            "key_path", tr("the SSH agent, then the usual keys in ~/.ssh"),
            tr("A private key (not its .pub). Empty: the SSH agent and the usual keys are tried."),
        )  # fmt: skip
        self.authcfg = AuthField(
            "authcfg", ("Basic",),
            tr(
                "User and password, kept encrypted by QGIS. With a key file the password is the key's "
                "passphrase."
            ),
        )  # fmt: skip
        self.add(tr("Host"), self.host, tr("port"), self.port)
        self.add(
            tr("User"),
            TextField("user", tr("the one of the password, or your name here")),
        )
        self.add(tr("Key file"), self.key_path)
        self.add(tr("Password"), self.authcfg)

    def suit(self, kind: BackendType) -> None:
        """Show the fields for a backend type; with runs in a bucket the SSH host is optional."""
        super().suit(kind)
        self.intro.show_text(
            tr("Files are sent and fetched over SSH. Leave the host empty if the runs lie in a bucket.")
            if kind.runs_in_buckets
            else ""
        )

    def show_config(self, host: str, words: str) -> None:
        """Say what ~/.ssh/config makes of a host; empty for nothing."""
        self._ways = {host: words}
        if not self.host.faulty:
            self.host.show_fault("")

    def refresh(self) -> None:
        """Label the password as the passphrase of the key file, if there is one."""
        self.authcfg.good = tr("Its password opens the key file.") if self.key_path.value() else ""


class HostKeySection(ProfileSection):
    """The address of the host, and the keys by which it is known.

    `found` carries a host, and a text on what ~/.ssh/config makes of it.
    """

    found = pyqtSignal(str, str)

    def __init__(self) -> None:
        super().__init__(FormSection.HOST_KEY, tr("Jump host and host key"), folded=True)
        self.host_key = TextField(
            "host_key", tr("SHA256:…  (empty: you are asked at the first connection)"),
            tr("The fingerprint that ssh-keygen -lf shows for the host's key. Only that key will do then."),
        )  # fmt: skip
        self.add(
            tr("Jump host"),
            TextField(
                "jump_host", "user@gateway.example.org:22",
                tr("A computer to go through, where the cluster is not reached directly."),
            ),
        )  # fmt: skip
        self.add(tr("Host key"), self.host_key)
        self.known = Note()
        self.known.setObjectName("known keys")
        self.add_note(self.known)
        self._address: Optional[tuple[str, int]] = None
        self._asker = LatestTask(tr("Reading known host keys"), self, wait=200)
        self._asker.done.connect(self._show_answer)
        self._asker.failed.connect(lambda _error: self._show_known([]))
        self.known.clicked.connect(self._forget)

    def show_host(self, host: str, port: int) -> None:
        """Say by which keys a host is known on this computer."""
        if (host, port) == self._address:
            return
        self._address = (host, port)
        self._show_known([])
        if host and not requirements.missing(("paramiko",)):
            self._asker.submit(lambda _task: _look_up(host, port))

    @property
    def busy(self) -> bool:
        """True while the known keys are being read."""
        return self._asker.busy

    def forget(self) -> None:
        """Stop looking."""
        self._asker.forget()

    def _show_known(self, known: list[Any]) -> None:
        if not known:
            self.known.show_text("")
            return
        key = known[0]
        text = tr("Known here: {kind} {fingerprint}, in {file}.").format(
            kind=key.kind, fingerprint=key.fingerprint, file=_short(str(key.path))
        )
        own = any(one.path == locations.known_hosts() for one in known)
        self.known.show_text(text, tr("Forget it") if own else "", "forget")

    def _show_answer(self, answer: tuple[str, str, list[Any]]) -> None:
        host, words, keys = answer
        self.found.emit(host, words)
        self._show_known(keys)

    def _forget(self, _name: str) -> None:
        if self._address is None:
            return
        host, port = self._address

        def forget(_task: Task) -> tuple[str, str, list[Any]]:
            login = _login(host, port)
            _known_hosts().forget(login.host, login.port)
            return _look_up(host, port)

        self._asker.submit(forget)


def _look_up(host: str, port: int) -> tuple[str, str, list[Any]]:
    """Return the host, a text on what ~/.ssh/config makes of it, and the keys by which it is known."""
    login = _login(host, port)
    if login.fault:
        return host, login.fault, []
    words = ""
    if (login.host, login.port, login.usual_user) != (host, port, "") or login.jump is not None:
        through = tr(" through {host}").format(host=login.jump) if login.jump is not None else ""
        user = f"{login.usual_user}@" if login.usual_user else ""
        words = tr("In ~/.ssh/config: {login}{through}").format(login=f"{user}{login}", through=through)
    return host, words, list(_known_hosts().keys(login.host, login.port))


def _login(host: str, port: int) -> Login:
    from ....cluster_client.ssh.network import Login  # noqa: PLC0415  (needs paramiko)

    return Login.at(host, port)


def _known_hosts() -> Any:
    from ....cluster_client.ssh.known_hosts import KnownHosts  # noqa: PLC0415  (needs paramiko)

    return KnownHosts(locations.known_hosts())


def _short(path: str) -> str:
    """Return a path below the home as a person would write it."""
    home = str(Path.home())
    return f"~{path[len(home) :]}" if home != "/" and path.startswith(home) else path
