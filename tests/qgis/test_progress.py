"""What Processing's log tells of a run: every phase once, news of a long one now and then, no line twice."""

from __future__ import annotations

import pytest
from qgis.core import QgsProcessingFeedback

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.algorithms import progress
from roadpulse.algorithms.progress import RunReporter, match_summary, run_summary
from roadpulse.cluster_client.runs.status import PhaseProgress, RunStatus
from roadpulse.mapping.writer.match_report import MatchReport


class Feedback(QgsProcessingFeedback):
    def __init__(self) -> None:
        super().__init__(False)
        self.told: list[str] = []

    def setProgressText(self, text: str) -> None:
        self.told.append(text)

    def pushInfo(self, info: str) -> None:
        self.told.append(info)


def starting(message: str = "") -> RunStatus:
    return RunStatus(RunState.STARTING, message=message)


def decoding(done: int) -> RunStatus:
    return RunStatus(RunState.DECODING, files=PhaseProgress(done, 300))


def test_what_trimming_leaves_out_is_told_apart_from_what_could_not_be_used() -> None:
    values = {
        "files": {"named": 3, "bad": 1},
        "points": {
            "read": 200, "counted": 150, "dropped": 50,
            "reasons": {"no_link": 10, "stationary": 30, "trip_end": 10},
        },
        "results": {"link_speeds": {"rows": 7}},
    }  # fmt: skip
    assert run_summary(values) == (
        "2 trips, 150 points, 7 links; 5 % of the points could not be used, 20 % were trimmed."
    )


def test_a_run_without_links_is_no_full_match() -> None:
    nothing = MatchReport(0, 0, 0, 0, source_links=0, matched_km=0.0, source_km=0.0)
    assert (nothing.link_rate, nothing.point_rate) == (0, 0)
    assert match_summary(nothing) == "The run found no link with data, so nothing is on the map."
    assert "50 % of the links" in match_summary(MatchReport(2, 1, 20, 5, 1, 0.4, 0.4))


def test_a_phase_that_lasts_is_told_again_only_with_news(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    feedback, percent = Feedback(), list[float]()
    report = RunReporter(feedback, percent.append)
    for second in range(60):
        now[0] = 1000.0 + second
        report(starting("Waiting for cores." if second >= 30 else ""))
    for second in range(25):
        now[0] = 1060.0 + second
        report(decoding(10 * second))
    for second in range(25):
        now[0] = 1085.0 + second
        report(decoding(240))
    assert feedback.told == [
        "Starting the run",
        "Waiting for cores.",
        "Reading trips: 0 of 300 files",
        "Reading trips: 110 of 300 files",
        "Reading trips: 220 of 300 files",
        "Reading trips: 240 of 300 files",
    ]
    assert percent == sorted(percent) and 2 <= percent[0] < percent[-1] < 75
