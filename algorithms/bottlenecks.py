"""`roadpulse:bottlenecks`: where traffic jams, for how long and how often, ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterNumber,
)
from qgis.PyQt.QtCore import QMetaType

from ..aggregation.contract.errors import Cancelled
from ..aggregation.contract.visible_text import visible
from ..mapping.language import clock, many, number_text, tr
from . import pages
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import Destination
from .post_processing import rank_when_loaded
from .progress import part
from .reader import Reader

if TYPE_CHECKING:
    from ..mapping.bottlenecks import Bottleneck, Links
    from ..mapping.map_file import MapFile

THRESHOLD, USUAL = "THRESHOLD", 0.6
_STREETS = 3
"""Streets that a row names, at most."""


class Bottlenecks(RoadpulseAlgorithm):
    """Finds the bottlenecks of a map; gives a layer with a row for each."""

    ID = "bottlenecks"
    NEEDS = ("numpy", "shapely")
    TAGS = ("jam", "congestion", "queue", "free flow", "ranking")

    def title(self) -> str:
        return tr("Bottlenecks")

    def section(self) -> tuple[str, str]:
        return "analyse", tr("Analyse")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Finds the stretches of road on which traffic falls below a share of its free-flow speed, "
                "with their length, time, duration and how often they occur, ranked by delay."
            ),
            *_rule(),
            tr(
                "The map has to hold the statistic free_flow_share by bin: “Show other statistic…” in the "
                "menu of its layer adds it."
            ),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(pages.map_input())
        real = Qgis.ProcessingNumberParameterType.Double
        threshold = QgsProcessingParameterNumber(
            THRESHOLD, tr("Slow below this share of free flow"), real, USUAL, False, 0.01, 1
        )
        self.addParameter(p.with_help(threshold, tr("0.6 is 60 % of the free-flow speed.")))
        lines = Qgis.ProcessingSourceType.VectorLine
        output = QgsProcessingParameterFeatureSink(p.OUTPUT, tr("Bottlenecks"), lines)
        self.addParameter(
            p.with_help(output, tr("A layer of lines, one a bottleneck, that of rank 1 with the most delay."))
        )
        self.addOutput(QgsProcessingOutputNumber("BOTTLENECK_COUNT", tr("Bottlenecks found")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..mapping.bottlenecks import refuse_without_share  # noqa: PLC0415
        from ..mapping.map_file import MapFile  # noqa: PLC0415
        from ..mapping.output_file import refuse_inputs  # noqa: PLC0415

        layer = self.parameterAsVectorLayer(parameters, pages.INPUT, context)
        if layer is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, pages.INPUT))
        self._file, self._crs = MapFile.of(layer), layer.crs()
        refuse_without_share(self._file)
        destination = Destination(self, parameters, context, p.OUTPUT)
        if destination.path is not None:
            refuse_inputs(destination.path, destination.inputs)

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..mapping.bottlenecks import bottlenecks  # noqa: PLC0415

        def check() -> None:
            if feedback.isCanceled():
                raise Cancelled

        threshold = Reader(self, parameters, context).real(THRESHOLD)
        links, found = bottlenecks(self._file, self._crs, threshold, part(feedback, 0, 80), check)
        sink, destination = self.parameterAsSink(
            parameters, p.OUTPUT, context, _fields(), Qgis.WkbType.MultiLineString, self._crs
        )
        if sink is None:
            raise QgsProcessingException(visible(self.invalidSinkError(parameters, p.OUTPUT)))
        progress = part(feedback, 80, 100)
        for rank, each in enumerate(found, 1):
            check()
            feature = QgsFeature()
            feature.setAttributes(_row(rank, each, links, len(self._file.timeline.names)))
            shape = QgsGeometry()
            shape.fromWkb(links.wkb(each.links))
            feature.setGeometry(shape)
            if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                raise QgsProcessingException(visible(self.writeFeatureError(sink, parameters, p.OUTPUT)))
            progress(100 * rank / len(found))
        sink.flushBuffer()
        del sink
        rule = "\n".join(rule_of(self._file, threshold))
        feedback.pushInfo(visible(rule))
        feedback.pushInfo(visible(_summary(found, threshold)))
        if context.willLoadLayerOnCompletion(destination):
            details = context.layerToLoadOnCompletionDetails(destination)
            rank_when_loaded(details, destination, rule, _aliases())
        return {p.OUTPUT: destination, "BOTTLENECK_COUNT": len(found)}


def rule_of(file: MapFile, threshold: float) -> list[str]:
    """Return the sentences of the rule by which a map's bottlenecks are found."""
    from ..mapping.columns import meaning  # noqa: PLC0415

    slow = tr(
        "A link is slow below {threshold} with at least {trips} trips in the bin. The value: {meaning}."
    ).format(
        threshold=number_text(threshold),
        meaning=meaning("free_flow_share", file.spec, file.spec.unit, by_bin=True),
        trips=number_text(file.min_trips),
    )
    return [slow, *_rule()]


def _rule() -> tuple[str, ...]:
    return (
        tr(
            "Slow links of the same bin form a stretch where one ends at most 1 m from where the other "
            "starts and travel goes on: it turns by at most 60°, or there is no other way on and in. The "
            "opposite direction of a road is a stretch of its own. A bin with too few trips is no evidence "
            "either way and joins nothing."
        ),
        tr(
            "Stretches that share a link in consecutive bins, or in the same bin of several sets of days, "
            "are one bottleneck. A day ends at midnight. Its length is that of its longest stretch, its "
            "minutes those of the set of days in which it lasts longest."
        ),
        tr(
            "Delay, by which the ranks go: the sum of length (km) × duration (h) × (1 − share of free flow) "
            "over slow links and bins of all sets of days. It does not count vehicles."
        ),
    )


def _aliases() -> dict[str, str]:
    """Return the columns, in order, with their names for a person."""
    return {
        "rank": tr("Rank"),
        "streets": tr("Streets"),
        "links": tr("Links"),
        "length_km": tr("Longest extent (km)"),
        "from": tr("From"),
        "to": tr("To"),
        "minutes": tr("Longest duration (min)"),
        "worst_share": tr("Lowest share of free flow"),
        "days": tr("Sets of days with it"),
        "of_days": tr("Sets of days of the map"),
        "delay": tr("Delay (km × h × lost share)"),
        "link_ids": tr("Ids of the links"),
    }


def _fields() -> QgsFields:
    whole, real, text = QMetaType.Type.Int, QMetaType.Type.Double, QMetaType.Type.QString
    kinds = dict.fromkeys(("streets", "from", "to", "link_ids"), text)
    kinds.update(dict.fromkeys(("length_km", "worst_share", "delay"), real))
    fields = QgsFields()
    for name in _aliases():  # a GeoPackage keeps no names for people: the loaded layer gets them
        fields.append(QgsField(name, kinds.get(name, whole)))
    return fields


def _row(rank: int, found: Bottleneck, links: Links, n_sets: int) -> list[Any]:
    streets = dict.fromkeys(name for name in (links.names[row] for row in found.links) if name)
    named = ", ".join(list(streets)[:_STREETS]) + (", …" if len(streets) > _STREETS else "")
    return [
        rank, named or None, len(found.links), round(found.length_km, 3), clock(found.begin),
        clock(found.end), found.minutes, found.worst_share, found.days, n_sets, round(found.delay, 4),
        ",".join(str(links.ids[row]) for row in found.links),
    ]  # fmt: skip


def _summary(found: Sequence[Bottleneck], threshold: float) -> str:
    if not found:
        return tr(
            "No link with enough trips is below {threshold} of its free-flow speed in any bin, so there is "
            "no bottleneck and the layer is empty. A higher threshold finds slighter ones."
        ).format(threshold=number_text(threshold))
    worst = found[0]
    return tr(
        "{count} bottlenecks. The first is up to {km} km long, from {begin} to {end}, and falls to {share} "
        "of free flow."
    ).format(
        count=many(len(found)), km=number_text(worst.length_km, 1), begin=clock(worst.begin),
        end=clock(worst.end), share=number_text(worst.worst_share),
    )  # fmt: skip
