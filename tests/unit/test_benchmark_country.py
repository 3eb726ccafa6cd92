"""The generated country of the benchmarks: what its trips claim to be."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.country_roads import Country, make_country
from benchmarks.country_trips import DAYS, FIRST_DAY, CountryTrips, TripPlan, plan_trips
from roadpulse.democity.network import HIGHWAYS

SMALL = ((2, 1_000, 42_000.0), (1, 600, 28_000.0), (2, 400, 15_000.0), (4, 300, 7_000.0))


@pytest.fixture(scope="module")
def country() -> Country:
    return make_country(7, SMALL)


@pytest.fixture(scope="module")
def plan(country: Country) -> TripPlan:
    return plan_trips(country, 7, 500)


def test_motorways_join_the_cities_and_every_link_has_an_id_of_its_own(country: Country) -> None:
    network = country.network
    motorways = [road for road in country.roads if road.highway == "motorway"]

    assert len(np.unique(network.link_id)) == len(network)
    assert motorways
    for road in motorways:
        assert max(country.places[place].rank for place in road.places) <= 1
        for links in road.links:
            assert {HIGHWAYS[code] for code in network.highway[links]} == {"motorway"}
            assert network.length[links].sum() > 10_000


def test_trips_follow_the_roads_link_by_link_and_reach_all_of_them(country: Country, plan: TripPlan) -> None:
    network = country.network

    for number in range(len(plan.starts)):
        route = plan.route(number)
        assert (network.from_node[route[1:]] == network.to_node[route[:-1]]).all()
    assert len(np.unique(plan.links)) == len(network)


def test_trips_are_spread_over_two_weeks_and_one_day_more(plan: TripPlan) -> None:
    a_day = np.bincount(plan.days)

    assert len(a_day) == DAYS + 1
    assert a_day[:DAYS].sum() == 500
    assert a_day[[5, 6, 12, 13]].mean() < a_day[[0, 1, 2, 3, 4]].mean()


def test_a_file_has_times_of_its_day_in_order(country: Country, plan: TripPlan, tmp_path: Path) -> None:
    number = int(np.flatnonzero(plan.days == 3)[0])
    day = FIRST_DAY + timedelta(days=3)
    (tmp_path / day.isoformat()).mkdir()

    CountryTrips(country.network, country.traffic, tmp_path, plan).write(range(number, number + 1))

    (file,) = (tmp_path / day.isoformat()).iterdir()
    times = [point["timestamp"] for point in json.loads(file.read_bytes())["data"]]
    assert times == sorted(times)
    assert {time[:10] for time in times} == {"2019-03-07"}
