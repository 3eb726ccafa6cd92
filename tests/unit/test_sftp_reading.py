"""Blocks of a remote file, from an SFTP server that answers as the protocol allows and OpenSSH's does not."""

import socket
import threading

import paramiko
import pytest

from roadpulse.cluster_client.ssh.transfer import LARGEST_REQUEST, read_at_once

CONTENT = bytes(range(256)) * 1024
"""Eight requests."""


class Handle(paramiko.SFTPHandle):
    def __init__(self, server):
        super().__init__()
        self._server = server

    def read(self, offset, length):
        return self._server.answer(offset, length)


class Files(paramiko.SFTPServerInterface):
    """One file, whatever the path."""

    def __init__(self, server, answer, asked):
        super().__init__(server)
        self._answer, self._asked = answer, asked

    def open(self, path, flags, attr):
        return Handle(self)

    def answer(self, offset, length):
        self._asked.append(offset)
        return self._answer(offset, length)


class Anybody(paramiko.ServerInterface):
    def get_allowed_auths(self, username):
        return "none"

    def check_auth_none(self, username):
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


@pytest.fixture
def served():
    """Serve a file whose every request is answered as the test says; the client, and what was asked for."""
    ends = []

    def serve(answer):
        near, far = socket.socketpair()
        server, client, asked = paramiko.Transport(far), paramiko.Transport(near), []
        ends.extend([client, server])
        server.add_server_key(paramiko.ECDSAKey.generate())
        server.set_subsystem_handler("sftp", paramiko.SFTPServer, Files, answer, asked)
        server.start_server(event=threading.Event(), server=Anybody())
        client.connect(username="anybody")
        client.auth_none("anybody")
        return paramiko.SFTPClient.from_transport(client), asked

    yield serve
    for end in ends:
        end.close()


def whole(sftp, start, length):
    with sftp.open("any") as file:
        got = b""
        while block := read_at_once(sftp, file, start + len(got), length - len(got)):
            got += block
        return got


def of_the_file(offset, length):
    return CONTENT[offset : offset + length] or paramiko.SFTP_EOF


@pytest.mark.parametrize(
    "start", [0, 1, LARGEST_REQUEST - 1, LARGEST_REQUEST, len(CONTENT) - 1, len(CONTENT)]
)
def test_a_file_comes_from_any_byte_to_its_end_and_nothing_twice(served, start):
    sftp, asked = served(of_the_file)
    with sftp.open("any") as file:
        got = read_at_once(sftp, file, start, len(CONTENT) - start) if start < len(CONTENT) else b""
    assert got == CONTENT[start:]
    assert asked == list(range(start, len(CONTENT), LARGEST_REQUEST))


@pytest.mark.parametrize("most", [1, 1000, LARGEST_REQUEST - 1])
def test_answers_shorter_than_the_request_lose_nothing(served, most):
    sftp, _ = served(lambda offset, length: of_the_file(offset, min(length, most)))
    assert whole(sftp, 7, 3000 if most == 1 else len(CONTENT)) == (
        CONTENT[7:3007] if most == 1 else CONTENT[7:]
    )


def test_a_file_that_became_shorter_ends_where_it_ends(served):
    sftp, _ = served(of_the_file)
    assert whole(sftp, 5, 10 * len(CONTENT)) == CONTENT[5:]
    assert whole(sftp, len(CONTENT), LARGEST_REQUEST) == b""


def test_what_comes_before_a_block_that_cannot_be_read_is_kept_and_then_it_is_an_error(served):
    broken = 3 * LARGEST_REQUEST
    sftp, _ = served(
        lambda offset, length: (
            paramiko.SFTP_PERMISSION_DENIED if offset >= broken else of_the_file(offset, length)
        )
    )
    with sftp.open("any") as file:
        assert read_at_once(sftp, file, 0, len(CONTENT)) == CONTENT[:broken]
        with pytest.raises(PermissionError):
            read_at_once(sftp, file, broken, len(CONTENT) - broken)
        assert read_at_once(sftp, file, 0, broken) == CONTENT[:broken]  # the connection is still in step
