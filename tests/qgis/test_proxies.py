"""Which proxy leads to Livy and to buckets: what QGIS's settings say, with their exceptions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.qgis.own_qgis import OwnQgis

ASK = """
import json
from qgis.core import QgsNetworkAccessManager, QgsSettings
from roadpulse.aggregation.errors import RunError
from roadpulse.algorithms.proxies import proxies_for
settings = QgsSettings()
for name, value in {settings!r}.items():
    settings.setValue(f"proxy/{{name}}", value)
QgsNetworkAccessManager.instance().setupDefaultProxyAndCache()
found = {{}}
for url in {urls!r}:
    try:
        found[url] = proxies_for(url)
    except RunError as error:
        found[url] = error.message
print(json.dumps(found))
"""
FAR, NEAR, HERE = (
    "https://livy.example.org:8998",
    "http://near.example.org:8998/livy",
    "http://127.0.0.1:8998",
)


@pytest.fixture
def ask(tmp_path: Path):
    own_qgis = OwnQgis(tmp_path / "own qgis")

    def asked(**settings: object) -> dict[str, object]:
        return json.loads(own_qgis.python(ASK.format(settings=settings, urls=[FAR, NEAR, HERE])))

    return asked


def test_without_a_proxy_there_is_none(ask) -> None:
    assert ask(proxyEnabled=False) == {FAR: {}, NEAR: {}, HERE: {}}


def test_a_proxy_of_the_settings_counts_with_its_password_and_exceptions(ask) -> None:
    found = ask(
        proxyEnabled=True, proxyType="HttpProxy", proxyHost="proxy.example.org", proxyPort="3128",
        proxyUser="me", proxyPassword="p@ss/word", noProxyUrls=["http://near.example.org"],
    )  # fmt: skip
    address = "http://me:p%40ss%2Fword@proxy.example.org:3128"
    assert found == {FAR: {"http": address, "https": address}, NEAR: {}, HERE: {}}


def test_a_socks_proxy_is_used_or_refused_in_words(ask) -> None:
    socks = {"proxyType": "Socks5Proxy", "proxyHost": "socks.example.org", "proxyPort": "1080"}
    found = ask(proxyEnabled=True, **socks)[FAR]
    assert found == dict.fromkeys(("http", "https"), "socks5h://socks.example.org:1080") or (
        "PySocks" in str(found) and FAR in str(found)
    )
