"""A real SSH server for one test, a user of its own, and a network that breaks when it is told to."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from development.ports import free_port
from tests.http_answers import shut
from tests.waiting import until

EXTERNAL_SFTP = "/usr/lib/openssh/sftp-server"
PROGRAM = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin")


def make_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", path.name, "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path


class SshServer:
    """sshd on 127.0.0.1 with its own keys; `lines` are put before its configuration, so they win."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.folder, self.lines = folder, list(lines)
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.host_key = make_key(folder / "host_key")
        self.user_key = make_key(folder / "user_key")
        # Where any user may read it, since sshd does so as the user who logs in.
        self._public = tempfile.TemporaryDirectory(prefix="rpkeys")
        Path(self._public.name).chmod(0o755)
        self.authorized = Path(self._public.name) / "authorized_keys"
        self.trust(self.user_key)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def fingerprint(self) -> str:
        answer = subprocess.run(
            ["ssh-keygen", "-l", "-f", str(self.host_key)], check=True, capture_output=True, text=True
        )
        return answer.stdout.split()[1]

    def trust(self, key: Path) -> None:
        """Let the owner of a key in."""
        with self.authorized.open("ab") as file:
            file.write(Path(f"{key}.pub").read_bytes())
        self.authorized.chmod(0o644)

    def known_hosts(self, port: int = 0) -> str:
        """The line of a known_hosts file, for this port or that of a relay."""
        return f"[127.0.0.1]:{port or self.port} {Path(f'{self.host_key}.pub').read_text()}"

    def renew_host_key(self) -> None:
        for path in (self.host_key, Path(f"{self.host_key}.pub")):
            path.unlink()
        make_key(self.host_key)

    def start(self) -> SshServer:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "config"
        config.write_text(
            "\n".join(
                [
                    *self.lines,
                    f"ListenAddress 127.0.0.1:{self.port}",
                    f'HostKey "{self.host_key}"',
                    f'AuthorizedKeysFile "{self.authorized}"',
                    "PidFile none",
                    "StrictModes no",
                    "UsePAM no",
                    "UseDNS no",
                    "PermitRootLogin prohibit-password",
                    "PasswordAuthentication no",
                    "KbdInteractiveAuthentication no",
                    "MaxStartups 100",
                    "LogLevel VERBOSE",
                    *(["Subsystem sftp internal-sftp"] if "Subsystem" not in str(self.lines) else []),
                    "",
                ]
            )
        )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(PROGRAM), "-D", "-e", "-f", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = self._process
        until(lambda: self._answers() or process.poll() is not None, what=(self.folder / "log").read_text)
        if process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text())
        return self

    def stop(self) -> None:
        """End the server and every session on it; what was started with setsid lives on."""
        if self._process is None:
            return
        sessions = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True
        ).stdout.split()
        parents = dict(zip(map(int, sessions[::2]), map(int, sessions[1::2])))
        family = {self._process.pid}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        leaders = {pid for pid in family if _command(pid).startswith(b"sshd")}
        for pid in {self._process.pid, *leaders}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self._process.wait(timeout=60)
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[SshServer]:
    """An SSH server of this test's own; it lets the present user in with its `user_key`."""
    if not PROGRAM:
        pytest.skip("there is no sshd; install openssh-server")
    server = SshServer(tmp_path / "sshd").start()
    yield server
    server.stop()


class Relay:
    """A way to a server that can be cut, held, and cut by itself after so many bytes, `before_cut` first."""

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self._target = (host, target)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = int(self._listener.getsockname()[1])
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self.open = True
        self.sent = self.received = self.accepted = 0
        self.cut_after_sent: int | None = None
        self.cut_after_received: int | None = None
        self.before_cut: Callable[[], None] = lambda: None
        self.flows = threading.Event()
        self.flows.set()
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, reopen: bool = True) -> None:
        """Break every connection; without `reopen` there is no new one either."""
        self.open = reopen
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            shut(line)

    def close(self) -> None:
        self.flows.set()
        self.cut(reopen=False)
        shut(self._listener)

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            if not self.open:
                near.close()
                continue
            try:
                far = socket.create_connection(self._target, timeout=60)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._lines += [near, far]
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, outward: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 14):
                self.flows.wait()
                sink.sendall(data)
                if outward:
                    self.sent += len(data)
                    if self.cut_after_sent is not None and self.sent >= self.cut_after_sent:
                        self.cut_after_sent = None
                        self.cut()
                else:
                    self.received += len(data)
                    if self.cut_after_received is not None and self.received >= self.cut_after_received:
                        self.cut_after_received = None
                        self.before_cut()
                        self.cut()
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


class User:
    """A user of this computer for the time of a test."""

    def __init__(self, name: str, home: Path, password: str) -> None:
        self.name, self.home, self.password = name, home, password

    def shell(self, program: str) -> None:
        subprocess.run(["usermod", "-s", program, self.name], check=True, capture_output=True)

    def write(self, name: str, text: str) -> None:
        (self.home / name).write_text(text)
        shutil.chown(self.home / name, self.name)


@contextlib.contextmanager
def temporary_user() -> Iterator[User]:
    """Make a user with a password and an empty home; removed afterwards, also one that a killed test left."""
    for line in Path("/etc/passwd").read_text().splitlines():
        name = line.split(":")[0]
        if name.startswith("rptest") and name[6:].isdigit() and not Path(f"/proc/{name[6:]}").exists():
            subprocess.run(["userdel", name], check=False, capture_output=True)
    user = User(
        f"rptest{os.getpid()}", Path(tempfile.mkdtemp(prefix="rptest")), f"Pass-{os.urandom(6).hex()}"
    )
    subprocess.run(
        ["useradd", "-M", "-d", str(user.home), "-s", "/bin/bash", user.name], check=True, capture_output=True
    )
    try:
        subprocess.run(["chpasswd"], input=f"{user.name}:{user.password}\n", text=True, check=True)
        shutil.chown(user.home, user.name)
        yield user
    finally:
        subprocess.run(["userdel", user.name], check=False, capture_output=True)
        shutil.rmtree(user.home, ignore_errors=True)
