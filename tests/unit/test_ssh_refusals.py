"""What an SSH server refuses on purpose is no lost connection: servers that answer as OpenSSH's does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Callable, Optional

import paramiko
import pytest

from roadpulse.cluster_client.ssh.connection import Connection
from roadpulse.cluster_client.ssh.errors import ConnectionLost, NoSession, NoShell
from roadpulse.cluster_client.ssh.network import Login, Timeouts

Serve = Callable[["Server"], Connection]


class Server(paramiko.ServerInterface):
    """Lets anybody in; runs commands, and opens `sessions` of them, only if told so."""

    def __init__(self, sessions: int = 10, on_command: Optional[Callable[[], bool]] = None) -> None:
        self.sessions, self._on_command = sessions, on_command

    def get_allowed_auths(self, username: str) -> str:
        return "none"

    def check_auth_none(self, username: str) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        self.sessions -= 1
        if self.sessions < 0:
            return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return self._on_command() if self._on_command else False


class Closed(paramiko.SFTPServer):
    """Says of every file that its share is closed."""

    def _send_status(self, number: int, status: int, text: Optional[str] = None) -> None:
        super()._send_status(number, paramiko.SFTP_FAILURE, "The share is closed for the night")


@pytest.fixture
def serve() -> Iterator[Serve]:
    ends: list[paramiko.Transport] = []

    def begin(interface: Server) -> Connection:
        near, far = socket.socketpair()
        server, client = paramiko.Transport(far), paramiko.Transport(near)
        ends.extend([client, server])
        server.add_server_key(paramiko.ECDSAKey.generate())
        server.set_subsystem_handler("sftp", Closed)
        server.start_server(event=threading.Event(), server=interface)
        client.connect(username="anybody")
        client.auth_none("anybody")
        interface.end = server.close  # type: ignore[attr-defined]
        return Connection(client, Login("lab.example.org"), Timeouts(), None)

    yield begin
    for end in ends:
        end.close()


def test_a_server_that_refuses_commands_is_named_and_the_connection_stays(serve: Serve) -> None:
    connection = serve(Server())
    with pytest.raises(NoShell, match=r"lab\.example\.org may log in but not run commands"):
        connection.run("echo\n")
    assert connection.alive


def test_a_server_that_refuses_sessions_is_named_and_the_connection_stays(serve: Serve) -> None:
    connection = serve(Server(sessions=0))
    with pytest.raises(NoSession, match="MaxSessions"):
        connection.run("echo\n")
    with pytest.raises(NoSession, match="MaxSessions"):
        connection.sftp()
    assert connection.alive


def test_a_server_that_ends_the_connection_at_a_command_is_lost(serve: Serve) -> None:
    def end() -> bool:
        server.end()  # type: ignore[attr-defined]
        return False

    server = Server(on_command=end)
    connection = serve(server)
    with pytest.raises(ConnectionLost):
        connection.run("echo\n")
    assert not connection.alive


def test_words_of_the_server_are_no_sign_of_a_lost_connection(serve: Serve) -> None:
    connection = serve(Server())
    with pytest.raises(OSError, match="closed for the night"), connection.guarded():
        connection.sftp().stat("/share/trips")
    assert connection.alive
