"""A template of pages, and the contents that it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from qgis.core import QgsProject, QgsVectorLayer

from ...errors import MapError
from ...style.options import StyleOptions
from ..district import District
from ..page import PageOptions, SpeedPage

NEEDS_FRAMES, NEEDS_OTHER, NEEDS_DISTRICT = "frames", "other", "district"


@dataclass(frozen=True)
class OtherMap:
    """The second map of a page: that of another run, or another frame of the same layer.

    `frame` is a number of the timeline of `layer`, None for the whole period; `name` is written above it.
    """

    layer: QgsVectorLayer
    style: StyleOptions
    frame: Optional[int] = None
    name: str = ""


@dataclass(frozen=True)
class PageInput:
    """Contents of a page: the layer, which `style_layer` has styled with `style`, and the options.

    `name` is written above the page's own map where there is another one.
    """

    project: QgsProject
    layer: QgsVectorLayer
    style: StyleOptions
    options: PageOptions
    other: Optional[OtherMap] = None
    district: Optional[District] = None
    name: str = ""

    @property
    def frame(self) -> Optional[int]:
        """The frame that the page shows, None for the whole period."""
        return self.options.frame if self.style.plays else None


@dataclass(frozen=True)
class PageTemplate:
    """A kind of page. `needs` names what a page of it cannot be without; `make` raises `MapError`."""

    key: str
    label: str
    description: str
    make: Callable[[PageInput], SpeedPage]
    needs: frozenset[str] = frozenset()

    def build(self, contents: PageInput) -> SpeedPage:
        """Return the page. Raises `MapError` for what is missing, in words."""
        if NEEDS_FRAMES in self.needs and not contents.style.plays:
            raise MapError(
                f"A page “{self.label}” shows values by bin, and the map file holds none of "
                f"{contents.style.title}. Choose a statistic that plays, or another template."
            )
        if NEEDS_OTHER in self.needs and contents.other is None:
            raise MapError(
                f"A page “{self.label}” needs something to compare with: choose a second map, or a second "
                "time of the same map."
            )
        if NEEDS_DISTRICT in self.needs and contents.district is None:
            raise MapError(f"A page “{self.label}” needs a district: choose a polygon layer.")
        return self.make(contents)
