"""Summary of the nodes and processes that carried out a run."""

from __future__ import annotations

from typing import Any

import pytest

from roadpulse.ui.runs.execution_summary import done_by

SPARK = {"kind": "spark", "spark": "4.0.1", "app_id": "app-1", "executors": ["a:1", "b:1", "c:1"]}


@pytest.mark.parametrize(
    ("runner", "words"),
    [
        ({"kind": "spark", "executors": [], "spark_tasks": 0, "head_workers": 2, "head_tasks": 9},
         "on the head itself: less work than starting Spark"),
        ({**SPARK, "executors": [], "spark_tasks": 0, "head_tasks": 9},
         "on the head itself, before Spark was up"),
        ({**SPARK, "spark_tasks": 40, "head_tasks": 9},
         "on the head first, then on Spark 4.0.1, 3 executors"),
        ({"kind": "spark", "executors": [], "spark_tasks": 0, "head_tasks": 9, "without_spark": "No Java."},
         "on the head alone, since Spark could not be had"),
        ({**SPARK, "spark_tasks": 40, "head_tasks": 9, "without_spark": "Its Java is gone."},
         "on Spark 4.0.1, 3 executors until it was lost, the rest on the head"),
        ({**SPARK, "spark_tasks": 40}, "on Spark 4.0.1, 3 executors"),
        ({**SPARK, "spark_tasks": 1, "executors": ["a:1"]}, "on Spark 4.0.1, 1 executor"),
        ({**SPARK, "spark_tasks": 0}, ""),
        ({"kind": "processes", "worker_memory_mb": 90}, ""),
        ({"kind": "spark", "spark_tasks": "many", "executors": 7}, ""),
        (None, ""),
    ],
)  # fmt: skip
def test_who_did_the_work(qgis_app: Any, runner: object, words: str) -> None:
    assert done_by(runner) == words
