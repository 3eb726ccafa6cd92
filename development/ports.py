"""Ports for servers of one's own."""

from __future__ import annotations

import random
import socket

_PORTS = range(20_000, 32_000)
"""Below those that a system gives to connections: one of them might take what is free now."""


def free_port(host: str = "127.0.0.1") -> int:
    """Return a free port of an address."""
    for port in random.sample(_PORTS, 100):
        try:
            with socket.create_server((host, port)):
                return port
        except OSError:
            continue
    raise RuntimeError(f"there is no free port at {host}")
