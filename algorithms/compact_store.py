"""`roadpulse:compactstore`: many small parts of a point store become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterString,
)

from ..aggregation.contract.errors import Cancelled, RunError, SpecError
from ..aggregation.contract.requirements import STEPS
from ..aggregation.contract.s3_access import is_s3
from ..aggregation.contract.visible_text import visible
from ..cluster_client.profiles.profile import LOCAL_NAME
from ..mapping.language import tr
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .reader import Reader

if TYPE_CHECKING:
    from ..cluster_client.profiles.profile import Profile

ONLY_THESE = "ONLY_THESE"


class CompactStore(RoadpulseAlgorithm):
    """Compacts the point store of a profile whose runs are carried out on this computer."""

    ID = "compactstore"
    NEEDS = tuple(STEPS)
    TAGS = ("points", "store", "parquet", "merge", "clean")

    def title(self) -> str:
        return tr("Compact point store")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Merges the small parts that many runs with a few new trips each leave in the point store. "
                "Runs do so by themselves after their work; results stay the same, byte for byte."
            ),
            tr(
                "With trips, points of files that have another version there now are left out too. What was "
                "merged is removed once no run may still read it, at the earliest after two minutes: by a "
                "later run, or by this algorithm called again."
            ),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        profile = QgsProcessingParameterString(p.PROFILE, tr("Where to run"), LOCAL_NAME)
        text = tr(
            "Name of a stored profile whose runs are carried out on this computer, or path of a profile file."
        )
        self.addParameter(p.with_help(profile, text))
        self.addParameter(p.trust_programs())
        trips = QgsProcessingParameterFile(
            p.TRIPS, tr("Trips"), Qgis.ProcessingFileParameterBehavior.Folder, "", None, True
        )
        text = tr("A folder, a pattern or a file; empty to look at no trips.")
        self.addParameter(p.with_help(trips, text))
        only = QgsProcessingParameterBoolean(ONLY_THESE, tr("Keep the points of these trips alone"), False)
        text = tr("Points of other files are left out; a later run that names them reads them again.")
        self.addParameter(p.advanced(p.with_help(only, text)))
        self.addOutput(QgsProcessingOutputString("STORE", tr("Folder of the point store")))
        for name, label in (
            ("MERGED_COUNT", tr("Parts that were merged")),
            ("LEFT_OUT_COUNT", tr("Files whose points were left out")),
            ("REMOVED_COUNT", tr("Earlier parts that were removed")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..workflow import locations  # noqa: PLC0415  (needs the packages)

        reader = Reader(self, parameters, context)
        if reader.flag(ONLY_THESE) and not reader.text(p.TRIPS):
            raise SpecError(ONLY_THESE, tr("needs TRIPS"))
        profile: Profile = reader.profile()
        self._store = locations.point_store(profile)
        if not profile.runs_here or any(map(is_s3, (self._store, reader.text(p.TRIPS)))):
            raise RunError(
                tr(
                    "The point store of “{profile}” is {store}, which this computer does not reach as a "
                    "folder. Compact it there: python -m roadpulse.aggregation compact {store}"
                ).format(profile=profile.name, store=self._store)
            )

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..aggregation.compact import compact  # noqa: PLC0415

        reader = Reader(self, parameters, context)

        def check() -> None:
            if feedback.isCanceled():
                raise Cancelled

        def report(text: str) -> None:
            feedback.pushInfo(visible(text))

        trips = [reader.absolute_trips()] if reader.text(p.TRIPS) else []
        done = compact(self._store, None, trips, reader.flag(ONLY_THESE), report, check)
        return {
            "STORE": self._store,
            "MERGED_COUNT": done.merged,
            "LEFT_OUT_COUNT": done.left_out,
            "REMOVED_COUNT": done.removed,
        }
