"""The layer, its look and the texts that page and film have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.core import (
    Qgis,
    QgsMapLayerStyle,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterExtent,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
    QgsProject,
    QgsVectorLayer,
)

from ..aggregation.contract.days import minute_of
from ..aggregation.contract.errors import SpecError
from ..aggregation.contract.visible_text import visible
from ..mapping.errors import MapError
from ..mapping.foreign_style import bare_layer
from ..mapping.language import tr
from ..mapping.style_check import active_parts
from ..workflow.run_names import name_of_trips
from . import parameters as p
from .reader import Reader
from .style_parameters import AS_LAYER, PRESET, style_changes

if TYPE_CHECKING:
    from ..mapping.ground.layers import Ground, GroundChoice
    from ..mapping.layout.page import PageOptions, SpeedPage
    from ..mapping.layout.templates.base import PageInput
    from ..mapping.style.options import StyleOptions
    from ..mapping.timeline import Timeline

INPUT, TITLE, SUBTITLE, SOURCES = "INPUT", "TITLE", "SUBTITLE", "SOURCES"
EXTENT, FILL, DAYS = "EXTENT", "FILL", "DAYS"
GROUND, GROUND_LAYERS = "GROUND", "GROUND_LAYERS"
GROUNDS = ("none", "roads", "project", "basemaps")
MOST_NAMED = 10  # sets of days that an error names


def map_input() -> QgsProcessingParameterDefinition:
    """Return the layer of speeds."""
    layer = QgsProcessingParameterVectorLayer(
        INPUT, tr("Link speeds"), [Qgis.ProcessingSourceType.VectorLine]
    )
    return p.with_help(layer, tr("The table “links” of a GeoPackage that Roadpulse wrote."))


def set_of_days(empty: str) -> QgsProcessingParameterDefinition:
    """The name of a set of days; `empty` says what an empty one means."""
    return p.with_help(
        QgsProcessingParameterString(DAYS, tr("Days"), "", False, True),
        tr("Of a map with several: one of them, such as Mon or 2025-06-10.") + " " + empty,
    )


def text_and_extent() -> Iterable[QgsProcessingParameterDefinition]:
    """Title, subtitle, sources, extent, whether that fills the map, and the ground."""
    for name, label, default, text in (
        (TITLE, tr("Title"), "", tr("Empty: the name of the run.")),
        (
            SUBTITLE,
            tr("Subtitle"),
            "",
            tr("Empty: what the statistic shows, as “How fast traffic moves”."),
        ),
        (SOURCES, tr("Sources"), "", tr("Where trips and roads come from; in small type.")),
    ):
        yield p.with_help(QgsProcessingParameterString(name, label, default, False, True), text)
    yield p.with_help(
        QgsProcessingParameterExtent(EXTENT, tr("Extent"), None, True),
        tr("The map shows all of it. Empty: the area with most of the links with data."),
    )
    yield p.with_help(
        QgsProcessingParameterBoolean(FILL, tr("Fill the map to its edges"), False),
        tr("Cuts what of the extent does not fit the shape of the map."),
    )
    yield from ground()


def ground() -> Iterable[QgsProcessingParameterDefinition]:
    """Kind of the ground, and layers of the person's choice for it."""
    yield p.choice(
        GROUND, tr("Ground"), GROUNDS, "project",
        tr(
            "“project”: water, parks, built-up areas, roads, railways and borders among the visible layers "
            "of the project, in quiet colours; “roads”: built-up areas, where roads lie close, as for a "
            "project without such layers; “basemaps”: its visible base maps, with their attribution."
        ),
    )  # fmt: skip
    layers = QgsProcessingParameterMultipleLayers(
        GROUND_LAYERS, tr("Layers of the ground"), Qgis.ProcessingSourceType.MapLayer, None, True
    )
    text = tr("From the top, drawn under the speeds in place of those that GROUND finds in the project.")
    yield p.advanced(p.with_help(layers, text))


def ground_choice(reader: Reader, project: Optional[QgsProject]) -> GroundChoice:
    """Return what a call wants under the speeds, of the layers of the person's project."""
    from ..mapping.ground.layers import GroundChoice  # noqa: PLC0415

    return GroundChoice(reader.choice(GROUND), project, tuple(reader.layers(GROUND_LAYERS)))


def warn_of_ground(ground: Ground, feedback: QgsProcessingFeedback) -> None:
    """Warn of layers of the ground that are left out, and of base maps that name no source."""
    for layer in ground.left_out:
        feedback.pushWarning(visible(tr("The map is made without the layer {layer}.").format(layer=layer)))
    for layer in ground.without_attribution:
        feedback.pushWarning(
            visible(
                tr("The base map {layer} does not say who made it. Name them in SOURCES.").format(layer=layer)
            )
        )


class PageRequest:
    """A page of its own project, so that neither the person's layer nor their project changes.

    Keep it as long as the page: QGIS's layout does not keep its project alive.
    """

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        layer: Optional[QgsVectorLayer] = None,
    ) -> None:
        """Take the layer that INPUT names, or `layer` where a call has several."""
        self._reader = Reader(algorithm, parameters, context)
        layer = layer or algorithm.parameterAsVectorLayer(parameters, INPUT, context)
        if layer is None:
            raise MapError(tr("The layer {name!r} cannot be opened.").format(name=self._reader.text(INPUT)))
        self._changes = style_changes(self._reader, layer)
        self._styled = layer if self._reader.text(PRESET) == AS_LAYER else None
        self._extent = algorithm.parameterAsExtent(parameters, EXTENT, context, layer.crs())
        self._ground = ground_choice(self._reader, context.project())
        self.project = QgsProject()
        self.layer = bare_layer(layer.source(), layer.name(), layer.providerType())
        self.project.addMapLayer(self.layer)

    def contents(self, **options: Any) -> PageInput:
        """Return the contents of a page of a template; `options` as those of `page`. Raises `MapError`."""
        from ..mapping.layout.templates.base import PageInput  # noqa: PLC0415

        style = self._style()
        return PageInput(self.project, self.layer, style, self._options(**options))

    def page(self, build: Optional[Callable[..., SpeedPage]] = None, **options: Any) -> SpeedPage:
        """Return the page, with the words and the place that the parameters name; raises `MapError`.

        `build` makes it, by default `speed_page`.
        """
        from ..mapping.layout.page import speed_page  # noqa: PLC0415

        style = self._style()
        return (build or speed_page)(self.project, self.layer, style, self._options(**options))

    def _style(self) -> StyleOptions:
        """Style the layer; with PRESET=layer it gets what was changed with QGIS's own tools, too.

        Not if other parameters go before the look of the layer, or its style might run code.
        """
        from ..mapping.style.symbology import drawn_statistic, kept_options  # noqa: PLC0415
        from .post_processing import show  # noqa: PLC0415

        options = show(self.layer, self.project, self._changes)
        layer = self._styled
        drawn = "" if layer is None else drawn_statistic(layer)
        if layer is not None and drawn and self._changes == kept_options(layer, drawn):
            style = QgsMapLayerStyle()
            style.readFromLayer(layer)
            if not active_parts(style.xmlData()):
                self.layer.setRenderer(layer.renderer().clone())
                self.layer.setLabeling(layer.labeling().clone() if layer.labeling() else None)
                self.layer.setLabelsEnabled(layer.labelsEnabled())
                self.layer.setOpacity(layer.opacity())
        return options

    def _options(self, **options: Any) -> PageOptions:
        from ..mapping.layout.page import PageOptions  # noqa: PLC0415

        reader, title = self._reader, options.pop("title", "")
        return PageOptions(
            title=reader.text(TITLE) or title or self.run_name(),
            subtitle=reader.text(SUBTITLE),
            sources=reader.text(SOURCES),
            extent=None if self._extent.isNull() else self._extent,
            cut=reader.flag(FILL),
            ground=self._ground,
            **options,
        )

    def run_name(self) -> str:
        """Return the name of the layer's run."""
        from ..mapping.map_file import MapFile  # noqa: PLC0415

        return name_of_trips(MapFile.of(self.layer).spec.trips)

    def timeline(self) -> Timeline:
        """Return the layer's frames."""
        from ..mapping.map_file import MapFile  # noqa: PLC0415

        return MapFile.of(self.layer).timeline

    def not_playing(self) -> str:
        """Return why no film can be made of the layer, whatever the statistic, and what to do."""
        from ..mapping.map_file import MapFile  # noqa: PLC0415

        why = MapFile.of(self.layer).not_playing or "The map file holds no values by bin. Export a page."
        return f"No film can be made of this map. {why}"


def frame_of(timeline: Timeline, days: str, time: str) -> int:
    """Return the frame of a set of days (empty: the first) and a time; raises `MapError`."""
    first = sets_of(timeline, days)[0] if days else 0
    bin_number = bin_of(time, timeline.bin_minutes)
    return first * timeline.n_bins + min(bin_number, timeline.n_bins - 1)


def sets_of(timeline: Timeline, name: str) -> range:
    """Return the numbers of the sets of days with that name, all for an empty one; raises `MapError`."""
    if not name:
        return range(len(timeline.names))
    if name in timeline.names and timeline.is_divided:
        number = timeline.names.index(name)
        return range(number, number + 1)
    raise MapError(f"The map has no days {name!r}; it has {_known_sets(timeline)}.")


def _known_sets(timeline: Timeline) -> str:
    if timeline.is_divided and not timeline.names:
        return "values of the whole period alone, so leave it empty"
    if not timeline.is_divided:
        return "all days alone, so leave it empty"
    more = ", …" if len(timeline.names) > MOST_NAMED else ""
    return ", ".join(timeline.names[:MOST_NAMED]) + more


def bin_of(text: str, bin_minutes: int) -> int:
    """Return the bin that holds a time such as `08:00` (`24:00`: one after the last); raises `MapError`.

    A number alone is an hour.
    """
    try:
        return minute_of(text if ":" in text else f"{text}:00", "") // bin_minutes
    except SpecError as error:
        raise MapError(f"{text!r} is not a time of the day such as 08:00.") from error
