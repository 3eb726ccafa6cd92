"""Geometry of links, from PostGIS or a layer, for the map file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..collector import paused
from ..shapely_package import handles_m, iso_wkb, load_shapely

_BATCH = 4096
"""Links joined at once: no other thread runs meanwhile."""


@dataclass(frozen=True)
class LinkGeometry:
    """Geometry of links with distinct ids; all arrays have the same length n.

    `ids` is int64 (n,), or object of str; `wkb` object (n,) of bytes (ISO WKB of lines and multi-lines, no
    curves); `srid_wkt_or_auth` names the coordinate system, such as "EPSG:4326", or holds its WKT, and
    `definition` (WKT or PROJ text) is what it means where that name is not known; both are empty where the
    source does not say. `names` and `classes` are object (n,) of str or None (street name, road class such as
    "primary"), or None where the source has no such field. `duplicates` counts rows beyond the first of
    their id, whose shapes are parts of the link's; `missing_geometry` counts ids without a shape.
    """

    ids: NDArray[Any]
    wkb: NDArray[Any]
    srid_wkt_or_auth: str
    names: Optional[NDArray[Any]] = None
    classes: Optional[NDArray[Any]] = None
    duplicates: int = 0
    missing_geometry: int = 0
    definition: str = ""

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of_rows(
        cls,
        ids: NDArray[Any],
        wkb: NDArray[Any],
        names: Optional[NDArray[Any]],
        classes: Optional[NDArray[Any]],
        srid_wkt_or_auth: str,
        definition: str = "",
    ) -> LinkGeometry:
        """Join the rows of each id, whatever their order, to one link with all their lines, by ascending id.

        `wkb` is None where a row has no shape. The lines of a link stand in the order of their bytes, and
        lines that are alike count once; of mixed dimensions X and Y are kept. Lines without points, and rows
        that hold a line of a single point, are left out where the id has others. Name and class are the first
        ones that are not empty, in the order of the rows' bytes.
        """
        shaped = np.flatnonzero(present(wkb))
        order = shaped[np.argsort(ids[shaped], kind="stable")]
        found, begins, counts = np.unique(ids[order], return_index=True, return_counts=True)
        n_ids = len(np.unique(ids))
        firsts = order[begins]
        shapes = wkb[firsts]
        texts = [None if column is None else column[firsts] for column in (names, classes)]
        several = np.flatnonzero(counts > 1)
        with paused():
            for at in (several[i : i + _BATCH] for i in range(0, len(several), _BATCH)):
                group = np.repeat(np.arange(len(at)), counts[at])
                place = np.arange(len(group)) - np.repeat(np.cumsum(counts[at]) - counts[at], counts[at])
                rows = order[np.repeat(begins[at], counts[at]) + place]
                shapes[at] = _joined(wkb[rows], group)
                for mine, column in zip(texts, (names, classes)):
                    if mine is not None and column is not None:
                        mine[at] = _first_texts(column[rows], wkb[rows], group)
        return cls(
            ids=found, wkb=shapes, srid_wkt_or_auth=srid_wkt_or_auth, names=texts[0], classes=texts[1],
            duplicates=len(ids) - n_ids, missing_geometry=n_ids - len(found), definition=definition,
        )  # fmt: skip


def _first_texts(texts: NDArray[Any], wkb: NDArray[Any], group: NDArray[Any]) -> list[Optional[str]]:
    """Return the first text of each group that is not empty, in the order of their shapes' bytes."""
    begins = np.flatnonzero(np.diff(group, prepend=-1))
    first = [text or None for text in texts[begins].tolist()]
    ends = np.append(begins[1:], len(group))
    for number in np.unique(group[1:][(group[1:] == group[:-1]) & (texts[1:] != texts[:-1])]).tolist():
        rows = slice(begins[number], ends[number])
        first[number] = min((shape, text) for shape, text in zip(wkb[rows], texts[rows]) if text)[1]
    return first


def _joined(wkb: NDArray[Any], group: NDArray[Any]) -> NDArray[Any]:
    """Return one WKB of all lines of each group of lines and multi-lines; with M where shapely handles it.

    `group` numbers the groups from 0 and ascends.
    """
    shapely = load_shapely()

    first = np.flatnonzero(np.diff(group, prepend=-1))
    joined: NDArray[Any] = wkb[first]
    unlike = np.zeros(len(first), dtype=bool)
    unlike[group[wkb != joined[group]]] = True
    wkb, group = wkb[unlike[group]], group[unlike[group]]
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    lines, row = shapely.get_parts(shapes, return_index=True)
    there = ~shapely.is_empty(lines)
    lines, row = lines[there], row[there]
    wkb, group = wkb[row], group[row]
    has_z = shapely.has_z(lines)
    has_m = shapely.has_m(lines) if handles_m(shapely) else np.ones(len(lines), dtype=bool)
    # A flat line that is a row of its own has its bytes already; others may be written in another way.
    anew = has_z | has_m | (shapely.get_type_id(shapes)[row] != shapely.GeometryType.LINESTRING)
    for dimension in (has_z, has_m):
        mixed = np.isin(group, np.intersect1d(group[dimension], group[~dimension]))
        lines[mixed] = shapely.force_2d(lines[mixed])
    wkb[anew] = iso_wkb(lines[anew])
    order = _distinct(wkb, group)
    numbers, begins, place, sizes = np.unique(
        group[order], return_index=True, return_inverse=True, return_counts=True
    )
    multi = iso_wkb(shapely.multilinestrings(lines[order], indices=place))
    joined[numbers] = np.where(sizes > 1, multi, wkb[order[begins]])
    return joined


def _distinct(wkb: NDArray[Any], group: NDArray[Any]) -> NDArray[Any]:
    """Return indices of the distinct lines of each group, in the order of their bytes, group by group."""
    order = np.arange(len(wkb))
    same = group[1:] == group[:-1]
    at = np.flatnonzero(np.isin(group, group[1:][same & (wkb[1:] < wkb[:-1])]))
    keys = list(zip(group[at].tolist(), wkb[at].tolist()))
    order[at] = at[sorted(range(len(at)), key=keys.__getitem__)]
    wkb = wkb[order]
    differs: NDArray[np.bool_] = np.append(True, ~same | (wkb[1:] != wkb[:-1]))
    distinct: NDArray[Any] = order[differs[: len(order)]]
    return distinct


def objects(values: Sequence[object]) -> NDArray[np.object_]:
    """Return values of any type as an object array."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def present(values: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return True where a value is not None."""
    return np.fromiter((value is not None for value in values), bool, len(values))
