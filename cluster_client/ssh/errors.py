"""The errors of a cluster that is reached over SSH.

cluster_client.errors.BackendError
├── Unreachable                  nobody answers now; the run itself may be well (retry)
│   ├── NameUnknown              the host's name has no address
│   ├── ConnectionRefused        the computer answers, its SSH server does not
│   ├── NoRoute                  the network does not lead there
│   ├── TimedOut                 no answer in time
│   └── ConnectionLost           there was a connection, and it broke
├── HostKeyError                 `host`, `port`, `key_type` and `fingerprint` of the key that was shown
│   ├── HostKeyUnknown           not seen before; may be accepted by a person (`known_hosts.accept`)
│   └── HostKeyChanged           another key than the known one: never connected to
├── LoginFailed                  the server refused the user, key or password
│   └── KeyUnusable              the key file is missing, damaged, or its passphrase is wrong
├── NoSsh                        something answers there, and it is no SSH server
├── NoShell                      the user may log in, and may not run commands
├── ShellPrints                  the user's shell prints text where a protocol is spoken
├── NoSftp                       the server has no SFTP
└── RemoteFault                  a file operation failed there: disk full, permission, gone
"""

from __future__ import annotations

from ..errors import BackendError, Unreachable


class NameUnknown(Unreachable):
    """The host's name has no address."""


class ConnectionRefused(Unreachable):
    """The computer answers, its SSH server does not."""


class NoRoute(Unreachable):
    """The network does not lead there."""


class TimedOut(Unreachable):
    """No answer in time."""


class ConnectionLost(Unreachable):
    """There was a connection, and it broke."""


class HostKeyError(BackendError):
    """A host key that cannot be trusted as it stands.

    `fingerprint` is as OpenSSH shows it (`SHA256:…`); `key` the key itself in base64; `why` says what
    speaks against a key that changed.
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
    """A host that was not connected to before; a person may accept its key."""


class HostKeyChanged(HostKeyError):
    """A host that shows another key than before."""


class LoginFailed(BackendError):
    """The server refused the user, the key or the password."""


class KeyUnusable(LoginFailed):
    """A key file that is missing, damaged or locked."""


class NoSsh(BackendError):
    """Something else than an SSH server answers at that address."""


class NoShell(BackendError):
    """The user may log in but not run commands."""


class ShellPrints(BackendError):
    """The user's shell prints text where a protocol is spoken."""


class NoSftp(BackendError):
    """The server offers no file transfer."""


class RemoteFault(BackendError):
    """A file operation that failed on the cluster."""
