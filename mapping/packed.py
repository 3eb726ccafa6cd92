"""The bins of a link in one text: what an animation frame reads instead of a column for each bin.

Asking QGIS for `attribute('mean_' || …)` makes it fetch every column of every feature. So `links` has one
more column for each statistic that plays, `day_<key>`: 1 + n numbers of `DIGITS` characters each, first that
of the whole period, then those of the n frames (`Timeline`), `-1e99` where too few trips were counted or
there is no value. A link that is never drawn in a colour has no text at all, so that QGIS is done with it at
once.

Numbers, not letters of classes: what the renderer sees is a value in the unit shown, so that the layer
can be given other classes, or another mode of classification, in QGIS itself. A number has as many decimals
as fit, at most those of its kind of unit (a sign takes one character). Rounding is always up: a class
includes its upper limit in QGIS, so with limits of as many decimals each packed number falls into the same
class as the number itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import cache
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..aggregation.contract.statistic import DELAY, RATE, RATIO, SHARE, SPEED

FIRST_FIELD = "day_packed"
"""The one packed column, of means, of earlier files."""

DIGITS = 5
"""Characters of one number."""

DECIMALS = {SPEED: 2, RATIO: 3, SHARE: 3, DELAY: 2, RATE: 2}
"""Most decimals of a number, by kind of unit."""

FEW_TEXT = "-1e99"
FEW = float(FEW_TEXT)
"""Stands for too few trips: no number of `DIGITS` characters that a value is written with comes near it."""

FEW_OF_0_1 = -1.0
"""Stands for too few trips in files of version 0.1.0."""

LARGEST = 99_999
"""Larger values are cut off."""

_AT_ONCE = 4096
"""Texts of a share that is counted at once."""

_LEVEL = 10 ** (DIGITS - 1)
"""Numbers with a point have one digit less than characters."""
_NOISE = 5e-8
"""A mean of floats is a hair above its true value now and then: 25.000000000000004 is 25."""


def packed_field(key: str) -> str:
    """Return the packed column of a statistic: `day_mean`."""
    return f"day_{key}"


@cache
def _texts(decimals: int) -> NDArray[Any]:
    """All that can be written: `FEW`, then numbers from 0 on, with fewer decimals as they grow."""
    texts = [FEW_TEXT] + [f"{i / 10**decimals:{DIGITS}.{decimals}f}" for i in range(_LEVEL)]
    for level in range(decimals - 1, 0, -1):
        texts += [f"{i / 10**level:{DIGITS}.{level}f}" for i in range(_LEVEL // 10, _LEVEL)]
    texts += [f"{i:{DIGITS}d}" for i in range(_LEVEL // 10, LARGEST + 1)]
    return np.array(texts, dtype=f"S{DIGITS}")


@cache
def numbers(decimals: int) -> NDArray[np.float64]:
    """Return the number at each place of what can be written, ascending; NaN for too few trips."""
    return np.append(np.nan, _texts(decimals)[1:].astype(np.float64))


def places(values: NDArray[Any], drawn: NDArray[Any], decimals: int) -> NDArray[np.int32]:
    """Return the place of each value in `numbers`, 0 where not `drawn`; both of any shape."""
    clipped = np.clip(np.where(drawn, values, 0.0), 0.0, LARGEST)
    place = np.ceil(clipped * 10**decimals - _NOISE).astype(np.int32)
    large = np.nonzero(place >= _LEVEL)
    place += 1
    if len(large[0]):
        place[large] = _large(clipped[large], decimals)
    place[~drawn] = 0
    return place


def _large(values: NDArray[Any], decimals: int) -> NDArray[np.int32]:
    """Return the places of values that do not fit with all decimals."""
    found, start = np.zeros(len(values), np.int32), 1 + _LEVEL
    for level in range(decimals - 1, -1, -1):
        scaled = np.ceil(values * 10**level - _NOISE).astype(np.int32)
        here = (found == 0) & ((scaled < _LEVEL) | (level == 0))
        found[here] = start + scaled[here] - _LEVEL // 10
        start += _LEVEL - _LEVEL // 10
    return found


def texts(place: NDArray[np.int32], decimals: int) -> list[Optional[str]]:
    """Return the texts of n links from the places (n, 1 + frames) of their values, None for none drawn."""
    text = _texts(decimals)[place].tobytes().decode("ascii")
    width = place.shape[1] * DIGITS
    return [
        text[i * width : (i + 1) * width] if any_drawn else None
        for i, any_drawn in enumerate(place.any(axis=1).tolist())
    ]


def counted(
    texts_: Iterable[Optional[str]], n_frames: int, few: float = FEW
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the values of texts, of the whole period and all frames, ascending and each once, and how often.

    Too few trips, the number `few`, do not count. Raises `ValueError` for a text of another length, and for
    what is no number.
    """
    counts = np.zeros(16**DIGITS, np.int64)
    rest = (text for text in texts_ if text is not None)
    while part := list(itertools.islice(rest, _AT_ONCE)):
        if any(len(text) != DIGITS * (1 + n_frames) for text in part):
            raise ValueError("a text of another length")
        keys = _keys("".join(part).encode("ascii"), n_frames)
        counts += np.bincount(keys.ravel(), minlength=len(counts))
    there = np.flatnonzero(counts)
    values = _numbers_by_key()[there]
    drawn = ~np.isnan(values) & (values != few)
    found, at = np.unique(values[drawn], return_inverse=True)
    return found, np.bincount(at, counts[there[drawn]], len(found)).astype(np.int64)


def unpack_all(data: bytes, n_frames: int, few: float = FEW) -> NDArray[np.float32]:
    """Values (links, 1 + frames) of the texts of many links, one after the other; NaN for too few trips.

    Raises `ValueError` where `data` is not of whole texts, or holds anything but numbers.
    """
    found = _single_numbers_by_key().take(_keys(data, n_frames))
    if few >= 0:
        found[found == np.float32(few)] = np.nan
    return found


def _keys(data: bytes, n_frames: int) -> NDArray[np.int32]:
    """Return the key (links, 1 + frames) of each number: the low halves of its letters, the first highest.

    So the 28 million numbers of a week on 170,000 links are looked up, not read one by one.
    """
    signs = data.count(b"e") != data.count(FEW_TEXT.encode())
    if signs or data.translate(None, b"0123456789. -e"):
        raise ValueError("letters in the place of a number")
    halves = np.frombuffer(data, np.uint8).reshape(-1, 1 + n_frames, DIGITS) & 15
    keys = halves[:, :, 0].astype(np.int32)
    for at in range(1, DIGITS):
        keys <<= 4
        keys |= halves[:, :, at]
    return keys


@cache
def _numbers_by_key() -> NDArray[np.float64]:
    """Number of each key of `_keys`; NaN with a sign, which too few trips have."""
    keys = np.arange(16**DIGITS, dtype=np.int32)
    value, decimals, pointed = np.zeros(len(keys)), np.zeros(len(keys), np.int8), np.zeros(len(keys), bool)
    for at in range(DIGITS):
        half = keys >> 4 * (DIGITS - 1 - at) & 15
        is_digit = half < 10  # a blank before a number is a leading zero
        value = np.where(is_digit, value * 10 + half, value)
        decimals += is_digit & pointed
        pointed |= half == ord(".") & 15
    value /= (10.0 ** np.arange(DIGITS))[decimals]
    value[keys >> 4 * (DIGITS - 1) == ord("-") & 15] = np.nan
    return value


@cache
def _single_numbers_by_key() -> NDArray[np.float32]:
    """Return the same in half the bytes, for sums over many of them."""
    return _numbers_by_key().astype(np.float32)


def unpack(text: Optional[str], n_frames: int, few: float = FEW) -> NDArray[Any]:
    """Values (1 + frames,) of one text, NaN where it has the number `few`, too few trips."""
    if text is None:
        return np.full(1 + n_frames, np.nan)
    found = np.array([float(text[i : i + DIGITS]) for i in range(0, len(text), DIGITS)])
    return np.where(found == few, np.nan, found)
