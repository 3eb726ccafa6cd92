"""Memory of a process, now and at its peak, and what becomes of freed memory."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory() -> float:
    """Return the peak resident size of this process in MB; 0 if unknown.

    `ru_maxrss` is not used on Linux, where it includes the parent process, which may be a large QGIS.
    """
    return _of_status("VmHWM:") or _peak_of_usage()


def held_memory() -> float:
    """Return the resident size of this process in MB; 0 if unknown."""
    return _of_status("VmRSS:")


def _of_status(name: str) -> float:
    """Return a size of this process in MB, by Linux; 0 if unknown."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        return next(round(int(line.split()[1]) / 1e3, 1) for line in lines if line.startswith(name))
    except (OSError, StopIteration):
        return 0.0


def _peak_of_usage() -> float:
    try:
        import resource  # noqa: PLC0415  (there is none on Windows)
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def give_back() -> None:
    """Return freed memory to the system, on computers where other processes need it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)


def keep_freed() -> None:
    """Make the allocator keep freed memory for the worker's next task.

    By default glibc returns every large array to the system, which clears the pages again for the next one:
    a sixth of all time. Systems without `mallopt` are left as they are.
    """
    mmap_threshold, trim_threshold, limit = -3, -1, 1 << 30
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform.startswith("linux") else None
    if mallopt is not None:
        mallopt(mmap_threshold, limit)
        mallopt(trim_threshold, limit)
