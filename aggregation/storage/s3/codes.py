"""What the codes of S3 servers mean: of which kind a refusal is, what the server says with it, what to do.

Told to a person in two places: by a run (see `s3_errors`), and by the desktop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

KEYS, DENIED, BUCKET, REGION = "keys", "denied", "bucket", "region"
CLOCK, FULL, BUSY, UNABLE = "clock", "full", "busy", "unable"


@dataclass(frozen=True)
class Meaning:
    """`what` completes "the server …"; `todo` are sentences, with `{keys}` for where the keys come from."""

    kind: str
    what: str
    todo: str

    def advice(self, keys: str) -> str:
        """What to do; `keys` says where the keys come from."""
        return self.todo.replace("{keys}", keys)


_CHECK = "Check key and secret in {keys}, and that the endpoint is the right one."
_RENEW = "Get new keys, put them into {keys} and start again; what was done is not done again."
_UNKNOWN_KEY = Meaning(KEYS, "does not know the access key", _CHECK)
_OVER = Meaning(KEYS, "says that the time of the keys is over", _RENEW)
_DENIED = Meaning(DENIED, "does not allow it", "Ask for the right to do it, or use other keys.")
_ELSEWHERE = Meaning(REGION, "says that the region is another one", "Correct 's3.region' in the profile.")
_FULL = Meaning(FULL, "has no room", "Free some space there, or choose another bucket.")
_ELSEWHERE_SOMEHOW = Meaning(
    REGION,
    "sends the question elsewhere",
    "Check the endpoint, http:// or https:// too, and 's3.region' in the profile.",
)
_UNABLE = Meaning(
    UNABLE, "does not know how to do that", "Check that the endpoint is that of S3, and update the server."
)
_BUSY = Meaning(
    BUSY,
    "is busy or has a fault",
    "Try again in a while; if it stays, tell its administrator.",
)

_MEANINGS = {
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "XAdminUserNotFound": _UNKNOWN_KEY,
    "SignatureDoesNotMatch": Meaning(
        KEYS, "refuses the signature: the secret does not belong to the access key", _CHECK
    ),
    "ExpiredToken": _OVER,
    "TokenRefreshRequired": _OVER,
    "InvalidToken": Meaning(KEYS, "does not accept the session token", _RENEW),
    "NoSuchBucket": Meaning(BUCKET, "has no such bucket", "Check its name, the endpoint and the region."),
    "RequestTimeTooSkewed": Meaning(
        CLOCK,
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
    """What a server's code means, or where that is none that is known, the status of HTTP; else None."""
    found = _MEANINGS.get(code) or _MEANINGS.get(str(status))
    if found is None and (status in (408, 429) or status >= 500):
        return _BUSY
    return found
