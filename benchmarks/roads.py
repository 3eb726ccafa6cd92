"""Geometry of roads by shapely, against their WKB taken apart with struct and numpy.

Boxes, lengths and blobs of lines as PostGIS sends them, the same with a multi-line among them, so that all of
them become multi-lines, and two rows of every id joined. Both ways run in turn; results are compared, medians
of CPU seconds printed.

    python -m benchmarks roads [--links 170000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from numpy.typing import NDArray
from qgis.core import QgsApplication, QgsCoordinateReferenceSystem

from benchmarks.synthetic import city
from roadpulse.cluster_client.collector import paused
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.writer.geopackage import CHUNK
from roadpulse.mapping.writer.shapes import _on_ground, blobs, measure

HEADER = struct.Struct("<BII")
"""Byte order, type, number of points or parts."""
LINE, MULTI = 2, 5
"""Types of a line and of a multi-line."""
NUMBERS = (2, 3, 3, 4)
"""Numbers of a point in XY, XYZ, XYM and XYZM."""
SRS_ID = 32630


def written(wkb: NDArray[Any], crs: QgsCoordinateReferenceSystem) -> tuple[NDArray[Any], list[bytes]]:
    """Lengths (n,) and GeoPackage geometries of lines and multi-lines."""
    kinds = [_head(shape, 0)[0] for shape in wkb]
    multi = any(kind % 1000 == MULTI for kind in kinds)
    lines = [_lines(shape) for shape in wkb]
    flat = [_flat(line) for parts in lines for line in parts]
    owner = np.repeat(np.arange(len(wkb)), [len(parts) for parts in lines])
    xy = np.frombuffer(b"".join(flat), "<f8").reshape(-1, 2)
    points = np.array([len(line) // 16 for line in flat])
    starts = np.cumsum(points) - points
    of_shape = starts[np.searchsorted(owner, np.arange(len(wkb)))]
    low, high = np.minimum.reduceat(xy, of_shape), np.maximum.reduceat(xy, of_shape)
    box = np.column_stack([low, high])[:, (0, 2, 1, 3)]
    _, steps = _on_ground(xy, crs)
    steps[starts[1:] - 1] = 0
    metres = np.add.reduceat(np.append(steps, 0.0), of_shape)
    shapes = list(map(_as_multi, lines)) if multi else wkb
    heads = (struct.pack("<2sBBi4d", b"GP", 0, 0b011, SRS_ID, *limits) for limits in box.tolist())
    return metres, [head + shape for head, shape in zip(heads, shapes)]


def with_shapely(wkb: NDArray[Any], crs: QgsCoordinateReferenceSystem) -> tuple[NDArray[Any], list[bytes]]:
    """Return the same as `written`, as the map file's writer does it."""
    shapes = measure(wkb, crs)
    return shapes.metres, [
        blob
        for at in range(0, len(wkb), CHUNK)
        for blob in blobs(shapes.wkb[at : at + CHUNK], SRS_ID, shapes.box[at : at + CHUNK])
    ]


def joined(ids: NDArray[Any], *columns: NDArray[Any]) -> list[tuple[bytes, str, str]]:
    """WKB, name and class of each id, by ascending id."""
    rows: dict[int, list[tuple[bytes, str, str]]] = {}
    for link, wkb, name, road_class in zip(ids.tolist(), *columns):
        rows.setdefault(link, []).append((wkb, name, road_class))
    return [_one(rows[link]) for link in sorted(rows)]


def _one(rows: list[tuple[bytes, str, str]]) -> tuple[bytes, str, str]:
    _, name, road_class = min(rows)
    return _as_multi(sorted({line for wkb, _, _ in rows for line in _lines(wkb)})), name, road_class


def _as_multi(lines: list[bytes]) -> bytes:
    kind, _ = _head(lines[0], 0)
    return HEADER.pack(1, kind - LINE + MULTI, len(lines)) + b"".join(lines)


def _lines(wkb: bytes) -> list[bytes]:
    """The lines of a line or multi-line that have points, each as a WKB of its own."""
    kind, count = _head(wkb, 0)
    at, parts = (HEADER.size, count) if kind % 1000 == MULTI else (0, 1)
    found = []
    for _ in range(parts):
        kind, points = _head(wkb, at)
        end = at + HEADER.size + 8 * points * NUMBERS[kind // 1000]
        if points:
            found.append(wkb[at:end])
        at = end
    return found


def _head(wkb: bytes, at: int) -> tuple[int, int]:
    """ISO type and number of points or parts; the old flag of heights counts as Z."""
    _, kind, count = HEADER.unpack_from(wkb, at)
    return (kind & 0xFFFF) + (1000 if kind & 0x80000000 else 0), count


def _flat(line: bytes) -> bytes:
    """The numbers of a line without its Z and M."""
    kind, points = _head(line, 0)
    if kind == LINE:
        return line[HEADER.size :]
    numbers = np.frombuffer(line, "<f8", offset=HEADER.size).reshape(points, NUMBERS[kind // 1000])
    return numbers[:, :2].tobytes()


def doubled(links: LinkGeometry) -> list[NDArray[Any]]:
    """Ids, WKB, names and classes of two rows for each link, in any order; the second is 40 m off."""
    shift = np.array([40.0, 40.0])
    moved = np.empty(len(links), dtype=object)
    for i, line in enumerate(links.wkb):
        moved[i] = (
            line[: HEADER.size] + (np.frombuffer(line, "<f8", offset=9).reshape(-1, 2) + shift).tobytes()
        )
    order = np.random.default_rng(1).permutation(2 * len(links))
    assert links.names is not None and links.classes is not None
    pairs = (links.ids, links.ids), (links.wkb, moved), (links.names,) * 2, (links.classes,) * 2
    return [np.concatenate(pair)[order] for pair in pairs]


def compare(title: str, ours: Callable[[], Any], by_hand: Callable[[], Any], rounds: int) -> None:
    """Run both in turn and print a line."""
    seconds: list[tuple[float, float]] = []
    for _ in range(rounds):
        took = []
        for work in (ours, by_hand):
            begin = time.process_time()
            with paused():
                work()
            took.append(time.process_time() - begin)
        seconds.append((took[0], took[1]))
    mine, other = (statistics.median(column) for column in zip(*seconds))
    print(f"{title:28s} shapely {mine:5.2f} s   by hand {other:5.2f} s   {other / mine:4.2f} ×")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks roads")
    parser.add_argument("--links", type=int, default=170_000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args(arguments or [])
    application = QgsApplication([], False)
    application.initQgis()
    _, _, links = city(wanted.links, 0.0)
    crs = QgsCoordinateReferenceSystem("EPSG:32630")
    rows = doubled(links)
    multi = links.wkb.copy()
    multi[7] = HEADER.pack(1, MULTI, 2) + multi[7] + multi[8]
    for wkb in (links.wkb, multi):
        (ours, our_blobs), (theirs, their_blobs) = with_shapely(wkb, crs), written(wkb, crs)
        assert our_blobs == their_blobs and np.allclose(ours, theirs, rtol=1e-12)
    found = LinkGeometry.of_rows(*rows, "EPSG:32630")
    assert found.names is not None and found.classes is not None
    assert list(zip(found.wkb, found.names, found.classes)) == joined(*rows)
    del found, our_blobs, their_blobs
    print(f"{wanted.links:,} links, CPU seconds")
    for title, wkb in (("lines", links.wkb), ("lines and a multi-line", multi)):
        compare(title, partial(with_shapely, wkb, crs), partial(written, wkb, crs), wanted.rounds)
    compare(
        "two rows of every id joined", lambda: LinkGeometry.of_rows(*rows, "EPSG:32630"),
        lambda: joined(*rows), wanted.rounds,
    )  # fmt: skip


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
