"""HTTP proxy in front of a real server that refuses, cuts, delays or replaces responses."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Optional

Matches = Callable[[str, str], bool]


@dataclass(frozen=True)
class Fault:
    """What happens to the next request that it fits, or to all of them for as long as it is `lasting`.

    The server does not get it, and the answer is `status` with `body`; or there is none: the connection is
    `gone`, or nothing comes for as long as the proxy is there (`hang`). With `lost` the server gets it and
    does it first, and its own answer is thrown away. Otherwise the server answers: what comes of it is `cut`
    after so many bytes of the body. `headers` stand in the answer, instead of the server's of these names.
    """

    status: int = 0
    body: bytes = b""
    kind: str = "application/xml"
    cut: Optional[int] = None
    hang: bool = False
    gone: bool = False
    lost: bool = False
    lasting: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    fits: Matches = lambda method, path: True

    @property
    def instead(self) -> bool:
        """Whether the server's answer does not come."""
        return bool(self.status) or self.hang or self.gone or self.lost


def refusal(code: str, status: int = 503, fits: Matches = lambda method, path: True) -> Fault:
    """An answer as S3 gives it."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>"
    return Fault(status, body.encode(), fits=fits)


class FaultProxy:
    """Passes requests on to a server and does to some of them what `faults` says; a context manager.

    `seen` are the requests: method, path with query, and the header Range; `headers` all of their headers.
    """

    def __init__(self, target: str, host: str = "127.0.0.1") -> None:
        self._host, _, port = target.rpartition("//")[2].rpartition(":")
        self._port = int(port)
        self.faults: deque[Fault] = deque()
        self.seen: list[tuple[str, str, str]] = []
        self.headers: list[Message] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def _pass(self) -> None:
                proxy._pass(self)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass  # noqa: N815

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> FaultProxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def count(self, method: str, path: str) -> int:
        """How many requests of that method and path, without its query, came here."""
        return sum((method, path) == (m, p.partition("?")[0]) for m, p, _ in self.seen)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _pass(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.seen.append((request.command, request.path, request.headers.get("Range", "")))
        self.headers.append(request.headers)
        with self._lock:
            fault = next((f for f in list(self.faults) if f.fits(request.command, request.path)), None)
            if fault is not None and not fault.lasting:
                self.faults.remove(fault)
        if fault is None:
            return _answer(request, *self._ask(request, body))
        if fault.lost or not fault.instead:
            status, headers, content = self._ask(request, body)
        if fault.hang:
            self.released.wait(60)
        if fault.status:
            return _answer(request, fault.status, {"Content-Type": fault.kind, **fault.headers}, fault.body)
        if fault.instead:
            return _hang_up(request)
        headers = {name: value for name, value in headers.items() if name not in fault.headers}
        _answer(request, status, headers | fault.headers, content, fault.cut)
        return None if fault.cut is None else _hang_up(request)

    def _ask(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """What the server answers."""
        onward = http.client.HTTPConnection(self._host, self._port, timeout=30)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "expect"}
        onward.request(request.command, request.path, body, headers)
        response = onward.getresponse()
        content = response.read()
        onward.close()
        kept = {name: value for name, value in response.getheaders() if name.lower() != "transfer-encoding"}
        return response.status, kept, content


def _answer(
    request: BaseHTTPRequestHandler,
    status: int,
    headers: dict[str, str],
    content: bytes,
    most: Optional[int] = None,
) -> None:
    request.send_response_only(status)
    for name, value in headers.items():
        if name.lower() != "content-length":
            request.send_header(name, value)
    length = (
        headers.get("Content-Length", str(len(content))) if request.command == "HEAD" else str(len(content))
    )
    request.send_header("Content-Length", length)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content[:most])


def _hang_up(request: BaseHTTPRequestHandler) -> None:
    request.wfile.flush()
    request.close_connection = True
    request.connection.shutdown(socket.SHUT_RDWR)
