"""The errors of S3.

cluster_client.errors.BackendError
├── Unreachable                  waiting, or asking again, may mend it (retry)
│   ├── S3Away                   nobody takes the question: no such name, no route, nobody listens, the proxy
│   ├── S3Silent                 no answer in time
│   ├── S3Cut                    the connection broke in the middle
│   └── S3Busy                   503, SlowDown, 429, 500: the server cannot do it now
├── CertificateError             see `certificates`
└── S3Refused                    the server's answer is no; `code` is its own word
    ├── KeysRefused              it does not know the key, or the secret is wrong, or their time is over
    ├── KeysMissing              there are no keys to sign with
    ├── AccessDenied             the key is good, and may not do this
    ├── BucketMissing            there is no such bucket
    ├── WrongRegion              the bucket is elsewhere; `region` says where, if the server did
    ├── ClockOff                 this computer's clock and the server's differ by too much
    ├── StorageFull              no room there
    └── NotS3                    what answers is no S3 server
"""

from __future__ import annotations

from ..errors import BackendError, Unreachable


class S3Away(Unreachable):
    """Nobody took the question."""


class S3Silent(Unreachable):
    """No answer in time."""


class S3Cut(Unreachable):
    """The connection broke in the middle of an answer."""


class S3Busy(Unreachable):
    """The server cannot do it now."""


class S3Refused(BackendError):
    """The server refused; `code` is its own word for why (empty: it gave none)."""

    def __init__(self, message: str, detail: str = "", code: str = "") -> None:
        super().__init__(message, detail)
        self.code = code


class KeysRefused(S3Refused):
    """The server does not know the key, or the secret is another, or their time is over."""


class KeysMissing(S3Refused):
    """There are no keys to sign with."""


class AccessDenied(S3Refused):
    """The key may not do this."""


class BucketMissing(S3Refused):
    """There is no such bucket."""


class WrongRegion(S3Refused):
    """The bucket lies in another region; `region` names it where the server did."""

    def __init__(self, message: str, detail: str = "", code: str = "", region: str = "") -> None:
        super().__init__(message, detail, code)
        self.region = region


class ClockOff(S3Refused):
    """The clocks differ by too much for a signature."""


class StorageFull(S3Refused):
    """There is no room."""


class NotS3(S3Refused):
    """What answers is no S3 server."""
