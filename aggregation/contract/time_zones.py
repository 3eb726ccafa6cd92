"""Valid time zones: the IANA names in this computer's time zone data."""

from __future__ import annotations

import platform
from functools import cache
from importlib import import_module
from pathlib import Path
from zoneinfo import TZPATH, available_timezones

_OF_THIS_COMPUTER = frozenset({"localtime", "posixrules", "Factory"})
"""Entries of the data whose meaning depends on the computer, or that are not zones."""


@cache
def zone_names() -> tuple[str, ...]:
    """Return the sorted IANA names of all zones and aliases (`Europe/London`, `Etc/UTC`, `Japan`)."""
    return tuple(sorted(available_timezones() - _OF_THIS_COMPUTER))


def data_version() -> str:
    """Return the version of the time zone data, such as `2025b`; empty if unknown."""
    for folder in TZPATH:
        try:
            with Path(folder, "tzdata.zi").open(encoding="ascii", errors="replace") as stream:
                first = stream.readline().split()
        except OSError:
            continue  # try the next folder, then the package
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
    """Return True if `name` is a zone in IANA's spelling."""
    return _by_folded().get(name.casefold()) == name


def zone_fault(name: str) -> str:
    """Return why `name` is not a zone and what to do, to follow `time_zone: `; empty if it is one."""
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
