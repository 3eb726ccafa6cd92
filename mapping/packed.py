"""The day of a link in one short text: what an animation frame reads instead of a column for each bin.

Asking QGIS for `attribute('mean_' || …)` makes it fetch every column of every feature. So `links` carries
one more column, `day_packed`: a text of 1 + n characters, first the whole day, then the n bins. A
character's code is a speed, `OFFSET + ceil(speed × scale)`, or `TOO_FEW` where too few trips
were counted. Numbers, not letters of classes: the value that the renderer sees is a speed in the unit
shown, so that the layer can be given other classes, or another mode of classification, in QGIS itself.

Rounding up, never to the nearest: a class includes its upper limit in QGIS, so with limits that are
multiples of 1 / scale every packed value falls into the same class as the value itself.
"""

from __future__ import annotations

import numpy as np

PACKED_FIELD = "day_packed"
"""The column's name."""

TOO_FEW = 64
"""Code of a bin with too few trips, `@`."""

OFFSET = 164
"""Code of speed 0. From here on no character is a control character."""

LAST = 0xD7FF
"""Codes end before the surrogates, so that a character is one UTF-16 unit, as QGIS counts them."""

SCALES = (100, 10, 1)
"""Steps per unit of speed; the finest that holds the largest speed is used."""


def scale_for(largest: float) -> int:
    """Steps per unit with which `largest` still has a code; speeds beyond the coarsest are cut off."""
    for scale in SCALES:
        if np.isnan(largest) or largest * scale <= LAST - OFFSET:
            return scale
    return SCALES[-1]


def pack(values: np.ndarray, trips: np.ndarray, min_trips: int, scale: int) -> list[str]:
    """Texts for `values` (n, 1 + bins), float, drawn where `trips` (same shape) reaches `min_trips`."""
    with np.errstate(invalid="ignore"):
        # A sum of floats is a hair above its true value now and then: 25.000000000000004 is 25.
        steps = np.ceil(np.round(values * scale, 6))
        drawn = (trips >= min_trips) & np.isfinite(steps)
    codes = np.where(drawn, np.clip(np.where(drawn, steps, 0), 0, LAST - OFFSET) + OFFSET, TOO_FEW)
    text = codes.astype("<u2").tobytes().decode("utf-16-le")
    width = values.shape[1]
    return [text[start : start + width] for start in range(0, len(text), width)]


def unpack(text: str, scale: int) -> np.ndarray:
    """Speeds (1 + bins,) of one text, NaN where too few trips were counted."""
    codes = np.frombuffer(text.encode("utf-16-le"), dtype="<u2").astype(float)
    return np.where(codes == TOO_FEW, np.nan, (codes - OFFSET) / scale)
