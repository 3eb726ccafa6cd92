"""`roadpulse:exportlayout`: a page to print or to publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ..aggregation.contract.errors import SpecError
from ..aggregation.contract.visible_text import visible
from ..mapping.language import tr
from . import pages
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import Destination
from .reader import Reader
from .style_parameters import style_changes, style_parameters

TIME, PAPER, ORIENTATION, DPI, LAYERS = "TIME", "PAPER", "ORIENTATION", "DPI", "LAYERS"
PAPERS = ("A4", "A3", "A2", "A1", "A0")
ORIENTATIONS = ("auto", "landscape", "portrait")


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
            tr("Neither the layer nor the project changes."),
        )

    def flags(self) -> Any:
        return super().flags() | Qgis.ProcessingAlgorithmFlag.NoThreading  # layouts belong to the main thread

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(pages.map_input())
        self.addParameter(
            p.with_help(
                QgsProcessingParameterString(TIME, tr("Time of the day"), "", False, True),
                tr("Such as 08:00: the bin that holds it. Empty: the whole period."),
            )
        )
        self.addParameter(pages.set_of_days(tr("It needs a TIME. Empty: the first.")))
        for parameter in pages.text_and_extent():
            self.addParameter(parameter)
        for parameter in style_parameters(tr("Without values by bin it is drawn for the whole period.")):
            self.addParameter(parameter)
        self.addParameter(
            p.choice(PAPER, tr("Paper"), PAPERS, "A4", tr("Landscape, or portrait where that shows more."))
        )
        turn = p.choice(
            ORIENTATION, tr("Orientation"), ORIENTATIONS, "auto",
            tr("“auto” turns the paper to portrait where that shows the extent larger."),
        )  # fmt: skip
        self.addParameter(p.advanced(turn))
        dpi = QgsProcessingParameterNumber(
            DPI, tr("Resolution (dpi)"), Qgis.ProcessingNumberParameterType.Integer, 300, False, 36, 1200
        )
        self.addParameter(
            p.advanced(
                p.with_help(
                    dpi,
                    tr("Of PNG, TIFF and the pictures in a PDF: 96 for a screen, 300 for print."),
                )
            )
        )
        layers = QgsProcessingParameterBoolean(LAYERS, tr("Layers in the PDF"), False)
        switched = tr("They can be switched on and off in a reader of PDFs.")
        self.addParameter(p.advanced(p.with_help(layers, switched)))
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
        if reader.text(TIME):
            pages.bin_of(reader.text(TIME), 1)
        elif reader.text(pages.DAYS):
            raise SpecError(pages.DAYS, "needs a TIME, such as 08:00, as some days have values by bin alone")

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..mapping.layout.export import export_page  # noqa: PLC0415

        reader = Reader(self, parameters, context)
        sheet = pages.PageRequest(self, parameters, context)
        time, days = reader.text(TIME), reader.text(pages.DAYS)
        page = sheet.page(
            paper=reader.choice(PAPER),
            orientation=reader.choice(ORIENTATION),
            frame=pages.frame_of(sheet.timeline(), days, time) if time else None,
        )
        if page.nothing:
            feedback.pushWarning(visible(page.nothing))
        elif time and not page.style.plays:
            words = tr("The map file has no values by bin of {title}: the page shows the whole period.")
            feedback.pushWarning(visible(words.format(title=page.style.title)))
        feedback.setProgress(20)
        output = self.parameterAsFileOutput(parameters, p.OUTPUT, context)
        export_page(page, Path(output), reader.number(DPI), reader.flag(LAYERS))
        feedback.setProgress(100)
        return {p.OUTPUT: output}
