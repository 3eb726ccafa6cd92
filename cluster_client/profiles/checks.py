"""Validation of the entries of a profile; every error names the entry and its valid values."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from ...aggregation.contract.json_text import shown
from ..errors import ProfileError

LONGEST_NAME = 100

_SECRET = re.compile(
    r"passw|passphrase|pwd|secret|token|credential|private_?key|access_?key|api_?key", re.IGNORECASE
)
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?")
_JUMP = re.compile(r"(?:(?P<user>[^@\s:/]+)@)?(?P<host>[^@\s:/]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?")
AUTHCFG = re.compile(r"[A-Za-z0-9]{7}")
AUTHCFG_WHAT = "the 7 letters and digits of a QGIS authentication"
FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
MEMORY = re.compile(r"[1-9]\d*[mg]")

_OPTIONAL = re.compile(r"Optional\[(\w+)\]")
_TYPES = {"str": str, "bool": bool, "int": int}
_TYPE_WHATS = {str: "it is a text", bool: "it is true or false", int: "it is a whole number"}


def looks_secret(entry: str) -> bool:
    """Return True if an entry's name suggests a secret."""
    return _SECRET.search(entry) is not None


def check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise fault("name", name, f"a name has 1 to {LONGEST_NAME} characters")


def check_text(entry: str, text: str) -> None:
    if any(not (c.isprintable() or c == " ") for c in text):
        raise fault(entry, text, "it holds a line break or another character that cannot be printed")
    if "-----BEGIN" in text:
        raise secret_in(entry)
    if "://" in text:
        try:
            secret = urlsplit(text).password is not None
        except ValueError as error:
            raise fault(entry, text, "it is not a valid address") from error
        if secret:
            raise secret_in(entry)


def check_pattern(entry: str, text: str, pattern: re.Pattern[str], what: str) -> None:
    if text and not pattern.fullmatch(text):
        raise fault(entry, text, f"it should be {what}")


def check_jump(jump: str) -> None:
    match = _JUMP.fullmatch(jump)
    if not jump:
        return
    if (
        not match
        or not HOST.fullmatch(match["host"].strip("[]"))
        or int(match["port"] or 22) not in range(1, 65536)
    ):
        raise fault("jump_host", jump, "it should be [user@]host[:port]")
    check_pattern("jump_host", match["user"] or "", USER, "[user@]host[:port]")


def check_url(entry: str, text: str) -> None:
    if not text:
        return
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise fault(entry, text, "it should be an address such as https://pi0.example.org:8998")


def is_loopback(url: str) -> bool:
    """Return True if an address is a loopback address, which other computers cannot reach."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def can_be_read(url: str, tunnel: bool, proxied: bool = False) -> bool:
    """Return True if data sent to an address can be read on the network: over http, beyond this computer.

    `tunnel` is True if it goes through the SSH connection, `proxied` if through a proxy, which can read it.
    """
    return urlsplit(url).scheme != "https" and not tunnel and (proxied or not is_loopback(url))


def check_range(entry: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise fault(entry, value, f"it lies between {low} and {high}")


def object_of(entry: str, values: object, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise ProfileError(entry, f"{named(entry)} is not a JSON object.")
    for key in values:
        path = f"{entry}.{key}" if entry else str(key)
        if key in known:
            continue
        if looks_secret(str(key)):
            raise secret_in(path)
        raise ProfileError(
            path, f"The profile's entry {path!r} is not known; known are {', '.join(sorted(known))}."
        )
    return values


def typed(prefix: str, values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    wanted = {f.name: str(f.type) for f in fields(kind)}
    for key, value in values.items():
        match = _OPTIONAL.fullmatch(wanted[key])
        if match and value is None:
            continue
        name = match[1] if match else wanted[key]
        if name in _TYPES:
            check_type(prefix + key, value, _TYPES[name])
    return dict(values)


def check_type(entry: str, value: object, kind: type) -> None:
    """Raise `ProfileError` if a value is not of a type, one of str, bool and int."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise fault(entry, value, _TYPE_WHATS[kind])


def named(entry: str) -> str:
    return f"The profile's entry {entry!r}" if entry else "The profile"


def fault(entry: str, value: object, what: str) -> ProfileError:
    return ProfileError(entry, f"{named(entry)} is {shown(value)}: {what}.", what=sentence(what))


def sentence(words: str) -> str:
    """Return a clause as a sentence."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def empty(entry: str, todo: str) -> ProfileError:
    """Return the error for an entry that must not be empty."""
    return ProfileError(entry, f"The profile's entry {entry!r} is empty; {todo}.", what=sentence(todo))


def secret_in(entry: str) -> ProfileError:
    return ProfileError(
        entry,
        f"{named(entry)} holds a secret, and a profile is shared. Remove it, store it in QGIS's "
        "authentication database and name that entry's id as 'authcfg'.",
        what="This holds a secret, and a profile is shared. Remove it here, and keep it in QGIS's "
        "authentication database.",
    )
