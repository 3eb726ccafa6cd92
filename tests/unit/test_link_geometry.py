"""The rows of one link id become one road, and its id is read alike wherever the roads lie."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import NamedTuple, Optional

import numpy as np
import pytest
import shapely

from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry, objects
from roadpulse.cluster_client.postgis.link_ids import (
    are_texts,
    id_among,
    ids_of,
    n_with_road,
    with_roads_of_opposites,
)


def wkb(text: str) -> bytes:
    return bytes(shapely.to_wkb(shapely.from_wkt(text), flavor="iso", byte_order=1))


class Road(NamedTuple):
    """One row of the roads."""

    wkb: Optional[bytes]
    name: Optional[str] = None
    road_class: Optional[str] = None


def join_roads(groups: Iterable[Iterable[Road]]) -> list[Road]:
    """Join the rows of each group, which all have one id."""
    rows = [(number, *row) for number, group in enumerate(groups) for row in group]
    ids, *columns = zip(*rows) if rows else [()] * 4
    links = LinkGeometry.of_rows(np.array(ids, dtype=np.int64), *map(objects, columns), "EPSG:4326")
    assert links.ids.tolist() == sorted(set(ids))
    return [Road(*values) for values in zip(links.wkb, links.names, links.classes)]


def one_road(rows: Iterable[Road]) -> Road:
    (road,) = join_roads([rows])
    return road


A, B, C = "LINESTRING (0 0, 1 0)", "LINESTRING (1 0, 2 0)", "LINESTRING (2 0, 2 5)"


def test_all_lines_of_an_id_are_in_its_road_whatever_their_order() -> None:
    rows = [Road(wkb(text)) for text in (A, B, C, "MULTILINESTRING ((7 7, 8 8), (9 9, 9 10))")]
    roads = set()
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        roads.add(one_road(rows))
    (road,) = roads
    shape = shapely.from_wkb(road.wkb)
    assert (shape.geom_type, len(shape.geoms)) == ("MultiLineString", 5)
    assert shape.length == pytest.approx(1 + 1 + 5 + 2**0.5 + 1)


def test_a_line_that_comes_twice_counts_once() -> None:
    assert one_road([Road(wkb(A)), Road(wkb(A))]).wkb == wkb(A)
    assert one_road([Road(wkb(A)), Road(wkb("MULTILINESTRING ((0 0, 1 0))"))]).wkb == wkb(A)
    again = shapely.from_wkb(one_road([Road(wkb(A)), Road(wkb(B)), Road(wkb(A))]).wkb)
    assert again.length == 2


def test_parts_without_points_are_left_out() -> None:
    assert one_road([Road(wkb("LINESTRING EMPTY")), Road(wkb(A))]).wkb == wkb(A)


def test_a_line_of_a_single_point_is_left_out_where_the_id_has_others() -> None:
    point = wkb("LINESTRING (4 4, 5 5)")[:25]
    point = point[:5] + (1).to_bytes(4, "little") + point[9:]
    assert one_road([Road(point), Road(wkb(A))]).wkb == wkb(A)
    assert one_road([Road(point), Road(wkb("LINESTRING EMPTY"))]).wkb in (point, wkb("LINESTRING EMPTY"))


def test_every_id_gets_its_own_lines() -> None:
    groups = [[Road(wkb(A)), Road(wkb(B))], [Road(wkb(C), "East", "primary")], [Road(wkb(C)), Road(wkb(A))]]
    assert join_roads(groups) == [one_road(groups[0]), groups[1][0], one_road(groups[2])]
    assert join_roads([]) == []


@pytest.mark.parametrize("extra", ["Z", "M", "ZM"])
def test_heights_and_measures_stay_where_all_parts_have_them(extra: str) -> None:
    tail = " 5" * len(extra)
    lines = [wkb(f"LINESTRING {extra} (0 {y}{tail}, 1 {y}{tail})") for y in (0, 1)]
    shape = shapely.from_wkb(one_road(map(Road, lines)).wkb)
    assert shapely.to_wkt(shape, output_dimension=4).startswith(f"MULTILINESTRING {extra} ((0 0 5")
    mixed = shapely.from_wkb(one_road([Road(lines[0]), Road(wkb("LINESTRING (0 1, 1 1)"))]).wkb)
    assert shapely.to_wkt(mixed, rounding_precision=0) == "MULTILINESTRING ((0 0, 1 0), (0 1, 1 1))"


def test_the_old_flag_of_heights_is_understood() -> None:
    old = bytearray(wkb("LINESTRING Z (0 0 5, 1 0 5)"))
    old[1:5] = (0x80000002).to_bytes(4, "little")
    shape = shapely.from_wkb(one_road([Road(bytes(old)), Road(wkb("LINESTRING Z (3 0 5, 4 0 5)"))]).wkb)
    assert (shape.has_z, shape.length) == (True, 2)


def test_name_and_class_are_those_of_a_part_that_has_them() -> None:
    rows = [
        Road(wkb(A), None, "primary"),
        Road(wkb(B), "High Street", None),
        Road(wkb(C), "", None),
    ]
    assert one_road(rows)[1:] == ("High Street", "primary")
    assert one_road(reversed(rows))[1:] == ("High Street", "primary")


@pytest.mark.parametrize(
    "value",
    [
        101,
        101.0,
        "101",
        " 101 ",
        "\t101\n",
        "0101",
        "00000000000000000000000101",
        "101.0",
        "101.",
        "+101",
        "0101.000",
    ],
)
def test_one_id_is_read_alike_however_it_is_written(value: object) -> None:
    assert (id_among(value, texts=False), id_among(value, texts=True)) == (101, "101")


@pytest.mark.parametrize(
    "value",
    ["", " ", "12a", "1.5", "1e3", "1_000", "1,000", "101,0", "1 0", "٣", "0x10", "--1", ".0", None, 1.5,
     True, float("nan"), float("inf"), 2.0**53, 2**63, str(2**63), str(-(2**63)), "9" * 5000, b"1", [1]],
)  # fmt: skip
def test_what_is_no_whole_number_matches_no_number(value: object) -> None:
    assert id_among(value, texts=False) is None


def test_an_array_has_texts_if_one_id_is_a_text() -> None:
    numbers, mixed = ids_of([3, -101]), ids_of([3, "AB7"])
    assert (numbers.dtype, numbers.tolist(), are_texts(numbers)) == (np.int64, [3, -101], False)
    assert (mixed.tolist(), are_texts(mixed)) == (["3", "AB7"], True)
    assert [id_among(value, texts=True) for value in (3, "03", " AB7 ", "", None, 1.5)] == [
        "3", "3", "AB7", None, None, None,
    ]  # fmt: skip


def test_ids_of_an_opposite_direction_ask_for_their_roads_too() -> None:
    numbers, texts = ids_of([101, -101, -7]), ids_of(["-AB7", "-101", 5])
    assert with_roads_of_opposites(numbers).tolist() == [-101, -7, 7, 101]
    assert sorted(with_roads_of_opposites(texts).tolist()) == ["-101", "-AB7", "101", "5", "AB7"]
    assert with_roads_of_opposites(ids_of([1, 2])).tolist() == [1, 2]
    assert [n_with_road(numbers, found) for found in ([101], [-7], [7], [])] == [2, 1, 1, 0]
    assert [n_with_road(texts, found) for found in (["AB7"], ["101", "5"], ["7"])] == [1, 2, 0]


@pytest.mark.parametrize("value", [0, -3, 2**53 + 1, 2**63 - 1, -(2**63) + 1])
def test_whole_numbers_of_64_bits_are_exact(value: int) -> None:
    assert id_among(value, texts=False) == id_among(str(value), texts=False) == value
