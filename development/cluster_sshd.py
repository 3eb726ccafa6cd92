"""An SSH server with keys of its own, on a loopback address and a high port."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .cluster_daemons import Daemon


@dataclass(frozen=True)
class Sshd:
    """A server in `folder` that lets the present user in with `user_key`, and asks for nothing else.

    `environment` is what its sessions have besides.
    """

    folder: Path
    port: int
    host: str = "127.0.0.1"
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def daemon(self) -> Daemon:
        return Daemon(self.folder, "sshd")

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def host_key(self) -> Path:
        return self.folder / "host_key"

    @property
    def user_key(self) -> Path:
        return self.folder / "user_key"

    @property
    def authorized_keys(self) -> Path:
        return self.folder / "authorized_keys"

    @property
    def known_hosts(self) -> Path:
        """A known_hosts file with the server's key."""
        return self.folder / "known_hosts"

    @property
    def fingerprint(self) -> str:
        """The host key's fingerprint, as `ssh` shows it; the server has to have been started once."""
        answer = subprocess.run(
            ["ssh-keygen", "-l", "-f", str(self.host_key)], check=True, capture_output=True, text=True
        )
        return answer.stdout.split()[1]

    def start(self) -> None:
        """Make the keys where they are missing, start the server and wait until it answers."""
        if self.daemon.process():
            return
        program = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not program:
            raise RuntimeError("sshd was not found; install openssh-server")
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd insists on it
        for key in (self.host_key, self.user_key):
            make_key(key)
        self.authorized_keys.write_bytes(self.user_key.with_suffix(".pub").read_bytes())
        public = self.host_key.with_suffix(".pub").read_text(encoding="ascii")
        self.known_hosts.write_text(f"[{self.host}]:{self.port} {public}", encoding="ascii")
        config = self.folder / "sshd_config"
        config.write_text(self.config(), encoding="utf-8")
        self.daemon.start([program, "-D", "-e", "-f", str(config)])
        end = time.monotonic() + 120
        while not self.answers():
            if time.monotonic() > end or not self.daemon.process():
                raise RuntimeError(f"sshd did not come up:\n{self.daemon.said()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server and every session on it."""
        self.daemon.stop()

    def config(self) -> str:
        """Return the server's configuration."""
        return "".join(
            f"{line}\n"
            for line in (
                f"ListenAddress {self.host}:{self.port}",
                f'HostKey "{self.host_key}"',
                f'AuthorizedKeysFile "{self.authorized_keys}"',
                "PidFile none",
                "StrictModes no",  # the folder may lie below one that others can write to
                "UsePAM no",
                "UseDNS no",
                "PermitRootLogin prohibit-password",
                "PasswordAuthentication no",
                "KbdInteractiveAuthentication no",
                "AllowTcpForwarding yes",
                "MaxStartups 50",
                "LogLevel VERBOSE",
                "Subsystem sftp internal-sftp",
                *(f'SetEnv "{name}={value}"' for name, value in self.environment.items()),
            )
        )

    def answers(self) -> bool:
        """Return True if the address answers as an SSH server."""
        try:
            with socket.create_connection((self.host, self.port), timeout=2) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


def make_key(path: Path, passphrase: str = "") -> None:
    """Make an Ed25519 key, unless it is there."""
    if not path.exists():
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "stand-in", "-f", str(path)],
            check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
