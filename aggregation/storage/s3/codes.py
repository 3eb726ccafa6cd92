"""Codes of S3 servers: the kind of a refusal, its message, and what to do.

Used for the messages of runs and of the desktop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from . import errors


@dataclass(frozen=True)
class Meaning:
    """The `error` that a refusal is.

    `what` completes "the server …"; `todo` are sentences, with `{keys}` for where the keys come from.
    """

    error: type[errors.S3Error]
    what: str
    todo: str

    def advice(self, keys: str) -> str:
        """Return what to do; `keys` is a text on the source of the keys."""
        return self.todo.replace("{keys}", keys)


_CHECK = "Check key and secret in {keys}, and that the endpoint is the right one."
_RENEW = "Get new keys, put them into {keys} and start again; what was done is not done again."
_UNKNOWN_KEY = Meaning(errors.KeysRefused, "does not know the access key", _CHECK)
_OVER = Meaning(errors.KeysRefused, "says that the time of the keys is over", _RENEW)
_DENIED = Meaning(errors.AccessDenied, "does not allow it", "Ask for the right to do it, or use other keys.")
_ELSEWHERE = Meaning(
    errors.WrongRegion, "says that the region is another one", "Correct 's3.region' in the profile."
)
_FULL = Meaning(errors.StorageFull, "has no room", "Free some space there, or choose another bucket.")
_ELSEWHERE_SOMEHOW = Meaning(
    errors.WrongRegion,
    "sends the question elsewhere",
    "Check the endpoint, http:// or https:// too, and 's3.region' in the profile.",
)
_UNABLE = Meaning(
    errors.S3Refused,
    "does not know how to do that",
    "Check that the endpoint is that of S3, and update the server.",
)
_BUSY = Meaning(
    errors.S3Busy,
    "is busy or has a fault",
    "Try again in a while; if it stays, tell its administrator.",
)

_MEANINGS = {
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "XAdminUserNotFound": _UNKNOWN_KEY,
    "SignatureDoesNotMatch": Meaning(
        errors.KeysRefused, "refuses the signature: the secret does not belong to the access key", _CHECK
    ),
    "ExpiredToken": _OVER,
    "TokenRefreshRequired": _OVER,
    "InvalidToken": Meaning(errors.KeysRefused, "does not accept the session token", _RENEW),
    "NoSuchBucket": Meaning(
        errors.BucketMissing, "has no such bucket", "Check its name, the endpoint and the region."
    ),
    "RequestTimeTooSkewed": Meaning(
        errors.ClockOff,
        "refuses the question, since its clock and this computer's differ by too much",
        "Set the clock that is wrong; switch on NTP.",
    ),
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled", "AccountProblem", "MethodNotAllowed"), _DENIED),
    **dict.fromkeys(("401", "403"), _DENIED),
    **dict.fromkeys(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
        _ELSEWHERE,
    ),
    **dict.fromkeys(("301", "302", "307", "308"), _ELSEWHERE_SOMEHOW),
    **dict.fromkeys(("NotImplemented", "501"), _UNABLE),
    **dict.fromkeys(
        ("XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"), _FULL
    ),
    "507": _FULL,
    **dict.fromkeys(
        ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling",
         "ThrottlingException", "TooManyRequests", "XMinioServerNotInitialized", "OperationAborted"),
        _BUSY,
    ),
}  # fmt: skip


def meaning(code: str, status: int = 0) -> Optional[Meaning]:
    """Return the meaning of a server's code, or of the HTTP status if the code is unknown; else None."""
    found = _MEANINGS.get(code) or _MEANINGS.get(str(status))
    if found is None and (status in (408, 429) or status >= 500):
        return _BUSY
    return found
