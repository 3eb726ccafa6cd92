"""`roadpulse:stylespeeds`: another look for a map that is there already."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
)

from ..aggregation.contract import statistic as statistics
from ..aggregation.contract.visible_text import visible
from ..workflow.translation import tr
from . import pages
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .reader import Reader

FAST_GLOWS, LABELS, SAVE = "FAST_GLOWS", "LABELS", "SAVE"


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
                "Gives a layer of link speeds its look: classes in viridis with one set of limits "
                "for all bins, links with too few trips thin and grey, both directions of a road side "
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
        self.addParameter(
            p.choice(
                pages.STATISTIC, tr("Statistic"), statistics.drawn_keys(), statistics.DEFAULT_DRAWN,
                tr("One that the map file holds; it plays if the file has its value of each bin."),
            )
        )  # fmt: skip
        self.addParameter(pages.theme())
        self.addParameter(pages.limits())
        self.addParameter(pages.driving_side())
        for name, label, default, text in (
            (FAST_GLOWS, tr("Fast roads contrast most"), False, tr("Reverses the colours.")),
            (LABELS, tr("Street names"), True, tr("If the roads have names.")),
        ):
            self.addParameter(p.with_help(QgsProcessingParameterBoolean(name, label, default), text))
        keep = QgsProcessingParameterBoolean(SAVE, tr("Keep the style in the file"), True)
        self.addParameter(p.with_help(keep, tr("Then every QGIS that opens the GeoPackage shows it so.")))
        self.addOutput(QgsProcessingOutputVectorLayer(p.OUTPUT, tr("Styled layer")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..mapping.style.saved_styles import check_save  # noqa: PLC0415

        reader = Reader(self, parameters, context)
        self._changes(reader)
        layer = self.parameterAsVectorLayer(parameters, pages.INPUT, context)
        if layer is not None and reader.flag(SAVE):
            check_save(layer)

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
        changes = self._changes(Reader(self, parameters, context))
        StyleOptions.from_run_table(layer, **changes)  # refused before anything of the layer is changed
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
        options = show(layer, context.project(), changes)
        if Reader(self, parameters, context).flag(SAVE):
            save_style(layer)
        feedback.pushInfo(visible(options.title))
        return {p.OUTPUT: layer.id()}

    def _changes(self, reader: Reader) -> dict[str, Any]:
        changes: dict[str, Any] = {
            "statistic": reader.choice(pages.STATISTIC),
            "theme": reader.choice(pages.THEME),
            "fast_glows": reader.flag(FAST_GLOWS),
            "labels": reader.flag(LABELS),
        }
        changes |= pages.driving_side_change(reader)
        limits = pages.class_limits(reader.text(pages.LIMITS))
        if limits:
            changes["limits"] = limits
        return changes
