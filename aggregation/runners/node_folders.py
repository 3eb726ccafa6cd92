"""Detection of nodes whose trip folder differs from the driver's.

The driver lists the trips, and the nodes read them under the same paths, in a shared folder or in copies. If
a node lacks a file, or has another version, while the driver still sees the file as listed, the node is at
fault and not the file.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from ..contract.errors import RunError

if TYPE_CHECKING:
    from ..storage import TripFile
    from ..store.point_store import FileRecord

_MOST = 20


def seen_differently(
    files: Sequence[TripFile], records: Sequence[FileRecord], node: str
) -> Optional[RunError]:
    """Return the error if a task's node has read other files than the driver has listed; None otherwise.

    `records` are in the order of `files`.
    """
    doubtful = [(file, record) for file, record in zip(files, records) if record.passing]
    for file, record in doubtful[:_MOST]:
        if _as_listed(file):
            several = f" (and {len(doubtful) - 1:,} more)" if len(doubtful) > 1 else ""
            return RunError(
                f"The node {node} does not see the trips as {platform.node()} does: {record.path}{several} "
                f"{_WORDS.get(record.reason, record.message)} there. Mount the folder of the trips on every "
                "node under the same path, or copy it with the files' times (rsync -a), and run again.",
                f"{record.reason}: {record.message}",
            )
    return None


_WORDS = {
    "vanished": "is missing",
    "changed": "has another time or size",
    "unreadable": "may not be read",
}


def _as_listed(file: TripFile) -> bool:
    """Return True if this computer can read the file in the listed version."""
    from ..storage import list_trips  # noqa: PLC0415  (needs the packages)

    try:
        (now,) = list_trips(file.path)
    except (RunError, ValueError):
        return False
    # A young file's version has a third part, which differs each time.
    same = now.size == file.size and now.version.split("-")[:2] == file.version.split("-")[:2]
    return same and ("://" in file.path or os.access(file.path, os.R_OK))
