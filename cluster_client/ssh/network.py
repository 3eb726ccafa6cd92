"""Name resolution, logins with jump hosts, and TCP connections to SSH servers."""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ..errors import BackendError, Unreachable
from ..profiles.profile import Profile
from .config import USERS_FILE, SshConfig
from .errors import ConnectionRefused, NameUnknown, NoRoute, TimedOut

_JUMP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@\s:/]+)@)?(?P<host>[^@\s:/]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
)
_MOST_JUMPS = 8
USUAL_PORT = 22


@dataclass(frozen=True)
class Timeouts:
    """Time limits in seconds for each step of a connection; `answer` is for each later read and write."""

    resolve: float = 10.0
    connect: float = 10.0
    banner: float = 15.0
    login: float = 20.0
    channel: float = 15.0
    answer: float = 30.0


TIMEOUTS = Timeouts()


@dataclass(frozen=True)
class Login:
    """Host, port and user of a login; `pinned` is the fingerprint of the host's key if the profile has it.

    `usual_user`, `keys` and `keys_only` come from ~/.ssh/config and apply if profile and credentials do not
    set them. `by_program` is True if the file has a ProxyCommand, which is not run; `fault` is the error if
    the file cannot be used.
    """

    host: str
    port: int = 22
    user: str = ""
    jump: Optional[Login] = None
    pinned: str = ""
    usual_user: str = ""
    keys: tuple[str, ...] = ()
    keys_only: bool = False
    by_program: bool = False
    fault: str = ""

    @classmethod
    def of(cls, profile: Profile, config_file: Path = USERS_FILE) -> Login:
        """Return the login of a profile that names a host; see `at`."""
        return cls.at(
            profile.host, profile.port, profile.user, profile.jump_host, profile.host_key, config_file
        )

    @classmethod
    def at(
        cls,
        host: str,
        port: int = USUAL_PORT,
        user: str = "",
        jump_host: str = "",
        pinned: str = "",
        config_file: Path = USERS_FILE,
    ) -> Login:
        """Return the login at a host, which may be an alias of the user's SSH configuration."""
        try:
            config = SshConfig(config_file)
            words = config.of(host)
            jumps = (jump_host,) if jump_host else words.jumps
            return cls(
                words.host, port if port != USUAL_PORT else words.port or USUAL_PORT, user,
                cls._through(jumps, user, config, 0), pinned,
                words.user, words.keys, words.keys_only, words.by_program and not jump_host,
            )  # fmt: skip
        except BackendError as error:
            return cls(host, port, user, fault=error.message)

    @classmethod
    def _through(cls, jumps: tuple[str, ...], user: str, config: SshConfig, depth: int) -> Optional[Login]:
        """Return the login of the last jump host, which is reached through those before it."""
        login: Optional[Login] = None
        for number, jump in enumerate(jumps):
            match = _JUMP.fullmatch(jump)
            if not match or depth + number >= _MOST_JUMPS:
                raise BackendError(
                    f"The hosts to go through cannot be told from ~/.ssh/config: {jump!r} is none, or they "
                    "lead in a circle. Correct ProxyJump there, or name a jump host in the profile."
                )
            words = config.of(match["host"].strip("[]"))
            if not number:  # only the first uses its own entry
                login = cls._through(words.jumps, user, config, depth + 1)
            port = int(match["port"] or words.port or USUAL_PORT)
            login = cls(
                words.host, port, match["user"] or words.user or user, login, "", "", words.keys,
                words.keys_only, words.by_program and not number,
            )  # fmt: skip
        return login

    def __str__(self) -> str:
        """Return `user@host:port`, without default parts."""
        address = self.host if self.port == USUAL_PORT else f"{self.host}, port {self.port}"
        return f"{self.user}@{address}" if self.user else address


@contextlib.contextmanager
def proxy_command_hint(login: Login) -> Iterator[None]:
    """Add to connection errors that ~/.ssh/config has a ProxyCommand, which is not run."""
    try:
        yield
    except Unreachable as error:
        if not login.by_program:
            raise
        raise type(error)(
            f"{error.message} In ~/.ssh/config the way there is a program (ProxyCommand), which Roadpulse "
            "does not run: name a computer to go through as the profile's jump host.",
            error.detail,
        ) from error


def resolve(host: str, port: int, timeout: float) -> list[tuple[Any, ...]]:
    """Return the addresses of a host as `socket.getaddrinfo` does; raises `NameUnknown` or `TimedOut`."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=look_up, daemon=True)  # the system's resolver has no time limit
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
    """Return a socket connected to the first address that answers; raises `Unreachable` if none does."""
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
