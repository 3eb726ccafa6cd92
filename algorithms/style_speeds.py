"""`roadpulse:stylespeeds`: another look for a map that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsVectorLayer,
)

from ..aggregation.contract.visible_text import visible
from ..mapping.language import tr
from . import pages
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .progress import RunReporter, part
from .reader import Reader
from .style_parameters import style_changes, style_parameters

if TYPE_CHECKING:
    from ..workflow.more_statistics import Remake

SAVE = "SAVE"


class StyleSpeeds(RoadpulseAlgorithm):
    """Styles a layer in place, and keeps the style in its file."""

    ID = "stylespeeds"
    NEEDS = ("numpy",)
    TAGS = ("style", "symbology", "viridis", "graduated", "temporal", "dark")

    def title(self) -> str:
        return tr("Style speeds")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Gives a layer of link speeds its look: classes in the colours of a ramp, with one set of "
                "limits for all bins, links with too few trips thin and grey, both directions of a road side "
                "by side, and the time of the day for the temporal controller."
            ),
            tr(
                "What matters contrasts with the ground: slow, or the bad end of another statistic, is dark "
                "on the light theme and glows on the dark one."
            ),
            tr("The layer is the table “links” of a GeoPackage that Roadpulse wrote."),
        )

    def flags(self) -> Any:
        return super().flags() | Qgis.ProcessingAlgorithmFlag.NoThreading  # a layer of the project is changed

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(pages.map_input())
        words = tr(
            "It plays if it has a value by bin. One that the map file lacks is computed from the "
            "point store, without reading a trip, and the file is made again with it."
        )
        for parameter in style_parameters(words):
            self.addParameter(parameter)
        keep = QgsProcessingParameterBoolean(SAVE, tr("Keep the style in the file"), True)
        self.addParameter(p.with_help(keep, tr("Then every QGIS that opens the GeoPackage shows it so.")))
        self.addOutput(QgsProcessingOutputVectorLayer(p.OUTPUT, tr("Styled layer")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..mapping.style.saved_styles import check_save  # noqa: PLC0415

        reader = Reader(self, parameters, context)
        layer = self.parameterAsVectorLayer(parameters, pages.INPUT, context)
        statistic = style_changes(reader).get("statistic", "")
        if layer is not None and reader.flag(SAVE):
            check_save(layer)
        self._remake = _remake(layer, statistic) if layer is not None else None

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..mapping.foreign_style import KEPT_STYLE, disarm  # noqa: PLC0415
        from ..mapping.style.options import StyleOptions  # noqa: PLC0415
        from ..mapping.style.saved_styles import save_style  # noqa: PLC0415
        from .post_processing import show  # noqa: PLC0415

        layer = self.parameterAsVectorLayer(parameters, pages.INPUT, context)
        if layer is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, pages.INPUT))
        if self._remake is not None:
            _make_again(self._remake, layer, feedback)
        changes = style_changes(Reader(self, parameters, context), layer)
        checked = StyleOptions.from_run_table(layer, **changes)  # refused before the layer is changed
        found = disarm(layer)
        if found:
            feedback.pushWarning(
                visible(
                    tr(
                        "The layer's style held what acts by itself and may come with its file: {parts}. It "
                        "is taken off. If it is yours, it is among the layer's styles in the project as "
                        "“{name}”."
                    ).format(parts=", ".join(found), name=KEPT_STYLE)
                )
            )
        options = show(
            layer, context.project(), {**changes, "limits": checked.limits, "method": checked.method}
        )
        if Reader(self, parameters, context).flag(SAVE):
            save_style(layer)
        for fault in options.faults:
            feedback.pushWarning(visible(fault))
        feedback.pushInfo(visible(options.title))
        return {p.OUTPUT: layer.id()}


def _remake(layer: QgsVectorLayer, statistic: str) -> Optional[Remake]:
    """Plan to make the map again if its file lacks the statistic; None if it has it. Raises `MapError`."""
    from ..mapping.map_file import MapFile  # noqa: PLC0415

    file = MapFile.of(layer)
    if not statistic or statistic in file.statistics:
        return None
    from ..workflow import locations  # noqa: PLC0415  (need the packages)
    from ..workflow.more_statistics import check_edits, plan_remake  # noqa: PLC0415

    check_edits(file.path)
    return plan_remake(file, (statistic,), locations.run_store())


def _make_again(remake: Remake, layer: QgsVectorLayer, feedback: QgsProcessingFeedback) -> None:
    """Make the map again with the further statistics, and let the layer read it."""
    from ..workflow import locations  # noqa: PLC0415  (need the packages)
    from ..workflow.more_statistics import carry_out, layers_of, names_of, replace_map_file  # noqa: PLC0415

    path = remake.file.path
    feedback.pushInfo(
        visible(
            tr("The map file holds no {statistics}: it is made again from the point store.").format(
                statistics=names_of(remake.added)
            )
        )
    )
    reporter = RunReporter(feedback, part(feedback, 0, 60))
    new = carry_out(remake, locations.run_store(), reporter, feedback.isCanceled, part(feedback, 60, 95))
    layers = [layer, *(each for each in layers_of(path) if each is not layer)]
    for style in replace_map_file(new, path, layers):
        feedback.pushWarning(visible(tr("Left out of the styles: {style}").format(style=style)))
