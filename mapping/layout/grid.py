"""Maps of one extent in rows and columns, as large as fits."""

from __future__ import annotations

from typing import Optional

from qgis.core import QgsRectangle

from .facts import SMALLEST, fill
from .items import Box

TALLEST = 1.5
"""A map is at most this many times as high as it needs to be; below it the paper is bare."""


def cells(
    area: Box, n: int, wanted: QgsRectangle, gap: float, head: float, columns: Optional[int] = None
) -> list[Box]:
    """Return the places of `n` maps in `area`, row by row, each below a heading `head` mm high.

    Without `columns` there are as many as show the extent `wanted` largest. Each place is that of a heading
    and its map together. Where the area is higher than the maps need, the places end above its lower edge.
    """

    def size(across: int) -> tuple[float, float]:
        down = -(-n // across)
        return (area.width - gap * (across + 1)) / across, (area.height - gap * (down + 1)) / down

    def shows(across: int) -> float:
        width, height = size(across)
        if width <= 0 or height - head <= 0:
            return 0.0
        return width / fill(wanted, width / (height - head)).width()

    across = columns or max(range(1, n + 1), key=lambda each: (shows(each), -((-n) % each)))
    width, height = size(across)
    needed = width * max(wanted.height(), SMALLEST) / max(wanted.width(), SMALLEST)
    height = min(height, head + TALLEST * needed)
    return [
        Box(
            area.x + gap + (width + gap) * (i % across),
            area.y + gap + (height + gap) * (i // across),
            width,
            height,
        )
        for i in range(n)
    ]


def split(cell: Box, head: float) -> tuple[Box, Box]:
    """Return the place of a cell's heading and that of its map."""
    return (
        Box(cell.x, cell.y, cell.width, head),
        Box(cell.x, cell.y + head, cell.width, cell.height - head),
    )
