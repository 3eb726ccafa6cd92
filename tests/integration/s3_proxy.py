"""Bad weather on the way to a real S3 server: answers refused, cut off, held back, or of another kind."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Optional

Matches = Callable[[str, str], bool]


@dataclass(frozen=True)
class Fault:
    """What happens to the next request that it fits: `status` and `body` instead of the server's answer, the
    connection cut after `cut` bytes of the server's body, or no answer for as long as the proxy is there.

    With `lost` the server gets the request and does it, and its answer is thrown away. `headers` stand in the
    answer, instead of the server's of these names.
    """

    status: int = 0
    body: bytes = b""
    kind: str = "application/xml"
    cut: Optional[int] = None
    hang: bool = False
    lost: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    fits: Matches = lambda method, path: True


def refusal(code: str, status: int = 503, fits: Matches = lambda method, path: True) -> Fault:
    """An answer as S3 gives it."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>of the weather</Message></Error>"
    return Fault(status, body.encode(), fits=fits)


class S3Proxy:
    """Passes requests on to a server and does to some of them what `faults` says; a context manager.

    `seen` are the requests: method, path with query, and the header Range.
    """

    def __init__(self, target: str, host: str = "127.0.0.1") -> None:
        self._host, _, port = target.rpartition("//")[2].rpartition(":")
        self._port = int(port)
        self.faults: deque[Fault] = deque()
        self.seen: list[tuple[str, str, str]] = []
        self.released = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_expect_100(self) -> bool:
                return True

            def log_message(self, *_: object) -> None:
                pass

            def _pass(self) -> None:
                proxy._pass(self)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass  # noqa: N815

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> S3Proxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _pass(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.seen.append((request.command, request.path, request.headers.get("Range", "")))
        fault = next((f for f in list(self.faults) if f.fits(request.command, request.path)), None)
        if fault is not None:
            self.faults.remove(fault)
            if fault.hang:
                self.released.wait(60)
                request.close_connection = True
                return None
            if fault.status:
                return _answer(
                    request, fault.status, {"Content-Type": fault.kind, **fault.headers}, fault.body
                )
        onward = http.client.HTTPConnection(self._host, self._port, timeout=30)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "expect"}
        onward.request(request.command, request.path, body, headers)
        response = onward.getresponse()
        content = response.read()
        onward.close()
        if fault is not None and fault.lost:
            return _hang_up(request)
        kept = {name: value for name, value in response.getheaders() if name.lower() != "transfer-encoding"}
        if fault is not None:
            kept = {name: value for name, value in kept.items() if name not in fault.headers} | fault.headers
        if fault is not None and fault.cut is not None:
            _answer(request, response.status, kept, content, fault.cut)
            return _hang_up(request)
        return _answer(request, response.status, kept, content)


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
