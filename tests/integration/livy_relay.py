"""A way to Livy on which requests and answers get lost, as they do on real networks."""

from __future__ import annotations

import contextlib
import socket
import threading


class LivyRelay:
    """Carries calls to Livy. What happens to a POST of a batch, `fate` says:

    `carry`, `lose` (the request never arrives), `drop` (Livy gets it, and its answer is lost), `hang` (Livy
    gets it, and the caller hears nothing). `posts` counts those that arrived here.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.fate = "carry"
        self.posts = 0
        self._lines: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(near)
            threading.Thread(target=self._talk, args=(near,), daemon=True).start()

    def _talk(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near:
            first = near.recv(1 << 16)
            posts = first.startswith(b"POST /batches ")
            self.posts += posts
            if posts and self.fate == "lose":
                return
            far = socket.create_connection(self._target, timeout=5)
            far.settimeout(None)
            self._lines.append(far)
            with far:
                far.sendall(first)
                threading.Thread(target=_carry, args=(near, far), daemon=True).start()
                if posts and self.fate in ("drop", "hang"):
                    far.recv(1 << 16)  # Livy has taken it
                    if self.fate == "hang":
                        threading.Event().wait(30)
                    return
                _carry(far, near)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
