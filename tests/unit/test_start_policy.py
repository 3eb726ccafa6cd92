"""When Spark is worth its start, and what the choice costs, by simulated clocks and rates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.runners.cluster_notes import ClusterNotes
from roadpulse.aggregation.runners.head_capacity import (
    KEPT_MEGABYTES,
    free_megabytes,
    head_workers,
    machine_id,
)
from roadpulse.aggregation.runners.node_tasks import Report
from roadpulse.aggregation.runners.start_policy import (
    START_CPU,
    START_SECONDS,
    WORTHWHILE_SECONDS,
    ClusterFacts,
    StartPolicy,
    StepEstimate,
)
from roadpulse.aggregation.runners.step_tasks import NodesSeen
from tests.simulated_cluster import TICK, Clock, Simulation

GIGABYTE = 1e9
TASK = 100e6
ONE_CORE_EACH = {"decode": 1.0, "summarise": 1.0}


def watched(clock: Clock, total: float, rate: float, seconds: float, start: float = 0.0) -> StepEstimate:
    """The pace of two processes that together do `rate` bytes a second, after `seconds` of them; what they
    import takes `start` seconds before."""
    estimate = StepEstimate("decode", [TASK] * int(total / TASK), 2, clock)
    begun = clock()
    for index in range(int(seconds * rate / TASK)):
        clock.seconds = begun + start + (index + 1) * TASK / rate
        estimate.done(index)
    clock.seconds = begun + start + seconds
    return estimate


# -- rates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [500e6, 50e6])
def test_remaining_time_of_the_head_is_known_after_seconds(rate: float) -> None:
    estimate = watched(Clock(), 4 * GIGABYTE, rate, 4)
    assert estimate.seconds_left() == pytest.approx((4 * GIGABYTE - 4 * rate) / rate, rel=0.1)


def test_what_the_processes_import_first_does_not_count() -> None:
    """A Raspberry Pi takes seconds for it."""
    assert watched(Clock(), 1 * GIGABYTE, 120e6, 3, start=5).seconds_left() < 10


def test_nothing_is_said_before_there_is_something_to_measure() -> None:
    clock = Clock()
    estimate = StepEstimate("decode", [TASK] * 100, 2, clock)
    assert estimate.seconds_left() == 0
    clock.seconds += 1
    estimate.done(0)
    estimate.done(1)
    assert estimate.seconds_left() == 0


def test_head_that_gets_nothing_done_needs_long() -> None:
    clock = Clock()
    estimate = StepEstimate("decode", [TASK] * 9, 1, clock)
    clock.seconds += 10
    assert estimate.seconds_left() == pytest.approx(170)


def test_rate_is_that_of_the_last_seconds() -> None:
    """A head that others begin to use slows down; so much as the fast beginning does not hide it."""
    clock = Clock()
    estimate = StepEstimate("decode", [1.0] * 1000, 2, clock)
    for index in range(100):
        clock.seconds += 0.5
        estimate.done(index)
    assert estimate.seconds_left() == pytest.approx(450, rel=0.05)
    for index in range(100, 110):
        clock.seconds += 5
        estimate.done(index)
    assert estimate.seconds_left() == pytest.approx(890 * 5, rel=0.25)


def test_rates_of_head_and_cluster_are_told_apart() -> None:
    clock = Clock()
    estimate = StepEstimate("decode", [1.0] * 100, 2, clock)
    for index in range(40):
        clock.seconds += 0.5
        estimate.done(index, by_head=index % 4 == 0)
    assert estimate.head_rate == pytest.approx(0.5)
    assert estimate.cluster_rate == pytest.approx(1.5, rel=0.05)
    clock.seconds += 100  # both have ended, and are not slower for that
    assert estimate.head_rate == pytest.approx(0.5)


@given(
    amounts=st.lists(st.floats(0, 1e12), min_size=1, max_size=40),
    steps=st.lists(st.floats(0, 100), max_size=40),
    workers=st.integers(1, 64),
)
def test_the_estimate_is_a_number_whatever_happens(
    amounts: list[float], steps: list[float], workers: int
) -> None:
    clock = Clock()
    estimate = StepEstimate("decode", amounts, workers, clock)
    for index, seconds in enumerate(steps[: len(amounts)]):
        clock.seconds += seconds
        assert estimate.seconds_left() >= 0
        estimate.done(index)
    clock.seconds += 100
    assert estimate.seconds_left() >= 0


# -- decisions ------------------------------------------------------------------------------------------


def facts(cores: int, own: int = 0, start: float = START_SECONDS) -> ClusterFacts:
    return ClusterFacts(start, cores, own, ONE_CORE_EACH)


def test_cluster_is_started_for_the_seconds_that_it_saves() -> None:
    """A head of 4 needs R s, with 12 more cores from the start on a quarter of the rest: 3/4 (R - 10) are
    saved, less what the driver takes of the head, 5 CPU s on 4 cores."""
    policy = StartPolicy(4, 4, facts(12))
    enough = START_SECONDS + (WORTHWHILE_SECONDS + 5 / 4) / 0.75
    assert not policy.starts("decode", enough - 0.1)
    assert policy.starts("decode", enough + 0.1)


def test_slow_start_needs_more_work() -> None:
    quick, slow = (StartPolicy(4, 4, facts(60, start=seconds)) for seconds in (10, 60))
    assert quick.starts("decode", 40) and not slow.starts("decode", 40)
    assert slow.starts("decode", 100)


@pytest.mark.parametrize("seconds", [20, 1000, 1e6])
def test_cluster_on_the_cores_of_the_head_is_never_started(seconds: float) -> None:
    policy = StartPolicy(2, 2, facts(6, own=6))
    assert policy.adds_none and policy.added_cores == 0
    assert not policy.starts("decode", seconds) and not policy.joins("decode", seconds)


@pytest.mark.parametrize(
    ("processes", "cores", "cluster", "own", "added"),
    [(4, 4, 16, 4, 12), (1, 4, 4, 4, 3), (1, 2, 2, 2, 1), (4, 4, 12, 0, 12), (2, 8, 4, 2, 4)],
    ids=["a-worker-on-the-head-too", "short-of-memory", "one-process-asked", "elsewhere", "cores-to-spare"],
)
def test_cores_of_the_head_count_where_its_processes_leave_them_free(
    processes: int, cores: int, cluster: int, own: int, added: int
) -> None:
    assert StartPolicy(processes, cores, facts(cluster, own)).added_cores == added


def test_unknown_cluster_is_started_where_finding_out_costs_a_tenth() -> None:
    policy = StartPolicy(2, 2)
    enough = START_SECONDS + 10 * START_CPU / 2
    assert not policy.starts("decode", enough - 1)
    assert policy.starts("decode", enough + 1)


def test_unknown_cluster_has_at_least_the_cores_that_the_head_leaves_free() -> None:
    """Wherever its nodes are, a head that may use one core of four leaves three to them."""
    assert StartPolicy(1, 4).starts("decode", 22)
    assert not StartPolicy(4, 4).starts("decode", 22)


def test_head_that_was_measured_before_decides_at_once() -> None:
    known = replace(facts(60), head_rate={"decode": 20e6})
    slow, unknown = StartPolicy(4, 4, known), StartPolicy(4, 4)
    assert slow.expected_seconds("decode", 8e9) == pytest.approx(100)
    assert slow.starts("decode", slow.expected_seconds("decode", 8e9))
    assert unknown.expected_seconds("decode", 8e9) == pytest.approx(5)  # as the fastest there is


def test_last_task_of_a_slow_node_is_not_waited_for() -> None:
    """A task takes one of 4 slow cores 20 s, and the head's two processes 0.5 s each."""
    clock, policy = Clock(), StartPolicy(2, 2, facts(4))
    estimate = StepEstimate("decode", [1.0] * 400, 2, clock)
    for index in range(160):
        clock.seconds += 0.25
        estimate.done(index, by_head=True)
        if index % 20 == 19:
            estimate.done(399 - index // 20, by_head=False)
    assert estimate.pays_cluster(policy, 4)  # the head needs a minute more
    for index in range(160, 340):
        clock.seconds += 0.25
        estimate.done(index, by_head=True)
    assert estimate.seconds_left() > 10
    assert not estimate.pays_cluster(policy, 4)


def test_last_seconds_are_left_to_the_head() -> None:
    policy = StartPolicy(4, 4, facts(60))
    assert policy.joins("decode", 10) and not policy.joins("decode", 2)


# -- what the choice costs ----------------------------------------------------------------------------

CLUSTERS = {
    "slow head, many nodes": Simulation(0, seconds=2.0, processes=4, cores=4, nodes=60, speed=1.0),
    "fast head, few nodes": Simulation(0, seconds=0.2, processes=8, cores=8, nodes=4, speed=0.3),
    "same machine": Simulation(0, processes=2, cores=2, own=6),
    "slow start": Simulation(0, processes=4, cores=4, nodes=16, start=60.0),
    "short of memory": Simulation(0, processes=1, cores=4, own=4),
    "a worker on the head too": Simulation(0, processes=4, cores=4, nodes=12, own=4),
}


@pytest.mark.parametrize("times", [1, 4, 12])
@pytest.mark.parametrize("name", CLUSTERS)
def test_choice_costs_little_against_the_better_of_both_alone(name: str, times: int) -> None:
    """With what an earlier run has found: at most a tenth."""
    run = replace(CLUSTERS[name], tasks=80 * times)
    better = min(run.head_alone(), run.cluster_alone())
    assert run.automatic(run.facts()) <= 1.1 * better + TICK


@pytest.mark.parametrize("times", [1, 4, 12, 100])
@pytest.mark.parametrize("processes", [2, 4, 16])
def test_first_run_on_the_same_machine_costs_at_most_a_tenth(times: int, processes: int) -> None:
    run = Simulation(20 * processes * times, processes=processes, cores=processes, own=processes)
    assert run.automatic() <= 1.1 * run.head_alone() + 0.3
    assert run.spark_used is (run.head_alone() > START_SECONDS + 10 * START_CPU / processes + 2)


def test_both_together_are_faster_than_each_alone() -> None:
    run = Simulation(2000, processes=4, cores=4, nodes=6, speed=0.8)
    took = run.automatic(run.facts())
    assert took < 0.7 * min(run.head_alone(), run.cluster_alone())
    assert run.spark_used


# -- what is known of a cluster ----------------------------------------------------------------------------


def report(machine: str, parent: int) -> list[Report]:
    return [Report(0, machine=machine, parent=parent)]


def test_nodes_are_told_from_the_head_by_their_machine_and_not_by_address() -> None:
    """Three executors at three addresses of this machine, and one that is elsewhere."""
    seen = NodesSeen()
    for parent in (1, 2, 3):
        seen.take(report(machine_id(), parent))
    assert seen.facts(4, 8, 10.0) is None  # one has not reported
    assert seen.facts(3, 6, 10.0) == ClusterFacts(10.0, 6, 6)
    seen.take(report("another", 1))
    assert seen.facts(4, 8, 10.0) == ClusterFacts(10.0, 8, 6)


def test_machine_is_that_of_the_kernel(tmp_path: Path) -> None:
    boot = tmp_path / "boot_id"
    boot.write_text("0c4f\n")
    assert machine_id(boot) == "0c4f"
    assert machine_id(tmp_path / "none") == machine_id(tmp_path / "none") != ""


def test_speed_is_believed_by_half_and_within_bounds() -> None:
    found = facts(8).measured("decode", 4.0).measured("summarise", 1000.0)
    assert found.speed == {"decode": 0.75, "summarise": 2.5}


def test_facts_are_kept_by_cluster(tmp_path: Path) -> None:
    one, other = (ClusterNotes(key, tmp_path) for key in ("spark://a:7077", "spark://b:7077"))
    assert one.read() is None
    one.write(facts(8, 2))
    other.write(ClusterFacts(20.0, 4, 4))
    assert one.read() == facts(8, 2)
    one.write(ClusterFacts(12.0, 8, 2, {"decode": 0.5}, {"decode": 3e8}))
    assert one.read() == ClusterFacts(12.0, 8, 2, {"decode": 0.5, "summarise": 1.0}, {"decode": 3e8})
    assert other.read() == ClusterFacts(20.0, 4, 4)
    nameless = ClusterNotes("", tmp_path)
    nameless.write(facts(1))
    assert nameless.read() is None


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "{", '{"KEY": 1}', '{"KEY": {"start_seconds": "x", "cores": 4, "own_cores": 0}}', "[" * 9999,
     '{"KEY": {"start_seconds": 5, "cores": 4, "own_cores": 9, "speed": {}, "written": NOW}}',
     '{"KEY": {"start_seconds": 5, "cores": 4, "own_cores": 1, "speed": {}, "written": 1}}'],
    ids=["empty", "list", "torn", "number", "text", "deep", "more-than-all", "old"],
)  # fmt: skip
def test_damaged_or_old_notes_are_none(tmp_path: Path, text: str) -> None:
    notes = ClusterNotes("spark://a:7077", tmp_path)
    notes.write(facts(8))
    (path,) = tmp_path.iterdir()
    key, entry = next(iter(json.loads(path.read_text()).items()))
    path.write_text(text.replace("KEY", key).replace("NOW", str(entry["written"])))
    assert notes.read() is None
    notes.write(facts(8))
    assert notes.read() == facts(8)


# -- the head ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cores", "megabytes", "found"),
    [(4, 450, 0), (4, 700, 1), (4, 3200, 4), (2, 20_000, 2), (64, 1e6, 16), (4, 0, 0)],
    ids=["pi-3-that-is-full", "pi-3", "pi-4", "two-cores", "large", "unknown"],
)
def test_the_head_gives_what_it_has_cores_and_memory_for(cores: int, megabytes: float, found: int) -> None:
    assert head_workers(cores, megabytes, 16) == found
    assert found * 150 + KEPT_MEGABYTES <= max(megabytes, KEPT_MEGABYTES)


def test_free_memory_is_that_of_the_computer_or_of_the_container_if_that_is_less(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  4000000 kB\nMemFree:  100000 kB\nMemAvailable:  3000000 kB\n")
    assert free_megabytes(meminfo, tmp_path) == 3000
    for name, text in (
        ("max", "max"),
        ("current", "800000000"),
        ("stat", "anon 1\ninactive_file 300000000\n"),
    ):
        (tmp_path / f"memory.{name}").write_text(text)
    assert free_megabytes(meminfo, tmp_path) == 3000
    (tmp_path / "memory.max").write_text("1000000000\n")
    assert free_megabytes(meminfo, tmp_path) == 500
    assert free_megabytes(tmp_path / "none", tmp_path) == 0
