"""Number of processes of the head beside Spark's driver: as many as it has cores and memory for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

WORKER_MEGABYTES = 150
KEPT_MEGABYTES = 500
"""Left for Spark's driver: its Java, and the Python that this is."""

MOST_HEAD_WORKERS = 64
"""Processes of the head that may be asked for."""

_PROC = Path("/proc/meminfo")
_CONTROL_GROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Cores that this process may use."""
    try:
        return max(len(os.sched_getaffinity(0)), 1)
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def free_megabytes(meminfo: Path = _PROC, control_group: Path = _CONTROL_GROUP) -> float:
    """Return the memory that may be taken without swapping, also in a container with less; 0 if unknown."""
    free = 0.0
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = meminfo.read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("MemAvailable:"))
    with contextlib.suppress(OSError, ValueError):
        most = int((control_group / "memory.max").read_text(encoding="ascii"))  # "max" where there is none
        used = int((control_group / "memory.current").read_text(encoding="ascii"))
        words = (control_group / "memory.stat").read_text(encoding="ascii").split()
        kept = int(words[words.index("inactive_file") + 1])  # files read before, which make way
        free = min(free, (most - used + kept) / 1e6)
    return max(free, 0.0)


def head_workers(cores: int, megabytes: float, most: int) -> int:
    """Processes for a head with so many usable cores and so much free memory; 0 where there is no room."""
    room = int((megabytes - KEPT_MEGABYTES) // WORKER_MEGABYTES)
    return max(min(cores, room, most), 0)
