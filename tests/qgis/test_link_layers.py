"""Roads out of any line layer, whatever it keeps its ids as."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import pytest
from qgis.core import NULL, QgsFeature, QgsFeedback, QgsGeometry, QgsVectorLayer, QgsWkbTypes

from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.writer.link_layers import links_of_layer

pytestmark = pytest.mark.usefixtures("qgis_app")

LINE = "LineString (0 0, 1 1)"
BIG = 1_315_560_000_001


def roads(kind: str, *rows: tuple[Any, Optional[str]], geometry: str = "LineString") -> QgsVectorLayer:
    layer = QgsVectorLayer(
        f"{geometry}?crs=EPSG:2157&field=road:{kind}&field=street:string&field=class:string",
        "Roads",
        "memory",
    )
    features = []
    for value, wkt in rows:
        feature = QgsFeature(layer.fields())
        feature.setAttributes([value, "High Street", NULL])
        if wkt is not None:
            feature.setGeometry(QgsGeometry.fromWkt(wkt))
        features.append(feature)
    assert layer.dataProvider().addFeatures(features)[0]
    return layer


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", f" {BIG} "), ("string", f"000{BIG}"), ("string", f"{BIG}.0"), ("int8", BIG),
        ("double", float(BIG)),
    ],
)  # fmt: skip
def test_ids_are_found_as_text_as_whole_and_as_floating_numbers(kind: str, value: Any) -> None:
    found = links_of_layer(roads(kind, (value, LINE)), "road", np.array([BIG, 5]))
    assert found.ids.tolist() == [BIG]
    assert found.ids.dtype == np.int64
    assert found.srid_wkt_or_auth == "EPSG:2157"


def test_only_the_links_asked_for_come_back_in_the_order_of_their_ids() -> None:
    layer = roads(
        "int8", (9, "LineString (9 0, 1 1)"), (3, "LineString (3 0, 1 1)"), (7, "LineString (7 0, 1 1)")
    )
    found = links_of_layer(layer, "road", np.array([9, 3]))
    assert found.ids.tolist() == [3, 9]
    for link, shape in zip(found.ids.tolist(), found.wkb):
        geometry = QgsGeometry()
        geometry.fromWkb(shape)
        assert geometry.asPolyline()[0].x() == link


def test_all_features_of_one_id_are_parts_of_its_link() -> None:
    layer = roads(
        "int8", (1, None), (1, "LineString (4 0, 1 1)"), (1, LINE), (1, LINE), (2, None),
        (3, "LineString (5 5, 6 6)"), (3, None),
    )  # fmt: skip
    found = links_of_layer(layer, "road", np.array([1, 2, 3]), name_field="street")
    shapes = [QgsGeometry(), QgsGeometry()]
    for geometry, shape in zip(shapes, found.wkb):
        geometry.fromWkb(shape)
    assert [shape.asWkt(0) for shape in shapes] == [
        "MultiLineString ((0 0, 1 1),(4 0, 1 1))",
        "LineString (5 5, 6 6)",
    ]
    assert found.names is not None and found.names.tolist() == ["High Street", "High Street"]
    assert (found.ids.tolist(), found.duplicates, found.missing_geometry) == ([1, 3], 4, 1)


def test_curves_become_lines() -> None:
    layer = roads(
        "int8",
        (1, "CompoundCurve (CircularString (0 0, 1 1, 2 0), (2 0, 3 0))"),
        (1, LINE),
        geometry="CompoundCurve",
    )
    geometry = QgsGeometry()
    geometry.fromWkb(links_of_layer(layer, "road", np.array([1])).wkb[0])
    assert QgsWkbTypes.displayString(geometry.wkbType()) == "MultiLineString"
    assert geometry.length() == pytest.approx(np.pi + 1 + 2**0.5, rel=1e-3)


def test_multi_lines_and_heights_come_through() -> None:
    layer = roads("int8", (1, "MultiLineStringZ ((0 0 5, 1 1 6))"), geometry="MultiLineStringZ")
    geometry = QgsGeometry()
    geometry.fromWkb(links_of_layer(layer, "road", np.array([1])).wkb[0])
    assert geometry.asWkt(0) == "MultiLineString Z ((0 0 5, 1 1 6))"


def test_names_and_classes_come_along_where_asked_for() -> None:
    layer = roads("int8", (1, LINE))
    found = links_of_layer(layer, "road", np.array([1]), name_field="street", class_field="class")
    assert found.names is not None and found.classes is not None
    assert (found.names.tolist(), found.classes.tolist()) == (["High Street"], [None])
    without = links_of_layer(layer, "road", np.array([1]))
    assert without.names is None and without.classes is None


def test_a_missing_field_is_named_with_those_there_are() -> None:
    with pytest.raises(MapError, match=r"no field link_id .* road, street, class"):
        links_of_layer(roads("int8", (1, LINE)), "link_id", np.array([1]))


def test_a_layer_of_points_is_refused() -> None:
    with pytest.raises(MapError, match="has no lines"):
        links_of_layer(roads("int8", (1, "Point (1 1)"), geometry="Point"), "road", np.array([1]))


def test_it_can_be_cancelled() -> None:
    feedback = QgsFeedback()
    feedback.cancel()
    with pytest.raises(Cancelled):
        links_of_layer(roads("int8", (1, LINE)), "road", np.array([1]), feedback)


def test_nothing_asked_for_gives_nothing() -> None:
    assert len(links_of_layer(roads("int8", (1, LINE)), "road", np.zeros(0, np.int64))) == 0
