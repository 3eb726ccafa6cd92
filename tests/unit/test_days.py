"""Texts of sets of days and periods, as the contract reads them."""

from __future__ import annotations

from datetime import date

import pytest

from roadpulse.aggregation.contract.days import DaySet, Period
from roadpulse.aggregation.contract.errors import SpecError


@pytest.mark.parametrize(
    ("text", "weekdays"),
    [
        ("Mon-Fri", (1, 2, 3, 4, 5)), ("monday–friday", (1, 2, 3, 4, 5)), ("Tues, Thurs", (2, 4)),
        ("Sat-Mon", (1, 6, 7)), ("SUNDAY", (7,)),
    ],
)  # fmt: skip
def test_weekdays_are_named_in_short_or_in_full(text: str, weekdays: tuple[int, ...]) -> None:
    assert DaySet.from_json("x", text).weekdays == weekdays


@pytest.mark.parametrize("text", ["Sundae", "Mo", "Monkey", "Mon-Fry", "Frid-Satur-day", "weekdays"])
def test_a_word_that_only_begins_like_a_weekday_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=r"is no weekday, date or time of day|is not a date"):
        DaySet.from_json("x", text)


def test_a_period_has_days_hours_and_dates_in_any_order() -> None:
    period = Period.from_json("AM", "2025-01-06/2025-02-14 07:00-09:00 Mon-Fri")
    assert (period.days.weekdays, period.start, period.end) == ((1, 2, 3, 4, 5), 420, 540)
    assert period.days.dates == ((date(2025, 1, 6), date(2025, 2, 14)),)
