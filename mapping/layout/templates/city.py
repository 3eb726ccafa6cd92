"""One map to the page's edges, and the day as small maps beside it."""

from __future__ import annotations

from ..page import SpeedPage, speed_page
from .base import PageInput, PageTemplate


def _build(contents: PageInput) -> SpeedPage:
    return speed_page(contents.project, contents.layer, contents.style, contents.options, contents.readings)


TEMPLATE = PageTemplate(
    "city", "Map", "One map to the edges of the page, with the day as small maps beside it.", _build
)
