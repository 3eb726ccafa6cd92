"""Jobs that are divided over several turns of the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qgis.PyQt.QtCore import QObject, QTimer

from roadpulse.ui.background.chunked_job import ChunkedJob
from tests.qgis.widgets import until


class Told:
    """What was called, in order."""

    def __init__(self) -> None:
        self.words: list[Any] = []

    def steps(self, *words: Any) -> Iterator[None]:
        for word in words:
            if isinstance(word, Exception):
                raise word
            self.words.append(word)
            yield

    def then(self) -> None:
        self.words.append("then")

    def failed(self, error: Exception) -> None:
        self.words.append(error)


def test_between_two_steps_the_event_loop_turns(qgis_app: Any) -> None:
    told, parent = Told(), QObject()
    beat = QTimer(parent)
    beat.setInterval(0)
    beat.timeout.connect(lambda: told.words.append("beat"))
    beat.start()
    ChunkedJob(told.steps("open", "add", "zoom"), told.then, told.failed, parent)
    assert told.words == []  # not even the first step is the caller's
    until(lambda: "then" in told.words)
    steps = [word for word in told.words if word != "beat"]
    assert steps == ["open", "add", "zoom", "then"]
    for first, second in zip(steps, steps[1:]):
        assert "beat" in told.words[told.words.index(first) : told.words.index(second)]


def test_an_error_is_told_and_ends_the_work(qgis_app: Any) -> None:
    told, parent, error = Told(), QObject(), ValueError("no such file")
    ChunkedJob(told.steps("open", error, "add"), told.then, told.failed, parent)
    until(lambda: not parent.children())
    assert told.words == ["open", error]


def test_nothing_more_is_done_for_somebody_who_is_gone(qgis_app: Any) -> None:
    told, other, parent = Told(), Told(), QObject()

    def steps() -> Iterator[None]:
        yield from told.steps("open")
        parent.deleteLater()
        yield
        yield from told.steps("add")

    ChunkedJob(steps(), told.then, told.failed, parent)
    until(lambda: told.words == ["open"])
    keep = QObject()
    ChunkedJob(other.steps(*range(20)), other.then, other.failed, keep)
    until(lambda: "then" in other.words)
    assert told.words == ["open"]
