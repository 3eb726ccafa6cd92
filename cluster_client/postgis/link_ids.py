"""Link ids of roads, equal for layers and PostGIS, by the rule of `aggregation.contract.link_ids`.

A floating-point number is an id only if its type can distinguish it from neighbouring integers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Optional

import numpy as np
from numpy.typing import NDArray

from ...aggregation.contract.link_ids import (
    BLANKS,
    LARGEST,
    LONGEST,
    WHOLE_NUMBER,
    LinkId,
    directed,
    link_id_of,
    road_of_opposite,
)

if TYPE_CHECKING:
    from psycopg import sql

_BLANKS = r"[ \t\r\n\f\v]*"

EXACT_DOUBLE, EXACT_REAL = 2**53 - 1, 2**24 - 1
"""The largest integers that floating-point numbers of 8 and 4 bytes distinguish from both neighbours."""

LinkIds = NDArray[Any]
"""Link ids as an array: int64, or objects of str if one of them is a text."""


def ids_of(values: Iterable[LinkId]) -> LinkIds:
    """Return link ids as an array."""
    found = list(values)
    if not any(isinstance(value, str) for value in found):
        return np.array(found, dtype=np.int64)
    array = np.empty(len(found), dtype=object)
    array[:] = [str(value) for value in found]
    return array


def are_texts(ids: LinkIds) -> bool:
    """Return True for link ids of which one is a text."""
    return ids.dtype == object


def id_among(value: object, texts: bool, direction: object = None) -> Optional[LinkId]:
    """Return the link id that a road's value stands for, as it is in an array of ids; None if it is none.

    `texts` is True if the array has texts: then numbers are written as texts too, else texts are no id.
    `direction` is that of the road; what is no direction leaves the id as it is.
    """
    link_id = link_id_of(value)[0]
    link_id = None if link_id is None else directed(link_id, direction)
    if texts:
        return None if link_id is None else str(link_id)
    return link_id if isinstance(link_id, int) else None


def with_other_directions(ids: LinkIds) -> LinkIds:
    """Return ids with those of roads that stand for them if the road's direction is backward."""
    texts = are_texts(ids)
    found: set[LinkId] = set(ids.tolist())
    for link in list(found):
        link_id = link_id_of(link)[0]
        other = -link_id if isinstance(link_id, int) else road_of_opposite(str(link))
        if other is not None:
            found.add(str(other) if texts else other)
    array = np.empty(len(found), dtype=ids.dtype)
    array[:] = list(found)
    return array


def with_roads_of_opposites(ids: LinkIds) -> LinkIds:
    """Return ids with those of which they are the opposite direction (`link_ids.road_of_opposite`)."""
    roads = [road for _, road in opposites(ids)]
    if not roads:
        return ids
    added = np.empty(len(roads), dtype=ids.dtype)
    added[:] = roads
    every: LinkIds = np.unique(np.concatenate([ids, added]))
    return every


def n_with_road(ids: LinkIds, found: Collection[LinkId]) -> int:
    """Return the number of ids of which the id itself, or the road of which it is the opposite, was found."""
    roads = dict(opposites(ids))
    return sum(link in found or roads.get(link) in found for link in ids.tolist())


def opposites(ids: LinkIds) -> Iterator[tuple[Any, Any]]:
    """Yield the ids that are of an opposite direction, each with the id of its road, of the ids' type."""
    texts = are_texts(ids)
    signed = ids.tolist() if texts else ids[ids < 0].tolist()
    for link in signed:
        road = road_of_opposite(link_id_in(link)) if not texts or link.startswith("-") else None
        if road is not None:
            yield link, str(road) if texts else road


def link_id_in(link: LinkId) -> LinkId:
    """Return an id of an array as what it is: `-101` among texts is a number."""
    found: Optional[LinkId] = link_id_of(link)[0]
    return link if found is None else found


def same_id(
    column: sql.Composable, wanted: sql.Composable, is_text: bool, texts: bool = False
) -> sql.Composed:
    """Return SQL that is true if `column` is the id `wanted` by the rule of `link_id_of`.

    `is_text` is True if the column has text; `texts` if `wanted` is text, which asks for such a column, else
    it is a bigint. A numeric column is compared directly, so that an index on it is used.
    """
    from psycopg import sql  # noqa: PLC0415  (an optional package)

    pattern = sql.Literal(rf"^{_BLANKS}{WHOLE_NUMBER}{_BLANKS}$")
    if is_text and texts:  # in steps, as only CASE keeps an order of evaluation
        return sql.SQL(
            "CASE WHEN length({column}::text) <= {longest} AND {column}::text ~ {pattern} "
            "THEN CASE WHEN abs(trunc({column}::text::numeric)) <= {largest} "
            "THEN trunc({column}::text::numeric)::text ELSE btrim({column}::text, {blanks}) END "
            "ELSE btrim({column}::text, {blanks}) END = {wanted}"
        ).format(
            column=column, wanted=wanted, pattern=pattern, longest=LONGEST, largest=LARGEST,
            blanks=sql.Literal(BLANKS),
        )  # fmt: skip
    if is_text:
        return sql.SQL(
            "CASE WHEN length({column}::text) <= {longest} AND {column}::text ~ {pattern} "
            "THEN trunc({column}::text::numeric) END = {wanted}"
        ).format(column=column, wanted=wanted, pattern=pattern, longest=LONGEST)
    return sql.SQL(
        "{column} = {wanted} AND ({wanted} BETWEEN -{real} AND {real} "
        "OR pg_typeof({column}) <> 'real'::regtype AND ({wanted} BETWEEN -{double} AND {double} "
        "OR pg_typeof({column}) <> 'double precision'::regtype))"
    ).format(column=column, wanted=wanted, real=EXACT_REAL, double=EXACT_DOUBLE)
