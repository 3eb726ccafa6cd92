"""GIF: one palette for all pictures, and of each picture only what changed since the one before.

Pillow compresses each picture. Its own writer of films keeps all pictures in memory until the end, 8 MB each
in 4K, and chooses a palette whose colours are near those of the legend, but not them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import numpy as np

COLOURS = 255
"""Colours of the palette; one more stands for "as before"."""

_SAME = COLOURS
_EXACT = 128
"""Colours that are kept as they are."""

_SAMPLES = 5
"""Pictures that the palette is made of."""

_HEADER = 13
_EXTENSION, _PICTURE, _END = 0x21, 0x2C, b"\x3b"


def write_gif(
    pictures: Sequence[Path],
    path: Path,
    frames_per_second: float,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write a looping GIF; `check` is called before each picture and may raise.

    The first picture is whole. A later one is the rectangle of what changed, in which the pixels that did not
    are transparent. A sample of the pictures is in memory at first, then two at once.
    """
    palette = _Palette(pictures)
    before: Any = None
    hundredths = max(round(100 / frames_per_second), 1)
    with path.open("wb") as file:
        for picture in pictures:
            check()
            now = palette.indices(_codes(picture))
            if before is None:
                file.write(_beginning(now.shape, palette.colours))
            left, top, part = _changed(before, now)
            file.write(bytes([_EXTENSION, 0xF9, 4, 0b00000101]))  # leave the picture, with transparency
            file.write(hundredths.to_bytes(2, "little") + bytes([_SAME, 0]))
            file.write(_block(part, left, top))
            before = now
        file.write(_END)


class _Palette:
    """At most `COLOURS` colours for a film, made of a sample of its pictures.

    The most frequent colours are in it as they are, so that classes keep those of the legend; the others are
    for the rest, edges of lines and letters, cut by the median. The nearest of the palette is looked for
    once for each colour: Pillow's own search is not exact.
    """

    def __init__(self, pictures: Sequence[Path]) -> None:
        from PIL import Image  # noqa: PLC0415  (not in every QGIS)

        step = max(len(pictures) // _SAMPLES, 1)
        sample = pictures[step // 2 :: step][:_SAMPLES]
        codes, counts = np.unique(
            np.concatenate([_codes(each).ravel() for each in sample]), return_counts=True
        )
        often = codes[np.argsort(counts, kind="stable")[::-1][:_EXACT]]
        rest = np.setdiff1d(codes, often)
        found = _channels(often)
        if len(rest):
            edges = Image.fromarray(_channels(rest)[None])
            cut = edges.quantize(COLOURS - len(often), method=Image.Quantize.MEDIANCUT).getpalette() or []
            more = np.array(cut, np.uint8).reshape(-1, 3)[: COLOURS - len(often)]
            found = np.concatenate([found, more])
        self.colours = found
        self._index = np.zeros(1 << 24, np.uint8)
        self._known = np.zeros(1 << 24, bool)

    def indices(self, codes: Any) -> Any:
        """Return the index of the nearest colour of each pixel."""
        new = np.unique(codes[~self._known[codes]])
        for some in np.array_split(new, len(new) // 4096 + 1):
            away = _channels(some).astype(np.int32)[:, None, :] - self.colours.astype(np.int32)[None]
            self._index[some] = (away * away).sum(axis=2).argmin(axis=1)
        self._known[new] = True
        return self._index[codes]


def _codes(picture: Path) -> Any:
    """Return the pixels of a picture, rows by columns, each colour as a number of 24 bits."""
    from PIL import Image  # noqa: PLC0415

    with Image.open(picture) as image:
        red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")).astype(np.int32), 2, 0)
    return red << 16 | green << 8 | blue


def _channels(codes: Any) -> Any:
    """Return colours as red, green and blue of 8 bits."""
    return np.stack([codes >> 16 & 255, codes >> 8 & 255, codes & 255], axis=-1).astype(np.uint8)


def _changed(before: Any, now: Any) -> tuple[int, int, Any]:
    """Return left, top and indices of the part of `now` that differs from `before`; a pixel if none does."""
    if before is None:
        return 0, 0, now
    differs = before != now
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return 0, 0, np.full((1, 1), _SAME, np.uint8)
    inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return int(columns[0]), int(rows[0]), np.where(differs[inside], now[inside], _SAME).astype(np.uint8)


def _beginning(shape: tuple[int, int], colours: Any) -> bytes:
    """Return the header with the palette of 256 colours, and the extension that makes players loop."""
    table = colours.tobytes().ljust(3 * 256, b"\0")
    size = shape[1].to_bytes(2, "little") + shape[0].to_bytes(2, "little")
    loop = bytes([_EXTENSION, 0xFF, 11]) + b"NETSCAPE2.0" + bytes([3, 1, 0, 0, 0])
    return b"GIF89a" + size + bytes([0b11110111, 0, 0]) + table + loop


def _block(indices: Any, left: int, top: int) -> bytes:
    """Return the picture's descriptor and its compressed pixels, out of a GIF that Pillow makes of them."""
    from PIL import Image  # noqa: PLC0415

    image = Image.fromarray(np.ascontiguousarray(indices))
    image.putpalette(bytes(range(256)) * 3)  # so that the indices stay
    alone = io.BytesIO()
    image.save(alone, "GIF", optimize=False, interlace=False)
    data = alone.getvalue()
    at = _HEADER + 3 * 2 ** ((data[10] & 7) + 1)
    while data[at] == _EXTENSION:
        at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    descriptor = bytearray(data[at : at + 10])
    descriptor[1:5] = left.to_bytes(2, "little") + top.to_bytes(2, "little")
    if descriptor[0] != _PICTURE or descriptor[9] & 0x80:
        raise ValueError("Pillow wrote a GIF with a palette of its own for the picture")
    return bytes(descriptor) + data[at + 10 : -1]
