"""SSH: the host to log in to, as whom, and how the host proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from ...algorithms import locations, requirements
from ..notes import Note
from ..tasks import Latest, Task
from ..words import tr
from .fields import CLUSTERS, AuthField, NumberField, PathField, TextField
from .section import ProfileSection


class SshSection(ProfileSection):
    """Host, user and key."""

    def __init__(self) -> None:
        super().__init__(tr("SSH"), CLUSTERS)
        self.host = TextField(
            "host", "pi0.example.org", CLUSTERS, tr("The computer to log in to: the head of the cluster.")
        )
        self.port = NumberField("port", 1, 65535, "", CLUSTERS)
        self.key_path = PathField(
            "key_path", tr("the SSH agent, then the usual keys in ~/.ssh"), CLUSTERS,
            tr("A private key (not its .pub). Empty: the SSH agent and the usual keys are tried."),
        )  # fmt: skip
        self.authcfg = AuthField(
            "authcfg", ("Basic",), CLUSTERS,
            tr(
                "User and password, kept encrypted by QGIS. With a key file the password is the key's "
                "passphrase."
            ),
        )  # fmt: skip
        self.add(tr("Host"), self.host, tr("port"), self.port)
        self.add(
            tr("User"),
            TextField("user", tr("the one of the password, or your name here"), CLUSTERS),
        )
        self.add(tr("Key file"), self.key_path)
        self.add(tr("Password"), self.authcfg)

    def show_kind(self, kind: str) -> None:
        """Through Livy the SSH host only keeps files and may lead to Livy."""
        super().show_kind(kind)
        self.intro.say(
            tr("Files are sent and fetched over SSH. Leave the host empty if the runs lie in a bucket.")
            if kind == "livy"
            else ""
        )

    def look(self) -> None:
        """With a key file the password is its passphrase."""
        self.authcfg.good = tr("Its password opens the key file.") if self.key_path.value() else ""


class HostKeySection(ProfileSection):
    """The way there, and the key by which the host is known."""

    def __init__(self) -> None:
        super().__init__(tr("Jump host and host key"), CLUSTERS, folded=True)
        self.host_key = TextField(
            "host_key", tr("SHA256:…  (empty: you are asked at the first connection)"), CLUSTERS,
            tr("The fingerprint that ssh-keygen -lf shows for the host's key. Only that key will do then."),
        )  # fmt: skip
        self.add(
            tr("Jump host"),
            TextField(
                "jump_host", "user@gateway.example.org:22", CLUSTERS,
                tr("A computer to go through, where the cluster is not reached directly."),
            ),
        )  # fmt: skip
        self.add(tr("Host key"), self.host_key)
        self.known = Note()
        self.known.setObjectName("known keys")
        self.say_under(self.known)
        self._place: Optional[tuple[str, int]] = None
        self._asker = Latest(tr("Reading known host keys"), self, wait=200)
        self._asker.done.connect(self._tell)
        self._asker.failed.connect(lambda _error: self._tell([]))
        self.known.clicked.connect(self._forget)

    def show_place(self, host: str, port: int) -> None:
        """Say by which keys a host is known on this computer."""
        if (host, port) == self._place:
            return
        self._place = (host, port)
        self._tell([])
        if host and not requirements.missing(("paramiko",)):
            self._asker.ask(lambda _task: _known_hosts().keys(host, port))

    @property
    def busy(self) -> bool:
        """Whether the known keys are still being read."""
        return self._asker.busy

    def forget(self) -> None:
        """Stop looking."""
        self._asker.forget()

    def _tell(self, known: list[Any]) -> None:
        if not known:
            self.known.say("")
            return
        key = known[0]
        text = tr("Known here: {kind} {fingerprint}, in {file}.").format(
            kind=key.kind, fingerprint=key.fingerprint, file=_short(str(key.path))
        )
        own = any(one.path == locations.known_hosts() for one in known)
        self.known.say(text, tr("Forget it") if own else "", "forget")

    def _forget(self, _name: str) -> None:
        if self._place is None:
            return
        host, port = self._place

        def forget(_task: Task) -> list[Any]:
            known = _known_hosts()
            known.forget(host, port)
            return list(known.keys(host, port))

        self._asker.ask(forget)


def _known_hosts() -> Any:
    from ...cluster_client.ssh.known_hosts import KnownHosts  # noqa: PLC0415  (needs paramiko)

    return KnownHosts(locations.known_hosts())


def _short(path: str) -> str:
    """A path below the home as a person would write it."""
    home = str(Path.home())
    return f"~{path[len(home) :]}" if home != "/" and path.startswith(home) else path
