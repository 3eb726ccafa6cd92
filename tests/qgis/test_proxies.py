"""Which proxy leads to Livy and to buckets: what QGIS's settings say, with their exceptions."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from tests.qgis.own_qgis import OwnQgis

ASK = """
import json
from qgis.core import QgsNetworkAccessManager, QgsSettings
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.workflow.proxies import livy_proxies, s3_proxies
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.profiles.profile import Profile
settings = QgsSettings()
settings.remove("proxy")
for name, value in {settings!r}.items():
    settings.setValue(f"proxy/{{name}}", value)
QgsNetworkAccessManager.instance().setupDefaultProxyAndCache()
found, livy = {{}}, dict(kind="livy", name="there", host="pi0")
for url in {urls!r}:
    try:
        found[url] = livy_proxies(Profile(livy_url=url, **livy))
    except RunError as error:
        found[url] = error.message
found["tunnel"] = livy_proxies(Profile(livy_url="http://127.0.0.1:8998", livy_tunnel=True, **livy))
found["bucket"] = s3_proxies(Profile(kind="local", name="there", s3=S3Access(endpoint={bucket!r})))
print(json.dumps(found))
"""
FAR, NEAR, HERE = (
    "https://livy.example.org:8998",
    "http://near.example.org:8998/livy",
    "http://127.0.0.1:8998",
)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory):
    own_qgis = OwnQgis(tmp_path_factory.mktemp("own") / "qgis")

    def asked(bucket: str = "", **settings: object) -> dict[str, object]:
        return json.loads(
            own_qgis.python(ASK.format(settings=settings, urls=[FAR, NEAR, HERE], bucket=bucket))
        )

    return asked


def test_without_a_proxy_there_is_none(ask) -> None:
    assert ask(proxyEnabled=False) == {FAR: {}, NEAR: {}, HERE: {}, "tunnel": {}, "bucket": None}


def test_a_proxy_of_the_settings_counts_with_its_password_and_exceptions(ask) -> None:
    found = ask(
        proxyEnabled=True, proxyType="HttpProxy", proxyHost="proxy.example.org", proxyPort="3128",
        proxyUser="me", proxyPassword="p@ss/word", noProxyUrls=["http://near.example.org"],
    )  # fmt: skip
    address = "http://me:p%40ss%2Fword@proxy.example.org:3128"
    proxies = {"http": address, "https": address}
    assert found == {FAR: proxies, NEAR: {}, HERE: {}, "tunnel": {}, "bucket": proxies}


def test_a_bucket_near_by_is_reached_without_its_proxy(ask) -> None:
    found = ask(
        "http://near.example.org:9000", proxyEnabled=True, proxyType="HttpProxy",
        proxyHost="proxy.example.org", proxyPort="3128", noProxyUrls=["http://near.example.org"],
    )  # fmt: skip
    assert found["bucket"] is None
    assert found[FAR]


def test_a_socks_proxy_is_used_or_refused_in_words(ask) -> None:
    socks = {"proxyType": "Socks5Proxy", "proxyHost": "socks.example.org", "proxyPort": "1080"}
    found = ask(proxyEnabled=True, **socks)
    proxies = dict.fromkeys(("http", "https"), "socks5h://socks.example.org:1080")
    if find_spec("socks") is None:
        assert "PySocks" in str(found[FAR]) and FAR in str(found[FAR])
    else:
        assert found[FAR] == proxies
    # Whoever has no bucket there is not bothered; who has one is told when it is connected to.
    assert found["bucket"] == proxies
