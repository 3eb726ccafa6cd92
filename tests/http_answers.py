"""A tiny HTTP server that answers as a test says: what no real server can be made to say."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Optional


@dataclass
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answers:
    """Answers every request with what `answer` makes of it: raw bytes, or None for silence."""

    answer: Callable[[Request], Optional[bytes]] = lambda request: http(200, b"{}")
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Answers:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=20)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for each in (self._listener, *self._open):
            shut(each)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        self._open.append(line)
        try:
            stream = line.makefile("rb")
            first = stream.readline(1000).split()
            if len(first) != 3 or not first[2].startswith(b"HTTP/"):
                line.sendall(http(400, b"Bad request"))
                line.close()
                return
            headers = {}
            while header := stream.readline().strip():
                name, _, value = header.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
            request = Request(first[0].decode(), first[1].decode(), headers, body)
            self.requests.append(request)
            answer = self.answer(request)
            if answer is None:
                return
            line.sendall(answer)
            line.shutdown(socket.SHUT_RDWR)
            line.close()
        except OSError:
            return


def shut(end: socket.socket) -> None:
    """Close a socket and wake the thread that waits for it, before it waits for another one's number."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
