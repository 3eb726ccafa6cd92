"""The generated trips: in the format of 2019, on the roads, with rush hours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest

from roadpulse.democity.chance import Chance
from roadpulse.democity.driving import drive
from roadpulse.democity.network import HIGHWAYS, Network, make_network
from roadpulse.democity.routes import Router, follow
from roadpulse.democity.traffic import MPH, Traffic, make_traffic
from roadpulse.democity.trips import GenerationCancelled, TripMaker, TripTotals, write_trips

N_TRIPS = 240


@pytest.fixture(scope="module")
def network() -> Network:
    return make_network(seed=3, size=1500)


@pytest.fixture(scope="module")
def traffic(network: Network) -> Traffic:
    return make_traffic(network, 3)


@pytest.fixture(scope="module")
def folder(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("city")
    write_trips(network, path, N_TRIPS, seed=3)
    return path


@pytest.fixture(scope="module")
def trips(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((folder / "trips").iterdir())]


def points(trips: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for trip in trips:
        yield from trip["data"]


def link_of(point: dict[str, Any]) -> Optional[int]:
    text = (point.get("dbResponse") or {}).get("linkID")
    return None if text is None else int(text)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "trips").iterdir())}


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers(
    network: Network, folder: Path, tmp_path: Path
) -> None:
    write_trips(network, tmp_path, N_TRIPS, seed=3, workers=2)
    assert contents(tmp_path) == contents(folder)


def test_another_seed_gives_other_trips(network: Network, folder: Path, tmp_path: Path) -> None:
    write_trips(network, tmp_path, 5, seed=4)
    assert not set(contents(tmp_path).values()) & set(contents(folder).values())


def test_trips_are_numbered_files_in_order_of_their_start(trips: list[dict[str, Any]], folder: Path) -> None:
    assert list(contents(folder)) == [f"trip_{n:05d}.json" for n in range(N_TRIPS)]
    starts = [trip["data"][0]["timestamp"] for trip in trips]
    assert starts == sorted(starts)
    assert len({trip["tripId"] for trip in trips}) == N_TRIPS


def test_times_are_the_seconds_of_a_summer_tuesday_in_utc(trips: list[dict[str, Any]]) -> None:
    low = datetime(2025, 6, 9, 23, tzinfo=timezone.utc)
    high = datetime(2025, 6, 10, 23, tzinfo=timezone.utc)
    for trip in trips:
        times = [datetime.fromisoformat(point["timestamp"].replace("Z", "+00:00")) for point in trip["data"]]
        assert low <= times[0] and times[-1] < high
        assert {(b - a).total_seconds() for a, b in zip(times, times[1:])} <= {1.0}
        assert (trip["start"], trip["end"]) == (trip["data"][0]["timestamp"], trip["data"][-1]["timestamp"])
    assert trips[0]["start"].startswith("2025-06-09T23:")


def test_a_few_points_lack_link_or_speed_in_every_way_that_real_data_do(trips: list[dict[str, Any]]) -> None:
    every = list(points(trips))
    lost = [point for point in every if link_of(point) is None]
    assert 0.01 < len(lost) / len(every) < 0.06
    ways = {json.dumps(point.get("dbResponse", "absent")) for point in lost}
    assert ways == {"null", "{}", '"absent"', '{"linkID": null}'}
    speechless = [point for point in every if point.get("absVelocity") is None]
    assert 0.003 < len(speechless) / len(every) < 0.01
    assert {"absVelocity" in point for point in speechless} == {True, False}


def test_some_files_are_pretty_printed_and_the_others_stand_on_one_line(folder: Path) -> None:
    lines = [content.count(b"\n") for content in contents(folder).values()]
    assert 0.03 < np.mean([n > 1 for n in lines]) < 0.2
    assert min(lines) == 1


def test_the_links_of_a_trip_follow_each_other(network: Network, traffic: Traffic, tmp_path: Path) -> None:
    maker = TripMaker(network, traffic, tmp_path, 100, 3, date(2025, 6, 10), rich=False)
    for number in range(0, 100, 5):
        link = maker.trip(number, Chance(3, "trip", number)).link
        passed = link[np.concatenate(([True], np.diff(link) != 0))]
        for one, other in zip(passed, passed[1:]):
            # A short link can be passed between two seconds.
            between = network.to_node[one] == network.from_node[other]
            skipped = np.flatnonzero(network.from_node == network.to_node[one])
            assert between or network.from_node[other] in network.to_node[skipped]


def test_points_lie_on_the_line_of_their_link(network: Network, trips: list[dict[str, Any]]) -> None:
    shapely = pytest.importorskip("shapely")
    row = {int(link): i for i, link in enumerate(network.link_id)}
    some = [point for point in points(trips[::12]) if link_of(point) is not None]
    stretch = np.array([np.cos(np.radians(52.2)), 1.0]) * 111_300.0
    lines = [shapely.LineString(network.line(row[link_of(point) or 0]) * stretch) for point in some]
    where = shapely.points(np.array([(point["lon"], point["lat"]) for point in some]) * stretch)
    assert shapely.distance(lines, where).max() < 0.5


def test_speed_is_the_distance_driven_in_a_second_and_changes_smoothly(
    network: Network, traffic: Traffic, tmp_path: Path
) -> None:
    maker = TripMaker(network, traffic, tmp_path, 100, 3, date(2025, 6, 10), rich=False)
    for number in range(0, 100, 10):
        trip = maker.trip(number, Chance(3, "trip", number))
        assert np.allclose(np.diff(trip.metres), trip.speed[:-1], atol=1e-9)
        change = np.diff(trip.speed)
        assert change.max() < 3.5 and change.min() > -5.0
        assert trip.speed.max() < 80 * MPH
    stops = np.concatenate([maker.trip(n, Chance(3, "trip", n)).speed == 0 for n in range(35, 45)])
    assert 0.02 < stops.mean() < 0.5


def test_most_trips_start_in_the_rush_hours_and_few_at_night(trips: list[dict[str, Any]]) -> None:
    local = np.array([(int(trip["start"][11:13]) + 1) % 24 for trip in trips])
    per_hour = np.bincount(local, minlength=24)
    assert per_hour[[7, 8, 16, 17]].min() > 1.3 * per_hour[10:14].mean()
    assert 0 < per_hour[0:5].mean() < 0.2 * per_hour[8]


def test_bridges_and_the_centre_are_slow_at_eight_and_free_at_three(
    network: Network, traffic: Traffic
) -> None:
    main = (network.highway >= HIGHWAYS.index("trunk")) & (network.highway <= HIGHWAYS.index("secondary"))
    bridges = np.flatnonzero(network.bridge & main)
    centre = np.flatnonzero(main & (network.centrality[network.to_node] < 0.25))
    outside = np.flatnonzero(network.centrality[network.from_node] > 1.1)
    drop = {}
    for name, links in (("bridges", bridges), ("centre", centre), ("outside", outside)):
        night, morning = (traffic.speed(links, np.full(len(links), hour)) for hour in (3.0, 8.0))
        assert (morning <= night).all()
        drop[name] = 1.0 - morning.sum() / night.sum()
    assert drop["bridges"] > 0.25
    assert drop["centre"] > 0.25
    assert drop["outside"] < 0.6 * min(drop["bridges"], drop["centre"])


def test_the_morning_is_slow_inbound_and_the_evening_outbound(network: Network, traffic: Traffic) -> None:
    radius = np.hypot(*network.nodes.T)
    main = (network.highway >= HIGHWAYS.index("trunk")) & (network.highway <= HIGHWAYS.index("secondary"))
    toward = (radius[network.from_node] - radius[network.to_node]) / network.length
    inbound, outbound = np.flatnonzero(main & (toward > 0.8)), np.flatnonzero(main & (toward < -0.8))

    def lost(links: np.ndarray, hour: float) -> float:  # type: ignore[type-arg]
        return float(np.mean(traffic.free[links] / traffic.speed(links, np.full(len(links), hour))))

    assert lost(inbound, 8.0) > lost(outbound, 8.0)
    assert lost(outbound, 17.5) > lost(inbound, 17.5)


def test_the_same_drives_over_a_bridge_are_slower_at_eight_than_at_three(
    network: Network, traffic: Traffic
) -> None:
    bridges = np.flatnonzero(network.bridge & (network.highway == HIGHWAYS.index("primary")))
    tree = traffic.trees[0, 0][0]
    ways = (np.array(follow(network, tree, home), dtype=np.int64) for home in traffic.homes.tolist())
    routes = [way for way in ways if np.isin(way, bridges).any()][::20]
    assert routes
    means = {}
    for hour in (3, 8):
        drives = [drive(network, traffic, way, hour * 3600.0, Chance(n)) for n, way in enumerate(routes)]
        means[hour] = np.mean(np.concatenate([trip.speed[np.isin(trip.link, bridges)] for trip in drives]))
    assert means[8] < 0.8 * means[3]


def test_a_way_found_is_the_fastest(network: Network, traffic: Traffic) -> None:
    """Checked against relaxing all links until nothing changes (Bellman and Ford)."""
    seconds = np.round(network.length / traffic.free * 1000) / 1000
    for inbound in (True, False):
        near, far = (network.to_node, network.from_node) if inbound else (network.from_node, network.to_node)
        best = np.full(len(network.nodes), np.inf)
        best[7] = 0.0
        while True:
            before = best.copy()
            np.minimum.at(best, far, before[near] + seconds)
            if np.array_equal(best, before):
                break
        tree = Router(network).tree(7, inbound, seconds)
        for node in range(0, len(network.nodes), 29):
            links = follow(network, tree, node)
            assert seconds[links].sum() == pytest.approx(best[node], abs=1e-6)
            ends = (network.from_node[links], network.to_node[links])
            assert np.array_equal(ends[1][:-1], ends[0][1:])


def test_rich_trips_have_the_sizes_of_2019(network: Network, tmp_path: Path) -> None:
    totals = write_trips(network, tmp_path, 60, seed=3, rich=True)
    assert totals.points / totals.trips == pytest.approx(1600, rel=0.12)
    assert totals.bytes / totals.points == pytest.approx(285, rel=0.1)
    trip = json.loads((tmp_path / "trips" / "trip_00030.json").read_bytes())
    point = next(point for point in trip["data"] if link_of(point) and "absVelocity" in point)
    assert {"altitude", "heading", "accuracy"} < set(point)
    assert len(point["dbResponse"]) > 4
    assert all(0 <= point["heading"] < 360 for point in trip["data"])


def test_totals_count_what_was_written(network: Network, folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    totals = write_trips(network, tmp_path, 60, seed=3, progress=lambda done, of: seen.append((done, of)))
    written = contents(tmp_path)
    expected = sum(len(json.loads(content)["data"]) for content in written.values())
    assert totals == TripTotals(60, expected, sum(map(len, written.values())))
    assert seen[-1] == (60, 60) and seen == sorted(seen)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_cancelled_generation_stops_soon_and_leaves_whole_files(
    network: Network, tmp_path: Path, workers: int
) -> None:
    with pytest.raises(GenerationCancelled):
        write_trips(network, tmp_path, 5000, seed=3, workers=workers, cancelled=lambda: True)
    written = contents(tmp_path)
    assert 0 < len(written) < 1000
    for content in written.values():
        json.loads(content)


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 3, 30), 23), (date(2025, 10, 26), 25)])
def test_trips_stay_in_their_local_day_when_the_clocks_change(
    network: Network, tmp_path: Path, day: date, hours: int
) -> None:
    write_trips(network, tmp_path, 30, seed=3, day=day)
    trips = [json.loads(content) for content in contents(tmp_path).values()]
    first, last = (
        datetime.fromisoformat(t.replace("Z", "+00:00")) for t in (trips[0]["start"], trips[-1]["end"])
    )
    assert (last - first).total_seconds() < hours * 3600
