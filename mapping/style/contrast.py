"""Computed contrast of a map's colours: with the ground, between classes, and as colour-blind people see.

A line of a map is read if it stands out from the ground, and a class if it differs from the next one. Both
are measured, so that a choice that breaks a rule is named before it is published.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from qgis.PyQt.QtGui import QColor

from ..language import number_text, tr

LEAST_CONTRAST = 3.0
"""Least contrast of the class that matters with the ground (WCAG 2.1, 1.4.11: graphical objects)."""

LEAST_DIFFERENCE = 10.0
"""Least difference (CIEDE2000) of neighbouring classes, and of every class from the ground."""

Lab = tuple[float, float, float]

_D65 = (0.95047, 1.0, 1.08883)
_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
"""Linear RGB as seen without the middle cones: Machado, Oliveira and Fernandes, "A physiologically-based
model for simulation of color vision deficiency", IEEE TVCG 15 (2009), severity 1.0."""


def faults(
    colours: Sequence[QColor], labels: Sequence[str], ground: QColor, matters: Sequence[int]
) -> list[str]:
    """Return what is hard to see on a map, each as a sentence with what to do; empty if nothing is.

    `colours` and `labels` are those of the classes, lowest first, `matters` the numbers of the classes that
    must stand out most.
    """
    found = []
    for number in matters:
        contrast = contrast_ratio(colours[number], ground)
        if contrast < LEAST_CONTRAST:
            text = tr(
                "“{label}” matters most and has a contrast of {contrast}:1 with the ground; it takes "
                "{least}:1. Choose another ramp or theme."
            )
            found.append(
                text.format(
                    label=labels[number],
                    contrast=number_text(contrast, 1),
                    least=number_text(LEAST_CONTRAST),
                )
            )
    lost = [label for colour, label in zip(colours, labels) if difference(colour, ground) < LEAST_DIFFERENCE]
    if lost:
        text = tr("{labels} can hardly be told from the ground. Choose another ramp or theme.")
        found.append(text.format(labels=", ".join(f"“{label}”" for label in lost)))
    found += _alike(
        colours,
        labels,
        tr("“{one}” and “{other}” look alike: they differ by {found}, and it takes {least} (CIEDE2000)."),
    )
    return found + _alike(
        [as_deuteranope(colour) for colour in colours],
        labels,
        tr(
            "“{one}” and “{other}” look alike to readers who cannot see green (deuteranopia): they differ by "
            "{found}, and it takes {least} (CIEDE2000)."
        ),
    )


def _alike(colours: Sequence[QColor], labels: Sequence[str], text: str) -> list[str]:
    """Return a sentence on the two classes that are most alike, if they are too much so."""
    pairs = [(difference(colours[i], colours[j]), i, j) for j in range(len(colours)) for i in range(j)]
    found, one, other = min(pairs, default=(LEAST_DIFFERENCE, 0, 0))
    if round(found, 1) >= LEAST_DIFFERENCE:
        return []
    text = text.format(
        one=labels[one],
        other=labels[other],
        found=number_text(found, 1),
        least=number_text(LEAST_DIFFERENCE),
    )
    return [f"{text} {tr('Take fewer classes.') if other - one == 1 else tr('Choose another ramp.')}"]


def contrast_ratio(one: QColor, other: QColor) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1): (L1 + 0.05) / (L2 + 0.05) of luminances."""
    dark, light = sorted(
        _TO_XYZ[1][0] * r + _TO_XYZ[1][1] * g + _TO_XYZ[1][2] * b for r, g, b in map(_linear, (one, other))
    )
    return (light + 0.05) / (dark + 0.05)


def difference(one: QColor, other: QColor) -> float:
    """Return the difference of two colours by CIEDE2000; 1 is just seen side by side."""
    return ciede2000(lab(one), lab(other))


def as_deuteranope(colour: QColor) -> QColor:
    """Return a colour as people without middle cones (deuteranopia) see it."""
    seen = _multiplied(_DEUTERANOPIA, _linear(colour))
    return QColor(*(round(255 * _encoded(min(max(part, 0.0), 1.0))) for part in seen))


def lab(colour: QColor) -> Lab:
    """Return L*, a*, b* of an sRGB colour (CIE 1976, D65)."""
    x, y, z = (_cube_root(part / white) for part, white in zip(_multiplied(_TO_XYZ, _linear(colour)), _D65))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(one: Lab, other: Lab) -> float:
    """Return the CIEDE2000 difference of two colours in L*, a*, b*, with all weights 1.

    Source: Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", Color Research and Application 30
    (2005), equations 2 to 22.
    """
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean_c = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)))
    (c1, h1), (c2, h2) = ((math.hypot(a * (1 + g), b), _hue(a * (1 + g), b)) for a, b in ((a1, b1), (a2, b2)))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180 if abs(h2 - h1) > 180 else h2 - h1
    delta_l, delta_c = l2 - l1, c2 - c1
    delta_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn) / 2)
    l_bar, c_bar = (l1 + l2) / 2, (c1 + c2) / 2
    h_bar = h1 + h2
    if c1 * c2:
        if abs(h1 - h2) > 180:
            h_bar += 360 if h_bar < 360 else -360
        h_bar /= 2
    t = (
        1
        - 0.17 * math.cos(math.radians(h_bar - 30))
        + 0.24 * math.cos(math.radians(2 * h_bar))
        + 0.32 * math.cos(math.radians(3 * h_bar + 6))
        - 0.20 * math.cos(math.radians(4 * h_bar - 63))
    )
    s_l = 1 + 0.015 * (l_bar - 50) ** 2 / math.sqrt(20 + (l_bar - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_bar, 1 + 0.015 * c_bar * t
    around_blue = 60 * math.exp(-(((h_bar - 275) / 25) ** 2))
    r_t = -2 * math.sqrt(c_bar**7 / (c_bar**7 + 25.0**7)) * math.sin(math.radians(around_blue))
    x, y, z = delta_l / s_l, delta_c / s_c, delta_h / s_h
    return math.sqrt(x * x + y * y + z * z + r_t * y * z)


def _linear(colour: QColor) -> tuple[float, ...]:
    """Return linear red, green and blue, 0 to 1 (IEC 61966-2-1)."""
    parts = (part / 255 for part in (colour.red(), colour.green(), colour.blue()))
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def _encoded(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _multiplied(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector)) for row in matrix)


def _cube_root(part: float) -> float:
    return part ** (1 / 3) if part > (6 / 29) ** 3 else part / (3 * (6 / 29) ** 2) + 4 / 29


def _hue(a: float, b: float) -> float:
    return math.degrees(math.atan2(b, a)) % 360
