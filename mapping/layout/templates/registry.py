"""The templates of pages, by key."""

from __future__ import annotations

from ...errors import MapError
from . import city, day, district, pair, zooms
from .base import PageTemplate

TEMPLATES: dict[str, PageTemplate] = {
    each.key: each for each in (city.TEMPLATE, zooms.TEMPLATE, day.TEMPLATE, pair.TEMPLATE, district.TEMPLATE)
}


def page_template(key: str) -> PageTemplate:
    """Return a template. Raises `MapError`."""
    if key not in TEMPLATES:
        raise MapError(f"There is no template {key!r}. Choose one of {', '.join(TEMPLATES)}, or a .qpt file.")
    return TEMPLATES[key]
