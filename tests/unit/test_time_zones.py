"""The list of valid time zones, IANA's names, which all parts of the plugin use."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from roadpulse.aggregation.contract import time_zones
from roadpulse.aggregation.contract.errors import SpecError
from roadpulse.aggregation.contract.spec import RunSpec

NAMES = (
    "Etc/UTC", "UTC", "GMT", "EST5EDT", "Japan", "Europe/London", "Asia/Calcutta", "Etc/GMT+5",
    "America/Argentina/Buenos_Aires", "NZ-CHAT", "Zulu",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_iana_name_counts(name: str) -> None:
    assert time_zones.is_zone(name)
    assert name in time_zones.zone_names()
    assert RunSpec("/trips", "/store", time_zone=name).time_zone == name


def test_every_zone_of_the_list_can_be_computed_with() -> None:
    assert [name for name in time_zones.zone_names() if ZoneInfo(name).key != name] == []
    assert all(map(time_zones.is_zone, time_zones.zone_names()))


@pytest.mark.parametrize(
    "name",
    [
        "localtime",
        "posixrules",
        "Factory",
        "posix/Europe/London",
        "right/UTC",
        "Europe",
        "",
        "/etc/localtime",
    ],
)
def test_what_means_another_thing_on_every_computer_is_no_zone(name: str) -> None:
    assert not time_zones.is_zone(name)
    with pytest.raises(SpecError, match=r"^time_zone: "):
        RunSpec("/trips", "/store", time_zone=name)


def test_another_spelling_comes_with_the_right_one() -> None:
    assert (
        time_zones.zone_fault(" europe/london")
        == "' europe/london' is not an IANA time zone; write Europe/London"
    )


def test_the_version_of_the_data_is_that_of_the_folder_or_else_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tzdata.zi").write_text("# version 2031z\nR d\n")
    monkeypatch.setattr(time_zones, "TZPATH", (str(tmp_path / "none"), str(tmp_path)))
    assert time_zones.data_version() == "2031z"
    monkeypatch.setattr(time_zones, "TZPATH", ())
    package = ModuleType("tzdata")
    package.IANA_VERSION = "2030a"
    monkeypatch.setitem(sys.modules, "tzdata", package)
    assert time_zones.data_version() == "2030a"
    monkeypatch.setitem(sys.modules, "tzdata", None)
    assert time_zones.data_version() == ""


def test_a_computer_with_older_zone_data_says_that_it_is_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a node answers to a zone that the desktop knows."""
    monkeypatch.setattr(time_zones, "_by_folded", lambda: {"utc": "UTC"})
    with pytest.raises(SpecError) as refused:
        RunSpec("/trips", "/store", time_zone="Europe/Kyiv")
    assert f"that the Python of this computer ({platform.node()}) knows" in refused.value.message
    assert "newer time zone data" in refused.value.message
