"""The generated road network: the same for a seed, connected, and with the parts of a city."""

from __future__ import annotations

import csv
import dataclasses
import struct

import numpy as np
import pytest

from roadpulse.democity.network import HIGHWAYS, Network, make_network, write_streets_csv


@pytest.fixture(scope="module")
def network() -> Network:
    return make_network(seed=3, size=2000)


def rank(name: str) -> int:
    return HIGHWAYS.index(name)


def test_the_same_seed_draws_the_same_network_to_the_last_bit(network: Network) -> None:
    again = make_network(seed=3, size=2000)
    for field in dataclasses.fields(network):
        one, other = getattr(network, field.name), getattr(again, field.name)
        if isinstance(one, np.ndarray):
            assert one.tobytes() == other.tobytes(), field.name
        elif field.name in ("water", "parks"):
            assert [ring.tobytes() for ring in one] == [ring.tobytes() for ring in other]
        else:
            assert one == other, field.name


def test_another_seed_draws_another_network(network: Network) -> None:
    other = make_network(seed=4, size=2000)
    assert len(other) != len(network) or not np.array_equal(other.metres, network.metres)


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize("size", [300, 1000, 5000])
def test_a_network_has_about_as_many_links_as_asked_for(seed: int, size: int) -> None:
    assert 0.8 * size < len(make_network(seed, size)) < 1.7 * size


@pytest.mark.parametrize("size", [299, 500_001, "enormous"])
def test_an_impossible_size_is_refused_with_the_choices(size: object) -> None:
    with pytest.raises(ValueError, match="medium"):
        make_network(1, size)  # type: ignore[arg-type]


def test_link_ids_are_unique_and_do_not_fit_32_bits(network: Network) -> None:
    assert network.link_id.dtype == np.int64
    assert len(np.unique(network.link_id)) == len(network)
    assert network.link_id.min() > 2**32


@pytest.mark.parametrize("seed", range(1, 9))
def test_everybody_can_drive_from_everywhere_to_everywhere(seed: int) -> None:
    network = make_network(seed, 1000)
    for start, end in ((network.from_node, network.to_node), (network.to_node, network.from_node)):
        seen = np.zeros(len(network.nodes), dtype=bool)
        seen[0] = True
        while True:
            reached = end[seen[start]]
            if seen[reached].all():
                break
            seen[reached] = True
        assert seen.all()


def test_lines_start_and_end_at_the_nodes_and_are_as_long_as_stated(network: Network) -> None:
    first, last = network.first[:-1], network.first[1:] - 1
    assert np.hypot(*(network.metres[first] - network.nodes[network.from_node]).T).max() < 0.05
    assert np.hypot(*(network.metres[last] - network.nodes[network.to_node]).T).max() < 0.05
    for link in range(0, len(network), 50):
        line = network.metres[network.first[link] : network.first[link + 1]]
        assert np.hypot(*np.diff(line, axis=0).T).sum() == pytest.approx(network.length[link], abs=0.02)
    assert network.length.min() > 5.0


def test_lengths_on_the_ellipsoid_agree_with_the_coordinates(network: Network) -> None:
    def ground(a: np.ndarray, b: np.ndarray) -> float:  # type: ignore[type-arg]
        """Metres between two near points of the WGS 84 ellipsoid."""
        e2, phi = 0.00669437999014, np.radians((a[1] + b[1]) / 2)
        w = np.sqrt(1 - e2 * np.sin(phi) ** 2)
        east = np.radians(b[0] - a[0]) * np.cos(phi) * 6378137.0 / w
        return float(np.hypot(east, np.radians(b[1] - a[1]) * 6378137.0 * (1 - e2) / w**3))

    for link in range(0, len(network), 37):
        line = network.line(link)
        total = sum(ground(a, b) for a, b in zip(line, line[1:]))
        assert total == pytest.approx(network.length[link], rel=2e-3, abs=0.1)


def test_a_two_way_road_is_two_links_in_opposite_directions(network: Network) -> None:
    lines = {network.line(i).tobytes(): i for i in range(len(network))}
    for link in np.flatnonzero(~network.oneway):
        back = lines[np.ascontiguousarray(network.line(link)[::-1]).tobytes()]
        assert network.from_node[back] == network.to_node[link]
        assert network.way_id[back] == network.way_id[link]


def test_a_one_way_street_has_no_link_back(network: Network) -> None:
    pairs = set(zip(network.from_node.tolist(), network.to_node.tolist(), network.way_id.tolist()))
    streets = np.flatnonzero(network.oneway & (network.highway > rank("trunk")))
    assert len(streets) > 20
    back = [(network.to_node[i], network.from_node[i], network.way_id[i]) in pairs for i in streets]
    assert not any(back)


def test_the_city_has_all_classes_of_roads_bridges_water_dead_ends_and_signals(network: Network) -> None:
    assert set(network.highway_names()) >= set(HIGHWAYS) - {"trunk", "unclassified"}
    assert network.highway_names().count("residential") > 0.4 * len(network)
    assert network.bridge.sum() >= 6
    assert len(network.water) == 1
    assert network.signals.sum() > 10
    ways_out = np.bincount(network.from_node)
    assert 0.05 < (ways_out == 1).mean() < 0.35
    assert (ways_out >= 4).mean() > 0.05


@pytest.mark.parametrize("seed", range(1, 9))
def test_only_bridges_cross_the_river(seed: int) -> None:
    shapely = pytest.importorskip("shapely")
    network = make_network(seed, 2500)
    river = shapely.Polygon(network.water[0])
    assert river.is_valid
    lines = [shapely.LineString(network.line(i)) for i in range(len(network))]
    wet = np.array([river.intersects(line) for line in lines])
    assert not (wet & ~network.bridge).any()
    assert (wet & network.bridge).sum() >= 6
    for ring in network.parks:
        assert not shapely.Polygon(ring).intersects(river)


def test_traffic_on_the_motorway_keeps_to_the_left(network: Network) -> None:
    """Going anticlockwise, the left side is the inner one: that carriageway is the shorter one."""
    motorway = network.highway == rank("motorway")
    names = np.array(network.names)
    inner = network.length[motorway & (names == "M98 Orbital anticlockwise")].sum()
    outer = network.length[motorway & (names == "M98 Orbital clockwise")].sum()
    assert outer - inner == pytest.approx(2 * np.pi * 18.0, rel=0.15)


def test_wkb_holds_the_lines(network: Network) -> None:
    for link, blob in enumerate(network.wkb()):
        order, kind, count = struct.unpack_from("<BII", blob)
        assert (order, kind, count) == (1, 2, len(network.line(link)))
        assert np.frombuffer(blob, "<f8", offset=9).tobytes() == network.line(link).tobytes()


def test_streets_csv_has_one_row_a_link_with_the_line_as_wkt(network: Network, tmp_path) -> None:  # type: ignore[no-untyped-def]
    shapely = pytest.importorskip("shapely")
    write_streets_csv(network, tmp_path / "streets.csv")
    with (tmp_path / "streets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["link_id"]) for row in rows] == network.link_id.tolist()
    for link in range(0, len(network), 100):
        line = shapely.from_wkt(rows[link]["wkt"])
        assert np.allclose(shapely.get_coordinates(line), network.line(link), atol=1e-7)
        assert rows[link]["highway"] == HIGHWAYS[network.highway[link]]
        assert int(rows[link]["limit_mph"]) == network.limit[link]
