"""`roadpulse:exportanimation`: the day as a film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ..aggregation.contract.visible_text import visible
from ..mapping.errors import MapError
from ..mapping.language import tr
from . import pages
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import Destination
from .progress import part
from .reader import Reader
from .style_parameters import style_changes, style_parameters

TIME_FROM, TIME_TO, FRAME_SIZE, FRAMES_PER_SECOND = "TIME_FROM", "TIME_TO", "FRAME_SIZE", "FRAMES_PER_SECOND"
FILES = "MP4 (*.mp4);;WebM (*.webm);;GIF (*.gif);;APNG (*.apng)"
SIZES = ("960x540", "1280x720", "1920x1080", "2560x1440", "3840x2160")


class ExportAnimation(RoadpulseAlgorithm):
    """Writes a GIF, an MP4 or a folder of frames, one frame for each bin."""

    ID = "exportanimation"
    NEEDS = ("numpy",)
    TAGS = ("animation", "film", "video", "gif", "mp4", "temporal")

    def title(self) -> str:
        return tr("Export film")

    def section(self) -> tuple[str, str]:
        return "publish", tr("Publish")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Writes the day, week or dates as a film, one picture for each bin: the map, a clock with "
                "the track of the day under it, and the legend."
            ),
            tr(
                "The ending of the name decides: .mp4 or .webm (need the program ffmpeg), .gif (needs the "
                "Python package Pillow), .apng, or none for a folder of PNG pictures. Several pictures are "
                "drawn at once, in processes of their own."
            ),
            tr("Neither the layer nor the project changes."),
        )

    def flags(self) -> Any:
        return super().flags() | Qgis.ProcessingAlgorithmFlag.NoThreading  # layouts belong to the main thread

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(pages.map_input())
        for name, label, default in (
            (TIME_FROM, tr("From"), "00:00"),
            (TIME_TO, tr("Up to, not including"), "24:00"),
        ):
            time = QgsProcessingParameterString(name, label, default)
            self.addParameter(p.with_help(time, tr("Local time of the day, such as 06:00.")))
        self.addParameter(pages.set_of_days(tr("Empty: all of them, one after the other.")))
        for parameter in pages.text_and_extent():
            self.addParameter(parameter)
        for parameter in style_parameters(tr("The map file holds its values of each bin.")):
            self.addParameter(parameter)
        self.addParameter(p.choice(FRAME_SIZE, tr("Size"), SIZES, "1920x1080", tr("Width and height.")))
        rate = QgsProcessingParameterNumber(
            FRAMES_PER_SECOND, tr("Pictures a second"), Qgis.ProcessingNumberParameterType.Double, 2.0,
            False, 0.1, 60,
        )  # fmt: skip
        self.addParameter(p.with_help(rate, tr("With bins of an hour, 2 make a day of 12 s.")))
        output = QgsProcessingParameterFileDestination(p.OUTPUT, tr("Film"), FILES)
        self.addParameter(
            p.with_help(
                output, tr("A name that ends in .mp4, .webm, .gif or .apng, or a folder for pictures.")
            )
        )
        self.addOutput(QgsProcessingOutputNumber("FRAME_COUNT", tr("Pictures")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..mapping.film.formats import check_film  # noqa: PLC0415

        destination = Destination(self, parameters, context, p.OUTPUT)
        if destination.path is not None:
            check_film(destination.path, destination.inputs)
        reader = Reader(self, parameters, context)
        style_changes(reader)
        for name in (TIME_FROM, TIME_TO):
            pages.bin_of(reader.text(name), 1)

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..mapping.film.export import FilmOptions, Listener, export_film  # noqa: PLC0415

        reader = Reader(self, parameters, context)
        sheet = pages.PageRequest(self, parameters, context)
        timeline = sheet.timeline()
        first, end = (pages.bin_of(reader.text(name), timeline.bin_minutes) for name in (TIME_FROM, TIME_TO))
        sets = pages.sets_of(timeline, reader.text(pages.DAYS))
        times = range(first, min(end, timeline.n_bins))
        bins = [number * timeline.n_bins + bin_number for number in sets for bin_number in times]
        if not sets:
            raise MapError(sheet.not_playing())
        if not bins:
            raise MapError(
                f"There is no bin from {reader.text(TIME_FROM)} up to {reader.text(TIME_TO)}. "
                "Choose a later end."
            )
        page = sheet.page(paper="frame", film=True, frame=bins[0])
        if page.nothing:
            feedback.pushWarning(visible(page.nothing))
        width, height = map(int, reader.choice(FRAME_SIZE).split("x"))
        output = self.parameterAsFileOutput(parameters, p.OUTPUT, context)
        export_film(
            page,
            Path(output),
            FilmOptions((width, height), reader.real(FRAMES_PER_SECOND), bins),
            Listener(
                part(feedback, 0, 100),
                feedback.isCanceled,
                said=lambda words: feedback.pushInfo(visible(words)),
            ),
        )
        return {p.OUTPUT: output, "FRAME_COUNT": len(bins)}
