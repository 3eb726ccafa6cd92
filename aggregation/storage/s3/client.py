"""The choice of a client: the only place that decides how a process reaches a bucket."""

from __future__ import annotations

import os
import urllib.request
from functools import lru_cache

from ...contract.s3_access import S3Access
from .base_client import RunClient
from .keys import Keyring
from .obstore_client import ObstoreClient
from .signed_client import SignedClient
from .signed_requests import SignedRequests


def client_of(access: S3Access, bucket: str) -> RunClient:
    """Return this process's client of a bucket; raises `KeysMissing`.

    obstore where an instance's role gives the keys or a proxy leads to the service, otherwise requests signed
    here, which read ahead and can name every object.
    """
    return _client(os.getpid(), access, bucket)


@lru_cache(maxsize=16)
def _client(_pid: int, access: S3Access, bucket: str) -> RunClient:
    keyring = Keyring(access)
    if keyring.of_role:
        return ObstoreClient(access, bucket)
    requests = SignedRequests(access, bucket, keyring)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(requests.scheme) or proxies.get("all")
    if proxy and not urllib.request.proxy_bypass(requests.host):
        return ObstoreClient(access, bucket)
    return SignedClient(access, bucket, requests)


def forget() -> None:
    """Drop the clients made so far, as in a process that has just begun."""
    _client.cache_clear()
