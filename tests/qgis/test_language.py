"""Numbers, dates and times as QGIS's locale has them; English where the computer names no locale."""

from __future__ import annotations

from datetime import date
from typing import Callable

import pytest
from qgis.PyQt.QtCore import QLocale

from roadpulse.aggregation.contract.days import DATES, NAMED, WEEKDAYS, WORKDAYS
from roadpulse.aggregation.contract.statistic import statistic
from roadpulse.mapping import language, statistic_words
from roadpulse.mapping.style.breaks import class_labels
from roadpulse.mapping.timeline import Timeline

SetLocale = Callable[[str], None]

pytestmark = pytest.mark.usefixtures("qgis_app")


@pytest.mark.parametrize(
    ("locale", "large", "labels"),
    [
        ("C", "1,066,880", ["0 – 2.5", "over 2.5"]),
        ("en_GB", "1,066,880", ["0 – 2.5", "over 2.5"]),
        ("de_DE", "1.066.880", ["0 – 2,5", "über 2,5"]),
        ("tr_TR", "1.066.880", ["0 – 2,5", "over 2,5"]),
        ("ar_EG", "١٬٠٦٦٬٨٨٠", ["٠ – ٢٫٥", "أكثر من ٢٫٥"]),
        ("fa_IR", "1,066,880", ["0 – 2.5", "over 2.5"]),  # digits from right to left, and English words
    ],
)
def test_numbers_are_written_as_the_locale_does(
    speak: SetLocale, locale: str, large: str, labels: list[str]
) -> None:
    speak(locale)
    assert language.number_text(1_066_880) == large
    assert class_labels([0, 2.5, 5]) == labels


def test_thousands_are_grouped_also_where_qgis_does_not_group_them_in_its_windows(
    number_locale: SetLocale,
) -> None:
    number_locale("fr_FR")
    plain = QLocale("fr_FR")
    plain.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    QLocale.setDefault(plain)
    assert language.number_text(12000) == f"12{plain.groupSeparator()}000"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.0, "0"), (-0.0001, "0"), (-5, "−5"), (0.1 + 0.2, "0.3"), (1e9, "1,000,000,000")],
)
def test_a_number_has_the_decimals_that_it_needs(value: float, text: str) -> None:
    assert language.number_text(value) == text


def test_times_have_the_digits_of_the_numbers(speak: SetLocale) -> None:
    speak("ar_EG")
    assert language.clock(8 * 60 + 30) == "٠٨:٣٠"
    assert Timeline().span(23) == "٢٣:٠٠ – ٢٤:٠٠"


def test_sets_of_days_have_their_names_in_words() -> None:
    monday = (date(2025, 6, 9), date(2025, 6, 10))
    assert Timeline(60, WORKDAYS, ("Mon-Fri", "Sat-Sun"), monday).set_name(24) == "Sat–Sun"
    assert Timeline(60, WEEKDAYS, ("Mon", "Tue"), monday).set_name(24) == "Tue"
    assert Timeline(60, DATES, ("2025-06-09", "2025-06-10"), monday).set_name(24) == "Tue 10 June 2025"
    assert Timeline(60, NAMED, ("Term-time", "Rest"), monday).set_name(0) == "Term-time"


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2025, 6, 10), date(2025, 6, 10), "10 June 2025"),
        (date(2025, 6, 10), date(2025, 6, 12), "10 – 12 June 2025"),
        (date(2025, 5, 30), date(2025, 6, 2), "30 May – 2 June 2025"),
        (date(2024, 12, 30), date(2025, 1, 2), "30 December 2024 – 2 January 2025"),
    ],
)
def test_a_span_of_days_says_nothing_twice(first: date, last: date, words: str) -> None:
    assert language.day_span(first, last) == words


def test_weekdays_in_a_row_are_a_range() -> None:
    assert language.weekdays((1, 2, 3, 4, 5, 7)) == "Mon–Fri, Sun"
    assert language.weekdays((2,)) == "Tue"


@pytest.mark.parametrize(
    ("locale", "paper"),
    [("en_US", "Letter"), ("fr_CA", "Letter"), ("en_GB", "A4"), ("de_DE", "A4"), ("C", "A4")],
)
def test_paper_is_that_of_the_country(number_locale: SetLocale, locale: str, paper: str) -> None:
    number_locale(locale)
    assert language.usual_paper() == paper


@pytest.mark.parametrize(
    "key", ["mean", "p05", "p50", "p92", "p93", "trip_p11", "free_flow_share", "delay", "brakes"]
)
def test_english_names_of_statistics_are_those_of_the_registry(key: str) -> None:
    entry = statistic(key)
    assert statistic_words.label(entry) == entry.label
    assert statistic_words.title(entry, "mph") == entry.title("mph")
    assert statistic_words.alias(entry, "mph") == entry.alias("mph")
    assert statistic_words.subtitle(entry) == entry.subtitle


def test_days_have_the_words_and_the_order_of_the_language(speak: SetLocale) -> None:
    speak("de_DE")
    assert language.day_of_week(date(2025, 6, 10)) == "Di., 10. Juni 2025"
    assert language.day_span(date(2025, 6, 10), date(2025, 6, 12)) == "10. – 12. Juni 2025"
    assert language.day(date(2025, 9, 1), short=True).startswith("1. Sep")
    speak("ar_EG")
    assert language.day(date(2025, 6, 10)) == "١٠ يونيو ٢٠٢٥"
