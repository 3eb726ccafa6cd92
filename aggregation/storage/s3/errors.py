"""The errors of S3, of a run's and of the desktop's requests.

StorageError
└── S3Error                      `code` is the server's own word (empty: it gave none)
    ├── S3Unreachable            the same may succeed later (retry); also a `NoAnswer`
    │   ├── S3Away               nothing was sent: no such name, no route, no server at the port, the proxy
    │   ├── S3Silent             no answer in time
    │   ├── S3Cut                the connection broke in the middle
    │   └── S3Busy               503, SlowDown, 429, 500: the server cannot do it now
    └── S3Refused                the server's answer is no, and would be again
        ├── KeysRefused          it does not know the key, or the secret is wrong, or their time is over
        ├── KeysMissing          there are no keys to sign with, or they are not kept safely
        ├── AccessDenied         the key is good, and may not do this
        ├── BucketMissing        there is no such bucket
        ├── WrongRegion          the bucket is elsewhere; `region` says where, if the server did
        ├── ClockOff             this computer's clock and the server's differ by too much
        ├── StorageFull          no room there
        ├── UnnamedObject        an object whose name cannot be asked for
        └── NotS3                what answers is no S3 server

Their messages are composed in `error_messages` for what a run asks, and in the module of that name of
`cluster_client.s3` for what the desktop asks; what a server's code means is in `codes`, for both.
"""

from __future__ import annotations

from ...contract.errors import NoAnswer, StorageError


class S3Error(StorageError):
    """A request to S3 came to nothing; `code` is the server's own word for why (empty: it gave none)."""

    def __init__(self, message: str, detail: str = "", code: str = "") -> None:
        super().__init__(message, detail)
        self.code = code


class S3Unreachable(S3Error, NoAnswer):
    """The server did not answer, or is busy; the same may succeed later."""

    retry = True


class S3Away(S3Unreachable):
    """The request was not sent."""


class S3Silent(S3Unreachable):
    """No answer in time."""


class S3Cut(S3Unreachable):
    """The connection broke in the middle of an answer."""


class S3Busy(S3Unreachable):
    """The server cannot do it now."""


class S3Refused(S3Error):
    """The server refused; asking again would not help."""

    retry = False


class KeysRefused(S3Refused):
    """The server does not know the key, or the secret is another, or their time is over."""


class KeysMissing(S3Refused):
    """The keys of a bucket are not there, or not kept safely."""


class AccessDenied(S3Refused):
    """The key may not do this."""


class BucketMissing(S3Refused):
    """The bucket does not exist."""


class WrongRegion(S3Refused):
    """The bucket lies in another region; `region` names it where the server did."""

    def __init__(self, message: str, detail: str = "", code: str = "", region: str = "") -> None:
        super().__init__(message, detail, code)
        self.region = region


class ClockOff(S3Refused):
    """The clocks differ by too much for a signature."""


class StorageFull(S3Refused):
    """The storage is full."""


class UnnamedObject(S3Refused):
    """An object whose name cannot be asked for."""


class NotS3(S3Refused):
    """The answer is not S3's."""
