"""The way to a computer: its name, its addresses, a line to its port."""

from __future__ import annotations

import errno
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any, Optional

from ..profile import Profile
from .errors import ConnectionRefused, NameUnknown, NoRoute, TimedOut

_JUMP = re.compile(r"(?:(?P<user>[^@\s:/]+)@)?(?P<host>[^@\s:/]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True)
class Timeouts:
    """Seconds for each step of a connection; `answer` for every read and write afterwards."""

    resolve: float = 10.0
    connect: float = 10.0
    banner: float = 15.0
    login: float = 20.0
    channel: float = 15.0
    answer: float = 30.0


TIMEOUTS = Timeouts()


@dataclass(frozen=True)
class Login:
    """Where to log in as whom; `pinned` is the fingerprint of the host's key where the profile gives it."""

    host: str
    port: int = 22
    user: str = ""
    jump: Optional[Login] = None
    pinned: str = ""

    @classmethod
    def of(cls, profile: Profile) -> Login:
        """The login of an SSH profile."""
        jump = None
        found = _JUMP.fullmatch(profile.jump_host)
        if found:
            jump = cls(found["host"].strip("[]"), int(found["port"] or 22), found["user"] or profile.user)
        return cls(profile.host, profile.port, profile.user, jump, profile.host_key)

    def __str__(self) -> str:
        """As a person would write it."""
        place = self.host if self.port == 22 else f"{self.host}, port {self.port}"
        return f"{self.user}@{place}" if self.user else place


def resolve(host: str, port: int, timeout: float) -> list[tuple[Any, ...]]:
    """Addresses of a host as `socket.getaddrinfo` gives them; raises `NameUnknown` or `TimedOut`."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True)  # the system's resolver knows no time limit
    thread.start()
    thread.join(timeout)
    if not found:
        raise TimedOut(f"The name {host} was not resolved within {timeout:.0f} s. Check the network.")
    if isinstance(found[0], Exception):
        raise NameUnknown(
            f"The name {host} has no address. Check its spelling, and the network or VPN.", repr(found[0])
        ) from found[0]
    return list(found[0])


def dial(login: Login, addresses: list[tuple[Any, ...]], timeout: float) -> socket.socket:
    """A line to the first address that answers; raises an `Unreachable` that says why none does."""
    end = time.monotonic() + timeout
    fault: Optional[OSError] = None
    for family, kind, protocol, _name, address in addresses:
        line = socket.socket(family, kind, protocol)
        try:
            line.settimeout(max(0.1, end - time.monotonic()))
            line.connect(address)
            return line
        except OSError as error:
            line.close()
            fault = error
    where, port = login.host, login.port
    if isinstance(fault, ConnectionRefusedError):
        raise ConnectionRefused(
            f"{where} answers, but not on port {port}. Check the port, and whether its SSH server runs.",
            repr(fault),
        ) from fault
    if isinstance(fault, socket.timeout) or (fault and fault.errno == errno.ETIMEDOUT):
        raise TimedOut(
            f"{where}, port {port}, did not answer within {timeout:.0f} s. Check that it is switched on, and "
            "the network, VPN and firewall.",
            repr(fault),
        ) from fault
    raise NoRoute(
        f"The network does not lead to {where}, port {port}"
        + (f" ({fault.strerror})" if fault and fault.strerror else "")
        + ". Check the network and VPN.",
        repr(fault),
    ) from fault
