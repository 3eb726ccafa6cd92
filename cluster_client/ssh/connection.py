"""SSH connection with a verified host key and time limits for all operations.

with Connection.open(login, credentials, known_hosts) as connection:
    connection.sftp().listdir(".")
    done = connection.run(script)
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Optional

import paramiko

from ..errors import BackendError
from ..profiles.ssh_credentials import Credentials
from .authentication import authenticate
from .errors import ConnectionLost, NoRoute, NoSession, NoSftp, NoShell, NoSsh, ShellPrints, TimedOut
from .known_hosts import KnownHosts
from .network import TIMEOUTS, Login, Timeouts, dial, proxy_command_hint, resolve

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # errors are raised

KEEPALIVE_SECONDS = 30
SHELL = "exec /bin/sh -s"
"""The only command that is sent. Scripts are passed on its standard input, so that nothing of a run is in
the process list, and no login shell interprets paths."""

_LONGEST_ANSWER = 16 << 20
_CLOSED = "Socket is closed"
"""Text of paramiko's error for a closed channel; other texts without a number are the server's."""


@dataclass(frozen=True)
class Done:
    """Result of a command: exit `code` (-1 if the server has sent none) and output `out`."""

    code: int
    out: str


class Connection:
    """An open and authenticated connection; a context manager. Calls raise the errors of `errors`."""

    def __init__(
        self, transport: paramiko.Transport, login: Login, timeouts: Timeouts, jump: Optional[Connection]
    ) -> None:
        self._transport, self._jump = transport, jump
        self._sftp: Optional[paramiko.SFTPClient] = None
        self._lock, self._transfer = threading.Lock(), threading.RLock()
        self.login, self.timeouts = login, timeouts

    @classmethod
    def open(
        cls,
        login: Login,
        credentials: Credentials,
        known_hosts: KnownHosts,
        timeouts: Timeouts = TIMEOUTS,
        report: Callable[[str], None] = lambda step: None,
    ) -> Connection:
        """Connect, through the jump host if there is one, verify the host key and log in.

        `report` is called with each step that is done: `address`, `port`, `host key`, `login`.
        """
        if login.fault:
            raise BackendError(login.fault)
        jump = None
        if login.jump is not None:
            jump = cls.open(login.jump, credentials.jump or credentials, known_hosts, timeouts)
        try:
            line: Any
            if jump is None:
                with proxy_command_hint(login):
                    address = resolve(login.host, login.port, timeouts.resolve)
                    report("address")
                    line = dial(login, address, timeouts.connect)
            else:
                line = jump.passage(login.host, login.port)
                report("address")
            report("port")
            transport = _shake_hands(login, line, known_hosts, timeouts)
            try:
                report("host key")
                user = login.user or credentials.user or login.usual_user or getpass.getuser()
                authenticate(transport, str(login), user, credentials, login.keys, login.keys_only)
                transport.set_keepalive(KEEPALIVE_SECONDS)
                report("login")
            except BaseException:
                transport.close()
                raise
        except BaseException:
            if jump is not None:
                jump.close()
            raise
        return cls(transport, login, timeouts, jump)

    @property
    def alive(self) -> bool:
        """True if the connection was open at its last use."""
        return bool(self._transport.is_active())

    def sftp(self) -> paramiko.SFTPClient:
        """Return the SFTP client, opened by the first call; use it within `guarded`."""
        with self._lock:
            if self._sftp is None or (self._closed(self._sftp) and self.alive):  # servers may end an idle one
                self._sftp = self._open_sftp()
            return self._sftp

    def run(self, script: str, timeout: Optional[float] = None) -> Done:
        """Run a /bin/sh script and return its result.

        Raises `ConnectionLost` if its end is unknown, `NoSession` and `NoShell` if the server refuses it.
        """
        end = time.monotonic() + (timeout or self.timeouts.answer)
        with self._in_words():
            channel = self._session()
            try:
                channel.settimeout(self.timeouts.answer)
                channel.set_combine_stderr(True)
                try:
                    channel.exec_command(SHELL)  # nosec B601  # a constant
                except paramiko.SSHException as error:
                    if self._answers():
                        raise self._no_shell("", error) from error
                    raise
                _write_stdin(channel, script.encode("utf-8", "surrogateescape"))
                out = _collect(channel, end)
                if not channel.status_event.wait(max(0.1, end - time.monotonic())):
                    raise socket.timeout("no exit code")
                if channel.exit_status == -1 and not self._answers():
                    raise EOFError
                return Done(channel.exit_status, out)
            finally:
                channel.close()

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Serialise file transfers, and convert errors of a broken connection to `ConnectionLost`.

        paramiko's SFTP client is not thread-safe: it drops responses that another thread waits for.
        """
        with self._transfer, self._in_words():
            yield

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        """Convert errors of a broken or silent connection to `ConnectionLost`, and close the connection.

        The server's errors about files (`OSError` with a number, or "Failure") are not converted.
        """
        try:
            yield
        except (EOFError, OSError, paramiko.SSHException, paramiko.sftp.SFTPError) as error:
            if self.broke(error):
                raise self.lost(error) from error
            raise

    def broke(self, error: Exception) -> bool:
        """Return True if an error is the connection's, and not the server's response about a file."""
        if not isinstance(error, OSError) or isinstance(error, socket.timeout) or not self.alive:
            return True
        gone = (errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED, errno.ETIMEDOUT, errno.EBADF)
        return error.errno in gone or str(error) == _CLOSED

    def lost(self, error: Exception) -> ConnectionLost:
        """Close the broken connection, and return the `ConnectionLost` to raise."""
        self.close()
        silent = isinstance(error, socket.timeout) or "timeout" in str(error).lower()
        what = (
            f"did not answer for {self.timeouts.answer:.0f} s"
            if silent
            else "ended the connection, or the network did"
        )
        return ConnectionLost(f"{self.login} {what}. Roadpulse connects again.", repr(error))

    def close(self) -> None:
        """Close the connection; processes on the server continue."""
        self._transport.close()
        if self._jump is not None:
            self._jump.close()

    def __enter__(self) -> Connection:
        """Return the connection itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    @staticmethod
    def _closed(sftp: paramiko.SFTPClient) -> bool:
        channel = sftp.get_channel()
        return channel is None or channel.closed

    def _session(self) -> paramiko.Channel:
        """Return a new session; raises `NoSession` if the server refuses it."""
        try:
            return self._transport.open_session(timeout=self.timeouts.channel)
        except paramiko.ChannelException as error:
            raise NoSession(
                f"{self.login} refuses another session on the same connection. Allow more in its "
                "sshd_config: MaxSessions 10.",
                repr(error),
            ) from error

    def _answers(self) -> bool:
        """Return True if the server still answers: if it opens a session, or refuses one."""
        try:
            self._session().close()
        except NoSession:
            return True
        except (EOFError, OSError, paramiko.SSHException):
            return False
        return True

    def _open_sftp(self) -> paramiko.SFTPClient:
        try:
            channel = self._session()
            channel.settimeout(self.timeouts.channel)
            channel.invoke_subsystem("sftp")
            sftp = paramiko.SFTPClient(channel)
        except (EOFError, OSError, paramiko.SSHException, paramiko.sftp.SFTPError) as error:
            if not self.alive:
                raise self.lost(error) from error
            raise self._why_no_sftp(error) from error
        channel.settimeout(self.timeouts.answer)
        return sftp

    def _why_no_sftp(self, error: Exception) -> Exception:
        """Return why SFTP failed, determined by the user's shell, which starts SFTP on many servers."""
        done = self.run("echo roadpulse-is-here\n", self.timeouts.channel)
        lines = done.out.splitlines()
        if "roadpulse-is-here" not in lines:
            return self._no_shell(" ".join(done.out.split())[:200], error)
        noise = " ".join(line for line in lines if line != "roadpulse-is-here")[:200]
        if noise:
            return ShellPrints(
                f"The shell of {self.login} prints text ({noise!r}) where nobody reads it, and so disturbs "
                "the file transfer. Print it only in interactive shells: in ~/.bashrc put "
                "`case $- in *i*) ;; *) return;; esac` before it.",
                repr(error),
            )
        return NoSftp(
            f"{self.login} offers no file transfer (SFTP). Switch it on in its sshd_config: "
            "Subsystem sftp internal-sftp.",
            repr(error),
        )

    def _no_shell(self, words: str, error: Exception) -> NoShell:
        """Return the error for a user without a shell; `words` are what the server says of it."""
        return NoShell(
            f"The user of {self.login} may log in but not run commands"
            + (f" (the server says: {words})" if words else "")
            + ". Give the user a shell, or choose another user.",
            repr(error),
        )

    def passage(self, host: str, port: int) -> paramiko.Channel:
        """Return a channel to a port of another computer, forwarded by the server."""
        try:
            return self._transport.open_channel(
                "direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=self.timeouts.channel
            )
        except paramiko.ChannelException as error:
            if error.code == 1:
                raise NoSsh(
                    f"{self.login} does not forward connections. Allow it in its sshd_config: "
                    "AllowTcpForwarding yes.",
                    repr(error),
                ) from error
            raise NoRoute(
                f"{self.login} does not reach {host}, port {port}. Check the "
                "name and the port, and whether the computer is switched on.",
                repr(error),
            ) from error
        except (EOFError, OSError, paramiko.SSHException) as error:
            if self._answers():
                raise TimedOut(
                    f"{host}, port {port}, did not answer {self.login} within {self.timeouts.channel:.0f} s. "
                    "Check the name and the port, and whether the computer is switched on.",
                    repr(error),
                ) from error
            raise self.lost(error) from error


class _Transport(paramiko.Transport):
    """Keeps what the server says when it ends the connection, which paramiko only logs."""

    farewell = ""

    def _parse_disconnect(self, message: Any) -> None:
        message.get_int()
        self.farewell = message.get_text()
        message.rewind()
        super()._parse_disconnect(message)  # type: ignore[misc]  # unknown to its type stubs


def _shake_hands(login: Login, line: Any, known_hosts: KnownHosts, timeouts: Timeouts) -> paramiko.Transport:
    """Negotiate encryption and verify the host key, before any secret is sent; return the transport."""
    transport = _Transport(line)
    try:
        transport.banner_timeout = timeouts.banner
        transport.handshake_timeout = timeouts.login
        transport.auth_timeout = timeouts.login
        transport.channel_timeout = timeouts.channel
        _prefer(transport, known_hosts.key_types(login.host, login.port))
        try:
            transport.start_client(timeout=timeouts.banner + timeouts.login)
            key = transport.get_remote_server_key()
        except (EOFError, OSError, paramiko.SSHException) as error:
            silent = "timeout" in repr(error.__context__).lower() + str(error).lower()
            if silent:
                raise TimedOut(
                    f"{login.host} takes connections on port {login.port} and then says nothing. Check the "
                    "port, and whether the computer is overloaded.",
                    repr(error),
                ) from error
            if "protocol version" in str(error):
                raise NoSsh(
                    f"What answers on {login.host}, port {login.port}, does not speak SSH. Check the port.",
                    repr(error),
                ) from error
            if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
                raise NoSsh(
                    f"{login.host} speaks an SSH too old for this computer. Update its SSH server.",
                    repr(error),
                ) from error
            raise ConnectionLost(
                f"{login.host} ended the connection on port {login.port} before the log-in. It may be "
                "restarting or busy: try again in a minute. If this stays, check the port.",
                repr(error),
            ) from error
        known_hosts.check(login.host, login.port, key, login.pinned)
    except BaseException:
        transport.close()
        raise
    return transport


def _prefer(transport: paramiko.Transport, key_types: list[str]) -> None:
    """Prefer the types of host key by which the server is known."""
    wanted: list[str] = []
    for kind in key_types:
        wanted += ["rsa-sha2-512", "rsa-sha2-256"] if kind == "ssh-rsa" else [kind]
    options = transport.get_security_options()
    able = list(options.key_types)
    first = [kind for kind in wanted if kind in able]
    options.key_types = [*first, *(kind for kind in able if kind not in first)]


def _write_stdin(channel: paramiko.Channel, data: bytes) -> None:
    """Write a command's standard input and close it; a command that has ended already reads none of it."""
    try:
        channel.sendall(data)
        channel.shutdown_write()
    except OSError as error:
        if isinstance(error, socket.timeout) or not channel.closed or not channel.get_transport().is_active():
            raise


def _collect(channel: paramiko.Channel, end: float) -> str:
    """Return all output of a command; raises `socket.timeout` if it has not finished by `end`."""
    parts: list[bytes] = []
    size = 0
    while True:
        channel.settimeout(max(0.1, end - time.monotonic()))
        part = channel.recv(1 << 16)
        if not part:
            return b"".join(parts).decode("utf-8", "replace")
        parts.append(part)
        size += len(part)
        if size > _LONGEST_ANSWER or time.monotonic() > end:
            raise socket.timeout("the answer has no end")
