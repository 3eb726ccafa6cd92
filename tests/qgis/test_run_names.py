"""Default names of runs, derived from their trips."""

from __future__ import annotations

import pytest

from roadpulse.workflow.run_names import name_of_trips


@pytest.mark.parametrize(
    ("trips", "name"),
    [
        ("/data/june/trips", "june"),
        ("/data/belfast/trips/*.json", "belfast"),
        ("s3://belfast", "belfast"),
        ("s3://trips/2019/06/", "2019 06"),
        ("/mnt/belfast/2019/06", "belfast 2019 06"),
        ("C:\\belfast\\2019", "belfast 2019"),
        ("C:/2019", "2019"),
        ("trips", "trips"),
        ("*", "trips"),
        ("/data/belfast [2024]/trips/*.json", "belfast [2024]"),
    ],
)
def test_a_run_is_called_after_what_says_something_of_its_trips(trips: str, name: str) -> None:
    assert name_of_trips(trips) == name
