"""A TCP relay that delays what passes, as a long way does, and does not limit how much passes."""

from __future__ import annotations

import contextlib
import queue
import socket
import subprocess
import sys
import threading
import time
from types import TracebackType


class DelayProxy:
    """Relays 127.0.0.1:`port` to a server; every byte takes `one_way` seconds more, in each direction.

    A context manager. The relay is a process of its own, so that it takes no time from what is measured.
    """

    def __init__(self, host: str, port: int, one_way: float) -> None:
        self._arguments = [host, str(port), str(one_way)]
        self.port = 0

    def __enter__(self) -> DelayProxy:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self._arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self._process.stdout is not None:
            self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


class _Relay:
    def __init__(self, host: str, port: int, one_way: float) -> None:
        self._target = (host, port)
        self._one_way = one_way
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Take connections, for ever."""
        while True:
            near, _ = self._listener.accept()
            far = socket.create_connection(self._target)
            for source, sink in ((near, far), (far, near)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._carry(source, sink)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        """Two threads with a queue between: one notes when a piece came, one hands it on when it is due."""
        way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

        def receive() -> None:
            data = b"begin"
            while data:
                try:
                    data = source.recv(1 << 20)
                except OSError:
                    data = b""
                way.put((time.perf_counter() + self._one_way, data))

        def send() -> None:
            with contextlib.suppress(OSError):
                while True:
                    due, data = way.get()
                    time.sleep(max(0.0, due - time.perf_counter()))
                    if not data:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(data)

        for work in (receive, send):
            threading.Thread(target=work, daemon=True).start()


def main() -> None:
    """Print the port, and relay until standard input ends."""
    relay = _Relay(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    threading.Thread(target=relay.serve, daemon=True).start()
    print(relay.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
