"""HTTP transport to Livy: certificates, proxy, tunnel, and error messages."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Callable, Optional, Protocol

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ....aggregation.contract.errors import RunError
from ...certificates import causes, certificate_fault, speaks_no_tls
from ...profiles.credentials import UserSecret
from .errors import LivyAway, LivyCut, LivySilent, NotLivy

REQUESTED_BY = "roadpulse"

_USER_INFO = re.compile(r"//[^/@\s]*@")
_OF_THE_NETWORK = (
    OSError, requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError,
)  # fmt: skip
_CUT = (ConnectionError, http.client.IncompleteRead, urllib3.exceptions.IncompleteRead)


class Via(Protocol):
    """An alternative connection to Livy's host, such as a tunnel."""

    def ready(self) -> None:
        """Open the connection, or raise a `RunError`; called before every request."""

    def connect(self) -> socket.socket:
        """Return a new connection to Livy; raises a `RunError`."""


class _Adapter(HTTPAdapter):
    """Adapter with a TLS context of its own, without retries."""

    def __init__(self, trust: ssl.SSLContext, connect: Optional[Callable[[], socket.socket]]) -> None:
        self._trust, self._connect = trust, connect
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)
        if self._connect is not None:
            self.poolmanager.pool_classes_by_scheme = _pools(self._connect)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=self._trust, **kwargs)


def _pools(connect: Callable[[], socket.socket]) -> dict[str, type[HTTPConnectionPool]]:
    """Return connection pools by scheme whose connections are opened by `connect`."""

    def opened(connection: HTTPConnection) -> socket.socket:
        found = connect()
        if isinstance(connection.timeout, (int, float)):
            found.settimeout(connection.timeout)
        return found

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return opened(self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return opened(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def new_session(
    login: Optional[UserSecret],
    trust: ssl.SSLContext,
    proxies: Mapping[str, str],
    connect: Optional[Callable[[], socket.socket]] = None,
) -> requests.Session:
    """Return a session that ignores the environment; `connect`, if given, opens its connections."""
    session = requests.Session()
    session.trust_env = False
    session.headers.update(
        {"X-Requested-By": REQUESTED_BY, "Accept": "application/json", "Accept-Encoding": "identity"}
    )
    if login is not None:
        session.auth = (login.user.encode(), login.secret.encode())  # type: ignore[assignment]  # requests itself knows Latin-1 only
    session.proxies = dict(proxies)
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(trust, connect))
    return session


def in_words(error: BaseException, where: str, proxies: Mapping[str, str], ca_file: str) -> BaseException:
    """Return the error of a call with a message; errors that have one, and bugs, are unchanged."""
    if isinstance(error, RunError) or not isinstance(error, _OF_THE_NETWORK):
        return error
    detail = without_password(repr(error))
    all_causes = list(causes(error))

    def caused(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in all_causes)

    certificate = certificate_fault(error, f"Livy at {where}", ca_file)
    if certificate is not None:
        return certificate
    if speaks_no_tls(error):
        return NotLivy(
            f"What answers at {where} speaks no TLS. Begin the address with http:// if it is near or in a "
            "tunnel, or have TLS switched on there.",
            detail,
        )
    if caused(requests.exceptions.ProxyError):
        proxy = without_password(next(iter(proxies.values()), ""))
        return LivyAway(
            f"The proxy {proxy} does not lead to Livy at {where}. Check the proxy in QGIS's settings "
            "(Options, Network), and exclude Livy's address there if it is near.",
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


def without_password(text: str) -> str:
    """Return a text with user and password removed from its URLs."""
    return _USER_INFO.sub("//", text)
