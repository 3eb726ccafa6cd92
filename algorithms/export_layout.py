"""`roadpulse:exportlayout`: a page to print or to publish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
)

from ..aggregation.contract.visible_text import visible
from ..mapping.language import tr
from . import pages
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import Destination
from .page_templates import TemplateReader, district_parameter, template_parameters, time_parameters
from .reader import Reader
from .style_parameters import style_changes, style_parameters

if TYPE_CHECKING:
    from ..mapping.layout.page import SpeedPage

DPI, LAYERS = "DPI", "LAYERS"


def quality_parameters() -> Iterable[QgsProcessingParameterDefinition]:
    """Return the parameters of how a page is written."""
    dpi = QgsProcessingParameterNumber(
        DPI, tr("Resolution (dpi)"), Qgis.ProcessingNumberParameterType.Integer, 300, False, 36, 1200
    )
    use = tr("Of PNG, TIFF and the pictures in a PDF: 96 for a screen, 300 for print.")
    yield p.advanced(p.with_help(dpi, use))
    layers = QgsProcessingParameterBoolean(LAYERS, tr("Layers in the PDF"), False)
    switched = tr("They can be switched on and off in a reader of PDFs.")
    yield p.advanced(p.with_help(layers, switched))


def warn_of(page: SpeedPage, feedback: QgsProcessingFeedback, name: str = "") -> None:
    """Say what a page lacks: links, parts of its template or ground; `name` tells several pages apart."""
    for part in page.left_out:
        words = tr("Left out of the template, as it may be another person's: {part}.")
        feedback.pushWarning(visible(words.format(part=part)))
    pages.warn_of_ground(page.ground, feedback)
    if page.nothing:
        words = tr("{page}: {why}").format(page=name, why=page.nothing) if name else page.nothing
        feedback.pushWarning(visible(words))


class ExportLayout(RoadpulseAlgorithm):
    """Writes a map with title, legend, small maps of the day and sources."""

    ID = "exportlayout"
    NEEDS = ("numpy",)
    TAGS = ("layout", "print", "pdf", "png", "svg", "tiff", "map")

    def title(self) -> str:
        return tr("Export page")

    def section(self) -> tuple[str, str]:
        return "publish", tr("Publish")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Writes a page with the map to its edges and, beside it, title, time, legend, the day as "
                "small maps, scale bar and sources: as PDF, PNG, SVG or TIFF, by the ending of the name."
            ),
            tr(
                "TEMPLATE chooses another page: an atlas of zooms, a day in small maps, two maps side by "
                "side, or the report of a district."
            ),
            tr("Neither the layer nor the project changes."),
        )

    def flags(self) -> Any:
        return super().flags() | Qgis.ProcessingAlgorithmFlag.NoThreading  # layouts belong to the main thread

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(pages.map_input())
        for parameter in (*time_parameters(), *template_parameters(), district_parameter()):
            self.addParameter(parameter)
        for parameter in pages.text_and_extent():
            self.addParameter(parameter)
        for parameter in style_parameters(tr("Without values by bin it is drawn for the whole period.")):
            self.addParameter(parameter)
        for parameter in quality_parameters():
            self.addParameter(parameter)
        output = QgsProcessingParameterFileDestination(
            p.OUTPUT, tr("Page"), "PDF (*.pdf);;PNG (*.png);;SVG (*.svg);;TIFF (*.tif *.tiff)"
        )
        self.addParameter(
            p.with_help(
                output,
                tr(
                    "The ending decides: .pdf, .png, .svg or .tif. A PDF and a TIFF have their place on "
                    "earth, a TIFF also in a world file (.tfw) beside it."
                ),
            )
        )

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..mapping.file_kinds import PAGE_KINDS  # noqa: PLC0415

        Destination(self, parameters, context, p.OUTPUT).check(PAGE_KINDS)
        reader = Reader(self, parameters, context)
        style_changes(reader)
        TemplateReader(self, parameters, context).check()

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..mapping.layout.export import export_page  # noqa: PLC0415

        reader, templates = Reader(self, parameters, context), TemplateReader(self, parameters, context)
        sheet, district = pages.PageRequest(self, parameters, context), templates.district()
        contents = templates.contents(
            sheet, frame=templates.frame(sheet.timeline()), title=district.name if district else ""
        )
        page = templates.template.build(replace(contents, district=district))
        warn_of(page, feedback)
        if contents.options.frame is not None and not page.style.plays and not page.nothing:
            words = tr("The map file has no values by bin of {title}: the page shows the whole period.")
            feedback.pushWarning(visible(words.format(title=page.style.title)))
        feedback.setProgress(20)
        output = self.parameterAsFileOutput(parameters, p.OUTPUT, context)
        export_page(page, Path(output), reader.number(DPI), reader.flag(LAYERS))
        feedback.setProgress(100)
        return {p.OUTPUT: output}
