"""A style that came with a map file: nothing of it acts, and what a person set is not lost."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    Qgis,
    QgsAction,
    QgsAttributeEditorHtmlElement,
    QgsConditionalStyle,
    QgsDefaultValue,
    QgsEditorWidgetSetup,
    QgsExpression,
    QgsField,
    QgsLayerTree,
    QgsLayerTreeModel,
    QgsMapLayerStyle,
    QgsMarkerLineSymbolLayer,
    QgsMarkerSymbol,
    QgsPrintLayout,
    QgsProcessingFeedback,
    QgsProject,
    QgsProperty,
    QgsPropertyCollection,
    QgsSingleSymbolRenderer,
    QgsSvgMarkerSymbolLayer,
    QgsSymbolLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt

from roadpulse.mapping.errors import MapError
from roadpulse.mapping.foreign_style import KEPT_STYLE, bare_layer, disarm
from roadpulse.mapping.layout.export import export_page
from roadpulse.mapping.layout.items import Box, add_legend
from roadpulse.mapping.layout.page import PageOptions, speed_page
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import THEMES, StyleOptions
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.mapping.style.saved_styles import STYLE_NAME, save_style
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.style_check import active_parts
from roadpulse.ui.runs import summary
from roadpulse.ui.runs.run_task import FinishedRun
from roadpulse.workflow.run_names import name_of_trips
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

SECRET, ENV = "gotcha-4711", "ROADPULSE_SECRET"
TRAP = f"[% env('{ENV}') %]"
CALL = f"env('{ENV}')"


def finish(path: Path) -> None:
    layer = bare_layer(f"{path}|layername=links", "links")
    style_layer(layer)
    save_style(layer)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    maps.write(tmp_path / "map.gpkg", finish=finish)
    return tmp_path / "map.gpkg"


@pytest.fixture
def layer(path: Path) -> QgsVectorLayer:
    return bare_layer(f"{path}|layername=links", "Speeds")


def plant(layer: QgsVectorLayer) -> None:
    """All that a style can bring that acts."""
    layer.actions().addAction(QgsAction(Qgis.AttributeActionType.GenericPython, "Look", "1 / 0", False))
    layer.setMapTipTemplate(TRAP)
    layer.setDisplayExpression(CALL)
    form = layer.editFormConfig()
    form.setInitCode("1 / 0")
    form.setInitCodeSource(Qgis.AttributeFormPythonInitCodeSource.Dialog)
    form.setInitFunction("start")
    form.setUiForm("https://example.org/form.ui")
    form.setLayout(Qgis.AttributeFormLayout.DragAndDrop)
    page = QgsAttributeEditorHtmlElement("page", None)
    page.setHtmlCode(f'<script>expression.evaluate("{CALL}")</script>')
    form.addTab(page)
    layer.setEditFormConfig(form)
    mean = layer.fields().indexOf("mean")
    layer.setDefaultValueDefinition(mean, QgsDefaultValue(CALL, True))
    layer.setConstraintExpression(mean, f"{CALL} = 'x'")
    layer.setEditorWidgetSetup(mean, QgsEditorWidgetSetup("ValueRelation", {"FilterExpression": CALL}))
    layer.conditionalStyles().setRowStyles([QgsConditionalStyle(f"{CALL} = 'x'")])
    layer.conditionalStyles().setFieldStyles("mean", [QgsConditionalStyle(f"{CALL} = 'x'")])
    layer.addExpressionField(CALL, QgsField("planted"))
    table = layer.attributeTableConfig()
    table.setSortExpression(CALL)
    layer.setAttributeTableConfig(table)
    layer.storedExpressionManager().addStoredExpression("stored", CALL)


def qml(layer: QgsVectorLayer) -> str:
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    return str(style.xmlData())


def styles(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as database:
        return dict(database.execute("SELECT styleName, useAsDefault FROM layer_styles"))


# -- on a layer -------------------------------------------------------------------------------------------


def test_a_planted_style_comes_in_with_the_file_unless_the_layer_is_opened_bare(
    path: Path, layer: QgsVectorLayer
) -> None:
    plant(layer)
    assert not layer.saveStyleToDatabase("Planted", "", True, "")
    assert QgsVectorLayer(layer.source(), "as QGIS opens it", "ogr").actions().actions()
    bare = bare_layer(layer.source(), "bare")
    assert not bare.actions().actions()
    assert not bare.mapTipTemplate()
    style_layer(bare)
    assert active_parts(qml(bare)) == []


def test_nothing_that_acts_stays_on_a_layer(layer: QgsVectorLayer) -> None:
    plant(layer)
    layer.setCustomProperty("roadpulse/run_folder", "/runs/1")
    layer.setCustomProperty("dualview/previewExpressions", [CALL])
    found = disarm(layer)
    assert {"an action", "a map tip", "code in its form", "a form of its own", "the function env"} <= set(
        found
    )
    style_layer(layer)
    assert active_parts(qml(layer)) == []
    assert ENV not in qml(layer)
    assert layer.actions().actions() == []
    form = layer.editFormConfig()
    assert (form.uiForm(), form.initCode(), form.layout()) == ("", "", Qgis.AttributeFormLayout.AutoGenerated)
    assert "page" not in [tab.name() for tab in form.tabs()]
    assert "planted" not in layer.fields().names()
    assert layer.customProperty("roadpulse/run_folder") == "/runs/1"
    assert len(layer.renderer().ranges()) > 3
    assert disarm(layer) == []


def test_a_style_that_is_taken_off_is_kept_in_the_project(layer: QgsVectorLayer) -> None:
    plant(layer)
    QgsProject.instance().addMapLayer(layer, False)
    try:
        for name in (KEPT_STYLE, f"{KEPT_STYLE} 2"):
            layer.setMapTipTemplate(f"{TRAP} {name}")
            disarm(layer)
            assert f"{TRAP} {name}" in layer.styleManager().style(name).xmlData()
        layer.styleManager().setCurrentStyle(KEPT_STYLE)
        assert [each.name() for each in layer.actions().actions()] == ["Look"]
    finally:
        QgsProject.instance().takeMapLayer(layer)


def test_what_a_person_set_and_does_not_act_stays(layer: QgsVectorLayer) -> None:
    layer.addExpressionField('"mean" * 2', QgsField("twice"))
    layer.setDefaultValueDefinition(1, QgsDefaultValue("now()"))
    layer.conditionalStyles().setFieldStyles("mean", [QgsConditionalStyle("@value > 5")])
    assert disarm(layer) == []
    style_layer(layer)
    assert "twice" in layer.fields().names()
    assert layer.defaultValueDefinition(1).expression() == "now()"
    assert len(layer.conditionalStyles().fieldStyles("mean")) == 1
    assert layer.styleManager().styles() == ["default"]


def test_style_speeds_takes_a_planted_style_off_and_says_so(processing: Any, layer: QgsVectorLayer) -> None:
    plant(layer)
    feedback = QgsProcessingFeedback()
    processing.run("roadpulse:stylespeeds", {"INPUT": layer}, feedback=feedback)
    assert "an action" in feedback.textLog() and KEPT_STYLE in feedback.textLog()
    assert layer.actions().actions() == []
    with closing(sqlite3.connect(layer.source().split("|")[0])) as database:
        (saved,) = database.execute("SELECT styleQML FROM layer_styles WHERE useAsDefault").fetchone()
    assert active_parts(saved) == []


# -- what is harmless -------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_our_own_styles_are_harmless(layer: QgsVectorLayer, theme: str) -> None:
    for statistic in MapFile.of(layer).statistics:
        style_layer(layer, StyleOptions.from_run_table(layer, statistic=statistic, theme=theme))
        assert active_parts(qml(layer)) == []


@pytest.mark.parametrize(
    ("xml", "found"),
    [
        ("<a b='env(1)'/>", "the function env"),
        ("<a>ENV ('x')</a>", "the function env"),
        ("<a>env/* x */('x')</a>", "the function env"),
        ("<a b=\"env--&#10;('x')\"/>", "the function env"),
        ("<a b=\"'--' || env('x')\"/>", "the function env"),
        ("<a>e<!-- -->nv('x')</a>", "the function env"),
        ("<a>e<b>nv</b>('x')</a>", "the function env"),
        ("<a b=\"1) OR (env('HOME') = 'x'\"/>", "the function env"),
        ("<a b=\"eval('e' || 'nv()')\"/>", "the function eval"),
        ("<a b=\"load_layer('/x', 'ogr')\"/>", "the function load_layer"),
        ("<a b=\"layer_property('x', 'source')\"/>", "the function layer_property"),
        ("<a b=\"aggregate('x', 'sum', 1)\"/>", "the function aggregate"),
        ("<a b='@user_full_name'/>", "the variable 'user_full_name'"),
        ("<a b='1+@project_home'/>", "the variable 'project_home'"),
        ("<a b='1 AND@user_full_name'/>", "the variable 'user_full_name'"),
        ("<a b='@&quot;user_full_name&quot;'/>", "the variable"),
        ("<a>[% 1 %]</a>", "an expression in a text"),
        ("<prop k='name' v='https://example.org/a.svg'/>", "an address"),
        (r"<prop k='name' v='\\server\share\a.svg'/>", "an address"),
        ("<prop k='name' v='//server/share/a.svg'/>", "an address"),
        (r"<a b='&lt;img src=&quot;\\server\share\a.png&quot;&gt;'/>", "an address"),
        ("<a>&lt;img src='//server/a.png'&gt;</a>", "an address"),
        ("<a>&lt;img src=file:/x.png&gt;</a>", "an address"),
        ("<prop k='name_dd_expression' v='1'/>", "a picture whose place is computed"),
        ("<data-defined><ShapeSVGFile expr='1'/></data-defined>", "a picture whose place is computed"),
        ("<property key='labeling/dataDefined/ShapeSVGFile'/>", "a picture whose place is computed"),
        ("<Option type='Map' name='svgFile'/>", "a picture whose place is computed"),
        ("<editWidget type='ExternalResource'/>", "an entry of its form of the kind 'ExternalResource'"),
        ("<Option name='UseHtml' value='true' type='bool'/>", "texts that are read as HTML"),
        ("<text-style allowHtml='1'/>", "texts that are read as HTML"),
        ("<actionsetting/>", "an action"),
        ("<mapTip>x</mapTip>", "a map tip"),
        ("<editforminitcodesource>2</editforminitcodesource>", "code in its form"),
        ("<editform>/x.ui</editform>", "a form of its own"),
        ("<attributeEditorQmlElement/>", "a program in its form"),
        ("<relation dataSource='/x'/>", "a relation to another layer"),
        ("<!DOCTYPE q [<!ENTITY a 'en'>]><q>&a;v('x')</q>", "entities"),
        ("<!DOCTYPE q [<!ENTITY % a 'en'>]><q/>", "entities"),
        ("<q>&a;</q>", "what is not XML"),
        ("<q>", "what is not XML"),
        ("", "what is not XML"),
        ("<q>" * 200 + "</q>" * 200, "more than a style may hold"),
        (f"<q>{'x' * (5 << 20)}</q>", "more than a style may hold"),
    ],
)  # fmt: skip
def test_what_acts_is_found_however_it_is_written(xml: str, found: str) -> None:
    assert any(part.startswith(found) for part in active_parts(xml))


@pytest.mark.parametrize(
    "xml",
    [
        "<a b='\"mean\" * coalesce(@map_scale, 1)'/>", "<a b='Mean speed (km/h), of me@example.org'/>",
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'><qgis/>", "<a b='km/h // mph'/>",
        "<mapTip></mapTip>", "<editform tolerant='1'></editform>", "<editWidget type='TextEdit'/>",
        "<editforminitcodesource>0</editforminitcodesource>", "<a b='environment(s)'/>",
        "<symbol name='@0@1'/>",
    ],
)  # fmt: skip
def test_what_does_not_act_is_harmless(xml: str) -> None:
    assert active_parts(xml) == []


def test_a_picture_from_a_field_of_the_file_is_found(layer: QgsVectorLayer) -> None:
    marker = QgsSvgMarkerSymbolLayer("star.svg")
    properties = QgsPropertyCollection()
    properties.setProperty(QgsSymbolLayer.Property.Name, QgsProperty.fromField("name"))
    marker.setDataDefinedProperties(properties)
    style_layer(layer)
    symbol = layer.renderer().sourceSymbol().clone()
    line = QgsMarkerLineSymbolLayer()
    inner = QgsMarkerSymbol()
    inner.changeSymbolLayer(0, marker)
    line.setSubSymbol(inner)
    symbol.changeSymbolLayer(0, line)
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    assert active_parts(qml(layer)) == ["a picture whose place is computed"]


# -- in a map that is made again ----------------------------------------------------------------------------


def test_only_harmless_styles_of_an_earlier_map_are_kept(path: Path, layer: QgsVectorLayer) -> None:
    assert not layer.saveStyleToDatabase("My own", "what I like", False, "")
    layer.actions().addAction(QgsAction(Qgis.AttributeActionType.GenericPython, "Look", "1 / 0", False))
    assert not layer.saveStyleToDatabase("Planted", "", True, "")
    report = maps.write(path, finish=finish)
    assert styles(path) == {STYLE_NAME: 1, "My own": 0}
    assert report.styles_left_out == ("'Planted' (an action)",)
    assert "'Planted' (an action)" in report.warnings[0]
    assert maps.write(path, finish=finish).warnings == []


def test_a_run_says_which_styles_are_left_out(
    processing: Any, city: dict[str, Any], city_run: dict[str, Any], tmp_path: Path
) -> None:
    parameters = {
        "RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": city["LINKS"], "OUTPUT": str(tmp_path / "map.gpkg"),
    }  # fmt: skip
    layer = bare_layer(processing.run("roadpulse:joinlinks", parameters)["OUTPUT"], "Speeds")
    layer.setMapTipTemplate("<b>Look</b>")
    assert not layer.saveStyleToDatabase("With tips", "", True, "")
    del layer
    feedback = QgsProcessingFeedback()
    processing.run("roadpulse:joinlinks", parameters, feedback=feedback)
    assert "'With tips' (a map tip)" in feedback.textLog()


def test_the_window_of_a_run_says_which_styles_are_left_out(path: Path, layer: QgsVectorLayer) -> None:
    layer.setMapTipTemplate("<b>Look</b>")
    assert not layer.saveStyleToDatabase("With tips", "", True, "")
    report = maps.write(path, finish=finish)
    finished = FinishedRun(None, path.parent, {"warnings": ["Few points."]}, report, 1.0)
    said = summary.warnings(finished)
    assert said[0] == "Few points." and "'With tips' (a map tip)" in said[1]


@pytest.mark.parametrize(
    "row",
    [
        {"styleQML": None}, {"styleQML": b"<qgis/>"}, {"styleQML": "<qgis>"}, {"styleName": b"Odd"},
        {"description": "x" * 5000}, {"owner": b"me"},
    ],
)  # fmt: skip
def test_what_is_no_style_is_not_kept(path: Path, row: dict[str, object]) -> None:
    values = {
        "f_table_name": "links", "styleName": "Odd", "styleQML": "<qgis/>", "useAsDefault": 1, **row,
    }  # fmt: skip
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            f"INSERT INTO layer_styles ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            list(values.values()),
        )
    assert len(maps.write(path, finish=finish).styles_left_out) == 1
    assert styles(path) == {STYLE_NAME: 1}


def test_a_view_in_place_of_the_styles_is_not_read(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("ALTER TABLE layer_styles RENAME TO gpkg_old")
        database.execute("CREATE VIEW layer_styles AS SELECT * FROM gpkg_old")
    before = path.read_bytes()
    with pytest.raises(MapError, match="its 'layer_styles' is a view"):
        maps.write(path, finish=finish)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE links RENAME TO gpkg_old", "CREATE VIEW links AS SELECT * FROM gpkg_old"],
        ["CREATE TRIGGER more AFTER INSERT ON layer_styles BEGIN DELETE FROM run; END"],
        ["CREATE TRIGGER more AFTER INSERT ON run BEGIN DELETE FROM run; END"],
        ["DROP TABLE run", "CREATE VIRTUAL TABLE run USING fts4(key, value)"],
    ],
)
def test_no_style_is_kept_in_a_file_that_runs_statements(
    processing: Any, path: Path, statements: list[str]
) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA legacy_alter_table = ON")
        for statement in statements:
            database.execute(statement)
    layer = bare_layer(f"{path}|layername=links", "links")
    before = path.read_bytes()
    with pytest.raises(Exception, match="which Roadpulse does not write"):
        processing.run("roadpulse:stylespeeds", {"INPUT": layer})
    assert path.read_bytes() == before


# -- texts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("film", [False, True])
def test_no_text_of_a_file_becomes_an_expression(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: bool
) -> None:
    monkeypatch.setenv(ENV, SECRET)
    assert QgsExpression(CALL).evaluate() == SECRET  # it would be on the page
    names = maps.column(*[f"{TRAP} Street"] * 4)
    spec = replace(maps.SPEC, trips=f"/data/{TRAP}")
    maps.write(tmp_path / "map.gpkg", maps.links(names=names), spec, finish=finish)
    layer = bare_layer(f"{tmp_path / 'map.gpkg'}|layername=links", TRAP)
    style = style_layer(layer)
    title = name_of_trips(spec.trips)
    assert TRAP in title
    words = PageOptions(
        title=title, subtitle=TRAP, dates=TRAP, facts=TRAP, sources=TRAP, film=film, small_multiples=()
    )
    project = QgsProject()
    project.addMapLayer(layer)
    page = speed_page(project, layer, style, words)
    export_page(page, tmp_path / "page.pdf", dpi=60)
    said = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "page.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert SECRET not in said
    assert said.count(TRAP) >= 5
    root = QgsLayerTree()
    root.addLayer(layer)
    tree = QgsLayerTreeModel(root)
    for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
        assert SECRET not in str(tree.data(tree.index(0, 0), role))
    assert layer.name() == TRAP
    assert not any(SECRET in layer.attributeDisplayName(i) for i in range(len(layer.fields())))


def test_the_title_of_a_legend_is_no_expression(
    layer: QgsVectorLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV, SECRET)
    layout = QgsPrintLayout(QgsProject.instance())
    layout.initializeDefaults()
    style_layer(layer)
    legend = add_legend(layout, layer, TRAP, Box(0, 0, 50, 50), PALETTES["light"], 1)
    shown = QgsExpression.replaceExpressionText(legend.title(), legend.createExpressionContext())
    assert shown == TRAP
