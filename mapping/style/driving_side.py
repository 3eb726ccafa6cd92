"""On which side of the road a country drives, by its time zones."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

DRIVING_SIDES = ("left", "right")

_TABLE = Path(__file__).absolute().parents[2] / "resources" / "driving_sides.tsv"
"""Country (ISO 3166; `-` for none), side and zones, tab-separated; its head names the sources."""


def driving_side_of(time_zone: str) -> str:
    """`left` or `right`, by the country of an IANA time zone or alias: a default that a person can change.

    Zones of no country, such as UTC, and unknown ones give `right`.
    """
    country = country_of(time_zone)
    return _sides()[country] if country else "right"


def country_of(time_zone: str) -> str:
    """ISO 3166 code of a zone's country; `-` for a zone of no country, empty for an unknown zone."""
    return _countries().get(time_zone, "")


@lru_cache(maxsize=1)
def _rows() -> tuple[tuple[str, str, str], ...]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple((country, side, zones) for country, side, zones in rows)


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    return {zone: country for country, _, zones in _rows() for zone in zones.split()}


@lru_cache(maxsize=1)
def _sides() -> dict[str, str]:
    return {country: side for country, side, _ in _rows()}
