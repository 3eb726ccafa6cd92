"""How much memory a process has needed."""

from __future__ import annotations

import sys


def peak_memory() -> float:
    """Largest resident size of this process so far, in MB; 0 where the system does not say."""
    try:
        import resource  # noqa: PLC0415  (there is none on Windows)
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)
