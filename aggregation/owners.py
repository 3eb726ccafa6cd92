"""Who writes an ingest: a claim beside its points, which tells abandoned ones from those that grow."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any, Optional

from . import storage
from .storage import Place

ABANDONED_AFTER = 3600.0
"""Seconds of silence after which a writer of whom nothing else is known is taken for gone."""


def claim() -> dict[str, Any]:
    """What this process leaves as its claim."""
    return {"host": socket.gethostname(), "boot": _boot(), "pid": os.getpid()}


def abandoned(owner: Place) -> bool:
    """Whether the writer of an uncommitted ingest is gone: its process has ended, or is long silent."""
    silent = storage.silent_for(owner)
    try:
        found = json.loads(owner.read_text(encoding="utf-8")) if silent is not None else {}
    except (OSError, ValueError):
        return False  # just being made; the next run looks again
    if silent is None:
        silent = storage.silent_for(owner.parent)
    # In a bucket meet computers that know nothing of each other, and may well have one name.
    here = isinstance(owner, Path) or found.get("boot") == _boot()
    if here and found.get("host") == socket.gethostname() and not _alive(found.get("pid")):
        return True
    return silent is not None and silent > ABANDONED_AFTER


def _boot() -> str:
    """What tells this start of this computer from any other; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _alive(pid: Optional[int]) -> bool:
    if os.name != "posix" or not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
