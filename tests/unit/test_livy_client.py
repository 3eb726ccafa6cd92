"""Livy's client against servers that behave as no Livy should."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from development.ports import free_port
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.cluster_client.backends.livy import errors
from roadpulse.cluster_client.backends.livy.answers import Batch, read_batch, said
from roadpulse.cluster_client.backends.livy.client import LivyClient, Timeouts
from roadpulse.cluster_client.backends.livy.status_poller import telling
from roadpulse.cluster_client.backends.livy.tunnel import Tunnel, _receive
from roadpulse.cluster_client.errors import BackendError, Unreachable
from roadpulse.cluster_client.profiles.credentials import UserSecret
from tests.http_answers import Answers, http
from tests.waiting import until

QUICK = Timeouts(connect=1.0, answer=0.5, whole=1.5)
PATIENT = Timeouts(connect=30, answer=30, whole=60)
"""For servers that answer, if only when this computer comes to it."""
BATCH = {"id": 3, "name": "mine", "state": "running", "appId": None, "appInfo": {}, "log": ["stdout: "]}


def client(server: Answers, **options) -> LivyClient:
    return LivyClient(server.url, **{"timeouts": PATIENT, **options})


def answering(status: int, body: bytes = b"", *headers: str) -> Answers:
    return Answers(lambda request: http(status, body, *headers))


def test_every_call_carries_the_header_that_livy_wants_and_the_log_in():
    with answering(200, json.dumps(BATCH).encode()) as server:
        asking = client(server, login=UserSecret("jürgen", "pässword:1"))
        asking.batch("mine")
        asking.submit({"name": "mine", "file": "x", "conf": None, "args": ["a"]})
        asking.delete("mine")
    assert [r.method for r in server.requests] == ["GET", "POST", "DELETE"]
    for request in server.requests:
        assert request.headers["x-requested-by"]
        assert request.headers["authorization"] == "Basic asO8cmdlbjpww6Rzc3dvcmQ6MQ=="
    assert json.loads(server.requests[1].body) == {"name": "mine", "file": "x", "args": ["a"]}


def test_a_name_cannot_lead_to_another_address():
    with answering(404, b'{"msg": "Session \'x\' not found."}') as server:
        assert client(server).batch("../../version?a=b#c") is None
    assert server.requests[0].path == "/batches/..%2F..%2Fversion%3Fa%3Db%23c"


def test_an_address_below_a_gateway_is_kept():
    with answering(200, b'{"version": "0.9.0"}') as server:
        asking = LivyClient(server.url + "/gateway/default/livy/v1/", timeouts=PATIENT)
        assert asking.version() == "0.9.0"
    assert server.requests[0].path == "/gateway/default/livy/v1/version"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"<html><title>Error 401</title></html>", errors.LivyLoginRefused),
        (403, b"", errors.LivyLoginRefused),
        (400, b'"Rejected, Reason: Duplicate session name: Some(mine) for session 3"', errors.DuplicateName),
        (400, b'{"msg": "Duplicate session name: Some(mine) for session 3"}', errors.DuplicateName),
        (
            400,
            b'{"msg":"requirement failed: Local path /x.py cannot be added to user sessions."}',
            errors.PathForbidden,
        ),
        (400, b'"Unrecognized field \\"x\\""', errors.LivyRefused),
        (400, b"", errors.LivyRefused),
        (404, b"<html>nginx</html>", errors.NotLivy),
        (500, b'"java.lang.NullPointerException"', errors.LivyFault),
        (502, b"<html>Bad Gateway</html>", errors.LivyOverloaded),
        (503, b"", errors.LivyOverloaded),
        (302, b"", errors.NotLivy),
        (200, b"<html>Sign in</html>", errors.NotLivy),
        (200, b"", errors.NotLivy),
        (200, b'{"id": 3, "name": "another", "state": "running"}', errors.NotLivy),
        (418, b"short and stout", errors.NotLivy),
    ],
)
def test_every_refusal_has_its_error(status, body, kind):
    with answering(status, body, "Location: https://elsewhere.example.org/") as server:
        with pytest.raises(kind) as raised:
            client(server).submit({"name": "mine", "file": "x"})
        assert len(server.requests) == 1  # nothing is posted twice, and nobody follows to elsewhere
    assert type(raised.value) is kind
    assert raised.value.message.endswith((".", ")"))
    assert "<" not in raised.value.message


def test_an_unknown_state_is_not_the_end_of_a_batch():
    for state in ("not_started", "recovering", "idle", "busy", "shutting_down", "", "Success", "fnord"):
        assert not Batch("mine", state).ended
    for state in ("success", "dead", "error", "killed"):
        assert Batch("mine", state).ended


def test_a_server_that_takes_the_call_and_says_nothing_is_silent():
    with Answers(lambda request: None) as server:
        began = time.monotonic()
        with pytest.raises(errors.LivySilent):
            client(server, timeouts=replace(PATIENT, answer=1.0)).submit({"name": "mine", "file": "x"})
        assert time.monotonic() - began < 25  # it would wait for ever
        until(lambda: server.requests)
        assert len(server.requests) == 1


def test_a_server_that_drips_headers_is_left():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip():
            line, _ = listener.accept()
            with line:
                try:
                    line.sendall(b"HTTP/1.1 200 OK\r\n")
                    while True:
                        line.sendall(b"X-Drop: 1\r\n")
                        time.sleep(0.1)
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(errors.LivySilent):
            LivyClient(f"http://127.0.0.1:{listener.getsockname()[1]}", timeouts=QUICK).version()
        assert time.monotonic() - began < QUICK.whole + 30


def test_a_connection_cut_in_the_answer_is_cut():
    for whole in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"):
        with Answers(lambda request, whole=whole: whole) as server:
            with pytest.raises(errors.LivyCut):
                client(server).submit({"name": "mine", "file": "x"})
            assert len(server.requests) == 1


def test_nobody_listening_is_told_from_no_such_name():
    with pytest.raises(errors.LivyAway, match="not on that port"):
        LivyClient(f"http://127.0.0.1:{free_port()}", timeouts=PATIENT).version()
    with pytest.raises(errors.LivyAway, match="no way leads there"):
        LivyClient("http://no-such-host.invalid:8998", timeouts=Timeouts(1, 1, 20)).version()


def test_no_tls_at_that_port_is_said():
    with answering(200, b"{}") as server, pytest.raises(errors.NotLivy, match="speaks no TLS"):
        LivyClient(server.url.replace("http:", "https:"), timeouts=PATIENT).version()


def test_another_protocol_is_not_livy():
    with (
        Answers(lambda request: b"SSH-2.0-OpenSSH_9.2\r\n") as server,
        pytest.raises(errors.NotLivy, match="does not speak HTTP"),
    ):
        client(server).version()


def test_an_answer_without_an_end_is_left():
    body = b'{"version": "' + b"x" * (8 << 20) + b'"}'
    with answering(200, body) as server, pytest.raises(errors.NotLivy, match="without an end"):
        client(server).version()


def test_variables_of_the_environment_do_not_lead_elsewhere(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(200, b'{"version": "0.7.1"}') as server:
        assert client(server).version() == "0.7.1"


def test_the_proxy_that_is_handed_over_is_used_and_its_password_is_not_shown():
    with answering(200, b'{"version": "0.7.1"}') as proxy:
        asking = LivyClient(
            "http://livy.invalid:8998", proxies={"http": f"http://me:hidden@127.0.0.1:{proxy.port}"}
        )
        assert asking.version() == "0.7.1"
        assert proxy.requests[0].path == "http://livy.invalid:8998/version"
        assert "proxy-authorization" in proxy.requests[0].headers
    with pytest.raises(Unreachable) as raised:
        LivyClient(
            "http://livy.invalid:8998", proxies={"http": proxy_of_nobody()}, timeouts=PATIENT
        ).version()
    assert "hidden" not in raised.value.message + raised.value.detail


def proxy_of_nobody() -> str:
    return f"http://me:hidden@127.0.0.1:{free_port()}"


def test_through_a_tunnel_livy_hears_its_own_name():
    class Way:
        def ready(self):
            pass

        def connect(self):
            return socket.create_connection(("127.0.0.1", server.port))

    with answering(200, b'{"version": "0.7.1"}') as server:
        asking = LivyClient("http://livy.inner:8998", via=Way(), timeouts=PATIENT)
        assert asking.version() == "0.7.1"
    assert server.requests[0].headers["host"] == "livy.inner:8998"


SECRET = UserSecret("analyst", "hidden")


@pytest.mark.parametrize("proxied", [False, True])
def test_a_log_in_is_not_sent_over_http_where_others_can_read_it(proxied):
    with answering(200, b'{"version": "0.7.1"}') as proxy:
        to_proxy = {"proxies": {"http": f"http://127.0.0.1:{proxy.port}"}} if proxied else {}
        # Not even to this computer, where a proxy would see it.
        for url in ("http://livy.invalid:8998", *(["http://127.0.0.1:8998"] if proxied else [])):
            asking = LivyClient(url, SECRET, timeouts=PATIENT, **to_proxy)
            for call in (asking.version, lambda asking=asking: asking.submit({"name": "mine", "file": "x"})):
                with pytest.raises(errors.LivyLoginUnsafe, match=r"over http .* https .* tunnel") as raised:
                    call()
                assert "hidden" not in raised.value.message + raised.value.detail
    assert proxy.requests == []


def test_a_log_in_is_sent_to_this_computer_and_through_a_tunnel():
    with answering(200, b'{"version": "0.7.1"}') as server:
        assert client(server, login=SECRET).version() == "0.7.1"
        tunnel = Tunnel(lambda: socket.create_connection(("127.0.0.1", server.port)))
        assert LivyClient("http://livy.inner:8998", SECRET, via=tunnel, timeouts=PATIENT).version() == "0.7.1"
        tunnel.close()
    assert all("authorization" in request.headers for request in server.requests)
    assert len(server.requests) == 2


class Refusing:
    """A channel whose server closes it before it reads anything; its answer is here when that is `known`."""

    def __init__(self, answer: bytes) -> None:
        self._parts = [answer[:20], answer[20:], b""]
        self.known = threading.Event()

    def sendall(self, _data: bytes) -> None:
        raise OSError("Socket is closed")

    def recv(self, _most: int) -> bytes:
        assert self.known.wait(60)
        return self._parts.pop(0)

    def shutdown(self, _how: int) -> None: ...

    def close(self) -> None: ...


def test_an_answer_is_not_lost_with_what_is_sent_while_it_comes():
    """The answer has come, and the far end has closed, before the tunnel has read all of the request."""
    near, inner = socket.socketpair()
    far = Refusing(http(413, b"{}"))
    far.known.set()
    tunnel = Tunnel(lambda: far)
    near.sendall(b"x" * 1000)  # waits unread in the end that the tunnel closes
    tunnel._begin(far, inner, _receive)
    found = b""
    while block := near.recv(1000):
        found += block
    assert found == http(413, b"{}")
    near.close()
    inner.close()


def test_an_answer_to_a_request_that_was_not_read_comes_through_the_tunnel():
    answer = http(413, b'{"msg": "too large"}')
    far = Refusing(answer)
    tunnel = Tunnel(lambda: far)
    with tunnel.connect() as near:
        near.sendall(b"x" * (4 << 20))  # more than a socket holds: all of it was taken and dropped
        far.known.set()
        found = b""
        while block := near.recv(1000):
            found += block
    assert found == answer
    tunnel.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "roadpulse-tunnel"]


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="looks at Linux's list of ports")
def test_a_tunnel_opens_no_port_to_others():
    with answering(200, b'{"version": "0.7.1"}') as server:
        before = ports()
        tunnel = Tunnel(lambda: socket.create_connection(("127.0.0.1", server.port)))
        asking = LivyClient("http://livy.inner:8998", via=tunnel, timeouts=PATIENT)
        for _ in range(2):
            assert asking.version() == "0.7.1"
        assert ports() == before
        asking.close()
        tunnel.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "roadpulse-tunnel"]


def test_a_tunnel_that_leads_nowhere_says_why():
    def closed():
        raise Unreachable("The computer does not reach Livy.", "refused")

    asking = LivyClient("http://livy.inner:8998", via=Tunnel(closed), timeouts=PATIENT)
    with pytest.raises(
        errors.LivyAway, match=r"livy\.inner, port 8998 cannot be reached\. The computer"
    ) as raised:
        asking.version()
    assert raised.value.detail == "refused"


def ports() -> set[int]:
    """The ports at which this process listens."""
    own = set()
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            own.add(str(path.readlink()))
    tables = [Path(f"/proc/self/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables for line in table]
    listening = [line for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in own]
    return {int(line[1].rpartition(":")[2], 16) for line in listening}


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("stdout: \n\nstderr: ", ""),
        ("stdout: \nhello\n\nstderr: \nbye", "bye"),
        (
            "Traceback (most recent call last):\nModuleNotFoundError: No module named 'x'\nbye",
            "ModuleNotFoundError",
        ),
        (
            'Exception in thread "main" java.io.IOException: Cannot run program "/nowhere/python3"\n'
            "\tat java.base/java.lang.ProcessBuilder.start(ProcessBuilder.java:1143)\n"
            "Caused by: java.io.IOException: error=2, No such file or directory",
            'Exception in thread "main" java.io.IOException: Cannot run program "/nowhere/python3"',
        ),
        (
            "2026-11-21 10:56:07,811 ERROR The disk is full\n2026-11-21 10:56:07,812 INFO OSError(28)\n"
            "Exception: bye",
            "The disk is full",
        ),
    ],
)
def test_the_telling_line_of_a_log_is_found(log, line):
    assert telling(log.splitlines()).startswith(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "name", "state", "log", "msg", "version", "x"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.text(max_size=100).map(lambda text: f"<html><body>{text}</body></html>".encode("utf-8", "replace")),
    st.just(b"[" * 100_000),
    st.just(b'{"msg": ' + b"9" * 5000 + b"}"),
)


@settings(max_examples=100, deadline=None)
@given(status=st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 409, 500, 503]), body=BODIES)
def test_no_body_is_too_hostile(fuzzed, status, body):
    server, asking = fuzzed
    server.answer = lambda request: http(status, b"" if status == 204 else body)
    for call in (
        asking.version,
        lambda: asking.submit({"name": "mine", "file": "x"}),
        lambda: asking.batch("mine"),
        lambda: asking.log("mine"),
        lambda: asking.delete("mine"),
    ):
        try:
            call()
        except RunError as error:
            assert isinstance(error, BackendError)
            assert error.message.isprintable()
            assert len(error.message) < 1000


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=120), head=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 "]))
def test_no_bytes_are_too_hostile(fuzzed, raw, head):
    server, asking = fuzzed
    server.answer = lambda request: head + raw
    try:
        asking.batch("mine")
    except BackendError as error:
        assert error.message.isprintable()


@pytest.fixture(scope="module")
def fuzzed():
    with Answers() as server:
        asking = client(server)
        yield server, asking
        asking.close()


@given(content=BODIES)
def test_the_words_of_an_answer_are_one_short_line(content):
    words = said(content)
    assert words.isprintable()
    assert len(words) <= 2000


@given(values=st.dictionaries(st.sampled_from(["id", "name", "state", "log"]), JSON))
def test_a_batch_is_read_or_none(values):
    batch = read_batch(values)
    assert batch is None or isinstance(batch.name + batch.state, str)
