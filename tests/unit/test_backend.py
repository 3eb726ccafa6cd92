"""Following a run: patience with the network, none with faults that stay, and a cancel that is passed on."""

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.base.backend import Polling, follow
from roadpulse.cluster_client.errors import BackendError, Unreachable
from roadpulse.cluster_client.profiles.profile import LOCAL
from roadpulse.cluster_client.runs.records import Run
from roadpulse.cluster_client.runs.status import RunStatus

RUN = Run.new("June", LOCAL, RunSpec(trips="/trips", store="/store"))
FAST = Polling(first=0.001, longest=0.002)


class Scripted:
    """A place of execution that answers as written down; the last answer repeats."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.cancels = 0

    def status(self, run):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return RunStatus(answer)

    def cancel(self, run):
        self.cancels += 1
        self.answers = [RunState.DECODING, RunState.CANCELLED]


def test_every_status_is_told_until_the_last():
    seen = []
    backend = Scripted(RunState.STARTING, RunState.DECODING, RunState.FINISHED)
    assert follow(backend, RUN, on_status=seen.append, polling=FAST).state is RunState.FINISHED
    assert [status.state.value for status in seen] == ["starting", "decoding", "finished"]


def test_a_place_that_is_away_for_a_while_is_waited_for_and_told():
    seen = []
    backend = Scripted(RunState.DECODING, Unreachable("No way to pi0."), Unreachable("x"), RunState.FINISHED)
    assert follow(backend, RUN, on_status=seen.append, polling=FAST).state is RunState.FINISHED
    assert (seen[1].state, seen[1].message) == (RunState.UNKNOWN, "No way to pi0.")


def test_a_place_that_stays_away_is_given_up():
    with pytest.raises(Unreachable):
        follow(Scripted(Unreachable("No way to pi0.")), RUN, polling=FAST, retry_seconds=0.05)


def test_a_fault_that_waiting_does_not_mend_is_raised_at_once():
    backend = Scripted(BackendError("The key was refused."), RunState.FINISHED)
    with pytest.raises(BackendError, match="key"):
        follow(backend, RUN, polling=FAST)


def test_an_unknown_state_is_not_the_end():
    backend = Scripted(RunState.UNKNOWN, RunState.UNKNOWN, RunState.FINISHED)
    assert follow(backend, RUN, polling=FAST).state is RunState.FINISHED


def test_a_cancel_is_passed_on_once_and_its_end_waited_for():
    backend = Scripted(RunState.DECODING)
    assert follow(backend, RUN, cancelled=lambda: True, polling=FAST).state is RunState.CANCELLED
    assert backend.cancels == 1
