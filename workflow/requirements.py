"""Which of the Python packages that Roadpulse needs are there, found without importing any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..cluster_client.backends import registry
from .translation import tr

if TYPE_CHECKING:
    from ..cluster_client.profiles.profile import Profile

MAPS = ("numpy", "pandas")
"""What a result's way to a map needs; roads in PostGIS need psycopg besides."""

RUNS = ("numpy", "pandas", "duckdb", "msgspec")
"""What a run on this computer needs."""

_FILE = Path(__file__).absolute().parents[1] / "requirements.txt"


@cache
def required() -> tuple[str, ...]:
    """Names of the packages that requirements.txt lists."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    found = (re.match(r"[A-Za-z0-9_.-]+", line.strip()) for line in lines)
    return tuple(match[0] for match in found if match)


def missing(names: Iterable[str] = ()) -> list[str]:
    """Those of the packages `names` (all that are required, if none is given) that this QGIS lacks."""
    return [name for name in (names or required()) if find_spec(name) is None]


def missing_for(profile: Profile) -> list[str]:
    """Those of the packages that it takes to look after the runs of a profile which this QGIS lacks.

    What the runs need where they are is another matter.
    """
    names = registry.of(profile).requirements(profile)
    return missing(names) if names else []


def lacking(error: BaseException) -> list[str]:
    """The required package whose absence an error tells of; empty where it tells of something else."""
    name = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    return [name] if name in required() and missing((name,)) else []


def install_text(names: Iterable[str]) -> str:
    """What to do about missing packages."""
    names = list(names)
    return tr(
        "Roadpulse needs Python packages that this QGIS does not have: {names}. "
        "Install the plugin “qpip” from Plugins > Manage and Install Plugins, which offers to install them, "
        "or run “pip install {command}” in QGIS's own Python, then restart QGIS."
    ).format(names=", ".join(names), command=" ".join(names))
