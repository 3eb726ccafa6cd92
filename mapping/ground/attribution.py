"""Attribution of layers: the names that their makers ask to be printed, as plain text."""

from __future__ import annotations

import html
import re

from qgis.core import QgsMapLayer

from ...aggregation.contract.visible_text import visible

_MAKERS = (
    (r"(^|\.)(cartocdn|carto)\.com$", "© OpenStreetMap contributors, © CARTO"),
    (r"(^|\.)opentopomap\.org$", "© OpenStreetMap contributors, SRTM, OpenTopoMap (CC-BY-SA)"),
)
"""Hosts of tiles and the attribution that they ask for; QGIS knows that of OpenStreetMap's own."""

_HOST = re.compile(r"https?(?:://|%3A%2F%2F)([^/:?&%\s]+)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_LONGEST = 200


def attribution_of(layer: QgsMapLayer) -> str:
    """Return the attribution of a layer in a line, empty if none is known.

    It is what its properties say (*QGIS Server*, *Metadata → Access*), or what its server asks for. Links
    are reduced to their words.
    """
    said = [layer.serverProperties().attribution(), *layer.metadata().rights()]
    texts = [" ".join(visible(html.unescape(_TAG.sub("", text))).split()) for text in said if text]
    if not any(texts):
        host = _HOST.search(layer.source())
        texts = [maker for pattern, maker in _MAKERS if host and re.search(pattern, host[1], re.IGNORECASE)]
    found = list(dict.fromkeys(text[:_LONGEST] for text in texts if text))
    return "; ".join(found)
