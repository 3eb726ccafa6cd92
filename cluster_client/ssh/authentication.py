"""SSH authentication by key file, agent, default keys of this computer, or password."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import paramiko

from ..profiles.ssh_credentials import Credentials
from .errors import ConnectionLost, KeyUnusable, LoginFailed

USUAL_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_TOO_MANY = "authentication failures"
_MOST_AGENT_KEYS = 5
"""Maximum number of agent keys to offer: a server counts each offered key, and disconnects after six."""


def authenticate(
    transport: paramiko.Transport,
    where: str,
    user: str,
    credentials: Credentials,
    usual: Sequence[str] = (),
    usual_only: bool = False,
) -> None:
    """Log in; raises `LoginFailed`, `KeyUnusable` or `ConnectionLost`. `where` is named in messages.

    `usual` are key files to offer if the credentials name none; with `usual_only` no other keys are offered.
    """
    tried: list[str] = []
    allowed: list[str] = []
    for what, key in _keys(credentials, usual, usual_only):
        tried.append(what)
        try:
            rest = transport.auth_publickey(user, key)
        except paramiko.BadAuthenticationType as error:
            allowed = list(error.allowed_types)
            break
        except paramiko.AuthenticationException as error:
            if not transport.is_active():
                # No server disconnects after one key without a word: the network has failed.
                if len(tried) == 1 and _TOO_MANY not in getattr(transport, "farewell", "").lower():
                    raise _broken(where, tried, error) from error
                raise _refused(where, user, tried, allowed, error) from error
            continue
        except (EOFError, OSError, paramiko.SSHException) as error:
            raise _broken(where, tried, error) from error
        if not rest:
            return
        allowed = list(rest)  # accepted, and the server requires another method
    if credentials.password is not None:
        tried.append("the password")
        try:
            if not transport.auth_password(user, credentials.password, fallback=True):
                return
        except paramiko.BadAuthenticationType as error:
            allowed = list(error.allowed_types)
        except paramiko.AuthenticationException as error:
            raise _refused(where, user, tried, allowed, error) from error
        except (EOFError, OSError, paramiko.SSHException) as error:
            raise _broken(where, tried, error) from error
    raise _refused(where, user, tried, allowed, None)


def load_key(path: Path, passphrase: Optional[str]) -> paramiko.PKey:
    """Return the private key in a file; raises `KeyUnusable`, which never contains the passphrase."""
    path = path.expanduser()
    try:
        secret: Any = passphrase.encode() if passphrase else None  # bytes, despite its type hint
        return paramiko.PKey.from_path(path, secret)
    except FileNotFoundError as error:
        raise KeyUnusable(f"There is no key file {path}. Correct the profile's entry 'key_path'.") from error
    except OSError as error:
        raise KeyUnusable(f"The key file {path} cannot be read: {error.strerror}.", repr(error)) from error
    except (paramiko.PasswordRequiredException, TypeError) as error:
        if passphrase:  # conversely, the key has none
            return load_key(path, None)
        raise KeyUnusable(
            f"The key file {path} is locked with a passphrase. Put it as password into an entry of QGIS's "
            "authentication database and name that as 'authcfg', or load the key into the SSH agent."
        ) from error
    except (ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as error:
        text = path.read_bytes()[:4096]
        if passphrase and b"PRIVATE KEY" in text:
            raise KeyUnusable(
                f"The passphrase does not fit the key file {path}. Correct it in QGIS's authentication entry."
            ) from None
        if text.startswith(b"PuTTY-User-Key-File"):
            raise KeyUnusable(
                f"The key file {path} is PuTTY's. Export it with PuTTYgen as an OpenSSH key."
            ) from error
        raise KeyUnusable(
            f"The key file {path} is no private key that can be used here (an OpenSSH key of type ed25519, "
            "ecdsa or rsa).",
            repr(error),
        ) from error


def _keys(
    credentials: Credentials, usual: Sequence[str], usual_only: bool
) -> Iterator[tuple[str, paramiko.PKey]]:
    """Yield the keys to offer, in order, each with a name for messages."""
    if credentials.key_path:
        yield f"the key {credentials.key_path}", load_key(Path(credentials.key_path), credentials.passphrase)
        return
    if credentials.password is not None:
        return
    named = [Path(path).expanduser() for path in usual]
    offered = list(_usable(named, credentials))
    yield from offered
    public = {_public(path) for path in named}
    known = {key.get_base64() for _, key in offered}
    for agent_key in _agent_keys():
        text = agent_key.get_base64()
        if text not in known and (not usual_only or text in public):
            yield f"the agent's key {agent_key.comment or agent_key.fingerprint}", agent_key
    if not usual_only:
        others = [Path("~/.ssh").expanduser() / name for name in USUAL_KEYS]
        yield from _usable([path for path in others if path not in named], credentials)


def _usable(paths: list[Path], credentials: Credentials) -> Iterator[tuple[str, paramiko.PKey]]:
    """Yield the keys of the files that exist and can be decrypted; an agent may have the others."""
    for path in paths:
        if path.is_file():
            try:
                key = load_key(path, credentials.passphrase)
            except KeyUnusable:
                continue  # the profile does not name this key
            yield f"the key {path}", key


def _public(path: Path) -> str:
    """Return the public key beside a key file, in the form of agents; empty if there is none."""
    beside = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    try:
        words = beside.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return ""
    return words[1] if len(words) > 1 else ""


def _agent_keys() -> list[paramiko.AgentKey]:
    try:
        return list(paramiko.Agent().get_keys())[:_MOST_AGENT_KEYS]
    except (OSError, paramiko.SSHException):  # no agent, or it does not answer
        return []


def _refused(
    where: str, user: str, tried: list[str], allowed: list[str], error: Optional[Exception]
) -> LoginFailed:
    if tried:
        what = f"{where} refused the log-in of {user!r} with {' and '.join(tried)}."
        todo = (
            "Check user and key; ~/.ssh/authorized_keys of that user there has to list the public key."
            if any("key" in t for t in tried)
            else "Check user and password."
        )
    else:
        what = f"There is nothing to log in to {where} with as {user!r}: no key, no agent, no password."
        todo = (
            "Name a key file in the profile, load a key into the SSH agent, or choose an entry of QGIS's "
            "authentication."
        )
    accepts = f" The server accepts: {', '.join(sorted(set(allowed)))}." if allowed else ""
    return LoginFailed(f"{what}{accepts} {todo}", repr(error) if error else "")


def _broken(where: str, tried: list[str], error: Exception) -> ConnectionLost:
    silent = isinstance(error, socket.timeout) or "timeout" in str(error).lower()
    why = "did not answer in time" if silent else "ended the connection"
    return ConnectionLost(
        f"{where} {why} during the log-in ({' and '.join(tried)}). Try again in a minute.", repr(error)
    )
