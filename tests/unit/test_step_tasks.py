"""Tasks of a step are begun once, by the head or the cluster; those that a cluster abandons come back."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from roadpulse.aggregation.contract.errors import RunError, StorageError
from roadpulse.aggregation.runners.node_tasks import Report
from roadpulse.aggregation.runners.step_tasks import StepTasks


def step(n: int, found: list[tuple[int, Any]]) -> StepTasks:
    tasks = [f"task {index}" for index in range(n)]
    return StepTasks("decode", tasks, [1.0] * n, 2, lambda index, result, _: found.append((index, result)))


def done(*indices: int) -> list[Report]:
    return [Report(index, pickle.dumps(index * 10), memory=100.0 + index) for index in indices]


def test_cluster_gets_tasks_in_order_and_none_twice() -> None:
    left = step(5, [])
    assert [pickle.loads(task) for _, task in left.give(2)] == ["task 0", "task 1"]
    left.queue.pop()  # the head begins task 2
    assert [index for index, _ in left.give(9)] == [3, 4]
    assert left.give(1) == []


def test_result_counts_once_whoever_reports_it() -> None:
    found: list[tuple[int, Any]] = []
    left = step(3, found)
    left.give(3)
    left.take(done(1), by_head=False)
    left.take(done(1), by_head=True)
    left.take(done(0, 2), by_head=True)
    assert found == [(1, 10), (0, 0), (2, 20)]
    assert (left.missing, left.n_done, left.memory) == (set(), 3, 102.0)


def test_abandoned_tasks_return_in_their_order() -> None:
    left = step(6, [])
    left.give(4)
    left.take(done(1), by_head=False)
    left.return_given()
    assert [index for index, _ in left.give(9)] == [0, 2, 3, 4, 5]
    left.take(done(0, 2, 3, 4, 5), by_head=False)
    left.return_given()
    assert left.queue == []


@pytest.mark.parametrize(("again", "kind"), [(False, RunError), (True, StorageError)])
def test_error_of_a_task_ends_the_step(again: bool, kind: type[RunError]) -> None:
    left = step(2, [])
    with pytest.raises(kind, match="The disk is full") as caught:
        left.take([Report(0, error=("The disk is full.", "ENOSPC", again))], by_head=False)
    assert type(caught.value) is kind and caught.value.detail == "ENOSPC"
    assert left.missing == {0, 1}
