"""The time zones that a run may name: every IANA name that this computer's time zone data has."""

from __future__ import annotations

import platform
from functools import cache
from importlib import import_module
from pathlib import Path
from zoneinfo import TZPATH, available_timezones

_OF_THIS_COMPUTER = frozenset({"localtime", "posixrules", "Factory"})
"""Names beside the zones that stand for something else on every computer, or for no time at all."""


@cache
def zone_names() -> tuple[str, ...]:
    """The IANA names of all zones and their aliases (`Europe/London`, `Etc/UTC`, `Japan`), sorted."""
    return tuple(sorted(available_timezones() - _OF_THIS_COMPUTER))


def data_version() -> str:
    """The version of the time zone data, such as `2025b`; empty where none is told."""
    for folder in TZPATH:
        try:
            with Path(folder, "tzdata.zi").open(encoding="ascii", errors="replace") as stream:
                first = stream.readline().split()
        except OSError:
            continue  # another folder, or the package
        if first[:2] == ["#", "version"]:
            return " ".join(first[2:])
    try:
        return str(import_module("tzdata").IANA_VERSION)
    except (ImportError, AttributeError):
        return ""


@cache
def _by_folded() -> dict[str, str]:
    return {name.casefold(): name for name in zone_names()}


def is_zone(name: str) -> bool:
    """Return True if `name` is a zone, spelled as IANA does."""
    return _by_folded().get(name.casefold()) == name


def zone_fault(name: str) -> str:
    """What is wrong with the name of a zone, and what to do, after `time_zone`; empty where it is one."""
    if is_zone(name):
        return ""
    close = _by_folded().get(name.strip().casefold())
    if close:
        return f"{name!r} is not an IANA time zone; write {close}"
    return (
        f"{name!r} is not an IANA time zone that the Python of this computer ({platform.node()}) knows; use "
        "a name such as Europe/London or UTC. A name that other computers know needs newer time zone data "
        "here (pip install --upgrade tzdata)"
    )
