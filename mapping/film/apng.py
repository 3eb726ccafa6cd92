"""APNG: the pictures of a film, which are PNGs, one after the other in one file, without a loss.

Their compressed pixels are copied as they are. Pillow, which not every QGIS has, keeps all pictures in memory
until the end, 25 MB each in 4K, and compresses them again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Callable

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"pHYs", b"gAMA", b"sRGB", b"PLTE")


def write_apng(
    pictures: Sequence[Path],
    path: Path,
    frames_per_second: float,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write a looping APNG (PNG, third edition, 11.3.5); `check` is called before each picture and may raise.

    Raises `ValueError` where the pictures differ in size or kind of pixels. One picture is in memory at once.
    """
    number = 0
    header = b""
    with path.open("wb") as file:
        for i, picture in enumerate(pictures):
            check()
            pixels = b""
            for name, body in _chunks(picture):
                if name == b"IDAT":
                    pixels += body
                elif i == 0 and name in _KEPT:
                    if name == b"IHDR":
                        header = body
                        file.write(_SIGNATURE)
                    _write(file.write, name, body)
                    if name == b"IHDR":
                        _write(file.write, b"acTL", len(pictures).to_bytes(4, "big") + bytes(4))
                elif name == b"IHDR" and body != header:
                    raise ValueError(f"{picture.name} is another kind of picture than the first")
            hold = _hold(frames_per_second)
            place = header[:8] + bytes(8)  # size, and the corner at 0, 0
            _write(file.write, b"fcTL", number.to_bytes(4, "big") + place + hold + bytes(2))
            number += 1
            if i == 0:
                _write(file.write, b"IDAT", pixels)
            else:
                _write(file.write, b"fdAT", number.to_bytes(4, "big") + pixels)
                number += 1
        _write(file.write, b"IEND", b"")


def _hold(frames_per_second: float) -> bytes:
    """Return how long a picture stays, in seconds: numerator and denominator, two bytes each."""
    return round(1000 / frames_per_second).to_bytes(2, "big") + (1000).to_bytes(2, "big")


def _chunks(picture: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and body of each chunk of a PNG."""
    with picture.open("rb") as file:
        file.read(len(_SIGNATURE))
        while head := file.read(8):
            yield head[4:], file.read(int.from_bytes(head[:4], "big"))
            file.read(4)


def _write(write: Callable[[bytes], object], name: bytes, body: bytes) -> None:
    write(len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big"))
