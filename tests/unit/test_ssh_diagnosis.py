"""A diagnosis: order, time limits, words."""

import json
import threading
import time

import pytest

from roadpulse.aggregation.contract.errors import RunError
from roadpulse.cluster_client.diagnosis import remote_probe, report, verdicts
from roadpulse.cluster_client.diagnosis.checks import Check, Outcome, diagnose, failed, ok, warning, worst
from roadpulse.cluster_client.diagnosis.remote_answers import NoAnswer, answer
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile


def fail():
    return failed("It is broken.", "Mend it.")


def test_findings_come_one_by_one_and_in_order():
    seen = []
    checks = [Check("a", "A", lambda: ok("fine")), Check("b", "B", lambda: warning("odd", "look"), ("a",))]
    found = diagnose(checks, seen.append)
    assert [(f.name, f.outcome) for f in seen] == [("a", Outcome.OK), ("b", Outcome.WARNING)]
    assert found == seen
    assert worst(found) is Outcome.WARNING


def test_what_depends_on_a_failure_is_skipped_and_the_rest_is_not():
    checks = [
        Check("a", "Net", fail), Check("b", "Disk", fail, ("a",)), Check("c", "Far", fail, ("b",)),
        Check("d", "Clock", lambda: ok("right")),
    ]  # fmt: skip
    found = diagnose(checks)
    assert [f.outcome.value for f in found] == ["failed", "skipped", "skipped", "ok"]
    assert "Net" in found[1].found
    assert worst(found) is Outcome.FAILED


def test_a_check_that_hangs_is_left_in_time_and_freed():
    freed = threading.Event()
    check = Check("a", "A", lambda: freed.wait(30) and ok("late"), timeout=0.3, give_up=freed.set)
    began = time.monotonic()
    (found,) = diagnose([check])
    assert time.monotonic() - began < 20
    assert found.outcome is Outcome.FAILED and "no answer within" in found.found
    assert freed.is_set()


def test_a_diagnosis_is_stopped_at_once():
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    hanging = Check("a", "A", lambda: threading.Event().wait(30), timeout=30)
    found = diagnose([hanging, Check("b", "B", fail)], cancelled=stop.is_set)
    assert time.monotonic() - began < 20
    assert [f.outcome for f in found] == [Outcome.SKIPPED, Outcome.SKIPPED]


def test_errors_are_findings():
    def refuse():
        raise RunError("The server refused. Give another key.")

    def stumble():
        raise ZeroDivisionError("oops")

    first, second = diagnose([Check("a", "A", refuse), Check("b", "B", stumble)])
    assert (first.found, first.todo) == ("The server refused.", "Give another key.")
    assert second.outcome is Outcome.FAILED and "ZeroDivisionError" in second.found


@pytest.mark.parametrize(
    ("version", "outcome"),
    [("3.9.2", "ok"), ("3.13.0rc1", "ok"), ("3.8.10", "failed"), ("2.7.18", "failed"), ("?", "failed")],
)
def test_python_is_new_enough(version, outcome):
    assert verdicts.python(version, "/usr/bin/python3").outcome.value == outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ('openjdk version "17.0.15" 2025-04-15', "ok"), ('java version "1.8.0_412"', "warning"),
        ('openjdk version "11.0.2"', "warning"), ('java version "1.7.0"', "failed"),
        ("/bin/sh: 1: java: not found", "failed"), ("", "failed"), ('openjdk version "21"', "ok"),
    ],
)  # fmt: skip
def test_java_is_new_enough(text, outcome):
    assert verdicts.java(text).outcome.value == outcome


@pytest.mark.parametrize(
    ("version", "outcome"), [("3.5.9", "ok"), ("4.3.0", "ok"), ("3.4.1", "failed"), ("2.4", "failed")]
)
def test_spark_is_new_enough(version, outcome):
    assert verdicts.spark(version, "/opt/spark").outcome.value == outcome


@pytest.mark.parametrize(
    ("seconds", "outcome", "said"),
    [
        (0.4, "ok", "right"),
        (-30, "ok", "30 s behind"),
        (300, "warning", "5 min ahead"),
        (-300, "warning", "behind"),
    ],
)
def test_a_clock_that_is_off_is_said(seconds, outcome, said):
    found = verdicts.clock(seconds, "The clock")
    assert found.outcome.value == outcome and said in found.found


@pytest.mark.parametrize(
    ("kilobytes", "outcome"), [(0, "failed"), (500_000, "warning"), (10_000_000, "ok"), (None, "warning")]
)
def test_space_is_judged(kilobytes, outcome):
    assert verdicts.space(kilobytes, "/data").outcome.value == outcome


def test_trips_are_seen_and_counted(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    for name in ("t.json", "u.JSON.GZ", "notes.txt"):
        (tmp_path / "a/b" / name).write_text("")
    assert remote_probe.count_trips(str(tmp_path)) == {"count": 2}
    assert remote_probe.count_trips(str(tmp_path / "a/b/*.json")) == {"count": 1}
    (tmp_path / "a/b/t.json.gz").write_text("")  # a packed copy, which runs leave out
    (tmp_path / "a/t.json.gz").write_text("")
    assert remote_probe.count_trips(str(tmp_path)) == {"count": 3}
    assert remote_probe.count_trips(str(tmp_path / "a/b/t.*")) == {"count": 1}
    (tmp_path / "a/t.json.gz").unlink()
    assert remote_probe.count_trips(str(tmp_path / "none"))["error"]
    (tmp_path / "a").rename(tmp_path / "a [2024]")
    assert remote_probe.count_trips(str(tmp_path / "a [2024]/b/*.json")) == {"count": 1}
    assert remote_probe.count_trips(str(tmp_path / "a [2024]")) == {"count": 2}
    (tmp_path / "a [2024]").rename(tmp_path / "a")
    assert remote_probe.count_trips(str(tmp_path), most=1) == {"count": 1, "more": True}
    assert verdicts.trips({"count": 0}, "/x", "here").outcome is Outcome.FAILED
    assert verdicts.trips({"error": "no"}, "/x", "here").todo


def test_an_answer_is_found_among_other_words():
    assert answer('hello\nroadpulse-answer {"a": 1}\nbye\n') == {"a": 1}
    with pytest.raises(NoAnswer, match="not found"):
        answer("x\n/bin/sh: 1: python3: not found\n")
    with pytest.raises(NoAnswer, match="said nothing"):
        answer("")


def test_what_runs_on_old_pythons_is_written_for_them():
    import ast
    from pathlib import Path

    for name in ("remote_probe", "nodes_job"):
        text = Path(remote_probe.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        ast.parse(text, feature_version=(3, 6))
        assert "from __future__ import annotations" not in text


def test_a_report_is_text_page_and_json():
    profile = Profile(kind="ssh", name="<b>Pi</b>", host="pi0")
    found = diagnose(
        [Check("a", "A <i>", lambda: ok("5 < 6")), Check("b", "B", fail), Check("c", "C", fail, ("b",))]
    )
    page = report.to_html(profile, found)
    assert "<b>Pi" not in page and "&lt;b&gt;Pi" in page and "5 &lt; 6" in page and "Mend it." in page
    values = json.loads(report.to_json(LOCAL, found))
    assert values["outcome"] == "failed"
    assert [f["outcome"] for f in values["findings"]] == ["ok", "failed", "skipped"]
    assert report.line(found[1]) == "✗ B: It is broken. → Mend it."
    assert report.summary(found) == "1 right, 1 wrong, 1 not looked at."
