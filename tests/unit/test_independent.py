"""The independent computation itself, on numbers that can be worked out by hand."""

import math
from datetime import datetime, timedelta

import pytest

from tests.independent import (
    DEFAULT,
    EVERY_KEY,
    differences,
    points_of,
    quantile,
    steps_of,
    student_t,
    tables,
    traversals_of,
    trimmed,
)

LINK = 7
START = 1_749_542_400  # 10 June 2025, 08:00 UTC, a Tuesday


def trip(*rows, link=LINK):
    """A trip of rows (second, speed) or (second, speed, link); the second may be None."""
    data = []
    for second, speed, *other in rows:
        time = None if second is None else START + second
        data.append({"timestamp": time, "absVelocity": speed, "dbResponse": {"linkID": (other or [link])[0]}})
    return {"data": data}


def link_of(*trips, unit="m/s", **spec):
    """All statistics of the one link of some trips."""
    spec = {"speed_unit": unit, "statistics": EVERY_KEY, **spec}
    found = tables({str(n): [one] for n, one in enumerate(trips)}, spec)
    return found["link_speeds"][LINK,]


def steady(speed, seconds, interval=1.0, first=0):
    return [(first + n * interval, speed) for n in range(round(seconds / interval))]


# -- the list of traps ------------------------------------------------------------------------------


def test_which_mean():
    """10 and 20 m/s on 200 m at 1 Hz: the point mean is 13.3, the trip mean 15.0."""
    found = link_of(trip(*steady(10, 20)), trip(*steady(20, 10)))
    assert math.isclose(found["mean"], 40 / 3)
    assert found["trip_mean"] == 15
    assert math.isclose(found["trip_hmean"], 40 / 3)
    assert math.isclose(found["weighted_mean"], 40 / 3)
    points = [10] * 20 + [20] * 10
    assert math.isclose(len(points) / sum(1 / u for u in points), 12)  # the estimator that no key has


def test_sampling_rate():
    """A 10 Hz fast car makes 18.3 out of 13.3, but not with weights."""
    found = link_of(trip(*steady(10, 20)), trip(*steady(20, 10, 0.1)))
    assert math.isclose(found["mean"], 2200 / 120) and round(found["mean"], 1) == 18.3
    assert math.isclose(found["weighted_mean"], 40 / 3)


def test_one_slow_car():
    """600 s of idling among 100 cars at 50 km/h make a point mean of 35."""
    found = link_of(*(trip(*steady(50, 14)) for _ in range(100)), trip(*steady(0, 600)), unit="km/h")
    assert found["mean"] == 35
    assert math.isclose(found["trip_mean"], 5000 / 101)
    assert math.isclose(found["trip_hmean"], 101 / (100 / 50 + 1))  # the idle one counts as 1 km/h
    assert found["stopped_share"] == 0.3


def test_averages_of_averages():
    """80 (n = 1) and 40 (n = 99) make 40.4."""
    rows = [(0, 80.0)] + [(3600 + n, 40.0) for n in range(99)]
    found = tables({"a": [trip(*rows)]}, {"speed_unit": "km/h", "statistics": EVERY_KEY})
    by_bin = found["link_speeds_by_time"]
    assert [(by_bin[LINK, name]["n_points"], by_bin[LINK, name]["mean"]) for name in ("08:00", "09:00")] == [
        (1, 80), (99, 40),
    ]  # fmt: skip
    assert math.isclose(found["link_speeds"][LINK,]["mean"], 40.4)


def test_trips_of_bins_do_not_add_up():
    found = tables({"a": [trip((0, 10), (3600, 10))]}, {"speed_unit": "m/s"})
    assert found["link_speeds"][LINK,]["n_trips"] == 1
    assert [row["n_trips"] for row in found["link_speeds_by_time"].values()] == [1, 1]


def test_speed_p5_is_travel_time_p95():
    """21 trips at 10, 11 … 30 m/s: the 20th in order is a percentile without interpolation."""
    found = link_of(*(trip((0, 10 + n), (1, 10 + n)) for n in range(21)), statistics=[*EVERY_KEY, "trip_p05"])
    assert found["trip_p05"] == 11
    assert math.isclose(found["pti"], found["free_flow"] / 11)


def test_reliability_indices():
    """Paces 1, 2, 3, 4, 5 (× 0.02 s/m): mean 3, p50 3, p80 4.2, p95 4.8; free flow 46 by linear ranks."""
    found = link_of(*(trip((0, 50 / n)) for n in range(1, 6)))
    assert math.isclose(found["trip_hmean"], 50 / 3)
    assert math.isclose(found["reliability"], 4.2 / 3)
    assert math.isclose(found["bti"], (4.8 - 3) / 3)
    flow = 25 + (50 - 25) * 0.4  # place 3.4 of 10, 12.5, 16.7, 25, 50
    assert math.isclose(found["free_flow"], flow)
    assert math.isclose(found["tti"], flow * 3 * 0.02)
    assert math.isclose(found["pti"], flow * 4.8 * 0.02)
    assert math.isclose(found["free_flow_share"], 1 / (flow * 3 * 0.02))
    assert math.isclose(found["delay"], 1000 * (3 * 0.02 - 1 / flow))


@pytest.mark.parametrize(("nightly", "expected"), [(19, 20.0), (20, 30.0)])
def test_free_flow_needs_twenty_points_of_the_night(nightly, expected):
    night = [(14 * 3600 + n, 30.0) for n in range(nightly)]  # from 22:00
    day = [(n, 20.0) for n in range(300)]
    assert link_of(trip(*day, *night))["free_flow"] == expected


def test_confidence_interval():
    """Speeds 10 and 12: s = √2, t(1; 0.975) = 12.706."""
    assert math.isclose(link_of(trip((0, 10)), trip((0, 12)))["ci95"], 12.706204736)
    assert link_of(trip((0, 10)))["ci95"] is None
    assert link_of(trip((0, 10)))["std"] is None


@pytest.mark.parametrize(
    ("freedom", "printed"),
    [
        (1, 12.70620474), (2, 4.30265273), (9, 2.26215716), (30, 2.04227246), (120, 1.97993041),
        (10**6, 1.95996636),
    ],
)  # fmt: skip
def test_percentiles_of_student_are_those_of_printed_tables(freedom, printed):
    assert math.isclose(student_t(freedom), printed, rel_tol=5e-9)


def test_percentiles_interpolate():
    assert [quantile([1.0, 2.0, 4.0, 8.0], percent) for percent in (0, 25, 50, 95, 100)] == [
        1, 1.75, 3, 4 + 0.85 * 4, 8,
    ]  # fmt: skip


# -- traversals -------------------------------------------------------------------------------------


def shape(*rows, unit="m/s"):
    """Points, Σ Δt and brakes of each traversal."""
    found = traversals_of(points_of(trip(*rows)), unit)
    return [(one.link, len(one.points), one.seconds, one.brakes) for one in found]


def test_a_loop_is_two_traversals_of_one_trip():
    assert shape((0, 5), (1, 5), (2, 5, 8), (3, 5)) == [(7, 2, 2, 0), (8, 1, 1, 0), (7, 1, 1, 0)]


def test_a_gap_or_a_step_back_ends_a_traversal():
    assert shape((0, 5), (120, 5), (241, 5)) == [(7, 2, 60, 0), (7, 1, 30, 0)]
    assert shape((10, 5), (8, 5), (9, 5)) == [(7, 1, 0, 0), (7, 2, 2, 0)]


def test_points_without_a_time_end_none_and_have_no_step():
    assert shape((0, 5), (None, 9), (4, 5)) == [(7, 3, 8, 0)]
    assert shape((None, 9)) == [(7, 1, 0, 0)]
    assert steps_of(points_of(trip((0, 5), (None, 9), (4, 5), (None, 5)))) == [4, None, 4, None]


def test_the_last_point_has_the_step_before_it_and_a_lone_one_a_second():
    assert steps_of(points_of(trip((0, 5), (7, 5)))) == [7, 7]
    assert steps_of(points_of(trip((0, 5), (700, 5)))) == [30, 30]
    assert steps_of(points_of(trip((3, 5)))) == [1]


def test_steps_run_over_links_and_over_points_that_do_not_count():
    assert steps_of(points_of(trip((0, 5), (2, None), (3, 5, None), (5, 5, 8)))) == [5, 5]


def test_brakes_are_beyond_three_metres_per_second_squared():
    assert shape((0, 10), (1, 7))[0][3] == 0  # 3 m/s² are not beyond
    assert shape((0, 10), (1, 6.9))[0][3] == 1
    assert shape((0, 30), (5, 14))[0][3] == 1  # 3.2 m/s²
    assert shape((0, 40), (6, 14))[0][3] == 0  # too far apart
    assert shape((0, 10), (0, 2))[0][3] == 0  # no time between
    assert shape((0, 30), (1, 20), unit="mph")[0][3] == 1  # 4.5 m/s²
    assert shape((0, 30), (1, 20), unit="km/h")[0][3] == 0  # 2.8 m/s²


def test_a_traversal_belongs_to_the_bin_of_its_entry():
    rows = [(3598, 10), (3599, 10), (3600, 20), (3601, 2)]
    found = tables({"a": [trip(*rows)]}, {"speed_unit": "m/s", "statistics": EVERY_KEY})
    first, second = found["link_speeds_by_time"].values()
    assert (first["n_traversals"], first["weighted_mean"], first["brakes"]) == (1, 10.5, 100)
    assert (second["n_traversals"], second["weighted_mean"], second["brakes"]) == (0, None, None)
    assert (second["n_points"], second["trip_mean"]) == (2, 11)


def test_standing_is_left_out_at_the_ends_and_where_it_takes_longer():
    rows = [(0, 0), (1, 0.2), (2, 5), (3, 0), (183, 0), (184, 5), (185, 0), (366, 0), (367, 5), (400, 0)]
    left = trimmed(points_of(trip(*rows)), "m/s", {"stationary_seconds": 180})
    assert [point.time - START * 1_000_000 for point in left] == [
        k * 1_000_000 for k in (2, 3, 183, 184, 367)
    ]


def test_ends_are_left_out_by_metres_and_seconds():
    points = points_of(trip(*((k, 10) for k in range(11))))  # 100 m
    assert trimmed(points, "m/s", {"ends_metres": 30}) == points[3:8]
    assert trimmed(points, "m/s", {"ends_seconds": 4}) == points[4:7]
    assert trimmed(points, "m/s", {"ends_metres": 51}) == []
    assert trimmed(points, "km/h", {"ends_metres": 10}) == points[4:7]


# -- days and periods -------------------------------------------------------------------------------


def hours(first, n, **spec):
    """`n_points` of each row, of a trip with a point an hour from the moment `first` on."""
    start = datetime.fromisoformat(first)
    data = [
        {"timestamp": (start + timedelta(hours=k)).isoformat(), "absVelocity": 5, "dbResponse": {"linkID": 7}}
        for k in range(n)
    ]
    found = tables({"a": [{"data": data}]}, {"speed_unit": "m/s", **spec})
    return {
        table: {place[1:]: row["n_points"] for place, row in rows.items()} for table, rows in found.items()
    }


def test_days_of_23_and_25_hours_add_up():
    spring = hours("2025-03-30T00:00+00:00", 23, time_zone="Europe/London")["link_speeds_by_time"]
    assert len(spring) == 23 and ("01:00",) not in spring
    autumn = hours("2025-10-25T23:00+00:00", 25, time_zone="Europe/London")["link_speeds_by_time"]
    assert len(autumn) == 24 and autumn["01:00",] == 2


def test_sets_of_days():
    week = ("2025-06-09T00:00+00:00", 7 * 24)
    assert len(hours(*week, days="weekdays")["link_speeds_by_time"]) == 7 * 24
    work = hours(*week, days="workdays", bin_minutes=1440, holidays=["2025-06-10"])["link_speeds_by_time"]
    assert work == {("Mon-Fri", "00:00"): 96, ("Sat-Sun", "00:00"): 72}
    named = {"Term": {"dates": ["2025-06-10/2025-06-11"]}, "Tue": {"weekdays": [2]}}
    found = hours(*week, days=named, bin_minutes=1440)["link_speeds_by_time"]
    assert found == {("Term", "00:00"): 48, ("Tue", "00:00"): 24}
    dates = hours(*week, days="dates", bin_minutes=1440)["link_speeds_by_time"]
    assert dates == {(f"2025-06-{day:02d}", "00:00"): 24 for day in range(9, 16)}


def test_a_period_over_midnight_is_that_of_the_day_on_which_it_begins():
    week = ("2025-06-09T00:00+00:00", 7 * 24)
    periods = {
        "Night": {"weekdays": [5], "from": "22:00", "to": "06:00"},
        "AM": {"from": "07:00", "to": "09:00"},
    }
    found = hours(*week, periods=periods)["link_speeds_by_period"]
    assert found == {("Night",): 8, ("AM",): 14}


# -- comparing --------------------------------------------------------------------------------------


def test_differences_are_named():
    expected = {
        (7,): {"n_points": 2, "mean": 5.0, "std": None},
        (8,): {"n_points": 1, "mean": 3.0, "std": None},
    }
    same = "link_id,n_points,mean,std\n7,2,5.0000000001,\n8,1,3,\n"
    assert differences(same, expected) == []
    assert differences(same.replace("3,", "3,0"), expected) == ["(8,) std: 0, expected is None"]
    assert differences(same.replace("7,2", "7,3"), expected) == ["(7,) n_points: 3, expected is 2"]
    assert differences(same.replace("\n7", "\n9"), expected) == [
        "row (9,) is not expected",
        "row (7,) is missing",
    ]
    assert differences(same.replace("001,", "1,"), expected) == ["(7,) mean: 5.00000001, expected is 5.0"]
    assert "columns" in differences(same.replace("mean", "median"), expected)[0]


def test_default_keys_come_first():
    assert EVERY_KEY[: len(DEFAULT)] == DEFAULT
    assert len(set(EVERY_KEY)) == len(EVERY_KEY) == 27
