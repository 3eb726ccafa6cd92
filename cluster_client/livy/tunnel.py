"""A port of this computer that leads to Livy through an SSH connection, as `ssh -L` makes one.

tunnel = Tunnel(lambda: session.at_once(lambda connection, _: connection.passage("pi0", 8998)))
tunnel.near()                                # ("127.0.0.1", 40123), for as long as the tunnel lives
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Callable, Optional

from ...aggregation.errors import RunError

_BLOCK = 1 << 15
_END_SECONDS = 5.0


class Tunnel:
    """Carries connections; calls may come from several threads.

    `open_channel` gives a new channel to the far end for every connection (on a new SSH connection where the
    last one broke), or raises a `RunError`, which is kept in `fault` for who wonders why nothing answers.
    `ready` sees to it that there is an SSH connection, or raises.
    """

    def __init__(self, open_channel: Callable[[], Any], ready: Callable[[], None] = lambda: None) -> None:
        self._open_channel, self._ready = open_channel, ready
        self._lock = threading.Lock()
        self._listener: Optional[socket.socket] = None
        self._threads: set[threading.Thread] = set()
        self._ends: set[Any] = set()
        self.fault: Optional[RunError] = None

    def near(self) -> tuple[str, int]:
        """The address at which the far end answers here; opened with the first call."""
        self._ready()  # else what a client sends would wait in the tunnel, and arrive when he has given up
        with self._lock:
            self.fault = None
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", 0))
                self._begin(self._serve, self._listener)
            host, port = self._listener.getsockname()
            return str(host), int(port)

    def close(self) -> None:
        """End every connection and the port; returns when its threads have ended."""
        with self._lock:
            listener, self._listener = self._listener, None
            ends, threads = list(self._ends), list(self._threads)
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            listener.close()
        for end in ends:
            _end(end)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(_END_SECONDS)

    def _begin(self, work: Callable[..., None], *arguments: Any) -> None:
        """Start a thread; the lock is held."""

        def and_forget() -> None:
            try:
                work(*arguments)
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=and_forget, daemon=True, name="roadpulse-tunnel")
        self._threads.add(thread)
        thread.start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                if self._listener is not listener:
                    near.close()
                    return
                self._ends.add(near)
                self._begin(self._connect, near)

    def _connect(self, near: socket.socket) -> None:
        """Open the far end for a connection and carry what it sends there."""
        try:
            far = self._open_channel()
        except RunError as error:
            self.fault = error
            self._forget(near)
            return
        with self._lock:
            self._ends.add(far)
            closed = self._listener is None
            if not closed:
                self._begin(self._carry, far, near)
        if not closed:
            self._carry(near, far)
        for end in (near, far):
            self._forget(end)

    @staticmethod
    def _carry(source: Any, sink: Any) -> None:
        with contextlib.suppress(OSError, EOFError):
            while block := source.recv(_BLOCK):
                sink.sendall(block)
        # Whichever direction ends first, the other is worth nothing: HTTP's answers come last.
        for end in (source, sink):
            _end(end)

    def _forget(self, end: Any) -> None:
        with self._lock:
            self._ends.discard(end)
        _end(end)


def _end(end: Any) -> None:
    """Close a socket or channel, waking whoever waits for it."""
    with contextlib.suppress(OSError, EOFError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError, EOFError):
        end.close()
