"""Settings of hosts in the user's ~/.ssh/config: real name, port, user, keys, and jump hosts.

Programs named in it are never run: ProxyCommand is only reported, and Match exec never matches. Included
files are not read.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from ..errors import BackendError

if TYPE_CHECKING:
    import paramiko

USERS_FILE = Path("~/.ssh/config")

_NEVER = "Host !*"
_WITHOUT_PROGRAMS = {"all", "canonical", "final", "host", "originalhost", "user", "localuser"}
_ALONE = {"all", "canonical", "final"}
_KEY = re.compile(r"\s*(\w+)\s*[=\s]\s*(.*)")


@dataclass(frozen=True)
class HostWords:
    """Settings of one host; empty or 0 if the file does not set them.

    `jumps` are the jump hosts, nearest first; `keys` the key files in the order in which they are offered;
    `keys_only` is True if no others are (IdentitiesOnly); `by_program` if the file has a ProxyCommand.
    """

    host: str
    port: int = 0
    user: str = ""
    jumps: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    keys_only: bool = False
    by_program: bool = False


class SshConfig:
    """The configuration file at `path`, which may not exist; raises `BackendError` if it cannot be read."""

    def __init__(self, path: Path = USERS_FILE) -> None:
        import paramiko  # noqa: PLC0415  (names are resolved without it)

        self._path = path.expanduser()
        self._config: Optional[paramiko.SSHConfig] = None
        try:
            if self._path.is_file():
                text = self._path.read_text(encoding="utf-8", errors="surrogateescape")
                self._config = paramiko.SSHConfig.from_text("\n".join(_harmless(text)))
        except (OSError, ValueError, paramiko.SSHException) as error:
            raise self._unreadable(error) from error

    def of(self, host: str) -> HostWords:
        """Return the settings of a host or an alias."""
        import paramiko  # noqa: PLC0415

        if self._config is None or not host:
            return HostWords(host)
        try:
            found: Any = self._config.lookup(host)
            port = int(found.get("port", 0))
        except (KeyError, ValueError, paramiko.SSHException) as error:
            raise self._unreadable(error) from error
        if not 0 <= port <= 65535:
            raise self._unreadable(ValueError(f"Port {port} of {host}"))
        jump = str(found.get("proxyjump") or "")
        return HostWords(
            host=str(found.get("hostname") or host),
            port=port,
            user=str(found.get("user") or ""),
            jumps=tuple(filter(None, map(str.strip, jump.split(",")))) if jump.lower() != "none" else (),
            keys=tuple(str(key) for key in found.get("identityfile") or () if str(key).lower() != "none"),
            keys_only=str(found.get("identitiesonly", "")).lower() == "yes",
            by_program=bool(found.get("proxycommand")) and not jump,
        )

    def _unreadable(self, error: Exception) -> BackendError:
        return BackendError(
            f"The file {self._path}, which says how hosts are reached over SSH, cannot be read: {error}. "
            "Correct it; `ssh -G` with the host's name shows what ssh makes of it.",
            repr(error),
        )


def _harmless(text: str) -> Iterator[str]:
    """Yield the file's lines without those that would run a program, or query the network while parsing."""
    for line in text.splitlines():
        match = _KEY.fullmatch(line)
        key = match[1].lower() if match else ""
        if key == "match" and match and not _without_programs(match[2]):
            yield _NEVER
        elif key not in ("canonicalizehostname", "include"):
            yield line


def _without_programs(conditions: str) -> bool:
    try:
        words = shlex.split(conditions)
    except ValueError:
        return False
    while words:
        word = words.pop(0).lstrip("!").lower()
        if word not in _WITHOUT_PROGRAMS or (word not in _ALONE and not words):
            return False
        if word not in _ALONE:
            words.pop(0)
    return True
