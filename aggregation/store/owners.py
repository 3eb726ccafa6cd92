"""Who writes an ingest: a claim beside its points, which tells abandoned ones from those that grow."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from .. import storage
from ..contract import json_text
from ..storage import Place

ABANDONED_AFTER = 900.0
"""Seconds of silence after which a writer of whom nothing else is known is taken for gone.

It writes every `run.KEEP_ALIVE` seconds; a store that is busy, or away for a while, may hold it up for
minutes.
"""

RESTARTED_AFTER = 120.0
"""The same where its computer seems to have been started anew: another of the same name may go on."""


_LARGEST = 1 << 16
_MOST_PID = 2**31 - 1


def claim() -> dict[str, Any]:
    """What this process leaves as its claim."""
    return {
        "host": socket.gethostname(),
        "machine": _line("/etc/machine-id"),
        "boot": _line("/proc/sys/kernel/random/boot_id"),
        "pid": os.getpid(),
    }


def abandoned(owner: Place) -> bool:
    """Whether who left this claim on an uncommitted ingest is gone: its process has ended, or is long silent.

    Silence is measured by the clock that the files' times come from, whatever this computer's own says.
    """
    now = storage.now_at(owner.parent.parent)
    silent = storage.silent_for(owner, now)
    try:
        found = json_text.read(owner, _LARGEST) if silent is not None else {}
    except FileNotFoundError:
        return False  # just taken away
    except (OSError, json_text.JsonFault):
        found = {}  # just being made, or damaged
    if silent is None:
        silent = storage.silent_for(owner.parent, now)
    if silent is None:
        return False
    here = claim()
    if isinstance(found, dict) and found.get("host") == here["host"]:
        if _same(found, here, "boot") or (not found.get("boot") and isinstance(owner, Path)):
            return not _alive(found.get("pid")) or silent > ABANDONED_AFTER
        if _same(found, here, "machine"):
            return silent > RESTARTED_AFTER
    return silent > ABANDONED_AFTER


def _same(found: dict[str, Any], here: dict[str, Any], name: str) -> bool:
    return bool(here[name]) and found.get(name) == here[name]


def _line(path: str) -> str:
    """The text in a file of the system; empty where it does not say."""
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _alive(pid: object) -> bool:
    """Return True if a process of that id exists, or if that is not known."""
    if os.name != "posix" or isinstance(pid, bool) or not isinstance(pid, int):
        return True
    if not 0 < pid <= _MOST_PID:  # no process has such an id, and to `kill` 0 and -1 mean other things
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
