"""Counts of what this process reads of point stores: files opened or requests to a bucket, and bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

_IO = Path("/proc/self/io")


@dataclass
class Traffic:
    """Files opened, or requests, and bytes read; several threads may count."""

    opened: int = 0
    n_bytes: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, opened: int, n_bytes: int) -> None:
        """Count files or requests, and bytes."""
        with self._lock:
            self.opened += opened
            self.n_bytes += n_bytes

    @contextmanager
    def of_files(self, n: int) -> Iterator[None]:
        """Count so many files, and the bytes that this process reads in the block (Linux; elsewhere 0)."""
        before = _bytes_read()
        try:
            yield
        finally:
            self.add(n, max(_bytes_read() - before, 0))


TRAFFIC = Traffic()
"""Counts of this process since its start."""


def _bytes_read() -> int:
    try:
        return int(_IO.read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
