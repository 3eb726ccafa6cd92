"""The day of a link in one text: what an animation frame reads instead of a column for each bin.

Asking QGIS for `attribute('mean_' || …)` makes it fetch every column of every feature. So `links` carries
one more column, `day_packed`: 1 + n numbers of `DIGITS` characters each, first the whole day's, then
those of the n bins, `-1e99` where too few trips were counted. A link that is never drawn in a colour
has no text at all, so that QGIS is done with it at once.

Numbers, not letters of classes: what the renderer sees is a speed in the unit shown, so that the layer
can be given other classes, or another mode of classification, in QGIS itself. Rounding is always up:
a class includes its upper limit in QGIS, so with limits of two decimals (one above 100) each
packed number falls into the same class as the number itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

PACKED_FIELD = "day_packed"
"""The column's name."""

DIGITS = 5
"""Characters of one number."""

FEW_TEXT = "-1e99"
FEW = float(FEW_TEXT)
"""Stands for too few trips: no number of `DIGITS` characters that a value is written with comes near it."""

FEW_OF_0_1 = -1.0
"""Stands for too few trips in files of version 0.1.0."""

LARGEST = 9_999
"""Larger speeds are cut off."""


@lru_cache(maxsize=1)
def _table() -> NDArray[Any]:
    """All that can be written: hundredths up to 100, tenths up to 1000, whole numbers beyond, then `FEW`."""
    texts = [f"{i / 100:5.2f}" for i in range(10_000)]
    texts += [f"{100 + i / 10:5.1f}" for i in range(9_000)]
    texts += [f"{i:5d}" for i in range(1000, LARGEST + 1)]
    return np.array([*texts, FEW_TEXT], dtype=f"S{DIGITS}")


def pack(values: NDArray[Any], trips: NDArray[Any], min_trips: int) -> list[Optional[str]]:
    """Texts of n links; `values` (n, 1 + bins) count where `trips` (same shape) reach `min_trips`."""
    table = _table()
    with np.errstate(invalid="ignore"):
        drawn = (trips >= min_trips) & np.isfinite(values)
    speed = np.clip(np.where(drawn, values, 0.0), 0.0, LARGEST)
    # A mean of floats is a hair above its true value now and then: 25.000000000000004 is 25.
    hundredths, tenths, ones = (
        np.ceil(np.round(speed * scale, 7)).astype(np.int64) for scale in (100, 10, 1)
    )
    place = np.where(
        hundredths < 10_000, hundredths, np.where(tenths < 10_000, 9_000 + tenths, 18_000 + ones)
    )
    place = np.where(drawn, place, len(table) - 1)
    text = table[place].tobytes().decode("ascii")
    width = values.shape[1] * DIGITS
    return [
        text[i * width : (i + 1) * width] if any_drawn else None
        for i, any_drawn in enumerate(drawn.any(axis=1).tolist())
    ]


def unpack(text: Optional[str], n_bins: int, few: float = FEW) -> NDArray[Any]:
    """Speeds (1 + bins,) of one text, NaN where too few trips were counted, which the number `few` marks."""
    if text is None:
        return np.full(1 + n_bins, np.nan)
    numbers = np.array([float(text[i : i + DIGITS]) for i in range(0, len(text), DIGITS)])
    return np.where(numbers == few, np.nan, numbers)
