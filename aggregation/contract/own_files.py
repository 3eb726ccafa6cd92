"""Names of the files that Roadpulse writes; it deletes no others.

A folder is removed once it is empty. The file `job.json` in a folder marks it as a run's and names the run
(see `cluster_client.runs.folder`).
"""

from __future__ import annotations

import re

from . import data_package, tables

_TABLE = "|".join(tables.TABLES)


def names(*patterns: str) -> re.Pattern[str]:
    """Compile patterns of file names, including the temporary names that interrupted writers leave."""
    name = "|".join(patterns)
    return re.compile(rf"(?:{name})(?:(?:\.[0-9a-f]{{8}})?\.part)?|\.(?:{name})\.[0-9a-f]{{8}}\.tmp")


OWNER = "job.json"
"""The file that marks a folder as a run's and names the run; removed last."""

IN_RUN_FOLDER = (
    "spec.json", "status.json", "manifest.json", "log.txt", "pid", "pid.tmp", "rc", "rc.tmp", "cancel",
    "withdrawn", "job.sh", "spark.conf",
)  # fmt: skip
"""The other files directly in a run folder."""

RUN_FILES = names(*map(re.escape, IN_RUN_FOLDER), r"\.[0-9a-f]{32}\.tmp")
"""Their names, including temporary files of interrupted writers."""

RESULT_FILES = names(rf"(?:{_TABLE})(?:-[0-9]{{5,}})?\.csv", re.escape(data_package.FILE_NAME))
"""Files in `results`."""

WORK_FILES = names(rf"(?:{_TABLE})-[0-9]{{5,}}\.csv", r"links-[0-9]{5,}\.npz", r"trips\.npz")
"""Files in `work`."""

POINT_FILES = names(r"(?:part|notes)-[0-9]{5,}\.parquet", r"(?:owner|heir)\.json")
"""Files in the points folder of an ingest."""

TRAVERSAL_FILES = names(r"part-[0-9]{5,}\.parquet")
"""Files in the traversals folder of an ingest."""

LINK_FILES = TRAVERSAL_FILES
"""Files in the folder of an ingest's link ids that are texts."""

COMMIT_FILES = names(r"files\.parquet", r"replaces\.json")
"""Files in the commit folder of an ingest."""

CLAIM_FILES = re.compile(r"\.(?:reader-[0-9a-f]{32}|compaction)\.json\.[0-9a-f]{8}\.tmp")
"""Temporary files of writers of claims in a store that were interrupted."""

SCRATCH_FILES = re.compile(r"(?:tmp_)?[0-9a-f]{12}-.{1,100}|[0-9a-f]{64}\.pem", re.DOTALL)
"""Temporary files of a process (`storage.scratch`); DuckDB puts `tmp_` before the name while it writes."""
