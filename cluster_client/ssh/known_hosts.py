"""Verification of host keys by known_hosts files.

Accepted keys are written to the plugin's own file; the user's known_hosts is read, too, and never written.
Both have OpenSSH's format: entries for ports other than 22 are `[host]:port`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import paramiko

from ..errors import BackendError
from ..shared_files import locked, read_text, write_atomically
from .errors import HostKeyChanged, HostKeyUnknown

USERS_FILE = Path("~/.ssh/known_hosts")
_REVOKED = "@revoked"


class KnownKey(NamedTuple):
    """A known key of a host: `ssh-ed25519`, `SHA256:…`, and the file that contains it."""

    kind: str
    fingerprint: str
    path: Path


@dataclass(frozen=True)
class KnownHosts:
    """The known hosts in `own`, which may not exist yet, and in the user's files."""

    own: Path
    users: tuple[Path, ...] = (USERS_FILE,)

    def key_types(self, host: str, port: int) -> list[str]:
        """Return the types of the host's known keys, to be preferred when connecting."""
        entries = self._entries(host, port)
        return list(dict.fromkeys(entry.key.get_name() for entry in entries if not entry.revoked))

    def keys(self, host: str, port: int) -> list[KnownKey]:
        """Return the host's known keys, those of the plugin's own file first."""
        entries = self._entries(host, port)
        return [KnownKey(e.key.get_name(), e.key.fingerprint, e.path) for e in entries if not e.revoked]

    def check(self, host: str, port: int, key: paramiko.PKey, pinned: str = "") -> None:
        """Raise `HostKeyUnknown` or `HostKeyChanged` unless this is the host's key.

        `pinned` is the fingerprint in the profile, which known_hosts entries must not contradict.
        """
        entries = self._entries(host, port)
        for entry in entries:
            if entry.revoked and entry.key == key:
                raise _changed(host, port, key, f"This key is revoked in {entry.path}.")
        known = [entry for entry in entries if not entry.revoked]
        if pinned and pinned != key.fingerprint:
            raise _changed(host, port, key, f"The profile says {pinned}.")
        if any(entry.key == key for entry in known):
            return
        # A host known by a key of another type is not a new host either.
        if known and not (pinned and all(entry.key.get_name() != key.get_name() for entry in known)):
            before = known[0]
            raise _changed(
                host,
                port,
                key,
                f"Known is {before.key.get_name()} {before.key.fingerprint}, in {before.path}.",
            )
        if not pinned:
            raise HostKeyUnknown(
                f"The SSH server {_address(host, port)} is not known yet. It shows the {key.get_name()} key "
                f"{key.fingerprint}. Compare this with what its administrator says; only if both are the "
                "same, accept it, or write it into the profile as 'host_key'.",
                **_facts(host, port, key),
            )

    def accept(self, shown: HostKeyUnknown) -> None:
        """Add the key to the plugin's known hosts; call it after a person has compared the fingerprint."""
        line = f"{entry_name(shown.host, shown.port)} {shown.key_type} {shown.key}\n"
        try:
            with locked(self.own.parent):
                before = read_text(self.own) if self.own.exists() else ""
                if before and not before.endswith("\n"):
                    before += "\n"
                if line not in before.splitlines(keepends=True):
                    write_atomically(self.own, before + line)
        except OSError as error:
            raise BackendError(
                f"The host key cannot be kept in {self.own}: {error.strerror or error}.", str(error)
            ) from error

    def forget(self, host: str, port: int) -> bool:
        """Remove the host's keys from the plugin's known hosts; return True if there were any."""
        name = entry_name(host, port)
        try:
            with locked(self.own.parent):
                before = read_text(self.own).splitlines(keepends=True) if self.own.exists() else []
                kept = [line for line in before if line.split(maxsplit=1)[:1] != [name]]
                if kept != before:
                    write_atomically(self.own, "".join(kept))
                return kept != before
        except OSError as error:
            raise BackendError(
                f"The host key cannot be removed from {self.own}: {error.strerror or error}.", str(error)
            ) from error

    def _entries(self, host: str, port: int) -> list[_Entry]:
        name = entry_name(host, port)
        paths = [path for path in (self.own, *(p.expanduser() for p in self.users)) if path.is_file()]
        return [entry for path in paths for entry in _read(path) if entry.names(name)]


@dataclass(frozen=True)
class _Entry:
    """One line of a known_hosts file."""

    path: Path
    patterns: tuple[str, ...]
    key: paramiko.PKey
    revoked: bool

    def names(self, name: str) -> bool:
        found = False
        for pattern in self.patterns:
            if pattern.startswith("|1|"):
                found = found or paramiko.HostKeys.hash_host(name, pattern) == pattern
            elif pattern.startswith("!"):
                if _matches(name, pattern[1:]):
                    return False
            else:
                found = found or _matches(name, pattern)
        return found


def entry_name(host: str, port: int) -> str:
    """Return the host's name in known_hosts format."""
    host = host.lower()
    return host if port == 22 else f"[{host}]:{port}"


def _matches(name: str, pattern: str) -> bool:
    # Only the wildcards * and ? are supported; brackets are part of `[host]:port`.
    return fnmatchcase(name, pattern.lower().replace("[", "[[]"))


def _read(path: Path) -> list[_Entry]:
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        # Without the file a changed key could be taken for a new one.
        raise BackendError(
            f"The list of known hosts {path} cannot be read: {error}. Correct or remove it.", repr(error)
        ) from error
    entries = []
    for line in text.splitlines():
        words = line.split()
        revoked = words[:1] == [_REVOKED]
        words = words[1:] if revoked else words
        if len(words) < 3 or words[0].startswith(("#", "@")):
            continue
        try:
            key = paramiko.PKey.from_type_string(words[1], base64.b64decode(words[2]))
        except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, ValueError):
            continue  # an unsupported type of key, or a damaged line: not trusted
        entries.append(_Entry(path, tuple(words[0].split(",")), key, revoked))
    return entries


def _address(host: str, port: int) -> str:
    return host if port == 22 else f"{host}, port {port},"


def _changed(host: str, port: int, key: paramiko.PKey, why: str) -> HostKeyChanged:
    return HostKeyChanged(
        f"The SSH server {_address(host, port)} shows another key than before: {key.get_name()} "
        f"{key.fingerprint}. {why} Somebody may be listening in between, or the computer was set up anew. "
        "Nothing was sent. Ask its administrator; if the new key is right, remove the old one from that "
        "place and connect again.",
        **_facts(host, port, key),
        why=why,
    )


def _facts(host: str, port: int, key: paramiko.PKey) -> dict[str, Any]:
    return {
        "host": host,
        "port": port,
        "key_type": key.get_name(),
        "fingerprint": key.fingerprint,
        "key": key.get_base64(),
    }
