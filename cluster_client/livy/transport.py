"""The way to Livy over HTTP: certificates, proxy and tunnel, and words for what goes wrong on it."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Iterator
from typing import Any, Callable, Optional

import requests
import urllib3
from requests.adapters import HTTPAdapter

from ...aggregation.errors import RunError
from ..errors import BackendError
from ..keys import UserSecret
from .errors import (
    CertificateError,
    CertificateExpired,
    CertificateOfOther,
    CertificateUntrusted,
    LivyAway,
    LivyCut,
    LivySilent,
    NotLivy,
)

Via = Callable[[], tuple[str, int]]
REQUESTED_BY = "roadpulse"

_EXPIRED, _OF_OTHER = (9, 10), (62, 64)  # OpenSSL's X509_V_ERR_…
_UNTRUSTED = {
    18: "it is self-signed",
    19: "its issuer is not known here",
    20: "its issuer is not known here",
    21: "its issuer is not known here",
}
_NO_TLS = ("wrong version number", "wrong_version_number", "record layer failure", "http request")
_USER_INFO = re.compile(r"//[^/@\s]*@")
_OF_THE_NETWORK = (
    OSError, requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError,
)  # fmt: skip
_CUT = (ConnectionError, http.client.IncompleteRead, urllib3.exceptions.IncompleteRead)


class _Adapter(HTTPAdapter):
    """Trusts the computer's own certificates and one more file; nothing is sent a second time."""

    def __init__(self, trust: ssl.SSLContext, server_name: str) -> None:
        self._trust, self._server_name = trust, server_name
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._server_name:  # the address is a tunnel's, the certificate Livy's
            kwargs["server_hostname"] = self._server_name
        super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=self._trust, **kwargs)


def new_session(
    login: Optional[UserSecret], ca_file: str, proxy: str, server_name: str = ""
) -> requests.Session:
    """A session that takes nothing from the environment.

    `server_name` is whose certificate is expected where the address is a tunnel's. Raises `BackendError`
    for a `ca_file` that is of no use.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers.update(
        {"X-Requested-By": REQUESTED_BY, "Accept": "application/json", "Accept-Encoding": "identity"}
    )
    if login is not None:
        session.auth = (login.user.encode(), login.secret.encode())  # type: ignore[assignment]  # requests itself knows Latin-1 only
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}
    session.mount("https://", _Adapter(_trust(ca_file), server_name))
    return session


def _trust(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ValueError) as error:
            raise BackendError(
                f"The file with certificates {ca_file} cannot be used "
                f"({getattr(error, 'strerror', '') or error}). Name a file in PEM format as 'ca_file' in the "
                "profile, or none.",
                repr(error),
            ) from error
    return context


def in_words(error: BaseException, where: str, proxy: str, ca_file: str) -> BaseException:
    """What an error of a call means; what has words already, or is a fault of this program, stays."""
    if isinstance(error, RunError) or not isinstance(error, _OF_THE_NETWORK):
        return error
    detail = without_password(repr(error))
    causes = list(_causes(error))

    def caused(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    certificate = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return _certificate(certificate, where, ca_file)
    if caused(ssl.SSLError) and any(words in detail.lower() for words in _NO_TLS):
        return NotLivy(
            f"What answers at {where} speaks no TLS. Begin the address with http:// if it is near or in a "
            "tunnel, or have TLS switched on there.",
            detail,
        )
    if caused(requests.exceptions.ProxyError):
        return LivyAway(
            f"The proxy {without_password(proxy)} does not lead to Livy at {where}. Check the proxy in "
            "QGIS's settings (Options, Network), and exclude Livy's address there if it is near.",
            detail,
        )
    if caused(requests.exceptions.ConnectTimeout):
        return LivyAway(
            f"Livy at {where} cannot be reached: nobody answered in time. Check the address, network, VPN "
            "and firewall.",
            detail,
        )
    if caused(requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return LivySilent(f"Livy at {where} takes calls and does not answer. It may be overloaded.", detail)
    if caused(urllib3.exceptions.NewConnectionError):
        why = (
            "the computer answers, but not on that port. Check the port, and whether Livy runs."
            if caused(ConnectionRefusedError)
            else "no way leads there. Check the address, network and VPN."
        )
        return LivyAway(f"Livy at {where} cannot be reached: {why}", detail)
    if caused(http.client.HTTPException, ValueError) and not caused(*_CUT):
        return NotLivy(f"What answers at {where} does not speak HTTP. Check address and port.", detail)
    return LivyCut(f"The connection to Livy at {where} broke before its answer was here.", detail)


def _certificate(error: ssl.SSLCertVerificationError, where: str, ca_file: str) -> CertificateError:
    detail = error.verify_message or str(error)
    if error.verify_code in _EXPIRED:
        what = "is not valid yet" if error.verify_code == 9 else "has expired"
        return CertificateExpired(
            f"The certificate of Livy at {where} {what}. Have it renewed there, and check this computer's "
            "clock.",
            detail,
        )
    if error.verify_code in _OF_OTHER:
        return CertificateOfOther(
            f"The certificate of Livy at {where} belongs to another host. Write the host into the address as "
            "the certificate names it, or have a right one issued.",
            detail,
        )
    why = _UNTRUSTED.get(error.verify_code, detail)
    besides = f" besides those in {ca_file}" if ca_file else ""
    return CertificateUntrusted(
        f"The certificate of Livy at {where} is not trusted: {why}{besides}. Get its certificate, or its "
        "issuer's, from the administrator and name the file as 'ca_file' in the profile.",
        detail,
    )


def without_password(text: str) -> str:
    """A text without the user and password of the addresses in it."""
    return _USER_INFO.sub("//", text)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The errors behind an error, itself first; requests hides them in several places."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [getattr(found, "reason", None), found.__cause__, found.__context__, *found.args]
