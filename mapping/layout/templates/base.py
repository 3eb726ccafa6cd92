"""A template of pages, and the contents that it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Optional

from qgis.core import QgsCoordinateTransform, QgsProject, QgsVectorLayer

from ...errors import MapError
from ...ground.layers import built_up_reader, may_be_built_up
from ...readings import Readings
from ...style.options import StyleOptions
from ..district import District, links_reader
from ..facts import describe, extent_shown, page_crs
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
    readings: Readings = field(default_factory=Readings, compare=False)

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
        self._check(contents)
        return self.make(contents)

    def reader(self, contents: PageInput) -> Callable[[Callable[[], None]], None]:
        """Return a function that reads into `contents.readings` what takes long, for `build` to find.

        It may be called in any thread, with what to call in between. Raises `MapError`, as `build`.
        """
        self._check(contents)
        layer, options, readings = contents.layer, contents.options, contents.readings
        crs, extent, district, links = page_crs(layer), options.extent, contents.district, None
        if NEEDS_DISTRICT in self.needs and district is not None:
            links = links_reader(layer, contents.style, district, contents.project, readings)
            extent = extent or district.extent(layer.crs(), contents.project)
        into = QgsCoordinateTransform(layer.crs(), crs, contents.project)
        built_up = built_up_reader(layer, crs, readings) if may_be_built_up(options.ground) else None
        sides = [OtherMap(layer, contents.style, contents.frame)]
        if NEEDS_OTHER in self.needs and contents.other is not None:
            sides.append(contents.other)
        described = [(readings.file(side.layer), side.style, side.frame) for side in sides]

        def read(check: Callable[[], None]) -> None:
            file = described[0][0]
            file.boxes()
            check()
            file.bin_totals()
            for each, style, frame in described:
                check()
                describe(each, style, frame if style.plays else None)
            check()
            wanted = extent_shown(file, into, extent)
            if built_up is not None:
                built_up(wanted)
            if links is not None:
                inside = links(check)
                inside.mean(contents.frame)
                inside.worst(contents.frame, 0)  # which ranks the streets

        return read

    def _check(self, contents: PageInput) -> None:
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
