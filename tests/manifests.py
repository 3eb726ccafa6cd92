"""A manifest as a run of a few points writes it, for tests of those who read one."""

from __future__ import annotations

from typing import Any


def manifest_of(results: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The manifest of a run with these result tables."""
    return {
        "schema": 1,
        "results": results,
        "speed_unit": "mph",
        "time_zone": "Europe/London",
        "bin_minutes": 60,
        "estimator": "mean of points",
        "dates": {"first": "2025-06-10", "last": None},
        "files": {"named": 3, "decoded": 2, "reused": 1, "bad": 1, "bytes": 900},
        "points": {
            "read": 7, "counted": 6, "dropped": 1, "reasons": {"no_link": 1}, "time_faults": {},
            "without_time": 0, "filtered": {"date": 0, "weekday": 0}, "implausible": 0,
        },
        "bad_files": [{"path": "/t/\udcff.json", "reason": "empty", "message": "the file is empty"}],
        "bad_files_total": 1,
        "bad_files_by_reason": {"empty": 1},
        "timings": {"decode": 0.5, "summarise": 0.25, "total": 1},
        "workers": 2,
        "runner": {"kind": "processes", "worker_memory_mb": 81.5},
        "warnings": ["1 of 3 trip files could not be used."],
        **changes,
    }  # fmt: skip
