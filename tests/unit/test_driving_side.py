"""The side of the road: every time zone has a country, and every country a side."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import TZPATH, available_timezones

import pytest

from roadpulse.mapping.style.driving_side import country_of, driving_side_of

NO_COUNTRY = ("Etc/", "GMT", "UTC", "UCT", "Universal", "Zulu", "Greenwich", "Factory", "localtime")
LEFT = """
GB Eire Japan NZ Hongkong Jamaica Singapore Europe/London Europe/Belfast Asia/Calcutta Asia/Kolkata
Asia/Katmandu Asia/Dacca Asia/Macau Asia/Dili Asia/Brunei Indian/Mauritius Indian/Maldives
Africa/Maputo Africa/Lusaka Africa/Windhoek Africa/Blantyre Africa/Gaborone America/Guyana
America/Paramaribo America/Barbados America/St_Thomas America/Virgin Atlantic/Bermuda Pacific/Apia
Pacific/Port_Moresby Pacific/Guadalcanal Antarctica/Macquarie Australia/NSW
"""
RIGHT_OR_NONE = """
Europe/Berlin Europe/Gibraltar CET EST5EDT US/Hawaii America/Puerto_Rico Africa/Asmera
Africa/Bujumbura Africa/Kigali Africa/Lubumbashi Asia/Phnom_Penh Asia/Yangon Asia/Shanghai PRC
Iceland Pacific/Ponape Pacific/Truk Pacific/Guam Pacific/Noumea Indian/Chagos America/Belize Etc/UTC
UTC GMT Mars/Jezero
"""


@pytest.mark.parametrize("zone", sorted(available_timezones() - {"localtime"}))
def test_every_zone_of_this_computer_has_an_answer(zone: str) -> None:
    assert country_of(zone) == "-" if zone.startswith(NO_COUNTRY) else len(country_of(zone)) == 2
    assert driving_side_of(zone) in ("left", "right")


def test_zones_lie_in_the_countries_that_the_time_zone_database_names() -> None:
    tables = [Path(folder) / "zone.tab" for folder in TZPATH if (Path(folder) / "zone.tab").is_file()]
    if not tables:
        pytest.skip("this computer's time zone database comes without zone.tab")
    rows = [line.split("\t") for line in tables[0].read_text(encoding="utf-8").splitlines()]
    named = {row[2]: row[0] for row in rows if not row[0].startswith("#")}
    assert len(named) > 400
    assert {zone: country_of(zone) for zone in named} == named


@pytest.mark.parametrize("zone", LEFT.split())
def test_zones_of_left_hand_traffic(zone: str) -> None:
    assert driving_side_of(zone) == "left"


@pytest.mark.parametrize("zone", RIGHT_OR_NONE.split())
def test_zones_of_right_hand_traffic_and_of_no_country(zone: str) -> None:
    assert driving_side_of(zone) == "right"
