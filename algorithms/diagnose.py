"""`roadpulse:diagnose`: every step of the connection, with what to do about a failure."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsDataSourceUri,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterProviderConnection,
    QgsProcessingParameterString,
    QgsProviderRegistry,
)

from ..aggregation.contract.errors import RunError
from ..aggregation.contract.visible_text import visible
from ..cluster_client.profiles.profile import LOCAL_NAME
from ..mapping.language import tr
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import Destination
from .reader import Reader

if TYPE_CHECKING:
    from ..cluster_client.profiles.profile import Profile

CONNECTION, HOST_KEY, OUTPUT_JSON = "CONNECTION", "HOST_KEY", "OUTPUT_JSON"


class Diagnose(RoadpulseAlgorithm):
    """Looks at a profile; gives a report."""

    ID = "diagnose"
    TAGS = ("cluster", "ssh", "spark", "test", "connection", "check")

    def title(self) -> str:
        return tr("Diagnose a cluster")

    def section(self) -> tuple[str, str]:
        return "cluster", tr("Cluster")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Looks at everything that a run with a profile needs, step by step, and says what to do "
                "about what is wrong: network, SSH, folders, Python, Java, Spark and its workers, a job of a "
                "second on every node, the trips as the nodes see them, clocks, buckets of S3, PostGIS."
            ),
            tr(
                "The first connection to a host asks for its key. Compare the fingerprint with what the "
                "host's administrator says, and give it as the host key to have it accepted here."
            ),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        profile = QgsProcessingParameterString(p.PROFILE, tr("Where to run"), LOCAL_NAME)
        profile.setHelp(tr("Name of a stored profile, or path of a profile file (.json)."))
        self.addParameter(profile)
        self.addParameter(p.trust_programs())
        trips = QgsProcessingParameterFile(
            p.TRIPS, tr("Trips"), Qgis.ProcessingFileParameterBehavior.Folder, "", None, True
        )
        trips.setHelp(
            tr("A folder or pattern as the cluster sees it, or s3://bucket/folder; empty to leave them out.")
        )
        self.addParameter(trips)
        connection = QgsProcessingParameterProviderConnection(
            CONNECTION, tr("PostGIS connection"), "postgres", None, True
        )
        connection.setHelp(tr("A stored connection; empty to leave PostGIS out."))
        self.addParameter(connection)
        key = QgsProcessingParameterString(HOST_KEY, tr("Host key to accept"), None, False, True)
        key.setHelp(tr("Fingerprint (SHA256:…). A host that shows just this key is known from then on."))
        self.addParameter(p.advanced(key))
        page = tr("Web page") + " (*.html)"
        output = QgsProcessingParameterFileDestination(p.OUTPUT, tr("Report"), page, None, True, True)
        output.setHelp(tr("A page with every check, what was found and what to do."))
        self.addParameter(output)
        self.addOutput(QgsProcessingOutputString("OUTCOME", tr("Outcome: ok, warning or failed")))
        self.addOutput(QgsProcessingOutputNumber("FAILED_COUNT", tr("Checks that failed")))
        self.addOutput(QgsProcessingOutputNumber("WARNING_COUNT", tr("Checks that warn")))
        self.addOutput(QgsProcessingOutputString(OUTPUT_JSON, tr("Findings, as JSON")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..mapping.file_kinds import REPORT  # noqa: PLC0415
        from ..workflow.credentials import read_credentials  # noqa: PLC0415  (needs the packages)

        Destination(self, parameters, context, p.OUTPUT).check((REPORT,))
        reader = Reader(self, parameters, context)
        self._profile: Profile = reader.profile()
        self._credentials = read_credentials(self._profile)
        name = str(self.parameterAsConnectionName(parameters, CONNECTION, context) or "")
        self._postgis = connection_info(name) if name else ""

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..cluster_client.diagnosis import report  # noqa: PLC0415  (need the packages)
        from ..cluster_client.diagnosis.checks import Finding, Outcome, diagnose, worst  # noqa: PLC0415
        from ..mapping.file_kinds import REPORT  # noqa: PLC0415
        from ..mapping.output_file import written_whole  # noqa: PLC0415
        from ..workflow.backends import checks_for  # noqa: PLC0415

        reader = Reader(self, parameters, context)
        group = checks_for(self._profile, self._credentials, reader.text(p.TRIPS), reader.text(HOST_KEY))
        with closing(group):
            checks = group.checks()
            if self._postgis:
                from ..cluster_client.diagnosis.postgis import postgis_check  # noqa: PLC0415  (needs psycopg)

                checks.append(postgis_check(self._postgis))
            n_done = 0

            def push_result(finding: Finding) -> None:
                nonlocal n_done
                n_done += 1
                feedback.setProgress(100 * n_done / len(checks))
                say = {Outcome.FAILED: feedback.reportError, Outcome.WARNING: feedback.pushWarning}
                say.get(finding.outcome, feedback.pushInfo)(visible(report.line(finding)))

            findings = diagnose(
                checks,
                push_result,
                feedback.isCanceled,
                lambda check: feedback.setProgressText(visible(check.title)),
            )
        feedback.pushInfo(visible(report.summary(findings)))
        output = self.parameterAsFileOutput(parameters, p.OUTPUT, context)
        if output:
            with written_whole(Path(output), REPORT) as aside:
                aside.write_text(report.to_html(self._profile, findings), encoding="utf-8")
        count = {outcome: sum(finding.outcome is outcome for finding in findings) for outcome in Outcome}
        return {
            p.OUTPUT: output or None,
            "OUTCOME": worst(findings).value,
            "FAILED_COUNT": count[Outcome.FAILED],
            "WARNING_COUNT": count[Outcome.WARNING],
            OUTPUT_JSON: report.to_json(self._profile, findings),
        }


def connection_info(name: str) -> str:
    """Return libpq's connection string of a stored connection; for the main thread. Raises `RunError`."""
    known = QgsProviderRegistry.instance().providerMetadata("postgres").dbConnections()
    if name not in known:
        raise RunError(tr("There is no stored PostGIS connection {name!r}.").format(name=name))
    return str(QgsDataSourceUri(known[name].uri()).connectionInfo(True))
