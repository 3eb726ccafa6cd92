"""The proxies of QGIS's settings (Options, Network), for what does not go through QGIS's own network."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Optional
from urllib.parse import quote

from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy, QNetworkProxyQuery

from ..cluster_client.errors import ProfileError
from ..cluster_client.profiles.checks import is_loopback
from ..mapping.language import tr

if TYPE_CHECKING:
    from ..cluster_client.profiles.profile import Profile

AWS = "https://s3.amazonaws.com"

_KINDS = {
    QNetworkProxy.ProxyType.HttpProxy: "http",
    QNetworkProxy.ProxyType.HttpCachingProxy: "http",
    QNetworkProxy.ProxyType.Socks5Proxy: "socks5h",
}


def proxies_for(url: str) -> dict[str, str]:
    """Addresses of the proxies for `http` and `https` through which a URL is reached; none for most.

    For the main thread. The exceptions of QGIS's settings count, and this computer itself is reached
    without. The addresses may hold a password.
    """
    if is_loopback(url):
        return {}
    factory = QgsNetworkAccessManager.instance().proxyFactory()
    found = factory.queryProxy(QNetworkProxyQuery(QUrl(url))) if factory is not None else []
    proxy = found[0] if found else QNetworkProxy()
    kind = _KINDS.get(proxy.type())
    if kind is None or not proxy.hostName():
        return {}
    login = f"{quote(proxy.user(), safe='')}:{quote(proxy.password(), safe='')}@" if proxy.user() else ""
    host = f"[{proxy.hostName()}]" if ":" in proxy.hostName() else proxy.hostName()
    address = f"{kind}://{login}{host}:{proxy.port()}"
    return {"http": address, "https": address}


def livy_proxies(profile: Profile) -> dict[str, str]:
    """Return the proxies of QGIS's settings on the way to a profile's Livy; none into a tunnel.

    Raises `ProfileError` for a kind of proxy that cannot be used here.
    """
    found = {} if profile.livy_tunnel else proxies_for(profile.livy_url)
    if any(address.startswith("socks") for address in found.values()) and find_spec("socks") is None:
        raise ProfileError(
            "livy_url",
            tr(
                "QGIS's settings lead to {url} through a SOCKS proxy, for which the Python package PySocks "
                "is missing. Install it (pip install pysocks), or exclude the address in Options, Network."
            ).format(url=profile.livy_url),
        )
    return found


def s3_proxies(profile: Profile) -> Optional[dict[str, str]]:
    """The proxies of QGIS's settings on the way to a profile's buckets; None: the environment's count."""
    return proxies_for(profile.s3.endpoint or AWS) or None
