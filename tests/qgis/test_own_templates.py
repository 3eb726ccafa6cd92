"""A person's own layout template: filled by ids, relieved of what acts, and kept apart from their layouts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    QgsFillSymbol,
    QgsLayoutExporter,
    QgsLayoutFrame,
    QgsLayoutItemHtml,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsLayoutObject,
    QgsPrintLayout,
    QgsProject,
    QgsProperty,
    QgsReadWriteContext,
    QgsSVGFillSymbolLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize, QUrl
from qgis.PyQt.QtGui import QImage

from roadpulse.mapping.errors import MapError
from roadpulse.mapping.layout.district import District
from roadpulse.mapping.layout.page import PageOptions, SpeedPage
from roadpulse.mapping.layout.project_layouts import keep_in_project
from roadpulse.mapping.layout.templates.base import OtherMap, PageInput
from roadpulse.mapping.layout.templates.own import SHIPPED
from roadpulse.mapping.layout.templates.registry import page_template
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps
from tests.qgis.test_style_pictures import pixels

pytestmark = pytest.mark.usefixtures("qgis_app")


def contents_of(folder: Path, **options: object) -> PageInput:
    maps.write(folder / "map.gpkg")
    layer = QgsVectorLayer(f"{folder / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    return PageInput(
        QgsProject.instance(), layer, style_layer(layer), PageOptions("Small town", **{"frame": 8, **options})
    )


def saved(folder: Path, fill: Callable[[QgsPrintLayout], object]) -> str:
    layout = QgsPrintLayout(QgsProject.instance())
    layout.initializeDefaults()
    fill(layout)
    layout.saveAsTemplate(str(folder / "own.qpt"), QgsReadWriteContext())
    return str(folder / "own.qpt")


def add_map(layout: QgsPrintLayout, name: str = "map") -> QgsLayoutItemMap:
    item = QgsLayoutItemMap(layout)
    item.setId(name)
    item.attemptSetSceneRect(layout.pageCollection().page(0).rect().adjusted(10, 10, -100, -40))
    layout.addLayoutItem(item)
    return item


def add_label(layout: QgsPrintLayout, name: str, words: str = "") -> QgsLayoutItemLabel:
    item = QgsLayoutItemLabel(layout)
    item.setId(name)
    item.setText(words)
    layout.addLayoutItem(item)
    return item


def text_of(page: SpeedPage, name: str) -> str:
    return str(page.layout.itemById(name).currentText())


def test_items_are_filled_by_their_ids_and_others_stay(tmp_path: Path) -> None:
    def fill(layout: QgsPrintLayout) -> None:
        add_map(layout, "Map")
        add_map(layout, "map 03:00")
        for name in ("title", "Subtitle", "facts", "clock"):
            add_label(layout, name, "…")
        add_label(layout, "office", "Office of Roads")
        layout.addLayoutItem(QgsLayoutItemLegend(layout))

    contents = contents_of(tmp_path)
    page = page_template(saved(tmp_path, fill)).build(contents)
    assert text_of(page, "title") == "Small town"
    assert text_of(page, "Subtitle") == "How fast traffic moves, 08:00 – 09:00"
    assert text_of(page, "facts") == "142 points; 3 links with at least 5 trips"
    assert (text_of(page, "clock"), text_of(page, "office")) == ("08:00", "Office of Roads")
    assert page.left_out == ()
    hours = [
        page.layout.itemById(name).temporalRange().begin().toString("HH:mm") for name in ("Map", "map 03:00")
    ]
    assert hours == ["08:00", "03:00"]
    assert page.map_item.layers() == [contents.layer]
    assert page.map_item.extent().contains(contents.layer.extent().center())
    (legend,) = (item for item in page.layout.items() if isinstance(item, QgsLayoutItemLegend))
    assert legend.title() == "Mean speed (mph), mean of points"
    page.show_frame(3)
    assert text_of(page, "clock") == "03:00"


def test_what_acts_in_a_template_is_left_out_and_named(tmp_path: Path) -> None:
    """Code, the environment, files and addresses are not reached; harmless expressions stay."""

    def fill(layout: QgsPrintLayout) -> None:
        add_map(layout).dataDefinedProperties().setProperty(
            QgsLayoutObject.DataDefinedProperty.MapScale, QgsProperty.fromExpression("env('HOME')")
        )
        add_label(layout, "spy", "[% env('HOME') %]")
        add_label(layout, "file", "[% file_size('/etc/passwd') %]")
        add_label(layout, "page", "<b>bold</b>").setMode(QgsLayoutItemLabel.Mode.ModeHtml)
        add_label(layout, "sum", "[% 1 + 2 %]")
        picture = QgsLayoutItemPicture(layout)
        picture.setId("logo")
        picture.setPicturePath("http://127.0.0.1:9/logo.svg")
        layout.addLayoutItem(picture)
        paper = QgsSVGFillSymbolLayer("http://127.0.0.1:9/paper.svg")
        sheet = QgsFillSymbol()
        sheet.changeSymbolLayer(0, paper)
        layout.pageCollection().page(0).setPageStyleSymbol(sheet)
        web = QgsLayoutItemHtml(layout)
        web.setUrl(QUrl("http://127.0.0.1:9/"))
        layout.addMultiFrame(web)
        frame = QgsLayoutFrame(layout, web)
        frame.setId("web")
        web.addFrame(frame)

    page = page_template(saved(tmp_path, fill)).build(contents_of(tmp_path))
    assert text_of(page, "spy") == "[% env('HOME') %]"  # as it is written
    assert text_of(page, "file") == "[% file_size('/etc/passwd') %]"
    assert (text_of(page, "page"), text_of(page, "sum")) == ("<b>bold</b>", "3")
    assert page.layout.itemById("logo").picturePath() == ""
    assert page.layout.itemById("web") is None and not page.layout.multiFrames()
    assert not page.map_item.dataDefinedProperties().hasActiveProperties()
    assert page.layout.pageCollection().page(0).pageStyleSymbol().symbolLayer(0).layerType() == "SimpleFill"
    words = "\n".join(page.left_out)
    for part in ("“spy”: the function env", "“logo”: a picture from elsewhere", "a table or a web page"):
        assert part in words


def test_pictures_beside_a_template_are_shown_and_those_above_it_are_not(tmp_path: Path) -> None:
    near, far = tmp_path / "templates" / "logo.svg", tmp_path / "far.svg"
    near.parent.mkdir()
    for path in (near, far):
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')

    def fill(layout: QgsPrintLayout) -> None:
        add_map(layout)
        for name, place in (("near", near), ("far", far)):
            picture = QgsLayoutItemPicture(layout)
            picture.setId(name)
            picture.setPicturePath(str(place))
            layout.addLayoutItem(picture)

    page = page_template(saved(near.parent, fill)).build(contents_of(tmp_path))
    assert page.layout.itemById("near").picturePath() == str(near)
    assert page.layout.itemById("far").picturePath() == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no plain XML"),
        ("<qgis/>", "begins with 'qgis'"),
        ('<!DOCTYPE a [<!ENTITY b "b">]><Layout>&b;</Layout>', "is no plain XML"),
        ("<Layout/>", "has no page"),
    ],
)
def test_what_is_no_template_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "own.qpt").write_text(text)
    with pytest.raises(MapError, match=reason):
        page_template(str(tmp_path / "own.qpt")).build(contents_of(tmp_path))


def test_a_template_without_a_map_and_one_that_is_gone_are_named(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="has no map"):
        page_template(saved(tmp_path, lambda layout: add_label(layout, "title"))).build(contents_of(tmp_path))
    with pytest.raises(MapError, match="There is no template"):
        page_template(str(tmp_path / "gone.qpt"))


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.qpt")), ids=lambda path: path.stem)
def test_templates_that_come_with_the_plugin_are_filled_whole(tmp_path: Path, path: Path) -> None:
    page = page_template(str(path)).build(contents_of(tmp_path, sources="Roads: the town"))
    assert page.left_out == ()
    assert page.layout.itemById("track").picturePath().startswith("base64:")
    for name in ("title", "subtitle", "dates", "facts", "clock", "sources"):
        assert text_of(page, name).strip()


def test_a_page_becomes_a_layout_of_the_project_beside_the_persons(tmp_path: Path) -> None:
    project, contents = QgsProject.instance(), contents_of(tmp_path)
    theirs = QgsPrintLayout(project)
    theirs.setName("Small town")
    project.layoutManager().addLayout(theirs)
    kept = [keep_in_project(project, page_template(key).build(contents)) for key in ("city", "day")]
    assert [layout.name() for layout in kept] == ["Small town 2", "Small town 3"]
    assert project.layoutManager().layoutByName("Small town") is theirs
    assert kept[0].undoStack().stack().count() == 0
    project.layoutManager().clear()


def test_a_kept_page_is_the_same_once_the_project_is_opened_again(tmp_path: Path) -> None:
    project, contents = QgsProject.instance(), contents_of(tmp_path)
    (tmp_path / "wards.csv").write_text(
        "name;wkt\nNorth;Polygon ((500000 5999900, 500600 5999900, 500600 6000600, 500000 5999900))\n"
    )
    wards = QgsVectorLayer(
        f"file://{tmp_path / 'wards.csv'}?delimiter=;&wktField=wkt&crs=EPSG:32630", "Wards", "delimitedtext"
    )
    project.addMapLayers([contents.layer, wards])
    district = District("North", wards, next(wards.getFeatures()).id())
    contents = replace(contents, district=district, other=OtherMap(contents.layer, contents.style, 3))
    for key in ("district", "pair"):
        keep_in_project(project, page_template(key).build(contents))
    before = {layout.name(): drawn(layout) for layout in project.layoutManager().printLayouts()}
    project.write(str(tmp_path / "kept.qgz"))
    project.clear()
    project.read(str(tmp_path / "kept.qgz"))
    after = {layout.name(): drawn(layout) for layout in project.layoutManager().printLayouts()}
    assert sorted(after) == ["Small town", "Small town 2"]
    assert all(np.abs(after[name] - before[name]).mean() < 0.1 for name in before)
    project.clear()


def drawn(layout: QgsPrintLayout) -> np.ndarray:
    picture = QgsLayoutExporter(layout).renderPageToImage(0, QSize(400, 283))
    return pixels(picture.convertToFormat(QImage.Format.Format_RGB32))
