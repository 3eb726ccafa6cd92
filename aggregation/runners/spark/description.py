"""Spark in the words of a run's summary, from what `SparkCluster` writes to the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SparkDescription:
    """See `cluster.ClusterDescription`."""

    kind, name = "spark", "Spark"
    node, nodes = "executor", "executors"

    def version(self, facts: Mapping[str, Any]) -> str:
        """See `ClusterDescription.version`."""
        return str(facts.get("spark", "")).strip()

    def started(self, facts: Mapping[str, Any]) -> bool:
        """See `ClusterDescription.started`; an application has an id once it is."""
        return "app_id" in facts

    def node_count(self, facts: Mapping[str, Any]) -> int:
        """See `ClusterDescription.node_count`."""
        executors = facts.get("executors")
        return len(set(map(str, executors))) if isinstance(executors, list) else 0


SPARK = SparkDescription()
