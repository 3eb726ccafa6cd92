"""`roadpulse:exportanimation`: the day as a film."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from ..mapping.language import number_text, tr
from . import pages
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .child_feedback import ChildFeedback
from .outputs import Destination
from .progress import part
from .reader import Reader
from .style_parameters import style_changes, style_parameters

if TYPE_CHECKING:
    from ..mapping.film.export import Listener

TIME_FROM, TIME_TO, FRAME_SIZE, FRAMES_PER_SECOND = "TIME_FROM", "TIME_TO", "FRAME_SIZE", "FRAMES_PER_SECOND"
SECONDS, BETWEEN, PROCESSES = "SECONDS", "BETWEEN", "PROCESSES"
FASTEST, SLOWEST = 60.0, 0.1  # pictures a second
MOST_BETWEEN = 60
MOST_PICTURES = 20_000
FILES = "MP4 (*.mp4);;WebM (*.webm);;GIF (*.gif);;APNG (*.apng)"
SIZES = (
    "960x540", "1280x720", "1920x1080", "2560x1440", "3840x2160", "1080x1080", "1080x1920", "2160x2160",
    "2160x3840",
)  # fmt: skip


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
        about = tr("Width and height. In square and tall ones, for phones, the map is between two bands.")
        self.addParameter(p.choice(FRAME_SIZE, tr("Size"), SIZES, "1920x1080", about))
        real, whole = Qgis.ProcessingNumberParameterType.Double, Qgis.ProcessingNumberParameterType.Integer
        for name, label, kind, usual, least, most, text in (
            (FRAMES_PER_SECOND, tr("Pictures a second"), real, 2.0, SLOWEST, FASTEST,
             tr("With bins of an hour, 2 make a day of 12 s.")),
            (SECONDS, tr("Length in seconds"), real, 0.0, 0.0, 36_000.0,
             tr("In place of the pictures a second. 0: by these.")),
            (BETWEEN, tr("Pictures between two bins"), whole, 0, 0, MOST_BETWEEN,
             tr("Values are interpolated there, and the picture says so. Links with too few trips in either "
                "bin are not.")),
            (PROCESSES, tr("Processes that draw"), whole, 0, 0, 64,
             tr("0: as many as there are cores, eight at most, and memory.")),
        ):  # fmt: skip
            number = QgsProcessingParameterNumber(name, label, kind, usual, False, least, most)
            self.addParameter(p.with_help(number, text))
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
        from ..mapping.film.export import FilmOptions, export_film  # noqa: PLC0415
        from ..mapping.film.frame_page import frame_page  # noqa: PLC0415
        from ..mapping.film.moments import moments  # noqa: PLC0415

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
        steps = 1 + reader.number(BETWEEN)
        wanted = moments(timeline, bins, steps)
        if len(wanted) > MOST_PICTURES:
            raise MapError(
                tr(
                    "The film would have {number} pictures; it can have {most}. Choose fewer days, or fewer "
                    "pictures between two bins."
                ).format(number=number_text(len(wanted)), most=number_text(MOST_PICTURES))
            )
        width, height = map(int, reader.choice(FRAME_SIZE).split("x"))
        build = partial(frame_page, size=(width, height), interpolated=steps > 1)
        page = sheet.page(build, frame=bins[0])
        pages.warn_of_ground(page.ground, feedback)
        if page.nothing:
            feedback.pushWarning(visible(page.nothing))
        output = self.parameterAsFileOutput(parameters, p.OUTPUT, context)
        export_film(
            page,
            Path(output),
            FilmOptions(
                (width, height), _rate(reader, len(wanted)), bins, steps, reader.number(PROCESSES) or None
            ),
            _listener(feedback),
        )
        return {p.OUTPUT: output, "FRAME_COUNT": len(wanted)}


def _rate(reader: Reader, pictures: int) -> float:
    """Return the pictures a second, by the film's length if that is given; raises `MapError`."""
    seconds = reader.real(SECONDS)
    if not seconds:
        return reader.real(FRAMES_PER_SECOND)
    rate = pictures / seconds
    if SLOWEST <= rate <= FASTEST:
        return rate
    raise MapError(
        tr(
            "{pictures} pictures in {seconds} s are {rate} a second, and a film has between {slowest} and "
            "{fastest}. Choose a length between {least} and {most} s."
        ).format(
            pictures=number_text(pictures), seconds=number_text(seconds), rate=number_text(rate),
            slowest=number_text(SLOWEST), fastest=number_text(FASTEST),
            least=number_text(pictures / FASTEST), most=number_text(pictures / SLOWEST),
        )
    )  # fmt: skip


def _listener(feedback: QgsProcessingFeedback) -> Listener:
    from ..mapping.film.export import Listener  # noqa: PLC0415

    return Listener(
        part(feedback, 0, 100),
        feedback.isCanceled,
        drawn=feedback.show_picture if isinstance(feedback, ChildFeedback) else lambda path: None,
        said=lambda words: feedback.pushInfo(visible(words)),
    )
