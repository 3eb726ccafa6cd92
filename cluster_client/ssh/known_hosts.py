"""Host keys: which server is the one that was known before.

Accepted keys go to a file of the plugin's own; the user's known_hosts is read beside it and never written.
Both have OpenSSH's format: entries for other ports than 22 are `[host]:port`.
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
    """A key by which a host is known: `ssh-ed25519`, `SHA256:…`, and the file that says so."""

    kind: str
    fingerprint: str
    path: Path


@dataclass(frozen=True)
class KnownHosts:
    """The known hosts of `own`, which need not exist yet, and of the files of the user."""

    own: Path
    users: tuple[Path, ...] = (USERS_FILE,)

    def key_types(self, host: str, port: int) -> list[str]:
        """Types of the keys by which the host is known; the server is asked for these first."""
        entries = self._entries(host, port)
        return list(dict.fromkeys(entry.key.get_name() for entry in entries if not entry.revoked))

    def keys(self, host: str, port: int) -> list[KnownKey]:
        """The keys by which the host is known, those that were accepted here first."""
        entries = self._entries(host, port)
        return [KnownKey(e.key.get_name(), e.key.fingerprint, e.path) for e in entries if not e.revoked]

    def check(self, host: str, port: int, key: paramiko.PKey, pinned: str = "") -> None:
        """Return when this is the host's key; raises `HostKeyUnknown` or `HostKeyChanged`.

        `pinned` is the fingerprint that the profile gives, which a known_hosts entry may not contradict.
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
        # A host known by a key of another kind is no new host either.
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
                f"The SSH server {_place(host, port)} is not known yet. It shows the {key.get_name()} key "
                f"{key.fingerprint}. Compare this with what its administrator says; only if both are the "
                "same, accept it, or write it into the profile as 'host_key'.",
                **_facts(host, port, key),
            )

    def accept(self, shown: HostKeyUnknown) -> None:
        """Trust the key from now on; call it after a person has compared the fingerprint."""
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
        """No longer trust the keys that were accepted here for the host; whether there were any."""
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
    """The host as known_hosts writes it."""
    host = host.lower()
    return host if port == 22 else f"[{host}]:{port}"


def _matches(name: str, pattern: str) -> bool:
    # Of the wildcards only * and ? exist there; brackets are part of `[host]:port`.
    return fnmatchcase(name, pattern.lower().replace("[", "[[]"))


def _read(path: Path) -> list[_Entry]:
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        # Going on without it could take a changed key for a new one.
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
            continue  # a kind of key that is not spoken here, or a damaged line: it vouches for nothing
        entries.append(_Entry(path, tuple(words[0].split(",")), key, revoked))
    return entries


def _place(host: str, port: int) -> str:
    return host if port == 22 else f"{host}, port {port},"


def _changed(host: str, port: int, key: paramiko.PKey, why: str) -> HostKeyChanged:
    return HostKeyChanged(
        f"The SSH server {_place(host, port)} shows another key than before: {key.get_name()} "
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
