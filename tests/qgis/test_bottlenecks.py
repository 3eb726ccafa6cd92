"""Bottlenecks, against a plain search over every link, bin and day of generated streets."""

from __future__ import annotations

import math
import random
import shutil
import sqlite3
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pandas as pd
import pytest
from qgis.core import (
    NULL,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayer,
)

from roadpulse.aggregation.contract.days import WORKDAYS, Days
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.bottlenecks import Network, SlowBins, find
from roadpulse.mapping.writer.geopackage import write_geopackage
from tests.qgis.speed_maps import column, wkb
from tests.terminal import Terminal

Point = tuple[float, float]
Line = list[Point]

SETS = ("Mon-Fri", "Sat-Sun")


# -- the plain search ------------------------------------------------------------------------------------


def bearing(a: Point, b: Point) -> float:
    return math.atan2(b[1] - a[1], b[0] - a[0])


def is_opposite(one: Line, other: Line) -> bool:
    return len(one) == len(other) and all(math.dist(a, b) <= 1 for a, b in zip(one, other[::-1]))


def goes_on(lines: list[Line]) -> set[tuple[int, int]]:
    """Pairs of links of which the one is the next of the other; all segments are longer than 20 m."""
    meet = {
        (a, b)
        for a, one in enumerate(lines)
        for b, other in enumerate(lines)
        if a != b and math.dist(one[-1], other[0]) <= 1 and not is_opposite(one, other)
    }
    pairs = set()
    for a, b in meet:
        turn = bearing(*lines[b][:2]) - bearing(*lines[a][-2:])
        turn = abs(math.degrees(math.atan2(math.sin(turn), math.cos(turn))))
        alone = sum(x == a for x, _ in meet) == 1 == sum(y == b for _, y in meet)
        if turn <= 60 or alone:
            pairs.add((a, b))
    return pairs


def groups(nodes: list[Any], joined: Any) -> list[list[Any]]:
    """Connected groups of nodes, by going from each to all that are joined to it."""
    rest, found = list(nodes), []
    while rest:
        group, ahead = [], [rest.pop(0)]
        while ahead:
            node = ahead.pop()
            group.append(node)
            next_ = [other for other in rest if joined(node, other)]
            rest = [other for other in rest if other not in next_]
            ahead += next_
        found.append(group)
    return found


def plain_search(
    lines: list[Line], shares: dict[tuple[int, int, int], float], threshold: float, hours: float
) -> list[tuple[Any, ...]]:
    """Bottlenecks as tuples; `shares` by link, set and bin of those with enough trips."""
    pairs = goes_on(lines)
    km = [sum(map(math.dist, line, line[1:])) / 1000 for line in lines]
    slow = sorted(cell for cell, share in shares.items() if share < threshold)

    def beside(one: Any, other: Any) -> bool:
        return one[1:] == other[1:] and ((one[0], other[0]) in pairs or (other[0], one[0]) in pairs)

    def joined(one: Any, other: Any) -> bool:
        same_link = one[0] == other[0]
        in_time = one[1] == other[1] and abs(one[2] - other[2]) == 1
        return beside(one, other) or (same_link and (in_time or one[2] == other[2]))

    found = []
    for group in groups(slow, joined):
        stretches = groups(group, beside)
        by_set = {s: {b for _, t, b in group if t == s} for _, s, _ in group}
        found.append(
            (
                tuple(sorted({link for link, _, _ in group})),
                max(sum(km[link] for link, _, _ in each) for each in stretches),
                min(b for _, _, b in group),
                max(b for _, _, b in group) + 1,
                max(map(len, by_set.values())),
                min(shares[cell] for cell in group),
                len(by_set),
                sum(km[cell[0]] * hours * (1 - shares[cell]) for cell in group),
            )
        )
    return sorted(found, key=lambda each: (-each[-1], each[0]))


# -- generated streets -------------------------------------------------------------------------------------


def streets(rng: random.Random, size: int = 4) -> list[Line]:
    """A grid of links in both directions with some missing, a link that bends by 90° in between, ends that
    are up to 0.6 m and 3 m off, and a loop."""
    lines: list[Line] = []
    for x in range(size):
        for y in range(size):
            here = (500_000.0 + 400 * x, 6_000_000.0 + 300 * y)
            for there in ((here[0] + 400, here[1]), (here[0], here[1] + 300)):
                if rng.random() < 0.15:
                    continue
                line = [here, there]
                if rng.random() < 0.3:  # a bend of its own
                    line.insert(1, ((here[0] + there[0]) / 2 + 90, (here[1] + there[1]) / 2 + 90))
                lines.append(line)
                if rng.random() < 0.7:
                    lines.append(line[::-1])
    for line in rng.sample(lines, 6):
        off = rng.choice([0.6, 3.0])
        line[-1] = (line[-1][0] + off, line[-1][1])
    corner = (505_000.0, 6_000_000.0)
    lines += [[corner, (505_000.0, 6_000_200.0)], [(505_000.0, 6_000_200.0), (505_200.0, 6_000_200.0)]]
    lines += [[(506_000.0, 6e6), (506_100.0, 6e6), (506_100.0, 6_000_100.0), (506_000.0, 6e6)]]
    return lines


def network(lines: list[Line]) -> Network:
    points = np.array([(x, y, 0.0) for line in lines for x, y in line])
    of = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    return Network.of(points, of, np.arange(len(lines)), len(lines))


def as_tuples(found: list[Any], bin_minutes: int) -> list[tuple[Any, ...]]:
    return [
        (
            each.links, each.length_km, each.begin // bin_minutes, each.end // bin_minutes,
            each.minutes // bin_minutes, each.worst_share, each.days, each.delay,
        )
        for each in found
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_bottlenecks_equal_a_plain_search(seed: int) -> None:
    rng = random.Random(seed)
    lines, n_bins = streets(rng), 6
    shares = {}
    for link in range(len(lines)):
        for day in range(2):
            for at in range(n_bins):
                if rng.random() < 0.85:  # else too few trips
                    shares[link, day, at] = round(rng.uniform(0.05, 1.05), 3)
    threshold = rng.choice([0.2, 0.35, 0.5])
    cells = sorted((link, day * n_bins + at, v) for (link, day, at), v in shares.items() if v < threshold)
    slow = SlowBins(*(np.array(each) for each in zip(*cells)))
    net = network(lines)
    assert set(zip(net.before.tolist(), net.after.tolist())) == goes_on(lines)
    found = as_tuples(find(net, slow, n_bins, 30), 30)
    expected = plain_search(lines, shares, threshold, 0.5)
    assert len(expected) > 5
    assert [each[0] for each in found] == [each[0] for each in expected]
    np.testing.assert_allclose(
        [each[1:] for each in found], [each[1:] for each in expected], rtol=1e-9, atol=1e-9
    )


# -- a map file --------------------------------------------------------------------------------------------

A, B, B_BACK, A_BACK, SIDE, FAR = 1, 2, 3, 4, 5, 6
LINES = {
    A: "LineString (500000 6000000, 501000 6000000)",
    B: "LineString (501000 6000000, 503000 6000000)",
    B_BACK: "LineString (503000 6000000, 501000 6000000)",
    A_BACK: "LineString (501000 6000000, 500000 6000000)",
    SIDE: "LineString (501000 6000000, 501000 6001000)",
    FAR: "LineString (509000 6000000, 510000 6000000)",
}
ON, OFF = SETS
ROWS = [
    (A, ON, "07:00", 9, 0.50), (A, ON, "08:00", 9, 0.30), (B, ON, "08:00", 9, 0.40),
    (B, ON, "09:00", 9, 0.55),
    (A, OFF, "08:00", 9, 0.50),  # the same at the weekend
    (A, ON, "10:00", 2, 0.20), (A, ON, "11:00", 9, 0.58),  # too few trips between
    (A_BACK, ON, "08:00", 9, 0.59), (B_BACK, ON, "08:00", 9, 0.90), (SIDE, ON, "08:00", 9, 0.52),
    (FAR, OFF, "23:00", 9, 0.60),  # not below
]  # fmt: skip


def speed_map(path: Path, statistics: tuple[str, ...], rows: list[Any] = ROWS) -> str:
    spec = RunSpec(
        trips="trips", store="store", speed_unit="km/h", time_zone="Europe/London", bin_minutes=60,
        min_trips=5, days=Days(WORKDAYS), statistics=statistics,
    )  # fmt: skip
    by_time = pd.DataFrame(rows, columns=["link_id", "days", "bin", "n_trips", "free_flow_share"])
    speeds = pd.DataFrame({"link_id": list(LINES), "n_trips": 40, "free_flow_share": 0.9})
    for table in (by_time, speeds):
        table["n_points"] = 50
        table["mean"] = 30.0
    names = column("Quay, “old”", "Quay, “old”", "Quay, “old”", "Quay, “old”", None, "Far Road")
    geometry = LinkGeometry(
        np.array(list(LINES)), column(*map(wkb, LINES.values())), "EPSG:32630", names=names
    )
    keep = ["link_id", "n_points", "n_trips", *(key for key in statistics if key in speeds)]
    keep = list(dict.fromkeys(keep))
    write_geopackage(path, speeds[keep], by_time[["days", "bin", *keep]], geometry, {}, spec)
    return f"{path}|layername=links"


WITH_SHARE = ("n_points", "n_trips", "mean", "free_flow_share")


@pytest.fixture(scope="module")
def layer(qgis_app: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    return speed_map(tmp_path_factory.mktemp("map") / "speeds.gpkg", WITH_SHARE)


def rows_of(layer: QgsVectorLayer) -> list[dict[str, Any]]:
    return [feature.attributeMap() for feature in layer.getFeatures()]


def test_a_map_gives_a_ranked_table_that_can_be_read(processing: Any, layer: str) -> None:
    result = processing.run("roadpulse:bottlenecks", {"INPUT": layer, "OUTPUT": "TEMPORARY_OUTPUT"})
    rows = rows_of(result["OUTPUT"])
    assert [row["link_ids"] for row in rows] == ["1,2", "5", "1", "4"]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    first = rows[0]
    assert (first["from"], first["to"], first["minutes"]) == ("07:00", "10:00", 180)
    assert (first["days"], first["of_days"], first["worst_share"]) == (2, 2, 0.3)
    assert first["length_km"] == pytest.approx(3.0, rel=1e-3)  # UTM is 0.04 % short there
    assert first["delay"] == pytest.approx(0.5 + 0.7 + 2 * 0.6 + 2 * 0.45 + 0.5, rel=1e-3)
    assert first["streets"] == "Quay, “old”" and rows[1]["streets"] == NULL
    assert (rows[2]["from"], rows[2]["to"], rows[2]["days"]) == ("11:00", "12:00", 1)
    shape = next(result["OUTPUT"].getFeatures()).geometry()
    assert shape.length() == pytest.approx(3000) and result["OUTPUT"].crs().authid() == "EPSG:32630"
    assert result["BOTTLENECK_COUNT"] == 4


def test_a_map_without_a_slow_link_gives_an_empty_layer_and_a_sentence(processing: Any, layer: str) -> None:
    feedback = QgsProcessingFeedback(False)
    result = processing.run(
        "roadpulse:bottlenecks",
        {"INPUT": layer, "THRESHOLD": 0.1, "OUTPUT": "TEMPORARY_OUTPUT"},
        feedback=feedback,
    )
    assert result["OUTPUT"].featureCount() == 0 == result["BOTTLENECK_COUNT"]
    assert "there is no bottleneck" in feedback.textLog()


def test_a_map_without_the_share_says_how_to_get_it(processing: Any, tmp_path: Path) -> None:
    bare = speed_map(tmp_path / "bare.gpkg", ("n_points", "n_trips", "mean"))
    with pytest.raises(QgsProcessingException, match=r"(?s)Show other statistic….*STATISTICS"):
        processing.run("roadpulse:bottlenecks", {"INPUT": bare, "OUTPUT": "TEMPORARY_OUTPUT"})


def test_the_map_itself_is_not_overwritten(processing: Any, layer: str) -> None:
    path = layer.split("|", maxsplit=1)[0]
    before = Path(path).read_bytes()
    with pytest.raises(QgsProcessingException, match="would destroy it"):
        processing.run("roadpulse:bottlenecks", {"INPUT": layer, "OUTPUT": path})
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize(
    "shape",
    [None, b"", b"GP\0\1", b"GP\0\x0f" + bytes(60),
     b"GP\0\1" + bytes(4) + b"\1\2\0\0\0\xff\xff\xff\xff" + bytes(30),
     b"GP\0\1" + bytes(4) + wkb("Point (500000 6000000)"), b"GP\0\1" + bytes(4) + wkb("LineString EMPTY")],
    ids=["null", "empty", "cut", "unknown envelope", "too many points", "a point", "no point"],
)  # fmt: skip
def test_a_link_without_a_line_is_a_bottleneck_of_its_own(
    processing: Any, layer: str, tmp_path: Path, shape: Optional[bytes]
) -> None:
    path = tmp_path / "damaged.gpkg"
    shutil.copy(layer.split("|", maxsplit=1)[0], path)
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE links SET geom = ? WHERE link_id = 2", (shape,))
        database.commit()
    output = str(tmp_path / "bottlenecks.gpkg")
    processing.run("roadpulse:bottlenecks", {"INPUT": f"{path}|layername=links", "OUTPUT": output})
    rows = {row["link_ids"]: row["length_km"] for row in rows_of(QgsVectorLayer(output, "", "ogr"))}
    assert rows["2"] == 0 and set(rows) == {"1", "2", "4", "5"}


@pytest.mark.skipif(shutil.which("qgis_process") is None, reason="there is no qgis_process")
def test_a_terminal_whose_qgis_brings_an_older_geos_finds_the_same(layer: str, tmp_path: Path) -> None:
    """QGIS 3.40 imports shapely for itself, and in its programs its own GEOS comes first."""
    output = tmp_path / "bottlenecks.gpkg"
    terminal = Terminal(tmp_path / "qgis")
    assert "BOTTLENECK_COUNT:\t4" in terminal(
        "run", "roadpulse:bottlenecks", f"--INPUT={layer}", f"--OUTPUT={output}"
    )
    shapes = [feature.geometry() for feature in QgsVectorLayer(str(output), "", "ogr").getFeatures()]
    assert [round(shape.length()) for shape in shapes] == [3000, 1000, 1000, 1000]


def test_a_cancelled_search_ends_without_a_result(processing: Any, layer: str) -> None:
    feedback = QgsProcessingFeedback(False)
    feedback.cancel()
    parameters = {"INPUT": layer, "OUTPUT": "TEMPORARY_OUTPUT"}
    assert "OUTPUT" not in processing.run("roadpulse:bottlenecks", parameters, feedback=feedback)


def test_the_loaded_layer_is_drawn_by_rank_and_has_the_rule(
    processing: Any, layer: str, tmp_path: Path
) -> None:
    project, context = QgsProject(), QgsProcessingContext()
    context.setProject(project)
    output = str(tmp_path / "bottlenecks.gpkg")
    details = QgsProcessingContext.LayerDetails("Bottlenecks", project, "OUTPUT")
    context.addLayerToLoadOnCompletion(output, details)
    processing.run("roadpulse:bottlenecks", {"INPUT": layer, "OUTPUT": output}, context=context)
    loaded = QgsVectorLayer(output, "Bottlenecks", "ogr")
    processor = context.layerToLoadOnCompletionDetails(output).postProcessor()
    processor.postProcessLayer(loaded, context, QgsProcessingFeedback(False))
    assert loaded.renderer().classAttribute() == "rank"
    assert "below 0.6" in loaded.metadata().abstract() and "at least 5 trips" in loaded.metadata().abstract()
    assert loaded.attributeDisplayName(loaded.fields().lookupField("minutes")) == "Longest duration (min)"


def test_no_street_is_a_pair_of_itself() -> None:
    """A link whose end is its start is not its own continuation, nor is the way back of a dead end."""
    lines = [[(0.0, 0.0), (100.0, 0.0), (0.0, 50.0), (0.0, 0.0)], [(900.0, 0.0), (999.0, 0.0)]]
    lines.append(lines[1][::-1])
    assert not len(network(lines).before)
    assert not any(goes_on([a, b]) for a, b in combinations(lines[1:], 2))
