"""Which processes did the tasks of a run: the entry `runner` of its status and manifest.

A cluster of the kind `spark` has its tasks as `spark_tasks`, and why a run went on without it as
`without_spark`; `head_tasks` are those of the head's own processes. `choice` says who works and why, and
`same_cores` is true if the cluster's cores are the head's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HEAD_TASKS, CHOICE, SAME_CORES = "head_tasks", "choice", "same_cores"


def tasks_entry(kind: str) -> str:
    """Return the name of the entry with the number of tasks of a cluster."""
    return f"{kind}_tasks"


def without_entry(kind: str) -> str:
    """Return the name of the entry with the reason for which a run went on without its cluster."""
    return f"without_{kind}"


@dataclass(frozen=True)
class Execution:
    """The tasks of the head and of the cluster of a `kind`, and whether the cluster was given up.

    `same_cores` is True if the cluster's cores are the head's own. `facts` are all entries, among them those
    that the cluster adds.
    """

    kind: str
    head_tasks: int
    cluster_tasks: int
    without_cluster: bool
    same_cores: bool
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, runner: object) -> Execution:
        """Return what an entry says, of whatever values; numbers that it does not have are 0."""
        facts = runner if isinstance(runner, Mapping) else {}
        kind = str(facts.get("kind", ""))
        return cls(
            kind,
            _whole(facts.get(HEAD_TASKS)),
            _whole(facts.get(tasks_entry(kind))),
            bool(facts.get(without_entry(kind))),
            facts.get(SAME_CORES) is True,
            facts,
        )


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
