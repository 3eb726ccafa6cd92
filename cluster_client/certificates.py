"""TLS certificates of servers: trusted certificates, and errors for untrusted ones.

cluster_client.errors.BackendError
└── CertificateError             the server cannot prove its identity
    ├── CertificateExpired       outside its period of validity
    ├── CertificateOfOther       issued for another host
    └── CertificateUntrusted     self-signed, or its issuer is not trusted by this computer
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
    """The server cannot prove its identity; no request was sent."""


class CertificateExpired(CertificateError):
    """The certificate is outside its period of validity."""


class CertificateOfOther(CertificateError):
    """The certificate was issued for another host."""


class CertificateUntrusted(CertificateError):
    """The certificate is self-signed, or its issuer is not trusted by this computer."""


def trust(ca_file: str) -> ssl.SSLContext:
    """Return a TLS context with this computer's trusted certificates and those in `ca_file` (empty: none).

    Raises `BackendError` if the file cannot be used.
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
    """Return the certificate error behind an error, None if there is none; `who` names the server."""
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
    """Return True if the server does not speak TLS."""
    return any(
        isinstance(cause, ssl.SSLError) and any(words in repr(cause).lower() for words in _NO_TLS)
        for cause in causes(error)
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, which network libraries keep in several attributes."""
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
