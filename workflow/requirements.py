"""The Python packages that Roadpulse needs and that are missing or too old, found without importing any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..aggregation.contract.requirements import STEPS
from ..cluster_client.backends import registry
from ..mapping.language import tr

if TYPE_CHECKING:
    from ..cluster_client.profiles.profile import Profile

MAPS = ("numpy", "pandas", "shapely")
"""Needed to make a map of a result; roads in PostGIS also need psycopg."""

RUNS = (*STEPS, "pandas")
"""Needed for a run on this computer."""

_FILE = Path(__file__).absolute().parents[1] / "requirements.txt"


@cache
def _lowest_versions() -> dict[str, tuple[int, ...]]:
    """Return the packages that requirements.txt lists, with the lowest version of each."""
    lines = re.findall(
        r"^([A-Za-z0-9_.-]+)(?:\[.*\])?>=([0-9.]+)$", _FILE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name: _numbers(lowest) for name, lowest in lines}


def required() -> tuple[str, ...]:
    """Return names of the packages that requirements.txt lists."""
    return tuple(_lowest_versions())


def missing(names: Iterable[str] = ()) -> list[str]:
    """Return those of the packages `names` (default: all that are required) that are missing here.

    One in an older version than requirements.txt asks for is missing too.
    """
    return [name for name in (names or required()) if find_spec(name) is None or _is_outdated(name)]


def _is_outdated(name: str) -> bool:
    lowest = _lowest_versions().get(name, ())
    try:
        return _numbers(version(name))[: len(lowest)] < lowest
    except PackageNotFoundError:  # of an installation without a record
        return False


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as 2.0.1rc1."""
    return tuple(map(int, re.findall(r"\d+", text)))


def missing_for(profile: Profile) -> list[str]:
    """Return the missing packages among those needed to manage the runs of a profile.

    Packages that the runs need at their place are not looked at.
    """
    names = registry.of(profile).requirements(profile)
    return missing(names) if names else []


def lacking(error: BaseException) -> list[str]:
    """Return the required package whose absence caused an error; empty for another error."""
    name = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    return [name] if name in required() and missing((name,)) else []


def install_text(names: Iterable[str]) -> str:
    """Return how to install missing packages."""
    names = list(names)
    return tr(
        "Roadpulse needs Python packages that this QGIS does not have, or only in an older version: {names}. "
        "Install the plugin “qpip” from Plugins > Manage and Install Plugins, which offers to install them, "
        "or run “pip install --upgrade {command}” in QGIS's own Python, then restart QGIS."
    ).format(names=", ".join(names), command=" ".join(names))
