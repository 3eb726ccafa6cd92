"""Peak memory of a process, and release of freed memory to the system."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory() -> float:
    """Return the peak resident size of this process in MB; 0 if unknown.

    `ru_maxrss` is not used on Linux, where it includes the parent process, which may be a large QGIS.
    """
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        return next(round(int(line.split()[1]) / 1e3, 1) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return _peak_of_usage()


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
