"""Times of trip files, and the local clock, against slow and plain computations."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract.time_format import time_format_fault
from roadpulse.aggregation.trips.times import (
    EARLIEST,
    LATEST,
    NO_TIME,
    NONE_GIVEN,
    NOT_A_TIME,
    OK,
    SKIPPED,
    TWICE,
    WITHOUT_ZONE,
    TimeRules,
    instant_of,
    instants_of_lines,
    instants_of_numbers,
    instants_of_texts,
    lines_of,
    local_clock,
)

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
STAMP = "2025-06-10T08:15:30"
CLOCK_CHANGES = [  # days around both changes of every zone that has any
    datetime(2025, 3, 9, tzinfo=timezone.utc),
    datetime(2025, 3, 30, tzinfo=timezone.utc),
    datetime(2025, 4, 5, tzinfo=timezone.utc),
    datetime(2025, 10, 4, tzinfo=timezone.utc),
    datetime(2025, 10, 26, tzinfo=timezone.utc),
    datetime(2025, 11, 2, tzinfo=timezone.utc),
]


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


# -- one time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-06-10T08:15:30Z", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10t08:15:30z", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10 08:15:30 +01:00", datetime(2025, 6, 10, 7, 15, 30)),
        ("2025-06-10T08:15:30-0530", datetime(2025, 6, 10, 13, 45, 30)),
        ("20250610T081530+05", datetime(2025, 6, 10, 3, 15, 30)),
        ("2025-06-10T08:15Z", datetime(2025, 6, 10, 8, 15)),
        ("2025-06-10T08:15:30.5Z", datetime(2025, 6, 10, 8, 15, 30, 500_000)),
        ("2025-06-10T08:15:30,123456789Z", datetime(2025, 6, 10, 8, 15, 30, 123_456)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1)),
        ("1969-12-31T23:59:59.999999Z", datetime(1969, 12, 31, 23, 59, 59, 999_999)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29)),
        (1749543330, datetime(2025, 6, 10, 8, 15, 30)),
        (1749543330.25, datetime(2025, 6, 10, 8, 15, 30, 250_000)),
        (1749543330250, datetime(2025, 6, 10, 8, 15, 30, 250_000)),
        (1749543330250001, datetime(2025, 6, 10, 8, 15, 30, 250_001)),
        (1749543330250001000, datetime(2025, 6, 10, 8, 15, 30, 250_001)),
        ("1749543330250001", datetime(2025, 6, 10, 8, 15, 30, 250_001)),
        ("2025-06-10 08:15:30 UTC", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10 08:15:30.250 UTC", datetime(2025, 6, 10, 8, 15, 30, 250_000)),
        ("2025-06-10 08:15:30 GMT", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10 10:15:30 UTC+02:00", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10T08:15:30Z[UTC]", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10T10:15:30+02:00[Europe/Berlin]", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10T10:15:30[Europe/Berlin]", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10 10:15:30.000 Europe/Berlin", datetime(2025, 6, 10, 8, 15, 30)),
        ("2025-06-10 10:15 Europe/Berlin", datetime(2025, 6, 10, 8, 15)),
        ("/Date(1749543330250)/", datetime(2025, 6, 10, 8, 15, 30, 250_000)),
        ("/Date(1749543330250+0200)/", datetime(2025, 6, 10, 8, 15, 30, 250_000)),
        ("/Date(-1000)/", datetime(1969, 12, 31, 23, 59, 59)),
        ("1749543330", datetime(2025, 6, 10, 8, 15, 30)),
        (-1.5, datetime(1969, 12, 31, 23, 59, 58, 500_000)),
        (0, datetime(1970, 1, 1)),
    ],
)
def test_a_time_is_the_instant_that_it_names(text, moment):
    assert instant_of(text) == (microseconds(moment.replace(tzinfo=timezone.utc)), OK)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, NONE_GIVEN),
        ("", NONE_GIVEN),
        ("null", NONE_GIVEN),
        (STAMP, WITHOUT_ZONE),
        ("2025-02-29T00:00:00Z", NOT_A_TIME),
        ("2025-13-01T00:00:00Z", NOT_A_TIME),
        ("2025-06-10T24:00:00Z", NOT_A_TIME),
        ("2025-06-10T08:60:00Z", NOT_A_TIME),
        ("2025-06-10T08:00:61Z", NOT_A_TIME),
        ("2025-06-10T08:15:30+19:00", NOT_A_TIME),
        ("2025-06-10T08:15:30+01:60", NOT_A_TIME),
        ("2025-06-10", NOT_A_TIME),
        ("1899-12-31T23:59:59Z", NOT_A_TIME),
        ("2200-01-01T00:00:00Z", NOT_A_TIME),
        ("٢٠٢٥-06-10T08:15:30Z", NOT_A_TIME),
        (STAMP + "Z\n", NOT_A_TIME),
        ("nan", NOT_A_TIME),
        (STAMP + " CEST", NOT_A_TIME),
        (STAMP + "[Mars/Base]", NOT_A_TIME),
        (STAMP + "Z[UTC", NOT_A_TIME),
        ("/Date(noon)/", NOT_A_TIME),
        (8_000_000_000_000_000, NOT_A_TIME),
        (float("nan"), NOT_A_TIME),
        (float("inf"), NOT_A_TIME),
        (10**400, NOT_A_TIME),
        (1e300, NOT_A_TIME),
        (True, NOT_A_TIME),
        ([], NOT_A_TIME),
        ({}, NOT_A_TIME),
    ],
)
def test_what_is_no_time_is_told_by_kind(value, code):
    assert instant_of(value) == (NO_TIME, code)


def test_a_time_without_a_zone_is_utc_only_where_that_was_asked_for():
    assert instant_of(STAMP, TimeRules("utc")) == instant_of(STAMP + "Z")


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)),
    st.integers(-18 * 60, 18 * 60),
)
def test_iso_texts_are_read_as_python_reads_them(local, offset):
    moment = local.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert instant_of(moment.isoformat()) == (microseconds(moment), OK)


# -- local times ------------------------------------------------------------------------------------

# Clocks by the laws: London 30 March 2025 01:00 to 02:00 BST, 26 October 02:00 BST to 01:00; New York 9 March
# 02:00 EST to 03:00 EDT, 2 November 02:00 EDT to 01:00 EST.
LOCAL = [
    ("Europe/London", "2025-06-10T08:00:00", "2025-06-10T07:00:00Z", OK),
    ("Europe/London", "2025-03-30T00:59:59", "2025-03-30T00:59:59Z", OK),
    ("Europe/London", "2025-03-30T01:00:00", None, SKIPPED),
    ("Europe/London", "2025-03-30T01:59:59", None, SKIPPED),
    ("Europe/London", "2025-03-30T02:00:00", "2025-03-30T01:00:00Z", OK),
    ("Europe/London", "2025-10-26T00:59:59", "2025-10-25T23:59:59Z", OK),
    ("Europe/London", "2025-10-26T01:00:00", "2025-10-26T00:00:00Z", TWICE),
    ("Europe/London", "2025-10-26T01:59:59", "2025-10-26T00:59:59Z", TWICE),
    ("Europe/London", "2025-10-26T02:00:00", "2025-10-26T02:00:00Z", OK),
    ("America/New_York", "2025-03-09T01:59:59", "2025-03-09T06:59:59Z", OK),
    ("America/New_York", "2025-03-09T02:30:00", None, SKIPPED),
    ("America/New_York", "2025-03-09T03:00:00", "2025-03-09T07:00:00Z", OK),
    ("America/New_York", "2025-11-02T00:59:59", "2025-11-02T04:59:59Z", OK),
    ("America/New_York", "2025-11-02T01:30:00", "2025-11-02T05:30:00Z", TWICE),
    ("America/New_York", "2025-11-02T02:00:00", "2025-11-02T07:00:00Z", OK),
    ("Europe/Berlin", "2025-06-10 08:00:00", "2025-06-10T06:00:00Z", OK),
]


@pytest.mark.parametrize(("zone", "text", "utc", "code"), LOCAL)
def test_a_local_time_is_that_of_the_zone_and_the_first_of_two(zone, text, utc, code):
    expected = NO_TIME if utc is None else instant_of(utc)[0]
    assert instant_of(text, TimeRules("local", zone)) == (expected, code)


@pytest.mark.parametrize("zone", [*ZONES, "Europe/Berlin", "America/New_York"])
def test_local_times_of_all_minutes_around_clock_changes_are_as_python_has_them(zone):
    for day in CLOCK_CHANGES:
        clocks = [day.replace(tzinfo=None) + timedelta(minutes=m) for m in range(-1440, 2880)]
        instants, codes = instants_of_texts([c.isoformat() for c in clocks], TimeRules("local", zone))
        for clock, instant, code in zip(clocks, instants.tolist(), codes.tolist()):
            local = clock.replace(tzinfo=ZoneInfo(zone))
            first, second = local.utcoffset(), local.replace(fold=1).utcoffset()
            kind = OK if first == second else TWICE if first > second else SKIPPED
            assert code == kind
            assert instant == (NO_TIME if kind == SKIPPED else microseconds(local.astimezone(timezone.utc)))


# -- a format of their own ---------------------------------------------------------------------------

FORMATS = [
    "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y%m%d%H%M%S", "%d %b %Y %H:%M:%S.%f", "%d.%m.%y %H:%M",
    "%a %d %B %Y %H:%M:%S %z",
]  # fmt: skip


@given(
    st.sampled_from(FORMATS),
    st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2068, 12, 30)), min_size=1, max_size=8),
    st.integers(-14 * 60, 14 * 60),
)
def test_times_of_a_format_are_as_strptime_reads_them(text, moments, offset):
    texts = [m.replace(tzinfo=timezone(timedelta(minutes=offset))).strftime(text) for m in moments]
    rules = TimeRules("utc", format=text)
    instants, codes = instants_of_texts([*texts, "noon", None], rules)
    expected = [datetime.strptime(one, text) for one in texts]
    expected = [e if e.tzinfo else e.replace(tzinfo=timezone.utc) for e in expected]
    assert instants.tolist() == [*map(microseconds, expected), NO_TIME, NO_TIME]
    assert codes.tolist() == [OK] * len(texts) + [NOT_A_TIME, NONE_GIVEN]
    assert [instant_of(one, rules) for one in [*texts, "noon", None]] == list(
        zip(instants.tolist(), codes.tolist())
    )


def test_a_number_can_be_of_a_format_too():
    rules = TimeRules("utc", format="%y%m%d%H%M")
    assert instant_of(2506100815, rules) == instant_of("2025-06-10T08:15Z")


def test_a_format_without_an_offset_leaves_the_treatment_of_naive_times():
    rules = {name: TimeRules(name, "Europe/Berlin", "%d.%m.%Y %H:%M") for name in ("refuse", "utc", "local")}
    assert instant_of("10.06.2025 08:15", rules["refuse"]) == (NO_TIME, WITHOUT_ZONE)
    assert instant_of("10.06.2025 08:15", rules["utc"]) == instant_of("2025-06-10T08:15Z")
    assert instant_of("10.06.2025 08:15", rules["local"]) == instant_of("2025-06-10T08:15+02:00")


@pytest.mark.parametrize(
    "text", ["%Y-%m-%d", "%H:%M", "%Y-%m-%dT%H:%M:%q", "%Y%m%d%I%M", "%Y%y%m%d%H", "%d%d%m%Y%H", "noon", "%"]
)
def test_a_format_that_names_no_time_is_said_to_be_faulty(text):
    assert repr(text) in time_format_fault(text)


@pytest.mark.parametrize("text", FORMATS)
def test_a_format_that_names_a_time_has_no_fault(text):
    assert time_format_fault(text) == ""


# -- columns ----------------------------------------------------------------------------------------

digits = st.text("0123456789", max_size=12)
zones = st.sampled_from(
    [
        "Z",
        "z",
        "",
        "+01:00",
        "+0100",
        "-05",
        " +01:00",
        " Z",
        "+18:59",
        "+19:00",
        "+1",
        "-00:00",
        " UTC",
        "Z[UTC]",
        "+02:00[Europe/Berlin]",
        "[Europe/Berlin]",
        " Europe/Berlin",
        "[Mars/Base]",
        "[",
        " ",
    ]
)
stamps = st.builds(
    "{:04d}{}{:02d}{}{:02d}{}{:02d}:{:02d}:{:02d}{}{}".format,
    st.sampled_from([1899, 1900, 1969, 1970, 2024, 2025, 2199, 2200, 9999, 0]),
    st.sampled_from("-" * 8 + "/"),
    st.integers(0, 13),
    st.sampled_from("-" * 8 + ":"),
    st.integers(0, 32),
    st.sampled_from("TTTTTt _\n"),
    st.integers(0, 25),
    st.integers(0, 60),
    st.integers(0, 61),
    st.one_of(st.just(""), st.builds("".join, st.tuples(st.sampled_from(".,"), digits))),
    zones,
)
plausible = st.builds(
    "2025-06-{:02d}T{:02d}:{:02d}:{:02d}{}{}".format,
    st.integers(9, 11),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 60),
    st.sampled_from(["", ".0", ".123", ".123456", ".999999999"]),
    st.sampled_from(["Z", "+01:00", "", " UTC", "[Europe/London]"]),
)
clock_changes = st.builds(
    "2025-{}T{:02d}:{:02d}:00".format,
    st.sampled_from(["03-30", "10-26", "03-09", "11-02"]),
    st.integers(0, 4),
    st.integers(0, 59),
)
rules = st.sampled_from(
    [
        TimeRules(),
        TimeRules("utc"),
        TimeRules("local", "Europe/London"),
        TimeRules("local", "America/New_York"),
    ]
)
garbage = st.one_of(
    st.text(max_size=30),
    st.text("0123456789-T:Z.+\n ", max_size=45),
    st.sampled_from(
        ["", "null", "NULL", "nan", "inf", "1749543330", "1749543330250", "-1.5", "1e9", "9" * 400]
    ),
)


@settings(max_examples=300)
@given(
    st.lists(st.one_of(plausible, plausible, clock_changes, stamps, garbage, st.none()), max_size=30), rules
)
@example([], TimeRules())
@example([STAMP + "Z", STAMP + "+"], TimeRules())
@example([STAMP + "Z", f"{STAMP}Z\n{STAMP}Z", "", "x" * 19], TimeRules())  # line breaks in step with the rows
def test_a_column_of_texts_is_read_as_its_values_are(texts, rules):
    instants, codes = instants_of_texts(texts, rules)
    expected = [instant_of(text, rules) for text in texts]
    assert list(zip(instants.tolist(), codes.tolist())) == expected


@given(st.lists(plausible, min_size=1, max_size=6), st.integers(20, 60))
def test_a_column_of_more_layouts_than_are_tried_is_still_read_whole(texts, n):
    offsets = [
        f"{STAMP}.000{sign}{hour:02d}:{minute}" for sign in "+-" for hour in range(18) for minute in (15, 30)
    ]
    column = (offsets[:n] + texts) * 2
    instants, codes = instants_of_texts(column)
    assert list(zip(instants.tolist(), codes.tolist())) == [instant_of(text) for text in column]


numbers = st.one_of(
    st.floats(allow_infinity=True, allow_nan=False),
    st.floats(-5e9, 5e9),
    st.floats(-5e12, 8e12),
    st.integers(-(10**13), 10**13).map(float),
    st.floats(1e14, 9e15),
    st.floats(-9e18, 9e18),
    st.sampled_from(
        [EARLIEST / 1e6, LATEST / 1e6, LATEST / 1e6 - 1e-6, 1e11, -1e11, 99999999999.0, 0.0, -0.0, 1e15]
    ),
)


@settings(max_examples=300)
@given(st.lists(numbers, max_size=20))
def test_a_column_of_numbers_is_read_as_its_values_are(values):
    instants, codes = instants_of_numbers(np.array(values, dtype=np.float64))
    assert list(zip(instants.tolist(), codes.tolist())) == [instant_of(value) for value in values]


def test_a_number_that_is_missing_from_a_column_is_not_given():
    instants, codes = instants_of_numbers(np.array([np.nan, 0.0]))
    assert (instants.tolist(), codes.tolist()) == ([NO_TIME, 0], [NONE_GIVEN, OK])


# -- the local clock --------------------------------------------------------------------------------


def wall_clock(instant: int, zone: str) -> int:
    local = (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone)).replace(tzinfo=timezone.utc)
    return microseconds(local)


@pytest.mark.parametrize("zone", ZONES)
def test_every_minute_of_the_days_of_clock_changes_has_its_local_time(zone):
    for day in CLOCK_CHANGES:
        instants = microseconds(day) + np.arange(-12 * 60, 36 * 60) * 60_000_000
        expected = [wall_clock(int(instant), zone) for instant in instants]
        assert local_clock(instants, zone).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.integers(
            microseconds(datetime(2024, 1, 1, tzinfo=timezone.utc)),
            microseconds(datetime(2026, 12, 31, tzinfo=timezone.utc)),
        ),
        max_size=8,
    ),
    st.sampled_from([*ZONES, "Africa/Casablanca", "America/St_Johns", "Pacific/Apia"]),
)
def test_instants_of_any_order_over_years_have_their_local_time(values, zone):
    instants = np.array(values, dtype=np.int64)
    assert local_clock(instants, zone).tolist() == [wall_clock(value, zone) for value in values]


@pytest.mark.parametrize("zone", ZONES)
def test_the_microsecond_before_a_clock_change_still_has_the_old_time(zone):
    for day in CLOCK_CHANGES:
        changes = [
            microseconds(day) + minutes * 60_000_000 + step
            for minutes in range(-12 * 60, 36 * 60, 30)
            for step in (-1, 0, 1)
        ]
        got = local_clock(np.array(changes, dtype=np.int64), zone)
        assert got.tolist() == [wall_clock(change, zone) for change in changes]


def test_times_before_the_first_zones_have_a_local_time_too():
    instants = np.array([EARLIEST, LATEST - 1], dtype=np.int64)
    assert local_clock(instants, "Europe/Amsterdam").tolist() == [
        wall_clock(EARLIEST, "Europe/Amsterdam"),
        wall_clock(LATEST - 1, "Europe/Amsterdam"),
    ]


like_each_other = st.tuples(
    st.sampled_from("Tt "),
    st.sampled_from(["", ".5", ",123", ".1234567"]),
    st.sampled_from(["Z", "+01:00", " UTC", ""]),
).flatmap(
    lambda form: st.lists(
        st.builds(
            f"{{}}{form[0]}{{:02d}}:{{:02d}}:{{:02d}}{form[1]}{form[2]}".format,
            st.sampled_from(
                ["2025-06-09", "2025-06-10", "2024-02-29", "2025-02-29", "1899-12-31", "2025-x6-09"]
            ),
            st.integers(0, 25),
            st.integers(0, 60),
            st.integers(0, 61),
        ),
        min_size=1,
        max_size=8,
    )
)


@settings(max_examples=300)
@given(
    st.one_of(like_each_other, st.lists(plausible, min_size=1, max_size=4)),
    st.sampled_from(["refuse", "utc"]),
)
@example([STAMP + "Z", STAMP + "Z\n" + STAMP + "Z"], "refuse")
def test_lines_of_times_are_read_as_each_alone_or_not_at_all(texts, naive):
    rules = TimeRules(naive)
    lines = lines_of(texts)
    assert (lines is not None) == (len(set(map(len, texts))) == 1)
    found = None if lines is None else instants_of_lines(lines, len(texts), rules)
    alone = [instant_of(text, rules) for text in texts]
    if found is not None:
        assert list(zip(found[0].tolist(), found[1].tolist())) == alone
    elif lines is not None:  # one of them is no time, a leap second, or not of the first one's form
        ends = {text[10] + text[19:] for text in texts}
        assert len(ends) > 1 or any(code != OK or ":60" in text for text, (_, code) in zip(texts, alone))
