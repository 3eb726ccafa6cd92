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
    QgsProcessingParameterEnum,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)

from ..mapping.columns import STATISTICS
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .words import tr

INPUT, STATISTIC, THEME, LIMITS, DRIVING_SIDE = "INPUT", "STATISTIC", "THEME", "LIMITS", "DRIVING_SIDE"
FAST_GLOWS, LABELS, SAVE = "FAST_GLOWS", "LABELS", "SAVE"
AS_IN_ZONE = "by the time zone"


class StyleSpeeds(RoadpulseAlgorithm):
    """Styles a layer in place, and keeps the style in its file."""

    ID = "stylespeeds"
    TAGS = ("style", "symbology", "viridis", "graduated", "temporal", "dark")

    def title(self) -> str:
        return tr("Style speeds")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Gives a layer of link speeds its look: classes of speed in viridis with one set of limits "
                "for the whole day, links with too few trips thin and grey, both directions of a road side "
                "by side, and the time of the day for the temporal controller."
            ),
            tr(
                "What matters contrasts with the ground: slow is dark on the light theme and glows on the "
                "dark one."
            ),
            tr("The layer is the table “links” of a GeoPackage that Roadpulse wrote."),
        )

    def flags(self) -> Any:
        return super().flags() | Qgis.ProcessingAlgorithmFlag.NoThreading  # a layer of the project is changed

    def initAlgorithm(self, configuration: Any = None) -> None:
        from ..mapping.style_options import THEMES  # noqa: PLC0415

        layer = QgsProcessingParameterVectorLayer(
            INPUT, tr("Link speeds"), [Qgis.ProcessingSourceType.VectorLine]
        )
        layer.setHelp(tr("The table “links” of a GeoPackage that Roadpulse wrote."))
        self.addParameter(layer)
        for name, label, choices, default, text in (
            (STATISTIC, tr("Statistic"), list(STATISTICS), "mean",
             tr("Bins hold means, so any other statistic is drawn for the whole day and does not play.")),
            (THEME, tr("Theme"), list(THEMES), "light", tr("For a light or a dark ground.")),
            (DRIVING_SIDE, tr("Traffic drives on the"), [AS_IN_ZONE, "left", "right"], AS_IN_ZONE,
             tr("The side of its road on which a direction is drawn.")),
        ):  # fmt: skip
            parameter = QgsProcessingParameterEnum(name, label, choices, False, default, False, True)
            parameter.setHelp(text)
            self.addParameter(parameter)
        limits = QgsProcessingParameterString(LIMITS, tr("Class limits"), "", False, True)
        limits.setHelp(
            tr(
                "Ascending numbers in the unit shown, such as “0 5 10 15 20 30”. "
                "Empty: round numbers that fit."
            )
        )
        self.addParameter(limits)
        for flag in (
            _flag(FAST_GLOWS, tr("Fast roads contrast most"), False, tr("Turns the colours round.")),
            _flag(LABELS, tr("Street names"), True, tr("Where the roads came with names.")),
            _flag(
                SAVE,
                tr("Keep the style in the file"),
                True,
                tr("Then every QGIS that opens the GeoPackage shows it so."),
            ),
        ):
            self.addParameter(flag)
        self.addOutput(QgsProcessingOutputVectorLayer(p.OUTPUT, tr("Styled layer")))

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from . import steps  # noqa: PLC0415
        from .post_processing import show  # noqa: PLC0415

        layer = self.parameterAsVectorLayer(parameters, INPUT, context)
        if layer is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, INPUT))
        changes = self._changes(p.Reader(self, parameters, context))
        options = show(layer, context.project(), changes)
        if p.Reader(self, parameters, context).flag(SAVE):
            steps.keep_style(layer)
        feedback.pushInfo(options.title)
        return {p.OUTPUT: layer.id()}

    def _changes(self, reader: p.Reader) -> dict[str, Any]:
        changes: dict[str, Any] = {
            "statistic": reader.choice(STATISTIC),
            "theme": reader.choice(THEME),
            "fast_glows": reader.flag(FAST_GLOWS),
            "labels": reader.flag(LABELS),
        }
        if reader.choice(DRIVING_SIDE) != AS_IN_ZONE:
            changes["driving_side"] = reader.choice(DRIVING_SIDE)
        limits = class_limits(reader.text(LIMITS))
        if limits:
            changes["limits"] = limits
        return changes


def _flag(name: str, label: str, default: bool, text: str) -> QgsProcessingParameterBoolean:
    flag = QgsProcessingParameterBoolean(name, label, default)
    flag.setHelp(text)
    return flag


def class_limits(text: str) -> tuple[float, ...]:
    """Limits from text with blanks, commas or semicolons between; raises `QgsProcessingException`."""
    words = text.replace(",", " ").replace(";", " ").split()
    try:
        limits = tuple(float(word) for word in words)
    except ValueError:
        limits = (0.0,)
    if limits and (len(limits) < 2 or any(b <= a for a, b in zip(limits, limits[1:]))):
        raise QgsProcessingException(
            tr("The class limits {text!r} are not ascending numbers such as “0 5 10 15 20 30”.").format(
                text=text
            )
        )
    return limits
