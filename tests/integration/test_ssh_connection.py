"""Connecting to a real SSH server: who is let in, what is refused, and how it is said."""

import os
import socket
import subprocess
import threading
import time

import paramiko
import pytest

from development.ports import free_port
from roadpulse.cluster_client.errors import BackendError, Unreachable
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.ssh.connection import Connection
from roadpulse.cluster_client.ssh.errors import (
    ConnectionLost,
    ConnectionRefused,
    HostKeyChanged,
    HostKeyUnknown,
    KeyUnusable,
    LoginFailed,
    NameUnknown,
    NoRoute,
    NoSession,
    NoSftp,
    NoShell,
    NoSsh,
    RemoteFault,
    ShellPrints,
    TimedOut,
)
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from roadpulse.cluster_client.ssh.network import Login, Timeouts
from roadpulse.cluster_client.ssh.transfer import SftpFiles
from tests.integration.ssh_server import EXTERNAL_SFTP, SshServer, make_key
from tests.waiting import until

QUICK = Timeouts(connect=1, banner=1)
"""For what never answers; whoever does may take its time on a busy computer."""
ME = "root" if os.geteuid() == 0 else os.environ.get("USER", "")


@pytest.fixture
def known(tmp_path, ssh_server):
    """The server is known."""
    (tmp_path / "known_hosts").write_text(ssh_server.known_hosts())
    return KnownHosts(tmp_path / "known_hosts", ())


def login(port, user=ME, **more):
    return Login("127.0.0.1", port, user, **more)


def key(server):
    return Credentials(key_path=str(server.user_key))


def says_who(connection):
    return connection.run("id -un\n").out.strip()


# -- letting in ---------------------------------------------------------------------------------------


def test_a_key_file_lets_the_user_in(ssh_server, known):
    with Connection.open(login(ssh_server.port), key(ssh_server), known) as connection:
        assert says_who(connection) == ME


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_a_key_with_a_passphrase_lets_the_user_in(ssh_server, known, tmp_path, kind):
    locked = make_key(tmp_path / "locked", "open sésame", kind)
    ssh_server.trust(locked)
    given = Credentials(key_path=str(locked), passphrase="open sésame")
    with Connection.open(login(ssh_server.port), given, known) as connection:
        assert says_who(connection) == ME


def test_the_agent_lets_the_user_in(ssh_server, known, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    told = subprocess.run(
        ["ssh-agent", "-s", "-a", str(tmp_path / "agent")], capture_output=True, text=True, check=True
    )
    agent = int(told.stdout.split("SSH_AGENT_PID=")[1].split(";")[0])
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        subprocess.run(["ssh-add", "-q", str(ssh_server.user_key)], check=True)
        with Connection.open(login(ssh_server.port), Credentials(), known) as connection:
            assert says_who(connection) == ME
    finally:
        os.kill(agent, 15)


def test_the_usual_key_of_this_computer_lets_the_user_in(ssh_server, known, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    ssh_server.trust(make_key(tmp_path / ".ssh/id_ed25519"))
    with Connection.open(login(ssh_server.port), Credentials(), known) as connection:
        assert says_who(connection) == ME


@pytest.mark.parametrize("moment", ["before it is asked", "before it answers"])
def test_a_log_in_that_is_cut_off_is_a_lost_connection_and_no_refusal(
    ssh_server, relay, tmp_path, monkeypatch, moment
):
    known_hosts = tmp_path / "by relay"
    known_hosts.write_text(ssh_server.known_hosts(relay.port))
    real = paramiko.Transport.auth_publickey

    def ask(transport, *those):
        if moment == "before it is asked":
            relay.cut()
        else:
            relay.cut_after_sent = relay.sent + 1
        return real(transport, *those)

    monkeypatch.setattr(paramiko.Transport, "auth_publickey", ask)
    with pytest.raises(ConnectionLost, match="ended the connection"):
        Connection.open(login(relay.port), key(ssh_server), KnownHosts(known_hosts, ()))


def test_a_server_that_takes_one_key_alone_refuses_a_wrong_one_and_is_not_lost(tmp_path):
    server = SshServer(tmp_path / "strict", "MaxAuthTries 1").start()
    try:
        (tmp_path / "known_hosts").write_text(server.known_hosts())
        wrong = Credentials(key_path=str(make_key(tmp_path / "wrong")))
        with pytest.raises(LoginFailed, match="refused the log-in"):
            Connection.open(login(server.port), wrong, KnownHosts(tmp_path / "known_hosts", ()))
    finally:
        server.stop()


def with_passwords(tmp_path):
    return SshServer(tmp_path / "with passwords", "PasswordAuthentication yes").start()


def test_a_password_lets_the_user_in_and_a_wrong_one_does_not(tmp_path, other_user):
    server = with_passwords(tmp_path)
    try:
        (tmp_path / "known_hosts").write_text(server.known_hosts())
        known = KnownHosts(tmp_path / "known_hosts", ())
        where = login(server.port, other_user.name)
        with Connection.open(where, Credentials(password=other_user.password), known) as connection:
            assert says_who(connection) == other_user.name
        for wrong in ("wrong", ""):
            with pytest.raises(LoginFailed, match="with the password") as caught:
                Connection.open(where, Credentials(password=wrong), known)
            assert not caught.value.retry
            assert not wrong or wrong not in caught.value.message + caught.value.detail
    finally:
        server.stop()


def test_a_server_that_wants_key_and_password_gets_both(tmp_path, other_user):
    server = SshServer(
        tmp_path / "both", "PasswordAuthentication yes", "AuthenticationMethods publickey,password"
    ).start()
    try:
        (tmp_path / "known_hosts").write_text(server.known_hosts())
        known = KnownHosts(tmp_path / "known_hosts", ())
        where = login(server.port, other_user.name)
        both = Credentials(key_path=str(server.user_key), password=other_user.password)
        with Connection.open(where, both, known) as connection:
            assert says_who(connection) == other_user.name
        with pytest.raises(LoginFailed, match=r"accepts: password"):
            Connection.open(where, key(server), known)
    finally:
        server.stop()


def test_a_jump_host_leads_to_a_server_behind_it(tmp_path, ssh_server):
    door = SshServer(tmp_path / "door").start()
    door.trust(ssh_server.user_key)
    try:
        (tmp_path / "known_hosts").write_text(ssh_server.known_hosts() + door.known_hosts())
        known = KnownHosts(tmp_path / "known_hosts", ())
        by = login(door.port)
        with Connection.open(login(ssh_server.port, jump=by), key(ssh_server), known) as connection:
            # The server sees the door's address and port, not ours.
            seen = connection.run("echo $SSH_CONNECTION\n").out.split()
            assert seen[3] == str(ssh_server.port)
        with pytest.raises(NoRoute, match=r"does not reach 127\.0\.0\.1, port"):
            Connection.open(login(free_port(), jump=by), key(ssh_server), known)
    finally:
        door.stop()


def test_a_name_of_the_ssh_configuration_leads_through_its_jump_host_with_its_key(tmp_path, ssh_server):
    door = SshServer(tmp_path / "door").start()
    door.trust(ssh_server.user_key)
    try:
        (tmp_path / "known_hosts").write_text(ssh_server.known_hosts() + door.known_hosts())
        (tmp_path / "config").write_text(
            f"Host pi\n  HostName 127.0.0.1\n  Port {ssh_server.port}\n  User {ME}\n  ProxyJump door\n"
            f"Host door\n  HostName 127.0.0.1\n  Port {door.port}\n"
            f"Host *\n  IdentityFile {ssh_server.user_key}\n  IdentitiesOnly yes\n"
        )
        there = Login.of(Profile(kind="ssh", name="x", host="pi"), tmp_path / "config")
        with Connection.open(there, Credentials(), KnownHosts(tmp_path / "known_hosts", ())) as connection:
            assert says_who(connection) == ME
            assert connection.run("echo $SSH_CONNECTION\n").out.split()[3] == str(ssh_server.port)
    finally:
        door.stop()


def test_a_way_by_a_program_is_named_where_there_is_no_other(tmp_path, known):
    (tmp_path / "config").write_text(
        f"Host pi\n  HostName 127.0.0.1\n  Port {free_port()}\n  ProxyCommand touch {tmp_path / 'ran'}\n"
    )
    there = Login.of(Profile(kind="ssh", name="x", host="pi"), tmp_path / "config")
    with pytest.raises(ConnectionRefused, match=r"a program \(ProxyCommand\), which Roadpulse does not run"):
        Connection.open(there, Credentials(), known, QUICK)
    assert not (tmp_path / "ran").exists()


def test_a_jump_host_that_forwards_nothing_is_named(tmp_path, ssh_server):
    door = SshServer(tmp_path / "door", "AllowTcpForwarding no").start()
    try:
        (tmp_path / "known_hosts").write_text(ssh_server.known_hosts() + door.known_hosts())
        known = KnownHosts(tmp_path / "known_hosts", ())
        with pytest.raises(NoSsh, match="AllowTcpForwarding"):
            Connection.open(login(ssh_server.port, jump=login(door.port)), key(door), known)
    finally:
        door.stop()


# -- refusing -----------------------------------------------------------------------------------------


def test_a_wrong_key_is_refused_with_what_to_do(ssh_server, known, tmp_path):
    other = make_key(tmp_path / "other")
    with pytest.raises(LoginFailed, match="authorized_keys") as caught:
        Connection.open(login(ssh_server.port), Credentials(key_path=str(other)), known)
    assert str(other) in caught.value.message
    assert not caught.value.retry


@pytest.mark.parametrize(("passphrase", "words"), [("wrong-7", "does not fit"), (None, "is locked")])
def test_a_wrong_passphrase_is_said_and_not_repeated(ssh_server, known, tmp_path, passphrase, words):
    locked = make_key(tmp_path / "locked", "right")
    ssh_server.trust(locked)
    with pytest.raises(KeyUnusable, match=words) as caught:
        Connection.open(
            login(ssh_server.port), Credentials(key_path=str(locked), passphrase=passphrase), known
        )
    assert "wrong-7" not in caught.value.message + caught.value.detail


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no key file"), (b"hello", "no private key"), (b"PuTTY-User-Key-File-3: x", "PuTTY")],
)
def test_a_key_file_that_is_none_is_said(ssh_server, known, tmp_path, content, words):
    if content:
        (tmp_path / "odd").write_bytes(content)
    with pytest.raises(KeyUnusable, match=words):
        Connection.open(login(ssh_server.port), Credentials(key_path=str(tmp_path / "odd")), known)


def test_nothing_to_log_in_with_is_said(ssh_server, known, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(LoginFailed, match="no key, no agent, no password"):
        Connection.open(login(ssh_server.port), Credentials(), known)


def test_an_unknown_host_is_refused_until_a_person_accepts_its_fingerprint(ssh_server, tmp_path):
    known = KnownHosts(tmp_path / "own/known_hosts", ())
    with pytest.raises(HostKeyUnknown) as caught:
        Connection.open(login(ssh_server.port), key(ssh_server), known)
    shown = caught.value
    assert (shown.host, shown.port, shown.key_type) == ("127.0.0.1", ssh_server.port, "ssh-ed25519")
    assert shown.fingerprint == ssh_server.fingerprint
    assert ssh_server.fingerprint in shown.message
    known.accept(shown)
    Connection.open(login(ssh_server.port), key(ssh_server), known).close()
    # OpenSSH reads the same file.
    found = subprocess.run(
        ["ssh-keygen", "-F", f"[127.0.0.1]:{ssh_server.port}", "-f", str(known.own)],
        capture_output=True,
        check=False,
    )
    assert found.returncode == 0


def test_an_unknown_host_is_sent_nothing_secret(ssh_server, tmp_path):
    with pytest.raises(HostKeyUnknown):
        Connection.open(login(ssh_server.port), key(ssh_server), KnownHosts(tmp_path / "none", ()))
    log = (ssh_server.folder / "log").read_text()
    assert "Accepted" not in log and "Failed" not in log


def test_a_changed_host_key_is_a_hard_stop(ssh_server, known):
    before = ssh_server.fingerprint
    ssh_server.stop()
    ssh_server.renew_host_key()
    ssh_server.start()
    with pytest.raises(HostKeyChanged, match="another key than before") as caught:
        Connection.open(login(ssh_server.port), key(ssh_server), known)
    assert before in caught.value.message and ssh_server.fingerprint in caught.value.message
    assert not caught.value.retry


def test_a_fingerprint_in_the_profile_stands_for_a_known_host(ssh_server, tmp_path):
    nowhere = KnownHosts(tmp_path / "none", ())
    right = login(ssh_server.port, pinned=ssh_server.fingerprint)
    Connection.open(right, key(ssh_server), nowhere).close()
    with pytest.raises(HostKeyChanged, match="The profile says"):
        Connection.open(login(ssh_server.port, pinned="SHA256:" + "A" * 43), key(ssh_server), nowhere)


# -- not reached --------------------------------------------------------------------------------------


def test_a_name_without_address_is_said(known):
    with pytest.raises(NameUnknown, match=r"no-such-pi\.invalid") as caught:
        Connection.open(Login("no-such-pi.invalid"), Credentials(), known, QUICK)
    assert caught.value.retry  # without a network no name has an address


def test_a_port_where_nobody_listens_is_said(known):
    port = free_port()
    with pytest.raises(ConnectionRefused, match=f"not on port {port}") as caught:
        Connection.open(login(port), Credentials(), known, QUICK)
    assert caught.value.retry


@pytest.fixture
def silent():
    """The port of a computer that answers nobody, as its queue of connections is full."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        try:
            for line in waiting:
                line.setblocking(False)
                line.connect_ex(address)
            yield address[1]
        finally:
            for line in waiting:
                line.close()


def test_a_computer_that_does_not_answer_is_given_up_in_time(known, silent):
    began = time.monotonic()
    with pytest.raises(TimedOut, match="did not answer within 1 s"):
        Connection.open(login(silent), Credentials(), known, QUICK)
    assert time.monotonic() - began < 60


def test_a_computer_behind_the_server_that_does_not_answer_is_no_lost_connection(ssh_server, known, silent):
    with Connection.open(login(ssh_server.port), key(ssh_server), known) as connection:
        connection.timeouts = Timeouts(channel=1)
        with pytest.raises(TimedOut, match=rf"127\.0\.0\.1, port {silent}, did not answer .* within 1 s"):
            connection.passage("127.0.0.1", silent)
        assert says_who(connection) == ME


@pytest.mark.parametrize(
    ("greeting", "error", "words"),
    [(b"", TimedOut, "says nothing"), (b"HTTP/1.1 400 Bad Request\r\n" * 200, NoSsh, "does not speak SSH")],
)
def test_something_else_than_ssh_is_given_up_in_time(known, greeting, error, words):
    with socket.create_server(("127.0.0.1", 0)) as other:
        lines = []

        def answer():
            lines.append(other.accept()[0])
            lines[0].sendall(greeting)

        threading.Thread(target=answer, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(error, match=words):
            Connection.open(login(other.getsockname()[1]), Credentials(), known, QUICK)
        assert time.monotonic() - began < 60


# -- shells and file transfer ---------------------------------------------------------------------------


@pytest.fixture
def shell_server(tmp_path, other_user):
    """A server as Debian sets it up: file transfer is a program that the user's shell starts."""
    server = SshServer(tmp_path / "shells", f"Subsystem sftp {EXTERNAL_SFTP}").start()
    (tmp_path / "known_hosts").write_text(server.known_hosts())
    other_user.shell("/bin/bash")
    other_user.write(".bashrc", "")

    def connect():
        return Connection.open(
            login(server.port, other_user.name), key(server), KnownHosts(tmp_path / "known_hosts", ())
        )

    yield connect
    server.stop()


def test_a_banner_of_the_shell_that_breaks_file_transfer_is_named(shell_server, other_user):
    other_user.write(".bashrc", "echo 'Welcome to the cluster'\n")
    with shell_server() as connection, pytest.raises(ShellPrints, match="Welcome to the cluster"):
        connection.sftp()


def test_a_user_without_a_shell_is_named(shell_server, other_user):
    other_user.shell("/usr/sbin/nologin")
    with shell_server() as connection, pytest.raises(NoShell, match="not run commands"):
        connection.sftp()


def test_a_shell_that_ends_before_it_reads_is_no_lost_connection(shell_server, other_user, monkeypatch):
    """The server's end of the channel is closed before the script is written, as it may be on a busy host."""
    other_user.shell("/usr/sbin/nologin")
    execute = paramiko.Channel.exec_command

    def execute_to_the_end(channel, command):
        execute(channel, command)
        for _ in range(3000):
            if channel.closed:
                return
            channel.status_event.wait(10)
            time.sleep(0.01)  # the exit code comes just before the close
        raise AssertionError("the channel stays open")

    monkeypatch.setattr(paramiko.Channel, "exec_command", execute_to_the_end)
    with shell_server() as connection:
        with pytest.raises(NoShell, match="not run commands"):
            connection.sftp()
        assert connection.alive


def test_a_server_without_file_transfer_is_named(tmp_path):
    server = SshServer(tmp_path / "bare", "Subsystem sftp /no/such/program").start()
    try:
        (tmp_path / "known_hosts").write_text(server.known_hosts())
        known = KnownHosts(tmp_path / "known_hosts", ())
        connection = Connection.open(login(server.port), key(server), known)
        with connection, pytest.raises(NoSftp, match="Subsystem sftp internal-sftp"):
            connection.sftp()
    finally:
        server.stop()


def test_a_server_that_allows_one_session_is_named_and_its_file_transfer_stays(tmp_path):
    server = SshServer(tmp_path / "one", "MaxSessions 1").start()
    try:
        (tmp_path / "known_hosts").write_text(server.known_hosts())
        known = KnownHosts(tmp_path / "known_hosts", ())
        with Connection.open(login(server.port), key(server), known) as connection:
            folder = connection.sftp().normalize(".")
            with pytest.raises(NoSession, match="MaxSessions 10"):
                connection.run("echo\n")
            assert connection.alive and connection.sftp().normalize(".") == folder
    finally:
        server.stop()


def test_a_file_transfer_that_the_server_ended_begins_again_on_the_same_connection(tmp_path):
    server = SshServer(tmp_path / "idle", f"Subsystem sftp {EXTERNAL_SFTP}").start()
    try:
        (tmp_path / "known_hosts").write_text(server.known_hosts())
        known = KnownHosts(tmp_path / "known_hosts", ())
        with Connection.open(login(server.port), key(server), known) as connection:
            ended = connection.sftp()
            shell = connection.run(f"ps -o pid=,args= --ppid $PPID | grep {EXTERNAL_SFTP} | grep -v grep\n")
            os.kill(int(shell.out.split()[0]), 15)
            until(lambda: ended.get_channel().closed)
            assert SftpFiles(connection).read("/etc/hostname")
            assert connection.alive and connection.sftp() is not ended
    finally:
        server.stop()


def test_what_a_command_says_and_its_code_come_back(ssh_server, known):
    with Connection.open(login(ssh_server.port), key(ssh_server), known) as connection:
        done = connection.run("echo one; echo two >&2; exit 7\n")
        assert (done.code, sorted(done.out.split())) == (7, ["one", "two"])
        long = connection.run("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done\n")
        assert len(long.out) == 220_000


def test_the_command_line_shows_nothing_of_a_script(ssh_server, known):
    with Connection.open(login(ssh_server.port), key(ssh_server), known) as connection:
        seen = connection.run("secret=hidden-7f3a\nps -A -o args=\n").out
    assert "/bin/sh -s" in seen
    assert "hidden-7f3a" not in seen


# -- breaking -----------------------------------------------------------------------------------------


@pytest.fixture
def through(ssh_server, relay, tmp_path):
    """A connection through the relay."""
    (tmp_path / "known_hosts").write_text(ssh_server.known_hosts(relay.port))
    with Connection.open(
        login(relay.port), key(ssh_server), KnownHosts(tmp_path / "known_hosts", ()), Timeouts(answer=8)
    ) as connection:
        yield connection


def test_a_cut_is_told_as_such_and_may_be_tried_again(through, relay):
    through.sftp().normalize(".")
    relay.cut()
    with pytest.raises(ConnectionLost) as caught:
        SftpFiles(through).read("/etc/hostname")
    assert caught.value.retry
    assert not through.alive


def test_a_cut_in_the_middle_of_a_command_is_no_end_of_it(through, relay):
    threading.Timer(0.5, relay.cut).start()
    with pytest.raises(ConnectionLost):
        through.run("sleep 5; echo done\n")


def test_a_connection_that_nobody_uses_is_kept_alive(ssh_server, relay, tmp_path, monkeypatch):
    monkeypatch.setattr("roadpulse.cluster_client.ssh.connection.KEEPALIVE_SECONDS", 1)
    (tmp_path / "known_hosts").write_text(ssh_server.known_hosts(relay.port))
    known = KnownHosts(tmp_path / "known_hosts", ())
    with Connection.open(login(relay.port), key(ssh_server), known):
        for _ in range(2):
            before = relay.sent
            until(lambda before=before: relay.sent > before)


def test_a_server_that_falls_silent_is_given_up_in_time(through, relay):
    through.sftp().normalize(".")
    relay.flows.clear()
    began = time.monotonic()
    with pytest.raises(ConnectionLost, match="did not answer"):
        SftpFiles(through).read("/etc/hostname")
    assert time.monotonic() - began < 60


def test_a_stopped_server_is_unreachable_and_comes_back(ssh_server, known):
    with Connection.open(login(ssh_server.port), key(ssh_server), known) as connection:
        ssh_server.stop()
        with pytest.raises(Unreachable):
            connection.run("true\n")
    with pytest.raises(ConnectionRefused):
        Connection.open(login(ssh_server.port), key(ssh_server), known)
    ssh_server.start()
    Connection.open(login(ssh_server.port), key(ssh_server), known).close()


# -- files --------------------------------------------------------------------------------------------


@pytest.fixture
def connection(ssh_server, known):
    with Connection.open(login(ssh_server.port), key(ssh_server), known) as connection:
        yield connection


def test_a_file_is_written_whole_and_leaves_nothing_beside_it(connection, tmp_path):
    content = os.urandom(100_001)
    (tmp_path / "there").mkdir()
    SftpFiles(connection).put(f"{tmp_path}/there/file", b"before")
    SftpFiles(connection).put(f"{tmp_path}/there/file", content)
    assert (tmp_path / "there/file").read_bytes() == content
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["file"]


def test_of_two_who_make_a_file_one_is_told_that_it_is_there(connection, tmp_path):
    assert SftpFiles(connection).put_new(f"{tmp_path}/claim", b"mine")
    assert not SftpFiles(connection).put_new(f"{tmp_path}/claim", b"theirs")
    assert (tmp_path / "claim").read_bytes() == b"mine"
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_cannot_be_made_is_named(connection, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RemoteFault, match="/file on"):
        SftpFiles(connection).make_folders(f"{tmp_path}/file/runs")
    assert connection.alive


def test_a_file_that_may_not_be_written_is_named(tmp_path, ssh_server, known, other_user):
    (tmp_path / "mine").mkdir(mode=0o700)
    connection = Connection.open(login(ssh_server.port, other_user.name), key(ssh_server), known)
    with connection, pytest.raises(BackendError, match="the user may not"):
        SftpFiles(connection).put(f"{tmp_path}/mine/file", b"")


# -- several at once ----------------------------------------------------------------------------------


def test_several_threads_move_files_over_one_connection(ssh_server, known, tmp_path):
    """The window counts trips, looks at the first one and reads a log at once."""
    contents = {tmp_path / f"there-{n}": os.urandom(40_000 + n) for n in range(3)}
    right = []

    def work(path, content):
        files = SftpFiles(connection)
        for _ in range(8):
            files.put(str(path), content)
            right.append(files.size(str(path)) == len(content) and files.read(str(path)) == content)

    with Connection.open(login(ssh_server.port), key(ssh_server), known) as connection:
        threads = [threading.Thread(target=work, args=item) for item in contents.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(240)
        assert not any(thread.is_alive() for thread in threads)
    assert right == [True] * 24
