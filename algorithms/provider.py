"""The Processing provider `roadpulse`."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..mapping.language import tr
from .aggregate_trips import AggregateTrips
from .ask_sql import AskSql
from .base import ICON
from .bottlenecks import Bottlenecks
from .compact_store import CompactStore
from .demo_city import DemoCity
from .diagnose import Diagnose
from .export_animation import ExportAnimation
from .export_layout import ExportLayout
from .export_pages import ExportPages
from .export_wkt import ExportWkt
from .join_links import JoinLinks
from .speed_map import SpeedMap
from .style_speeds import StyleSpeeds

ALGORITHMS = (
    SpeedMap,
    AggregateTrips,
    JoinLinks,
    StyleSpeeds,
    Bottlenecks,
    ExportLayout,
    ExportPages,
    ExportAnimation,
    ExportWkt,
    AskSql,
    CompactStore,
    DemoCity,
    Diagnose,
)


class RoadpulseProvider(QgsProcessingProvider):
    """Every step from trips to map; loads also where Python packages are missing."""

    def id(self) -> str:
        return "roadpulse"

    def name(self) -> str:
        return "Roadpulse"

    def longName(self) -> str:
        return tr("Roadpulse: speeds per road link from GPS trips")

    def icon(self) -> QIcon:
        return QIcon(str(ICON))

    def svgIconPath(self) -> str:
        return str(ICON)

    def loadAlgorithms(self) -> None:
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())

    def supportedOutputVectorLayerExtensions(self) -> list[str]:
        return ["gpkg"]

    def defaultVectorFileExtension(self, hasGeometry: bool = True) -> str:  # noqa: N803
        return "gpkg"
