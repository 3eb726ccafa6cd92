"""Tunnel to Livy through an SSH connection, for this process only.

tunnel = Tunnel(lambda: session.once(lambda connection, _: connection.passage("pi0", 8998)))
tunnel.connect()                             # a socket whose other end is Livy

Unlike `ssh -L` it opens no port, to which other users of this computer could connect and use Livy as the
person who logged in.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Callable

_BLOCK = 1 << 15
_END_SECONDS = 5.0


class Tunnel:
    """Tunnel for any number of connections. Thread-safe.

    `open_channel` returns a new channel to the far end for each connection (on a new SSH connection if the
    last one broke), or raises a `RunError`. `ready` opens the SSH connection if necessary, or raises.
    """

    def __init__(self, open_channel: Callable[[], Any], ready: Callable[[], None] = lambda: None) -> None:
        self._open_channel, self.ready = open_channel, ready
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._ends: set[Any] = set()

    def connect(self) -> socket.socket:
        """Return a new connection to the far end as a local socket; raises a `RunError`."""
        far = self._open_channel()
        near, inner = socket.socketpair()
        with self._lock:
            self._ends |= {far, inner}
            self._begin(inner, far, _send)
            self._begin(far, inner, _receive)
        return near

    def close(self) -> None:
        """Close all connections and wait for their threads."""
        with self._lock:
            ends, threads = list(self._ends), list(self._threads)
        for end in ends:
            _end(end)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(_END_SECONDS)

    def _begin(self, source: Any, sink: Any, forward: Callable[[Any, Any], None]) -> None:
        """Forward data from one end to the other in a thread; call it with the lock held."""

        def carry() -> None:
            with contextlib.suppress(OSError, EOFError):
                forward(source, sink)
            ended = {source, sink}
            if forward is _receive:
                # The answers have been sent. What this process still sends is read until it closes its end:
                # a socket that is closed with unread data resets the connection, and the answers are lost.
                ended = {source}
                with contextlib.suppress(OSError):
                    sink.shutdown(socket.SHUT_WR)
            for end in ended:
                _end(end)
            with self._lock:
                self._ends -= ended
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=carry, daemon=True, name="roadpulse-tunnel")
        self._threads.add(thread)
        thread.start()


def _receive(far: Any, inner: Any) -> None:
    """Forward the answers until the far end has no more."""
    while block := far.recv(_BLOCK):
        inner.sendall(block)


def _send(inner: Any, far: Any) -> None:
    """Forward the requests until this process ends the connection.

    A server may answer and close before it has read a request; the rest is dropped then, and the answer, of
    which a part may be on its way, still comes.
    """
    refused = False
    while block := inner.recv(_BLOCK):
        if not refused:
            try:
                far.sendall(block)
            except (OSError, EOFError):
                refused = True


def _end(end: Any) -> None:
    """Close a socket or channel and wake up the threads that wait for it."""
    with contextlib.suppress(OSError, EOFError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError, EOFError):
        end.close()
