"""The templates of pages, by key."""

from __future__ import annotations

from pathlib import Path

from ...errors import MapError
from ..template_file import ENDING
from . import city, day, district, pair, zooms
from .base import PageTemplate
from .own import own_template

TEMPLATES: dict[str, PageTemplate] = {
    each.key: each
    for each in (city.TEMPLATE, zooms.TEMPLATE, zooms.PAGES, day.TEMPLATE, pair.TEMPLATE, district.TEMPLATE)
}


def page_template(key: str) -> PageTemplate:
    """Return the template of a key, or of a layout template's path. Raises `MapError`."""
    if key.lower().endswith(ENDING):
        return own_template(Path(key).expanduser())
    if key not in TEMPLATES:
        raise MapError(f"There is no template {key!r}. Choose one of {', '.join(TEMPLATES)}, or a .qpt file.")
    return TEMPLATES[key]
