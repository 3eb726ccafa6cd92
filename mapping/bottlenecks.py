"""Bottlenecks of a map: stretches of road below a share of their free-flow speed, ranked.

The rule:

- A link is *slow* in a bin if its `free_flow_share`, as it is drawn, is below the threshold. A bin with too
  few trips is no evidence either way: the link is not slow in it, and it joins nothing.
- Two slow links are *adjacent* in the same bin if one ends at most `TOLERANCE` metres from where the other
  starts and travel goes on: the direction changes by at most `MOST_TURN` degrees, measured over the last and
  the first `HEADING` metres, or neither traffic of the one has another way on nor that of the other another
  way in. The opposite direction of the same road is neither. Adjacent links make a *stretch*.
- Stretches are one *bottleneck* if a link of both is slow in consecutive bins of a set of days (a day ends
  at midnight), or in the same bin of two sets of days, and so on from each to the next.
- Its length is that of its longest stretch, its minutes those of the set of days in which it is there
  longest, and its delay is Σ length (km) × duration (h) × (1 − share) over its slow links and bins, summed
  over the sets of days. A map file has no trips by bin, so the delay is not weighted by them. Ranks go by
  delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Callable, Optional

import numpy as np
from numpy.typing import NDArray
from qgis.core import QgsCoordinateReferenceSystem

from ..aggregation.contract.link_ids import LinkId
from ..cluster_client.shapely_package import load_shapely
from .errors import MapError
from .map_file import MapFile
from .reference_system import degrees_of, metres_of_unit

STATISTIC = "free_flow_share"
TOLERANCE = 1.0
"""Metres between the end of a link and the start of the next, at most."""

MOST_TURN = 60.0
"""Degrees by which the direction of travel changes between adjacent links, at most."""

HEADING = 20.0
"""Metres at the ends of a link over which its direction is measured."""

_EQUATOR, _FLATTENING = 6_378_137.0, 1 / 298.257223563
"""Of the ellipsoid WGS 84, in metres."""

_ENVELOPES = (0, 32, 48, 48, 64)
"""Bytes of a GeoPackage geometry's envelope, by its kind."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Links by row: `lengths` (n,) in metres, NaN without a shape, and the pairs of rows (m,) of links of
    which travel goes on from one, `before`, to the other, `after`."""

    lengths: Floats
    before: Ints
    after: Ints

    @classmethod
    def of(cls, points: Floats, line: Ints, link: Ints, n_links: int) -> Network:
        """Create the network of lines: points (k, 3) in metres, the line of each (k,) ascending from 0, and
        the link of each line, ascending. A link of several lines is travelled one after the other."""
        with_points = np.unique(line)
        known = np.ones(len(with_points), bool)
        np.logical_and.at(known, np.searchsorted(with_points, line), np.isfinite(points).all(axis=1))
        used = known[np.searchsorted(with_points, line)]
        points, line = points[used], line[used]
        owner = link[line]
        rows, first = np.unique(owner, return_index=True)
        last = np.append(first[1:], len(points))[: len(rows)] - 1
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1) * (np.diff(line) == 0)
        along = np.concatenate([[0.0], np.cumsum(steps)])[: len(points)]
        length = along[last] - along[first]
        lengths = np.full(n_links, np.nan)
        lengths[rows] = length
        real = length > 0
        rows, first, last, length = rows[real], first[real], last[real], length[real]
        if not len(rows):
            return cls(lengths, np.zeros(0, np.int64), np.zeros(0, np.int64))

        def place(distance: Floats, side: Any) -> Floats:
            """Return the points (n, 3) at a distance along all lines."""
            at = np.clip(np.searchsorted(along, distance, side), first + 1, last)
            step = along[at] - along[at - 1]
            part = np.clip((distance - along[at - 1]) / np.where(step > 0, step, 1.0), 0.0, 1.0)
            return points[at - 1] + part[:, None] * (points[at] - points[at - 1])

        near = np.minimum(HEADING, length)
        start, end = points[first], points[last]
        leaving = _unit(place(along[first] + near, "left") - start)
        arriving = _unit(end - place(along[last] - near, "right"))
        middle = place(along[first] + length / 2, "left")
        before, after = _near(end, start)
        opposite = (_apart(start, end, before, after) <= TOLERANCE) & (
            _apart(middle, middle, before, after) <= TOLERANCE
        )
        keep = ~opposite & (before != after)
        before, after = before[keep], after[keep]
        straight = np.einsum("ij,ij->i", arriving[before], leaving[after]) >= np.cos(np.radians(MOST_TURN))
        only = (np.bincount(before, minlength=len(rows))[before] == 1) & (
            np.bincount(after, minlength=len(rows))[after] == 1
        )
        on = straight | only
        return cls(lengths, rows[before[on]], rows[after[on]])


@dataclass(frozen=True)
class SlowBins:
    """Links below the threshold, by bin: row of the `link`, `frame` of the timeline and `share`, each (k,);
    ordered by link, then frame, and each pair once."""

    link: Ints
    frame: Ints
    share: Floats


@dataclass(frozen=True)
class Bottleneck:
    """One bottleneck: the rows of its `links`, its longest extent in km, its time of day from `begin` to
    `end` in minutes after midnight, `minutes` of duration, lowest share, number of sets of days, and delay
    (km h)."""

    links: tuple[int, ...]
    length_km: float
    begin: int
    end: int
    minutes: int
    worst_share: float
    days: int
    delay: float


@dataclass(frozen=True)
class Links:
    """Links of a map file by row: ids, street names and shapely's lines, both None where there is none."""

    ids: tuple[LinkId, ...]
    names: tuple[Optional[str], ...]
    lines: NDArray[Any]

    def wkb(self, rows: Sequence[int]) -> bytes:
        """Return the lines of some links as one MultiLineString."""
        shapely = load_shapely()
        parts = shapely.get_parts(self.lines[list(rows)])
        # Two dimensions by name: shapely's usual number is one that an older GEOS, that of QGIS, refuses.
        return bytes(shapely.to_wkb(shapely.multilinestrings(parts), output_dimension=2))


def bottlenecks(
    file: MapFile,
    crs: QgsCoordinateReferenceSystem,
    threshold: float,
    progress: Callable[[float], None] = lambda percent: None,
    check: Callable[[], None] = lambda: None,
) -> tuple[Links, list[Bottleneck]]:
    """Return the links of a map file and its bottlenecks, ranked; none if nothing is slow.

    `crs` is that of the shapes. `progress` is called with per cent, `check` between the steps; it may raise.
    Raises `MapError` where the file does not hold the share of free flow by bin.
    """
    refuse_without_share(file)
    links, slow = _read(file, threshold, check)
    progress(40)
    network = Network.of(*_points(links.lines, crs), len(links.ids))
    check()
    progress(70)
    timeline = file.timeline
    found = find(network, slow, timeline.n_bins, timeline.bin_minutes, check)
    progress(100)
    return links, found


def refuse_without_share(file: MapFile) -> None:
    """Raise `MapError` where a map file does not hold the share of free-flow speed by bin."""
    if STATISTIC in file.playing:
        return
    if STATISTIC in file.statistics and file.not_playing:
        raise MapError(
            f"The map file {file.path} holds the share of free-flow speed for the whole period only, and "
            f"bottlenecks are found by bin. {file.not_playing}."
        )
    raise MapError(
        f"The map file {file.path} does not hold the share of free-flow speed by bin, by which bottlenecks "
        f"are found. Add it with 'Show other statistic…' in the menu of the map's layer ('Style speeds' with "
        f"STATISTIC={STATISTIC} in scripts), or run again with {STATISTIC} among the STATISTICS."
    )


def find(
    network: Network,
    slow: SlowBins,
    n_bins: int,
    bin_minutes: int,
    check: Callable[[], None] = lambda: None,
) -> list[Bottleneck]:
    """Return the bottlenecks of slow links, that of most delay first; `n_bins` are those of a day."""
    if not len(slow.link):
        return []
    n_cells, n_frames = len(slow.link), int(slow.frame.max()) // n_bins * n_bins + n_bins
    of_set, of_bin = np.divmod(slow.frame, n_bins)
    key = slow.link * n_frames + slow.frame
    side_by_side = _adjacent(network, slow, key, n_frames)
    check()
    stretch = _components(n_cells, *side_by_side)
    here = np.arange(n_cells - 1)
    goes_on = (np.diff(key) == 1) & (np.diff(of_set) == 0) & (np.diff(slow.link) == 0)
    by_bin = np.lexsort((of_set, of_bin, slow.link))
    again = (np.diff(slow.link[by_bin]) == 0) & (np.diff(of_bin[by_bin]) == 0)
    a = np.concatenate([side_by_side[0], here[goes_on], by_bin[:-1][again]])
    b = np.concatenate([side_by_side[1], here[goes_on] + 1, by_bin[1:][again]])
    _, whole = np.unique(_components(n_cells, a, b), return_inverse=True)
    check()

    n_found = int(whole.max()) + 1
    km = np.nan_to_num(network.lengths[slow.link]) / 1000
    delay = np.bincount(whole, km * (bin_minutes / 60) * (1 - slow.share), n_found)
    length, worst = np.zeros(n_found), np.full(n_found, np.inf)
    np.maximum.at(length, whole, np.bincount(stretch, km, n_cells)[stretch])
    np.minimum.at(worst, whole, slow.share)
    begin, end = np.full(n_found, n_bins), np.zeros(n_found, np.int64)
    np.minimum.at(begin, whole, of_bin)
    np.maximum.at(end, whole, of_bin + 1)
    frames = np.unique(whole * n_frames + slow.frame)
    in_set, bins = np.unique(frames // n_bins, return_counts=True)
    owner, n_sets = in_set // (n_frames // n_bins), n_frames // n_bins
    days, longest = np.bincount(in_set // n_sets, minlength=n_found), np.zeros(n_found, np.int64)
    np.maximum.at(longest, owner, bins)
    members = np.unique(whole * len(network.lengths) + slow.link)
    of_member, link = np.divmod(members, len(network.lengths))
    links = np.split(link, np.flatnonzero(np.diff(of_member)) + 1)
    order = np.lexsort((np.array([each[0] for each in links]), -delay))
    return [
        Bottleneck(
            tuple(links[i].tolist()), float(length[i]), int(begin[i]) * bin_minutes,
            int(end[i]) * bin_minutes, int(longest[i]) * bin_minutes,
            float(worst[i]), int(days[i]), float(delay[i]),
        )
        for i in order.tolist()
    ]  # fmt: skip


def _read(file: MapFile, threshold: float, check: Callable[[], None]) -> tuple[Links, SlowBins]:
    """Return the links of a map file, and where they are below the threshold."""
    ids: list[LinkId] = []
    names: list[Optional[str]] = []
    wkb: list[Optional[bytes]] = []
    cells: list[tuple[Ints, Ints, Floats]] = []
    for some, values in file.shapes_and_values(STATISTIC):
        check()
        with np.errstate(invalid="ignore"):
            link, frame = np.nonzero(values[:, 1:] < threshold - 1e-6)  # single numbers of three decimals
        cells.append((link + len(ids), frame, np.round(values[link, frame + 1].astype(np.float64), 3)))
        for link_id, name, shape in some:
            ids.append(link_id)
            names.append(name if isinstance(name, str) and name else None)
            wkb.append(_wkb(shape))
    if not cells:
        cells.append((np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)))
    links, frames, shares = zip(*cells)
    slow = SlowBins(np.concatenate(links), np.concatenate(frames), np.concatenate(shares))
    return Links(tuple(ids), tuple(names), _lines(wkb)), slow


def _wkb(blob: object) -> Optional[bytes]:
    """Return the WKB in a geometry of a GeoPackage (OGC 12-128r19, 2.1.3); None for what is none."""
    if not isinstance(blob, bytes) or len(blob) < 13 or blob[:2] != b"GP":
        return None
    kind = blob[3] >> 1 & 7
    return blob[8 + _ENVELOPES[kind] :] if kind < len(_ENVELOPES) else None


def _lines(wkb: Sequence[Optional[bytes]]) -> NDArray[Any]:
    """Return the lines (n,) in WKB, None for what is none: the file may be another's, and damaged."""
    shapely = load_shapely()
    shapes = shapely.from_wkb(np.array([*wkb, None], dtype=object), on_invalid="ignore")[:-1]
    kinds = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
    shapes[~np.isin(shapely.get_type_id(shapes), kinds) | shapely.is_empty(shapes)] = None
    return np.asarray(shapes)


def _points(shapes: NDArray[Any], crs: QgsCoordinateReferenceSystem) -> tuple[Floats, Ints, Ints]:
    """Return points (k, 3) in metres, straight through the earth, with the line of each; and the link of each
    line. In a system without a place on the earth they are those of its plane."""
    shapely = load_shapely()
    lines, link = shapely.get_parts(shapes, return_index=True)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    degrees = degrees_of(xy, crs) if len(xy) else xy
    if degrees is None:
        flat = xy * metres_of_unit(crs)
        return np.column_stack([flat, np.zeros(len(flat))]), line, link
    longitude, latitude = np.radians(degrees).T
    squared = _FLATTENING * (2 - _FLATTENING)
    radius = _EQUATOR / np.sqrt(1 - squared * np.sin(latitude) ** 2)
    across = radius * np.cos(latitude)
    xyz = (across * np.cos(longitude), across * np.sin(longitude), radius * (1 - squared) * np.sin(latitude))
    return np.column_stack(xyz), line, link


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0))


def _apart(one: Floats, other: Floats, a: Ints, b: Ints) -> Floats:
    """Return the distances between the points `a` of one and `b` of the other."""
    return np.asarray(np.linalg.norm(one[a] - other[b], axis=1))


def _near(ends: Floats, starts: Floats) -> tuple[Ints, Ints]:
    """Return the pairs of rows of ends and starts (n, 3) at most `TOLERANCE` apart.

    Points are looked up by cells as wide as the tolerance; what has the key of another cell falls out by its
    distance.
    """

    def keys(cells: Ints) -> Ints:
        return np.asarray(cells @ np.array([73_856_093, 19_349_663, 83_492_791]))

    cells = np.floor(ends / TOLERANCE).astype(np.int64)
    there = keys(np.floor(starts / TOLERANCE).astype(np.int64))
    order = np.argsort(there, kind="stable")
    there = there[order]
    pairs = []
    for offset in product((-1, 0, 1), repeat=3):
        wanted = keys(cells + np.array(offset))
        low = np.searchsorted(there, wanted)
        a, at = _expanded(low, np.searchsorted(there, wanted, "right") - low)
        b = order[at]
        close = _apart(ends, starts, a, b) <= TOLERANCE
        pairs.append(a[close] * len(starts) + b[close])
    a, b = np.divmod(np.unique(np.concatenate(pairs)), len(starts))
    return a, b


def _expanded(low: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Return the row and the place of all places of ranges that begin at `low`, row by row."""
    row = np.repeat(np.arange(len(low)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)


def _adjacent(network: Network, slow: SlowBins, key: Ints, n_frames: int) -> tuple[Ints, Ints]:
    """Return the pairs of slow links in the same bin of which travel goes on from one to the other."""
    order = np.argsort(network.before, kind="stable")
    before, after = network.before[order], network.after[order]
    low = np.searchsorted(before, slow.link)
    cell, at = _expanded(low, np.searchsorted(before, slow.link, "right") - low)
    wanted = after[at] * n_frames + slow.frame[cell]
    found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    there = key[found] == wanted
    return cell[there], found[there]


def _components(n: int, a: Ints, b: Ints) -> Ints:
    """Return the component of each of `n` nodes as its least node; `a` and `b` are the ends of edges."""
    label = np.arange(n)
    while True:
        low, high = np.minimum(label[a], label[b]), np.maximum(label[a], label[b])
        apart = low != high
        if not apart.any():
            return label
        a, b = a[apart], b[apart]
        label[high[apart]] = low[apart]  # all are roots, and each hangs below a lesser one
        while (up := label[label]).tobytes() != label.tobytes():
            label = up
