"""Facts about clusters that runs of this head have measured, kept in this user's cache.

`clusters.json` has an object by cluster. It is data, read with care; a file that cannot be read or written is
one without facts.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any, Optional

from ..contract.json_text import LARGEST_NOTE, Entries, JsonFault
from .packages import cache_folder
from .start_policy import SPEEDS, ClusterFacts

_FILE = "clusters.json"
_MOST_CLUSTERS = 50
_MOST_CORES = 1 << 20
_MOST_START = 3600.0
_SECONDS = 30 * 86_400.0
"""Age of facts after which a cluster is looked at anew."""


class ClusterNotes:
    """The facts about one cluster, by its `key`, such as the address of its master; empty: none are kept."""

    def __init__(self, key: str, folder: Optional[Path] = None) -> None:
        self._key = f"{platform.node()} {key}" if key else ""
        self._folder = folder

    def read(self) -> Optional[ClusterFacts]:
        """Return what is known; None if nothing is."""
        if not self._key:
            return None
        try:
            return _facts(self._all().part(self._key))
        except JsonFault:
            return None

    def write(self, facts: ClusterFacts) -> None:
        """Keep what was found; speeds of steps that were not measured this time stay as they are."""
        if not self._key:
            return
        before = self.read()
        everything = {key: value for key, value in self._all().values.items() if key != self._key}
        everything[self._key] = {
            "start_seconds": round(facts.start_seconds, 1),
            "cores": facts.cores,
            "own_cores": facts.own_cores,
            "speed": {**(before.speed if before else {}), **facts.speed},
            "head_rate": {**(before.head_rate if before else {}), **facts.head_rate},
            "written": int(time.time()),
        }
        latest: dict[str, Any] = dict(list(everything.items())[-_MOST_CLUSTERS:])
        with contextlib.suppress(OSError):
            folder = self._folder or cache_folder()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, aside = tempfile.mkstemp(dir=folder, prefix=".clusters-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(latest, stream, indent=1)
            os.replace(aside, folder / _FILE)  # noqa: PTH105

    def _all(self) -> Entries:
        try:
            return Entries.read((self._folder or cache_folder()) / _FILE, LARGEST_NOTE)
        except (OSError, JsonFault):
            return Entries({}, _FILE)


def _facts(entries: Entries) -> ClusterFacts:
    """Return facts from an entry; raises `JsonFault` if they are none, or too old."""
    now = time.time()
    entries.number("written", now - _SECONDS, now + _SECONDS)
    cores = entries.whole("cores", 1, _MOST_CORES)
    speed, head_rate = entries.part("speed"), entries.part("head_rate")
    return ClusterFacts(
        entries.number("start_seconds", 0.1, _MOST_START),
        cores,
        entries.whole("own_cores", 0, cores),
        {step: speed.number(step, *SPEEDS) for step in speed},
        {step: head_rate.number(step, 1e-6) for step in head_rate},
    )
