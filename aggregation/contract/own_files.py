"""The names of the files that Roadpulse writes: only these are ever deleted, whatever else lies beside them.

A folder is removed once it is empty. What is a run's own is said by `job.json` in its folder, which names the
run (see `cluster_client.runs.folder`).
"""

from __future__ import annotations

import re

from . import tables

_TABLE = "|".join(tables.KEYS)


def names(*patterns: str) -> re.Pattern[str]:
    """File names, as regular expressions, with what an interrupted writer leaves in their place."""
    name = "|".join(patterns)
    return re.compile(rf"(?:{name})(?:(?:\.[0-9a-f]{{8}})?\.part)?|\.(?:{name})\.[0-9a-f]{{8}}\.tmp")


OWNER = "job.json"
"""The file that makes a folder a run's: it names the run. Removed last."""

IN_RUN_FOLDER = (
    "spec.json", "status.json", "manifest.json", "log.txt", "pid", "pid.tmp", "rc", "rc.tmp", "cancel",
    "withdrawn", "job.sh", "spark.conf",
)  # fmt: skip
"""The other files right in a run folder."""

RUN_FILES = names(*map(re.escape, IN_RUN_FOLDER), r"\.[0-9a-f]{32}\.tmp")
"""Their names, and those of what an interrupted writer leaves."""

RESULT_FILES = names(rf"(?:{_TABLE})(?:-[0-9]{{5,}})?\.csv")
"""Files in `results`."""

WORK_FILES = names(rf"(?:{_TABLE})-[0-9]{{5,}}\.csv", r"links-[0-9]{5,}\.npz", r"trips\.npz")
"""Files in `work`."""

POINT_FILES = names(r"(?:part|notes)-[0-9]{5,}\.parquet", r"(?:owner|heir)\.json")
"""Files of an ingest's points."""

COMMIT_FILES = names(r"files\.parquet")
"""Files of an ingest's commit."""

SCRATCH_FILES = re.compile(r"(?:tmp_)?[0-9a-f]{12}-.{1,100}|[0-9a-f]{64}\.pem", re.DOTALL)
"""Temporary files of a process (`storage.scratch`); DuckDB puts `tmp_` before the name while it writes."""
