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
    with pytest.raises(SpecError, match=r"is no weekday or date; write Mon-Fri or 2025-06-10$"):
        DaySet.from_json("x", text)


@pytest.mark.parametrize("text", ["7-9", "09:00-07:00x", "07:00", "7am", "25-06-10"])
def test_a_word_of_a_period_may_have_been_meant_as_any_of_three(text: str) -> None:
    with pytest.raises(SpecError, match=f"{text}' is no weekday, date or time of day; write Mon-Fri, "):
        Period.from_json("AM", f"Mon-Fri {text}")


def test_a_time_of_day_is_not_offered_where_none_is_read() -> None:
    with pytest.raises(SpecError, match=r"'07:00-09:00' is no weekday or date; write Mon-Fri or 2025-06-10$"):
        DaySet.from_json("Term", "Mon-Fri 07:00-09:00")
    with pytest.raises(SpecError, match="'2025-06-31' is not a date such as"):
        DaySet.from_json("Term", "Mon-Fri 2025-06-31")


def test_a_period_has_days_hours_and_dates_in_any_order() -> None:
    period = Period.from_json("AM", "2025-01-06/2025-02-14 07:00-09:00 Mon-Fri")
    assert (period.days.weekdays, period.start, period.end) == ((1, 2, 3, 4, 5), 420, 540)
    assert period.days.dates == ((date(2025, 1, 6), date(2025, 2, 14)),)


def test_a_period_with_two_times_of_day_is_refused() -> None:
    with pytest.raises(
        SpecError, match=r"two times of day, '07:00-09:00' and '16:00-18:00'; make two periods"
    ):
        Period.from_json("Peaks", "Mon-Fri 07:00-09:00, 16:00-18:00")
