"""Errors of SSH connections.

cluster_client.errors.BackendError
├── Unreachable                  no answer at present; the run itself may be well (retry)
│   ├── NameUnknown              the host's name has no address
│   ├── ConnectionRefused        the computer answers, its SSH server does not
│   ├── NoRoute                  there is no route to the host
│   ├── TimedOut                 no answer in time
│   └── ConnectionLost           an open connection broke
├── HostKeyError                 `host`, `port`, `key_type` and `fingerprint` of the key that was shown
│   ├── HostKeyUnknown           not known yet; a person may accept it (`known_hosts.accept`)
│   └── HostKeyChanged           differs from the known key; the connection is refused
├── LoginFailed                  the server refused the user, key or password
│   └── KeyUnusable              the key file is missing, damaged, or its passphrase is wrong
├── NoSsh                        the server at that port is not an SSH server
├── NoSession                    the server refuses another session on the connection
├── NoShell                      the user may log in, but not run commands
├── ShellPrints                  the output of the user's shell profile disturbs the protocol
├── NoSftp                       the server does not offer SFTP
└── RemoteFault                  a remote file operation failed: disk full, permission, missing
"""

from __future__ import annotations

from ..errors import BackendError, Unreachable


class NameUnknown(Unreachable):
    """The host's name has no address."""


class ConnectionRefused(Unreachable):
    """The computer answers, its SSH server does not."""


class NoRoute(Unreachable):
    """There is no route to the host."""


class TimedOut(Unreachable):
    """No answer in time."""


class ConnectionLost(Unreachable):
    """An open connection broke."""


class HostKeyError(BackendError):
    """A host key is not trusted.

    `fingerprint` has OpenSSH's form (`SHA256:…`); `key` is the key in base64; `why` says what contradicts a
    changed key.
    """

    def __init__(
        self, message: str, *, host: str, port: int, key_type: str, fingerprint: str, key: str, why: str = ""
    ) -> None:
        super().__init__(message, f"{host} port {port}: {key_type} {fingerprint}")
        self.host = host
        self.port = port
        self.key_type = key_type
        self.fingerprint = fingerprint
        self.key = key
        self.why = why


class HostKeyUnknown(HostKeyError):
    """The host is not known yet; a person may accept its key."""


class HostKeyChanged(HostKeyError):
    """The host's key differs from the known one."""


class LoginFailed(BackendError):
    """The server refused the user, the key or the password."""


class KeyUnusable(LoginFailed):
    """The key file is missing or damaged, or its passphrase is wrong."""


class NoSsh(BackendError):
    """The server at that address is not an SSH server."""


class NoSession(BackendError):
    """The server refuses another session on the connection."""


class NoShell(BackendError):
    """The user may log in but not run commands."""


class ShellPrints(BackendError):
    """The output of the user's shell profile disturbs the protocol."""


class NoSftp(BackendError):
    """The server does not offer SFTP."""


class RemoteFault(BackendError):
    """A file operation failed on the cluster."""
