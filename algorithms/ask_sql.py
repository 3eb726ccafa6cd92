"""`roadpulse:asksql`: a question in SQL to a run and its point store."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
)

from ..aggregation.contract.errors import Cancelled, RunError
from ..aggregation.contract.requirements import STEPS
from ..aggregation.contract.visible_text import visible
from ..mapping.language import tr
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import Destination
from .reader import Reader

if TYPE_CHECKING:
    import duckdb

QUERY = "QUERY"
USUAL = "SELECT * FROM link_speeds"


class AskSql(RoadpulseAlgorithm):
    """Writes the rows that a query finds in the views of a run."""

    ID = "asksql"
    NEEDS = tuple(STEPS)
    TAGS = ("sql", "duckdb", "query", "points", "traversals", "trips")

    def title(self) -> str:
        return tr("Ask in SQL")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Opens a run and its point store as views of DuckDB: trips, points, traversals, links, and "
                "the tables of results. Writes the rows of a query to a table."
            ),
            tr(
                "Speeds are in the unit of the run; local times and bins are of its time zone. The log has "
                "the columns of all views. The run has to be on this computer, and its point store in a "
                "folder."
            ),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(p.run_folder_input())
        query = QgsProcessingParameterString(QUERY, tr("Query"), USUAL, multiLine=True)
        text = tr("A SELECT of DuckDB over trips, points, traversals, links and the tables of results.")
        self.addParameter(p.with_help(query, text))
        kinds = tr("CSV files") + " (*.csv);;" + tr("Parquet files") + " (*.parquet)"
        output = QgsProcessingParameterFileDestination(p.OUTPUT, tr("Rows found"), kinds)
        output.setHelp(tr("A file that is there is replaced once the new one is complete."))
        self.addParameter(output)
        self.addOutput(QgsProcessingOutputNumber("ROW_COUNT", tr("Rows")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..aggregation.sql import data_dictionary  # noqa: PLC0415
        from ..mapping.file_kinds import ROWS, ROWS_IN_PARQUET  # noqa: PLC0415

        Destination(self, parameters, context, p.OUTPUT).check((ROWS, ROWS_IN_PARQUET))
        self._folder = Path(Reader(self, parameters, context).text(p.RUN_FOLDER))
        self._dictionary = data_dictionary(self._folder)

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..aggregation import sql  # noqa: PLC0415
        from ..mapping.file_kinds import ROWS, ROWS_IN_PARQUET  # noqa: PLC0415
        from ..mapping.output_file import kind_of, written_whole  # noqa: PLC0415

        def warn(text: str) -> None:
            feedback.pushWarning(visible(text))

        output = Path(self.parameterAsFileOutput(parameters, p.OUTPUT, context))
        query = Reader(self, parameters, context).text(QUERY)
        feedback.pushInfo(visible(self._dictionary))
        kind = kind_of(output, (ROWS, ROWS_IN_PARQUET))
        with sql.opened(self._folder, warn=warn) as views, written_whole(output, kind) as aside:
            stop = partial(_interrupt, views)
            feedback.canceled.connect(stop)
            try:
                n_rows = sql.write(views, query, aside)
            except RunError:
                if feedback.isCanceled():
                    raise Cancelled from None
                raise
            finally:
                feedback.canceled.disconnect(stop)
        feedback.pushInfo(visible(tr("{n} rows.").format(n=f"{n_rows:,}")))
        return {p.OUTPUT: str(output), "ROW_COUNT": n_rows}


def _interrupt(views: duckdb.DuckDBPyConnection) -> None:
    """Stop a query from another thread."""
    views.interrupt()
