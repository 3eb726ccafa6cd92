"""Paper: formats, which way round, how wide the column is and how large the type."""

from __future__ import annotations

from qgis.core import QgsRectangle

from ..errors import MapError
from .facts import fill

FRAME = "frame"
"""A film's frame of 16 to 9, 1920 × 1080 points at `FRAME_DPI`."""

FRAME_DPI = 144

PAPERS = {
    "A4": (297.0, 210.0),
    "A3": (420.0, 297.0),
    "A2": (594.0, 420.0),
    "A1": (841.0, 594.0),
    "A0": (1189.0, 841.0),
    "Letter": (279.4, 215.9),
    "Tabloid": (431.8, 279.4),
    FRAME: (338.667, 190.5),
}
"""Width and height in mm, landscape."""

ORIENTATIONS = ("auto", "landscape", "portrait")

COLUMN = 0.258
"""Width of the column on A4, as a share of the page's longer side."""

MORE = 1.05
"""Paper is turned to portrait where that shows the extent larger by at least this factor."""

_GROWTH = 0.6
"""Type grows with this power of the paper's side: a poster is read from farther away, but not in full.

A0 has type 2.3 times as large as A4, and not 4 times; the map has the rest of the room.
"""


def check_paper(paper: str) -> None:
    """Raise `MapError` for an unknown format."""
    if paper not in PAPERS:
        raise MapError(f"There is no paper {paper}. Choose one of {', '.join(PAPERS)}.")


def type_size(size: tuple[float, float]) -> float:
    """Return the size of type and of distances on a page of `size`, 1 on A4."""
    linear = min(max(size) / PAPERS["A4"][0], min(size) / PAPERS["A4"][1])
    return linear**_GROWTH if linear > 1 else linear


def column_width(paper: str, size: tuple[float, float]) -> float:
    """Return the width of the column on a page of `size`."""
    if paper == FRAME:
        return max(size) * COLUMN
    return PAPERS["A4"][0] * COLUMN * type_size(size)


def page_size(paper: str, orientation: str, wanted: QgsRectangle, cut: bool) -> tuple[float, float]:
    """Return width and height of the page.

    With the orientation `auto` paper is turned where that shows more of the extent `wanted`, or shows it
    larger, beside the column.
    """
    size = PAPERS[paper]
    turned = size[1], size[0]
    if paper == FRAME or orientation == "landscape":
        return size
    if orientation == "portrait":
        return turned

    def shows(size: tuple[float, float]) -> float:
        width = size[0] - column_width(paper, size)
        part = fill(wanted, width / size[1], cut)
        return part.area() if cut else width / part.width()

    return turned if shows(turned) > MORE * shows(size) else size
