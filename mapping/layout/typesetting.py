"""Words on a page: widths and heights of lines, breaks, and what fits. Lengths in mm, sizes in points."""

from __future__ import annotations

from qgis.PyQt.QtGui import QFont, QFontMetricsF

from ..style.labels import font_family

TITLE, TEXT, SMALL = 28.0, 10.0, 6.5
"""The three sizes of type on a page of A4, in points."""

LEAST_OF_TITLE = 0.65
"""A title is shrunk to this share of its size before it is broken into lines."""

_ROOM = 0.99
"""Share of a line's width that words may take, as QGIS measures them a little differently."""

_POINT = 0.3528
"""Millimetres."""


def fitting(words: str, points: float, width: float) -> float:
    """Return the size, at most `points`, at which bold `words` fit into `width`."""
    return points * min(1.0, 0.98 * width / max(wide(words, points, bold=True), 1e-9))


def title_lines(words: str, width: float) -> tuple[str, float]:
    """Return a title with its line breaks, and its size: in one line unless it would be much smaller."""
    one_line = fitting(words, TITLE, width)
    if one_line >= LEAST_OF_TITLE * TITLE:
        return words, one_line
    for points, most in ((0.8 * TITLE, 2), (0.65 * TITLE, 3), (0.5 * TITLE, 4)):
        lines = wrapped(words, points, width, bold=True).split("\n")
        if len(lines) <= most and all(fits(line, points, width, bold=True) for line in lines):
            return "\n".join(lines), points
    return words, max(one_line, SMALL)


def fits(words: str, points: float, width: float, bold: bool = False) -> bool:
    """Return True if a text fits into one line."""
    return wide(words, points, bold) <= _ROOM * width


def wrapped(words: str, points: float, width: float, bold: bool = False) -> str:
    """Return a text with line breaks where a line would be wider than `width`; words stay whole."""
    lines = []
    for line in words.split("\n"):
        lines.append("")
        for word in line.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if lines[-1] and not fits(longer, points, width, bold):
                lines.append(word)
            else:
                lines[-1] = longer
    return "\n".join(lines)


def shortened(words: str, points: float, width: float, bold: bool = False) -> str:
    """Return a text that fits into one line, cut with an ellipsis where it must be."""
    if fits(words, points, width, bold):
        return words
    kept = len(words)
    while kept > 1 and not fits(f"{words[:kept].rstrip()}…", points, width, bold):
        kept -= 1
    return f"{words[:kept].rstrip()}…"


def wide(words: str, points: float, bold: bool = False) -> float:
    """Return the width of a line."""
    font = QFont(font_family())
    font.setBold(bold)
    font.setPixelSize(1000)
    return float(QFontMetricsF(font).horizontalAdvance(words)) / 1000 * points * _POINT


def line_height(points: float) -> float:
    """Return the height of a line."""
    return points * _POINT * 1.42
