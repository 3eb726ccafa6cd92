"""Capacity of the head node: usable cores, free memory, how many processes fit beside Spark's driver; and an
identity of its machine."""

from __future__ import annotations

import contextlib
import os
import platform
import uuid
from pathlib import Path

WORKER_MEGABYTES = 150
KEPT_MEGABYTES = 500
"""Memory reserved for Spark's driver (its Java and this Python process), in MB."""

MOST_HEAD_WORKERS = 64
"""Maximum number of head processes."""

_PROC = Path("/proc/meminfo")
_CONTROL_GROUP = Path("/sys/fs/cgroup")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    try:
        return max(len(os.sched_getaffinity(0)), 1)
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def free_megabytes(meminfo: Path = _PROC, control_group: Path = _CONTROL_GROUP) -> float:
    """Return the memory in MB available without swapping, within a container's limit; 0 if unknown."""
    free = 0.0
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = meminfo.read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("MemAvailable:"))
    with contextlib.suppress(OSError, ValueError):
        most = int((control_group / "memory.max").read_text(encoding="ascii"))  # "max" if there is no limit
        used = int((control_group / "memory.current").read_text(encoding="ascii"))
        words = (control_group / "memory.stat").read_text(encoding="ascii").split()
        kept = int(words[words.index("inactive_file") + 1])  # page cache, which can be reclaimed
        free = min(free, (most - used + kept) / 1e6)
    return max(free, 0.0)


def head_workers(cores: int, megabytes: float, most: int) -> int:
    """Return the number of processes for a head with these cores and free megabytes; 0 if none fits."""
    room = int((megabytes - KEPT_MEGABYTES) // WORKER_MEGABYTES)
    return max(min(cores, room, most), 0)


def machine_id(boot: Path = _BOOT) -> str:
    """Return a text that is the same for all processes on the cores of this machine, and for no others.

    On Linux it is the id of the kernel's start, which containers share and several addresses of one machine
    do not change; elsewhere name and network card.
    """
    with contextlib.suppress(OSError, ValueError):
        found = boot.read_text(encoding="ascii").strip()
        if found:
            return found
    return f"{platform.node()} {uuid.getnode():x}"
