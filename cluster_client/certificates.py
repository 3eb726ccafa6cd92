"""Certificates of servers: whom this computer trusts, and words for one that cannot be trusted.

cluster_client.errors.BackendError
└── CertificateError             what answers cannot prove that it is the one that was asked for
    ├── CertificateExpired       its time is over, or has not begun
    ├── CertificateOfOther       it is another host's
    └── CertificateUntrusted     self-signed, or issued by nobody that this computer trusts
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from .errors import BackendError

_EXPIRED, _OF_OTHER = (9, 10), (62, 64)  # OpenSSL's X509_V_ERR_…
_UNTRUSTED = {
    18: "it is self-signed",
    19: "its issuer is not known here",
    20: "its issuer is not known here",
    21: "its issuer is not known here",
}
_NO_TLS = ("wrong version number", "wrong_version_number", "record layer failure", "http request")


class CertificateError(BackendError):
    """The server cannot prove that it is the one that was asked for; nothing was sent."""


class CertificateExpired(CertificateError):
    """The certificate's time is over, or has not begun."""


class CertificateOfOther(CertificateError):
    """The certificate is another host's."""


class CertificateUntrusted(CertificateError):
    """The certificate was issued by nobody that this computer trusts."""


def trust(ca_file: str) -> ssl.SSLContext:
    """The certificates that this computer trusts, and those of one more file (empty: none).

    Raises `BackendError` for a file that is of no use.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(Path(ca_file).expanduser())
        except (OSError, ValueError) as error:
            raise BackendError(
                f"The file with certificates {ca_file} cannot be used "
                f"({getattr(error, 'strerror', '') or error}). Name a file in PEM format as 'ca_file' in the "
                "profile, or none.",
                repr(error),
            ) from error
    return context


def certificate_fault(error: BaseException, who: str, ca_file: str) -> Optional[CertificateError]:
    """What is wrong with a certificate, where that is behind an error; `who` is the server in words."""
    behind = list(causes(error))
    other = next(
        (str(cause) for cause in behind if type(cause).__name__ == "CertificateError"), ""
    )  # urllib3's
    found = next((cause for cause in behind if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if found is None and not other:
        return None
    if found is None:
        return _of_other(who, other)
    detail = found.verify_message or str(found)
    if found.verify_code in _EXPIRED:
        what = "is not valid yet" if found.verify_code == 9 else "has expired"
        return CertificateExpired(
            f"The certificate of {who} {what}. Have it renewed there, and check this computer's clock.",
            detail,
        )
    if found.verify_code in _OF_OTHER:
        return _of_other(who, detail)
    why = _UNTRUSTED.get(found.verify_code, detail)
    besides = f" besides those in {ca_file}" if ca_file else ""
    return CertificateUntrusted(
        f"The certificate of {who} is not trusted: {why}{besides}. Get its certificate, or its issuer's, "
        "from the administrator and name the file as 'ca_file' in the profile.",
        detail,
    )


def _of_other(who: str, detail: str) -> CertificateOfOther:
    return CertificateOfOther(
        f"The certificate of {who} belongs to another host. Write the host into the address as the "
        "certificate names it, or have a right one issued.",
        detail,
    )


def speaks_no_tls(error: BaseException) -> bool:
    """Whether what answered does not know https."""
    return any(
        isinstance(cause, ssl.SSLError) and any(words in repr(cause).lower() for words in _NO_TLS)
        for cause in causes(error)
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """The errors behind an error, itself first; the libraries of the network hide them in several places."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        kept = getattr(found, "kwargs", None)  # botocore's
        waiting += [getattr(found, "reason", None), found.__cause__, found.__context__, *found.args]
        waiting += list(kept.values()) if isinstance(kept, dict) else []
