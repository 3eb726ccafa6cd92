"""`exportlayout` with templates and `exportpages`: what is written, what is refused, what a fault leaves."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsVectorLayer,
)

from roadpulse.aggregation.contract.days import Days
from roadpulse.algorithms.export_pages import file_paths
from roadpulse.mapping.writer.geopackage import write_geopackage
from tests.qgis import speed_maps as maps

SQUARE = "Polygon ((500000 5999900, 501000 5999900, 501000 6000600, 500000 6000600, 500000 5999900))"
SOUTH = "Polygon ((500000 5999000, 501000 5999000, 501000 5999600, 500000 5999600, 500000 5999000))"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, qgis_app: Any) -> str:
    path = tmp_path_factory.mktemp("town") / "map.gpkg"
    maps.write(path)
    return f"{path}|layername=links"


def polygons(*named: tuple[str, str]) -> QgsVectorLayer:
    layer = QgsVectorLayer("Polygon?crs=EPSG:32630&field=name:string", "Wards", "memory")
    for name, wkt in named:
        feature = QgsFeature(layer.fields())
        feature["name"] = name
        if wkt:
            feature.setGeometry(QgsGeometry.fromWkt(wkt))
        layer.dataProvider().addFeature(feature)
    return layer


def words_of(pdf: Path) -> str:
    return subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True, check=True).stdout


def test_a_page_of_a_template_is_written(processing: Any, town: str, tmp_path: Path) -> None:
    page = tmp_path / "pair.pdf"
    processing.run(
        "roadpulse:exportlayout",
        {"INPUT": town, "TEMPLATE": "pair", "TIME": "08:00", "OTHER_TIME": "3", "PAPER": "A3",
         "OUTPUT": str(page)},
    )  # fmt: skip
    words = words_of(page)
    assert "08:00 – 09:00" in words and "03:00 – 04:00" in words
    assert "142 points" in words and "34 points" in words


def test_two_sets_of_days_stand_side_by_side(processing: Any, tmp_path: Path) -> None:
    spec = dataclasses.replace(maps.SPEC, days=Days.from_json("workdays"), statistics=("mean", "std"))
    names = [one.name for one in spec.days.fixed_sets]
    rows = [(maps.EAST, days, "08:00", 50, 9, 3.0 * n, 2.0) for n, days in enumerate(names, 1)]
    columns = ["link_id", "days", "bin", "n_points", "n_trips", "mean", "std"]
    table = pd.DataFrame(rows, columns=columns)
    write_geopackage(tmp_path / "map.gpkg", maps.speeds(), table, maps.links(), {}, spec)
    layer, page = f"{tmp_path / 'map.gpkg'}|layername=links", tmp_path / "pair.pdf"
    processing.run(
        "roadpulse:exportlayout",
        {"INPUT": layer, "TEMPLATE": "pair", "TIME": "8", "DAYS": names[0], "OTHER_DAYS": names[1],
         "OUTPUT": str(page)},
    )  # fmt: skip
    words = words_of(page)
    for days in names:
        assert f"{days.replace('-', '–')} 08:00 – 09:00" in words


def test_a_district_report_is_of_the_district_named(processing: Any, town: str, tmp_path: Path) -> None:
    wards = polygons(("North", SQUARE), ("South", SOUTH))
    page = tmp_path / "north.pdf"
    call = {"INPUT": town, "TEMPLATE": "district", "TIME": "8", "DISTRICTS": wards, "OUTPUT": str(page)}
    processing.run("roadpulse:exportlayout", {**call, "DISTRICT": "North"})
    words = words_of(page)
    assert words.splitlines()[0] == "North" or "North" in words
    assert "Main Road" in words and "3 of 3 links" in words
    for district, reason in (("", "Name one of the"), ("East", "0 districts have the name")):
        with pytest.raises(QgsProcessingException, match=reason):
            processing.run("roadpulse:exportlayout", {**call, "DISTRICT": district})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"TEMPLATE": "poster"}, "no template 'poster'"),
        ({"TEMPLATE": "pair"}, "choose a second map"),
        ({"TEMPLATE": "district"}, "choose a polygon layer"),
        ({"TEMPLATE": "pair", "OTHER_TIME": "noon"}, "not a time of the day"),
    ],
)
def test_what_a_template_cannot_be_without_is_said(
    processing: Any, town: str, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    page = tmp_path / "page.png"
    with pytest.raises(QgsProcessingException, match=reason):
        processing.run("roadpulse:exportlayout", {"INPUT": town, **changes, "OUTPUT": str(page)})
    assert not page.exists()


def test_one_bad_district_does_not_end_the_others(processing: Any, town: str, tmp_path: Path) -> None:
    far = "Polygon ((700000 5999000, 701000 5999000, 701000 5999600, 700000 5999000))"
    wards = polygons(("North", SQUARE), ("Nowhere", ""), ("north", SOUTH), ("a/b:c", SQUARE), ("Far", far))
    folder, feedback = tmp_path / "pages", QgsProcessingFeedback()
    done = processing.run(
        "roadpulse:exportpages",
        {"INPUTS": [town], "EACH": "district", "TEMPLATE": "district", "DISTRICTS": wards, "FORMAT": "png",
         "DPI": 40, "OUTPUT": str(folder)},
        feedback=feedback,
    )  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == [
        "Far.png",
        "North.png",
        "a-b-c.png",
        "north 2.png",
    ]
    assert (done["PAGE_COUNT"], done["FAILED_COUNT"]) == (4, 1)
    assert "Far: No link of the map lies in Far." in feedback.textLog()
    assert "Nowhere: The district 'Nowhere' has no shape." in feedback.textLog()


def test_a_page_of_each_time_names_its_time_and_cancelling_keeps_whole_pages(
    processing: Any, town: str, tmp_path: Path
) -> None:
    folder, feedback = tmp_path / "hours", QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda percent: feedback.cancel() if percent > 10 else None)
    call = {"INPUTS": [town], "EACH": "time", "FORMAT": "pdf", "DPI": 40, "OUTPUT": str(folder)}
    processing.run("roadpulse:exportpages", call, feedback=feedback)
    assert [path.name for path in sorted(folder.iterdir())] == ["00-00.pdf", "01-00.pdf", "02-00.pdf"]
    assert "02:00 – 03:00" in words_of(folder / "02-00.pdf")
    with pytest.raises(QgsProcessingException, match="TIME: is given"):
        processing.run("roadpulse:exportpages", {**call, "TIME": "08:00"}, context=QgsProcessingContext())


def test_a_page_of_each_run_has_its_layers_name(processing: Any, town: str, tmp_path: Path) -> None:
    before, after = QgsVectorLayer(town, "Before", "ogr"), QgsVectorLayer(town, "After", "ogr")
    processing.run(
        "roadpulse:exportpages",
        {"INPUTS": [before, after], "EACH": "run", "TIME": "8", "FORMAT": "png", "DPI": 40,
         "OUTPUT": str(tmp_path)},
    )  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {"After.png", "Before.png"}


def test_names_of_files_are_allowed_everywhere_and_differ() -> None:
    names = ["Nord/Süd", "NUL", "", "  ..", "Park\x07", "park", "x" * 300, 'a"b<c>|?*']
    found = [path.name for path in file_paths(Path("f"), names, "pdf")]
    assert found[:4] == ["Nord-Süd.pdf", "page NUL.pdf", "page.pdf", "page 2.pdf"]
    assert found[5] == "park.pdf" and found[7] == "a-b-c.pdf"
    assert len({name.casefold() for name in found}) == len(found)
    assert max(map(len, found)) <= 84
