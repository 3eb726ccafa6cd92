"""`roadpulse:exportwkt`: the CSV of 2019, with the shapes of the links."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFileDestination,
)

from ..aggregation.contract.errors import Cancelled
from ..aggregation.contract.tables import LINK_SPEEDS
from ..aggregation.contract.visible_text import visible
from ..mapping.language import percent, tr
from ..workflow import requirements
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import Destination
from .progress import part
from .reader import Reader

if TYPE_CHECKING:
    from ..cluster_client.postgis.link_geometry import LinkGeometry
    from ..workflow.steps import RunResult

HEADER = ("linkID", "count(linkID)", "avg(absVelocity)", "wkt")
"""The columns of 2019, as Spark named them, and the shape."""

DECIMALS = 7
"""Of a degree: a centimetre."""

FEEDBACK_ROWS = 2000


class ExportWkt(RoadpulseAlgorithm):
    """Writes one CSV with a row for each link of the result."""

    ID = "exportwkt"
    NEEDS = requirements.MAPS
    TAGS = ("csv", "wkt", "export", "2019")

    def title(self) -> str:
        return tr("Export CSV with WKT")

    def section(self) -> tuple[str, str]:
        return "publish", tr("Publish")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Writes the table of 2019 with the shape of each link: linkID, count(linkID), "
                "avg(absVelocity) and wkt."
            ),
            tr(
                "The shape is WKT in longitude and latitude (EPSG:4326), 7 decimals, whatever the roads' own "
                "reference system; roads whose system is not known are refused. The mean is in the unit of "
                "the run. A link without a road keeps its row, with an empty shape. The file is UTF-8 with "
                "quotes as in RFC 4180."
            ),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(p.run_folder_input())
        for parameter in p.road_parameters(with_names=False):
            self.addParameter(parameter)
        output = QgsProcessingParameterFileDestination(p.OUTPUT, tr("CSV file"), tr("CSV files") + " (*.csv)")
        output.setHelp(tr("A file that is there is replaced once the new one is complete."))
        self.addParameter(output)
        self.addOutput(QgsProcessingOutputNumber("LINK_COUNT", tr("Rows")))
        self.addOutput(QgsProcessingOutputNumber("MATCHED_LINKS", tr("Rows with a shape")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..mapping.file_kinds import table_of  # noqa: PLC0415
        from ..workflow import steps  # noqa: PLC0415  (needs the packages)

        Destination(self, parameters, context, p.OUTPUT).check((table_of(*HEADER),))
        reader = Reader(self, parameters, context)
        steps.RunResult.read(reader.text(p.RUN_FOLDER))
        self._roads = reader.roads()
        self._transform_context = context.transformContext()

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..mapping.file_kinds import table_of  # noqa: PLC0415
        from ..mapping.output_file import written_whole  # noqa: PLC0415
        from ..workflow import steps  # noqa: PLC0415  (needs the packages)

        result = steps.RunResult.read(Reader(self, parameters, context).text(p.RUN_FOLDER))
        ids = steps.link_ids(result)
        links = steps.link_geometry(self._roads, ids, part(feedback, 0, 50), feedback.isCanceled)
        transform = _to_wgs84(links, self._transform_context)
        output = Path(self.parameterAsFileOutput(parameters, p.OUTPUT, context))
        progress, shaped = part(feedback, 50, 100), 0
        with (
            written_whole(output, table_of(*HEADER)) as aside,
            aside.open("w", encoding="utf-8", newline="") as stream,
        ):
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(HEADER)
            for number, row in enumerate(rows(result, links, transform)):
                writer.writerow(row)
                shaped += bool(row[-1])
                if number % FEEDBACK_ROWS == 0:
                    progress(100 * number / max(len(ids), 1))
                    if feedback.isCanceled():
                        raise Cancelled
        feedback.pushInfo(
            visible(
                tr("{rows} links, {share} of them with a shape.").format(
                    rows=f"{len(ids):,}", share=percent(shaped / max(len(ids), 1))
                )
            )
        )
        if shaped < len(links):
            feedback.pushWarning(
                visible(
                    tr(
                        "{count} roads have coordinates that are no place on the earth; their shapes "
                        "are empty."
                    ).format(count=f"{len(links) - shaped:,}")
                )
            )
        return {p.OUTPUT: str(output), "LINK_COUNT": len(ids), "MATCHED_LINKS": shaped}


def _to_wgs84(links: LinkGeometry, context: QgsCoordinateTransformContext) -> QgsCoordinateTransform:
    """Return the transform to longitude and latitude; raises `UnsuitableSystem`."""
    from ..mapping.reference_system import UnsuitableSystem, find_system, label_of  # noqa: PLC0415
    from ..mapping.writer.shapes import measure  # noqa: PLC0415  (needs numpy)

    wgs84 = QgsCoordinateReferenceSystem("EPSG:4326")
    if not len(links):
        return QgsCoordinateTransform(wgs84, wgs84, context)
    crs = find_system(links.srid_wkt_or_auth, links.definition)
    measure(links.wkb, crs)  # refuses coordinates that cannot be of this system
    transform = QgsCoordinateTransform(crs, wgs84, context)
    if not transform.isValid():
        raise UnsuitableSystem(
            tr(
                "The roads are in the reference system {system}, which has no place on the earth, so they "
                "have no longitude and latitude. Choose roads with a geographic or projected system."
            ).format(system=label_of(crs))
        )
    return transform


def rows(
    result: RunResult, links: LinkGeometry, transform: QgsCoordinateTransform
) -> Iterator[tuple[str, str, str, str]]:
    """Rows of the CSV in the order of the result; numbers keep the text that the result gives them."""
    index = {str(link_id): i for i, link_id in enumerate(links.ids.tolist())}
    for path in result.part_paths(LINK_SPEEDS):
        with Path(path).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                at = index.get(row["link_id"])
                wkt = "" if at is None else _wkt(bytes(links.wkb[at]), transform)
                yield row["link_id"], row["n_points"], row["mean"], wkt


def _wkt(wkb: bytes, transform: QgsCoordinateTransform) -> str:
    geometry = QgsGeometry()
    geometry.fromWkb(wkb)
    try:
        geometry.transform(transform)
    except QgsCsException:
        return ""
    box = geometry.boundingBox()
    on_earth = box.isFinite() and abs(box.yMinimum()) <= 90 and abs(box.yMaximum()) <= 90
    return str(geometry.asWkt(DECIMALS)) if on_earth else ""
