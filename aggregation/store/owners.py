"""Ownership of ingests: a claim beside the points distinguishes ingests in progress from abandoned ones."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from ..contract import json_text
from ..storage import Place

ABANDONED_AFTER = 900.0
"""Seconds without renewal after which an ingest counts as abandoned if nothing else is known of its writer.

A writer renews its claim every `run.KEEP_ALIVE` seconds; a busy or unreachable store may delay it by minutes.
"""

RESTARTED_AFTER = 120.0
"""The same if its computer seems to have been rebooted: another one of that name may still be writing."""


_LARGEST = 1 << 16
_MOST_PID = 2**31 - 1


def claim() -> dict[str, Any]:
    """Return the claim of this process as JSON-ready values."""
    return {
        "host": socket.gethostname(),
        "machine": _line("/etc/machine-id"),
        "boot": _line("/proc/sys/kernel/random/boot_id"),
        "pid": os.getpid(),
    }


def abandoned(owner: Place) -> bool:
    """Return True if the claim's process has ended or has not renewed the claim for long.

    Ages are measured by the clock of the file system, not by this computer's.
    """
    now = owner.parent.parent.now()
    silent = owner.silent_for(now)
    try:
        found = json_text.read(owner, _LARGEST) if silent is not None else {}
    except FileNotFoundError:
        return False  # just removed
    except (OSError, json_text.JsonFault):
        found = {}  # being written, or damaged
    if silent is None:
        silent = owner.parent.silent_for(now)
    if silent is None:
        return False
    here = claim()
    if isinstance(found, dict) and found.get("host") == here["host"]:
        if _same(found, here, "boot") or (not found.get("boot") and owner.is_local):
            return not _alive(found.get("pid")) or silent > ABANDONED_AFTER
        if _same(found, here, "machine"):
            return silent > RESTARTED_AFTER
    return silent > ABANDONED_AFTER


def silent(folder: Place) -> bool:
    """Return True if nothing has been written to a folder of an ingest for long."""
    silent_for = folder.silent_for(folder.parent.parent.now())
    return silent_for is not None and silent_for > ABANDONED_AFTER


def _same(found: dict[str, Any], here: dict[str, Any], name: str) -> bool:
    return bool(here[name]) and found.get(name) == here[name]


def _line(path: str) -> str:
    """Return the contents of a system file; empty if it cannot be read."""
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _alive(pid: object) -> bool:
    """Return True if a process with that id exists, or if that is unknown."""
    if os.name != "posix" or isinstance(pid, bool) or not isinstance(pid, int):
        return True
    if not 0 < pid <= _MOST_PID:  # no valid process id; `kill` treats 0 and -1 specially
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
