"""The layer's look: classes in the colours of a ramp, links with too few trips in grey under them."""

from __future__ import annotations

import json
from typing import Any, Optional

from qgis.core import (
    QgsFeatureRequest,
    QgsGraduatedSymbolRenderer,
    QgsLineSymbol,
    QgsMapLayerStyle,
    QgsProject,
    QgsProperty,
    QgsProviderRegistry,
    QgsRendererRange,
    QgsSimpleLineSymbolLayer,
    QgsSymbolLayer,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import Qt, QXmlStreamReader
from qgis.PyQt.QtGui import QColor

from ...aggregation.contract.json_text import Entries, JsonFault, decode
from ..columns import LABEL_FIELD, LABEL_ZOOM_FIELD, WIDTH_FIELD, link_columns
from ..language import tr
from ..map_file import MapFile
from ..style_check import LARGEST
from .breaks import class_labels
from .labels import enlarged, street_labels
from .methods import BY_HAND, DEFAULT_METHOD, METHODS
from .options import APPEARANCE, BY_CLASS, LARGEST_LIMIT, StyleOptions, known_options
from .palette import PALETTES
from .ramps import qgis_ramp
from .road_class import REFERENCE_SCALE, TRAFFIC_SHARES
from .temporal import set_layer_time, set_project_time, value_expression
from .zoom import zoom_of_scale

FEW_WIDTH = 0.5
"""Width of a link with too few trips, as a share of the width it would have."""

BESIDE_SCALE = 20_000
"""Scale (1:n) from which on the two directions of a road lie beside each other."""

ORDER_SCALE = 60_000
"""Up to this scale (1:n) links are sorted by what a map shows; beyond it they keep the order of the file."""

_TIE = 1e-6
"""Millimetres for which a value stands in the order of drawing, so that widths, 0.1 apart, come first."""

_STYLED = "roadpulse/style"
"""Custom property of a layer with the options that it was styled with, as JSON."""

_KEPT = ("statistic", "driving_side", *APPEARANCE)

_SHORT_ALIAS, _PIXELS_A_LETTER = 12, 7
"""Letters of a head that QGIS's usual width of a column has room for; it cuts longer ones at both ends."""

LEGEND_WIDTH = 2.4
"""Millimetres; what the legend and a map without a scale draw."""


def style_layer(layer: QgsVectorLayer, options: Optional[StyleOptions] = None) -> StyleOptions:
    """Style `layer`, the table `links` of a Roadpulse GeoPackage; return the options it was styled with.

    Without `options` they come out of the file. Sets the renderer, labels, aliases, time and attribute table;
    other parts of a style stay, so a layer that others opened passes through `disarm` first. Raises
    `UnknownLayer` if the file is not Roadpulse's.
    """
    if options is None:
        options = StyleOptions.from_run_table(layer)
    layer.setRenderer(speed_renderer(options))
    set_layer_time(layer, options)
    has_names = layer.fields().indexOf(LABEL_FIELD) >= 0
    if has_names:
        layer.setLabeling(street_labels(options.theme, layer.fields()))
    layer.setLabelsEnabled(has_names and options.labels)
    _name_columns(layer, options)
    kept = {name: getattr(options, name) for name in _KEPT}
    if options.method == BY_HAND:
        kept["limits"] = options.limits
    layer.setCustomProperty(_STYLED, json.dumps(kept))
    layer.triggerRepaint()
    return options


def kept_options(layer: QgsVectorLayer, statistic: str) -> dict[str, Any]:
    """Return the options that a layer was styled with, as changes to those of its file, for a statistic.

    Limits that were typed are those of their statistic alone, and a method may not fit another one.
    """
    kept = _styled_with(layer)
    if kept.get("statistic") != statistic:
        kept.pop("limits", None)
    if not METHODS[kept.get("method", DEFAULT_METHOD)].fits(statistic):
        del kept["method"]
    return {**kept, "statistic": statistic}


def recall_style(layer: QgsVectorLayer) -> None:
    """Let a layer that was opened without the style of its file, as Processing does, know its look.

    The file may be foreign: nothing of its style is applied, the options in it alone are read. A layer of a
    project looks as it does there.
    """
    if layer.project() is not None or layer.customProperty(_STYLED):
        return
    style = QgsProviderRegistry.instance().loadStyle(layer.providerType(), layer.source(), "")
    reader = QXmlStreamReader(style[:LARGEST])
    while not reader.atEnd():
        kind = reader.readNext()
        if kind == QXmlStreamReader.TokenType.DTD and "[" in reader.text():
            return  # entities
        is_element = kind == QXmlStreamReader.TokenType.StartElement
        if is_element and reader.attributes().value("name") == _STYLED:
            layer.setCustomProperty(_STYLED, reader.attributes().value("value"))
            return


def current_style(layer: QgsVectorLayer) -> StyleOptions:
    """Return the options that a map's layer was styled with last; what is not known is as in its file.

    Raises `MapError`.
    """
    file = MapFile.of(layer)
    statistic = drawn_statistic(layer)
    if statistic not in file.statistics:
        statistic = file.statistic
    return StyleOptions.from_run_table(layer, **kept_options(layer, statistic))


def drawn_statistic(layer: QgsVectorLayer) -> str:
    """Return the key of the statistic that a layer was styled by last; empty if it is not known."""
    return str(_styled_with(layer).get("statistic", ""))


def _styled_with(layer: QgsVectorLayer) -> dict[str, Any]:
    """Return the options that a layer was styled with, as changes to those of its file.

    They may come from a style of another person, so those that are not valid are left out.
    """
    try:
        values = Entries.of(decode(layer.customProperty(_STYLED, ""), "the style"), "the style").values
    except (JsonFault, TypeError):
        return {}
    return known_options(values, _KEPT)


def style_project(project: QgsProject, options: StyleOptions) -> None:
    """Give the project the theme's ground and the run's day."""
    project.setBackgroundColor(PALETTES[options.theme].ground)
    set_project_time(project, options.timeline)


def speed_renderer(options: StyleOptions) -> QgsGraduatedSymbolRenderer:
    """Return the classes of `options.limits`, lowest first, and one for links with too few trips."""
    limits, colours = options.limits, options.colours
    ranges = []
    if options.few:
        ranges = [QgsRendererRange(options.too_few, options.too_few, few_symbol(options), few_label())]
    for i, (colour, label) in enumerate(zip(colours, class_labels(limits))):
        low = (-LARGEST_LIMIT if limits[0] < 0 else 0.0) if i == 0 else limits[i]
        high = limits[i + 1] if i + 2 < len(limits) else max(1e6, limits[-1])
        ranges.append(QgsRendererRange(low, high, line_symbol(colour, options), label))
    renderer = QgsGraduatedSymbolRenderer(value_expression(options), ranges)
    renderer.setSourceSymbol(line_symbol(colours[0], options))
    renderer.setSourceColorRamp(qgis_ramp(colours))
    clause = QgsFeatureRequest.OrderByClause(drawing_order(options), True)
    renderer.setOrderBy(QgsFeatureRequest.OrderBy([clause]))
    renderer.setOrderByEnabled(True)
    return renderer


def drawing_order(options: StyleOptions, every_scale: bool = False) -> str:
    """Expression to sort by: links with too few trips first, then by width, so that main roads come last.

    Of links of one width, such as the directions of a road where they are merged, the one whose class matters
    more comes last: a jam is not hidden by the free direction.
    Beyond `ORDER_SCALE`, unless `every_scale` is wanted, the order of the file serves, which is by width and,
    of equal ones, by traffic: looking up the time for every link takes as long as drawing it. QGIS's
    sorting shuffles links with equal keys, so the key is their number in the file.
    """
    value, width = value_expression(options), width_expression(options)
    tie = f"{width} {'+' if options.high_contrasts else '-'} {_TIE:.0e} * to_real({value})"
    if options.beside:
        tie = f"CASE WHEN @vector_tile_zoom >= {zoom_of_scale(BESIDE_SCALE):.6f} THEN {width} ELSE {tie} END"
    far = f"WHEN @vector_tile_zoom < {zoom_of_scale(ORDER_SCALE):.6f} THEN $id "
    return (
        f'CASE {"" if every_scale else far}WHEN "{options.packed or options.statistic}" IS NULL THEN 0 '
        f"WHEN to_real({value}) = {options.too_few:g} THEN 0 ELSE {tie} END"
    )


def print_style(
    layer: QgsVectorLayer, options: StyleOptions, size: float = 1.0, labels: bool = True
) -> QgsMapLayerStyle:
    """Return the style of a layer for paper: links with too few trips lie under all others at any scale.

    Where the directions of a road are merged, one in grey would be seen in the middle of the other. Labels
    and the legend's lines are `size` times as large; without `labels` there are none.
    """
    other = layer.clone()
    clause = QgsFeatureRequest.OrderByClause(drawing_order(options, every_scale=True), True)
    renderer = other.renderer().clone()
    renderer.setOrderBy(QgsFeatureRequest.OrderBy([clause]))
    if size != 1.0 and isinstance(renderer, QgsGraduatedSymbolRenderer):
        for i, each in enumerate(renderer.ranges()):
            symbol = each.symbol().clone()
            for part in symbol.symbolLayers():
                if isinstance(part, QgsSimpleLineSymbolLayer):  # the map's lines have computed widths
                    part.setWidth(part.width() * size)
            renderer.updateRangeSymbol(i, symbol)
    other.setRenderer(renderer)
    if not labels:
        other.setLabelsEnabled(False)
    elif size != 1.0 and isinstance(other.labeling(), QgsVectorLayerSimpleLabeling):
        other.setLabeling(enlarged(other.labeling(), size))
    style = QgsMapLayerStyle()
    style.readFromLayer(other)
    return style


def width_expression(options: StyleOptions) -> str:
    """Expression for the width of a link in mm at the reference scale, by what the options say."""
    if options.width == BY_CLASS or not options.traffic:
        return f'"{WIDTH_FIELD}"'
    wider = zip(options.traffic[::-1], TRAFFIC_SHARES)
    steps = " ".join(f'WHEN "n_trips" > {trips:g} THEN {width}' for trips, (_, width) in wider)
    return f"CASE {steps} ELSE {TRAFFIC_SHARES[-1][1]} END"


def line_symbol(colour: QColor, options: StyleOptions, share: float = 1.0) -> QgsLineSymbol:
    """Return a line as wide as the link's class and the map's scale ask for, on its side of the road.

    Ends are square: round ones lap over the next link as beads, and leave notches where ends do not meet.

    Width and offset are `share` of the link's width times a factor that QGIS computes once for a
    map: `@vector_tile_zoom` and `@zoom_level` are the only variables of a map that it folds into
    constants (`@map_scale` is looked up for every link).
    """
    line = QgsSimpleLineSymbolLayer(colour, LEGEND_WIDTH * share)
    line.setWidthUnit(QgsUnitTypes.RenderUnit.RenderMillimeters)
    line.setPenCapStyle(Qt.PenCapStyle.SquareCap)
    line.setPenJoinStyle(Qt.PenJoinStyle.RoundJoin)
    grow = f"2 ^ ((@vector_tile_zoom - {zoom_of_scale(REFERENCE_SCALE):.6f}) / 2)"
    side, width = -1 if options.driving_side == "left" else 1, width_expression(options)
    line.setDataDefinedProperty(
        QgsSymbolLayer.Property.StrokeWidth,
        QgsProperty.fromExpression(f"{width} * ({share} * {grow})"),
    )
    if options.beside:
        line.setDataDefinedProperty(
            QgsSymbolLayer.Property.Offset,
            QgsProperty.fromExpression(
                f"CASE WHEN @vector_tile_zoom >= {zoom_of_scale(BESIDE_SCALE):.6f} "
                f"THEN {width} * ({0.5 * side} * {grow}) ELSE 0 END"
            ),
        )
    symbol = QgsLineSymbol()
    symbol.changeSymbolLayer(
        0, line
    )  # the constructor with a list leaves the layer to Python, which deletes it
    return symbol


def few_label() -> str:
    """Return the legend text of links with too few trips."""
    return tr("too few trips")


def few_symbol(options: StyleOptions) -> QgsLineSymbol:
    """Thin and grey; locked, so that another colour ramp leaves it grey."""
    symbol = line_symbol(PALETTES[options.theme].few, options, FEW_WIDTH)
    symbol.symbolLayer(0).setLocked(True)
    return symbol


def _name_columns(layer: QgsVectorLayer, options: StyleOptions) -> None:
    """Set aliases, hide packed columns in the attribute table, and say in the tool tip what is drawn."""
    file = MapFile.of(layer)
    for column in link_columns(file.spec, file.playing, True, True, options.unit):
        index = layer.fields().indexOf(column.name)
        if index >= 0:
            layer.setFieldAlias(index, column.alias)
    aliases = {name: alias for name, alias in layer.attributeAliases().items() if len(alias) > _SHORT_ALIAS}
    hidden = {WIDTH_FIELD, LABEL_FIELD, LABEL_ZOOM_FIELD, *map(file.packed_column, file.playing)}
    table = layer.attributeTableConfig()
    table.update(layer.fields())
    for i, column in enumerate(table.columns()):
        if column.name in hidden:
            table.setColumnHidden(i, True)
        elif column.name in aliases and table.columnWidth(i) < 0:  # the person has set none
            table.setColumnWidth(i, _PIXELS_A_LETTER * len(aliases[column.name]))
    layer.setAttributeTableConfig(table)
    about = layer.serverProperties()  # shown when the mouse rests on the layer's name
    about.setTitle(options.title)
    about.setAbstract(options.meaning)
