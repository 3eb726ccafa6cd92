"""Ask in SQL: the rows of a query over a run, as a file, with refusals in clear sentences."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest
from qgis.core import QgsProcessingException, QgsProcessingFeedback

PER_LINK = "SELECT link_id, count(*) AS n FROM points GROUP BY link_id ORDER BY link_id;"


def ask(processing: Any, city_run: dict[str, Any], output: Path, query: str, **more: Any) -> dict[str, Any]:
    given = {"RUN_FOLDER": city_run["RUN_FOLDER"], "QUERY": query, "OUTPUT": str(output)}
    return processing.run("roadpulse:asksql", {**given, **more})


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_points_by_link_are_those_of_the_result(
    processing: Any, city_run: dict[str, Any], tmp_path: Path, ending: str
) -> None:
    output = tmp_path / f"a.{ending}"
    feedback = QgsProcessingFeedback()
    given = {"RUN_FOLDER": city_run["RUN_FOLDER"], "QUERY": PER_LINK, "OUTPUT": str(output)}
    result = processing.run("roadpulse:asksql", given, feedback=feedback)
    with open(city_run["LINK_SPEEDS"], newline="") as file:  # noqa: PTH123
        expected = [(int(row["link_id"]), int(row["n_points"])) for row in csv.DictReader(file)]
    assert duckdb.sql(f"FROM '{output}'").fetchall() == expected
    assert result["ROW_COUNT"] == len(expected)
    assert "## traversals" in feedback.textLog()


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ("SELECT speeds FROM points", "a.csv", "DuckDB cannot answer: Binder Error.*speeds"),
        ("SELECT 1", "a.txt", "Let its name end in .csv or .parquet"),
        ("SELECT 1", "kept.parquet", "is not a Parquet table"),
    ],
)
def test_what_cannot_be_answered_or_written_is_refused(
    processing: Any, city_run: dict[str, Any], tmp_path: Path, query: str, name: str, words: str
) -> None:
    kept = tmp_path / "kept.parquet"
    kept.write_text("mine")
    with pytest.raises(QgsProcessingException, match=f"(?s){words}"):
        ask(processing, city_run, tmp_path / name, query)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.parquet"]
    assert kept.read_text() == "mine"
