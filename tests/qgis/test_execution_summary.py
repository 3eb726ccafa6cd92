"""Summary of the nodes and processes that carried out a run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.mapping.writer.match_report import MatchReport
from roadpulse.ui.runs.execution_summary import done_by
from roadpulse.ui.runs.run_task import FinishedRun
from roadpulse.ui.runs.summary import details
from tests.dummy_backend import VALUES, register

SPARK = {"kind": "spark", "spark": "4.0.1", "app_id": "app-1", "executors": ["a:1", "b:1", "c:1"]}


@pytest.mark.parametrize(
    ("runner", "words"),
    [
        ({"kind": "spark", "executors": [], "spark_tasks": 0, "head_workers": 2, "head_tasks": 9},
         "on the head itself: less work than starting Spark"),
        ({**SPARK, "executors": [], "spark_tasks": 0, "head_tasks": 9},
         "on the head itself, before Spark was up"),
        ({"kind": "spark", "executors": [], "spark_tasks": 0, "head_tasks": 9, "same_cores": True},
         "on the head itself, whose cores are those of Spark"),
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
@pytest.mark.parametrize(
    "profile",
    [
        Profile(kind="ssh", name="Pis", host="pi0"),
        Profile(kind="livy", name="Pis", host="pi0", livy_url="http://pi0:8998"),
    ],
    ids=lambda profile: profile.kind,
)
def test_who_did_the_work(qgis_app: Any, profile: Profile, runner: object, words: str) -> None:
    assert done_by(profile, runner) == words


def test_this_computer_has_no_cluster(qgis_app: Any) -> None:
    assert done_by(LOCAL, {**SPARK, "spark_tasks": 40}) == ""


@pytest.mark.parametrize(
    ("runner", "words"),
    [
        ({"head_tasks": 9}, "on the head itself: less work than starting Lab"),
        ({"head_tasks": 9, "up": True}, "on the head itself, before Lab was up"),
        ({"head_tasks": 9, "without_lab": "Gone."}, "on the head alone, since Lab could not be had"),
        ({"head_tasks": 9, "lab_tasks": 3, "cells": 2}, "on the head first, then on Lab 7, 2 cells"),
        ({"lab_tasks": 3, "cells": 1}, "on Lab 7, 1 cell"),
        ({"spark_tasks": 3}, ""),
    ],
)
def test_a_new_kind_describes_its_own_cluster(
    qgis_app: Any, monkeypatch: pytest.MonkeyPatch, runner: dict[str, Any], words: str
) -> None:
    register(monkeypatch)
    assert done_by(Profile.from_json(VALUES), {"kind": "lab", **runner}) == words
    assert done_by(Profile(kind="ssh", name="Pis", host="pi0"), {"kind": "lab", **runner}) == ""


def finished(**manifest: object) -> FinishedRun:
    files = {"named": 9, "bytes": 900, "decoded": 9, "reused": 0, "bad": 0}
    values = {"files": files, "speed_unit": "mph", "estimator": "mean of points", "time_zone": "UTC"}
    spec = RunSpec(trips="/trips", store="/store")
    match = MatchReport(3, 3, 30, 30, 1.0, 1.0, 0, 0)
    return FinishedRun(
        SimpleNamespace(spec=spec, profile=LOCAL), Path("/run"), {**values, **manifest}, match, 1.0
    )


def test_remarks_of_a_run_are_plain_text_in_its_details(qgis_app: Any) -> None:
    assert "2% standing &lt;b&gt;" in details(finished(remarks=["2% standing <b>"]), "trips")


def test_the_details_of_the_links_name_the_statistics(qgis_app: Any) -> None:
    text = details(finished(statistics=["n_points", "trip_hmean", "tti"]), "links")
    assert "Points, Speed of the mean travel time (mph), Travel-time index" in text
    assert "mean speed (mph), mean of points" in details(finished(), "links")
