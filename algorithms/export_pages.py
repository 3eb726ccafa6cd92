"""`roadpulse:exportpages`: a page of each district, each time or each run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsVectorLayer,
)

from ..aggregation.contract.errors import Cancelled, RunError
from ..aggregation.contract.visible_text import visible
from ..aggregation.storage.local.files import disk_errors
from ..mapping.errors import MapError
from ..mapping.language import tr
from . import pages
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .export_layout import DPI, LAYERS, quality_parameters, warn_of
from .outputs import files_read
from .page_templates import TemplateReader, template_parameters, time_parameters
from .reader import Reader
from .style_parameters import style_changes, style_parameters

if TYPE_CHECKING:
    from ..mapping.layout.page import SpeedPage

INPUTS, EACH, FORMAT = "INPUTS", "EACH", "FORMAT"
BY_DISTRICT, BY_TIME, BY_RUN = "district", "time", "run"
FORMATS = ("pdf", "png", "svg", "tif")
LONGEST_NAME = 80
"""Characters of a file's name, without its ending."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows has taken."""


@dataclass(frozen=True)
class Job:
    """A page that is to be made: its name for a person, from which its file's comes, and how it is built."""

    name: str
    build: Callable[[], SpeedPage]


class ExportPages(RoadpulseAlgorithm):
    """Writes several pages of one template into a folder."""

    ID = "exportpages"
    NEEDS = ("numpy",)
    TAGS = ("layout", "print", "pdf", "png", "svg", "map", "atlas", "batch", "district")

    def title(self) -> str:
        return tr("Export pages")

    def section(self) -> tuple[str, str]:
        return "publish", tr("Publish")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Writes a page of each district of a polygon layer, of each bin of the day or of each map "
                "into a folder. The files have the names of districts, times or maps."
            ),
            tr(
                "A page that cannot be made is named, and the others are made. When the work is cancelled, "
                "the pages that are finished stay."
            ),
        )

    def flags(self) -> Any:
        return super().flags() | Qgis.ProcessingAlgorithmFlag.NoThreading  # layouts belong to the main thread

    def initAlgorithm(self, configuration: Any = None) -> None:
        layers = QgsProcessingParameterMultipleLayers(
            INPUTS, tr("Link speeds"), Qgis.ProcessingSourceType.VectorLine
        )
        self.addParameter(
            p.with_help(layers, tr("Tables “links” of GeoPackages that Roadpulse wrote: one, or one a run."))
        )
        self.addParameter(
            p.choice(
                EACH,
                tr("A page of each"),
                (BY_DISTRICT, BY_TIME, BY_RUN),
                BY_DISTRICT,
                tr("District of DISTRICTS, bin of the day (or of DAYS), or run of INPUTS."),
            )
        )
        for parameter in (*time_parameters(), *template_parameters(), *pages.text_and_extent()):
            self.addParameter(parameter)
        for parameter in style_parameters(tr("Without values by bin it is drawn for the whole period.")):
            self.addParameter(parameter)
        self.addParameter(
            p.choice(FORMAT, tr("Kind of the files"), FORMATS, "pdf", tr("PDF, PNG, SVG or TIFF."))
        )
        for parameter in quality_parameters():
            self.addParameter(parameter)
        folder = QgsProcessingParameterFolderDestination(p.OUTPUT, tr("Folder of the pages"))
        self.addParameter(
            p.with_help(
                folder,
                tr(
                    "It is made if it is missing. Each page is a file named after its district, time or run; "
                    "an earlier page of that name is replaced."
                ),
            )
        )
        self.addOutput(QgsProcessingOutputNumber("PAGE_COUNT", tr("Pages")))
        self.addOutput(QgsProcessingOutputNumber("FAILED_COUNT", tr("Pages that could not be made")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        reader, templates = Reader(self, parameters, context), TemplateReader(self, parameters, context)
        style_changes(reader)
        if reader.choice(EACH) == BY_TIME:
            templates.check_days()
        else:
            templates.check()
        if reader.choice(EACH) == BY_DISTRICT and not templates.districts():
            raise MapError(tr("A page of each district needs DISTRICTS, a layer of polygons."))

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..mapping.file_kinds import PAGE_KINDS  # noqa: PLC0415
        from ..mapping.layout.export import export_page  # noqa: PLC0415
        from ..mapping.output_file import check_output  # noqa: PLC0415

        reader = Reader(self, parameters, context)
        folder = Path(self.parameterAsString(parameters, p.OUTPUT, context))
        with disk_errors("write pages", folder):
            folder.mkdir(parents=True, exist_ok=True)
        inputs = files_read(self, parameters, context)
        jobs = list(self._jobs(parameters, context, feedback))
        paths = file_paths(folder, [job.name for job in jobs], reader.choice(FORMAT))
        done, failed = 0, []
        for number, (job, path) in enumerate(zip(jobs, paths)):
            if feedback.isCanceled():
                raise Cancelled
            try:
                check_output(path, PAGE_KINDS, inputs)
                page = job.build()
                warn_of(page, feedback, job.name)
                export_page(page, path, reader.number(DPI), reader.flag(LAYERS))
                project, ground = page.layout.project(), [layer.id() for layer in page.ground.layers]
                del page
                project.removeMapLayers(ground)  # of hundreds of pages they would fill the memory
            except RunError as error:
                failed.append(job.name)
                feedback.reportError(visible(tr("{page}: {why}").format(page=job.name, why=error.message)))
            else:
                done += 1
                feedback.pushInfo(visible(str(path)))
            feedback.setProgress(100 * (number + 1) / len(jobs))
        if not done:
            raise MapError(tr("No page could be made. The log says why."))
        return {p.OUTPUT: str(folder), "PAGE_COUNT": done, "FAILED_COUNT": len(failed)}

    def _jobs(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Iterator[Job]:
        """Yield the pages that are to be made, run by run."""
        from ..mapping.map_file import MapFile  # noqa: PLC0415

        each = Reader(self, parameters, context).choice(EACH)
        templates = TemplateReader(self, parameters, context)
        layers = self.parameterAsLayerList(parameters, INPUTS, context)
        layers = [layer for layer in layers if isinstance(layer, QgsVectorLayer)]
        if not layers:
            raise MapError(tr("No layer of link speeds was given."))
        districts = templates.districts() if each == BY_DISTRICT else []
        for layer in layers:
            of_run = f"{layer.name()} " if len(layers) > 1 else ""
            try:
                request = pages.PageRequest(self, parameters, context, layer)
                timeline = request.timeline()
                frames = templates.frames(timeline) if each == BY_TIME else []
            except RunError as error:
                feedback.reportError(
                    visible(tr("{page}: {why}").format(page=layer.name(), why=error.message))
                )
                continue
            if each == BY_TIME and not frames:
                why = MapFile.of(layer).not_playing or tr("The map file holds no values by bin.")
                feedback.reportError(visible(tr("{page}: {why}").format(page=layer.name(), why=why)))
            if each == BY_RUN:
                yield Job(layer.name(), _build(templates, request, {"title": layer.name()}))
            for frame in frames:
                at = f"{timeline.set_name(frame)} {timeline.clock(frame)}".strip()
                yield Job(f"{of_run}{at}", _build(templates, request, {"frame": frame}))
            for district in districts:
                contents = {"title": district.name, "district": district}
                yield Job(f"{of_run}{district.name}", _build(templates, request, contents))


def _build(
    templates: TemplateReader, request: pages.PageRequest, options: dict[str, Any]
) -> Callable[[], SpeedPage]:
    """Return the building of a page, which is done when its turn has come."""

    def build() -> SpeedPage:
        more = dict(options)
        name, district = more.pop("title", ""), more.pop("district", None)
        more.setdefault("frame", templates.frame(request.timeline()))
        contents = templates.contents(request, title=name, **more)
        title = contents.options.title
        if name and title != name:  # TITLE is that of all pages
            title = tr("{title}: {page}").format(title=title, page=name)
        options_of_page = replace(contents.options, title=title)
        return templates.template.build(replace(contents, district=district, options=options_of_page))

    return build


def file_paths(folder: Path, names: list[str], ending: str) -> list[Path]:
    """Return a path in `folder` for each name: readable, allowed on every system, and each another one."""
    taken: set[str] = set()
    paths = []
    for name in names:
        stem = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', "-", visible(name)).strip(" .-")[:LONGEST_NAME].strip(" .-")
        if not stem or _RESERVED.fullmatch(stem):
            stem = f"page {stem}".strip()
        unique, number = stem, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{stem} {number}"
        taken.add(unique.casefold())
        paths.append(folder / f"{unique}.{ending}")
    return paths
