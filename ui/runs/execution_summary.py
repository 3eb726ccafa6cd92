"""Text that names the workers of a run: the head of the cluster, Spark's executors, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...workflow.translation import tr
from ..widgets.number_format import counted


def done_by(runner: object) -> str:
    """Return a line on it from a manifest's `runner` (docs/reference/formats.md); empty without one."""
    if not isinstance(runner, Mapping) or runner.get("kind") != "spark":
        return ""
    by_head, by_spark = _whole(runner, "head_tasks"), _whole(runner, "spark_tasks")
    missed = bool(runner.get("without_spark"))
    if not by_spark:
        if not by_head:
            return ""
        if missed:
            return tr("on the head alone, since Spark could not be had")
        if "app_id" in runner:
            return tr("on the head itself, before Spark was up")
        return tr("on the head itself: less work than starting Spark")
    executors = runner.get("executors")
    n = len(set(map(str, executors))) if isinstance(executors, list) else 0
    version = str(runner.get("spark", "")).strip()
    spark = f"Spark {version}".strip()
    if n:
        spark = f"{spark}, {counted(n, tr('executor'), tr('executors'))}"
    if missed:
        return tr("on {spark} until it was lost, the rest on the head").format(spark=spark)
    words = tr("on the head first, then on {spark}") if by_head else tr("on {spark}")
    return words.format(spark=spark)


def _whole(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
