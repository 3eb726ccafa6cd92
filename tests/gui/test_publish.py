"""Maps worth publishing, made in one session of the real QGIS: each test looks at a part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.gui.desktop import SCREENS, Desktop, always_waits

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Any:
    """How the session is driven: in a fresh profile."""

    def drive() -> dict[str, Any]:
        desktop = Desktop(tmp_path_factory.mktemp("publish") / "qgis", checkout)
        folder = desktop.folder / "home"
        folder.mkdir(parents=True)
        return desktop.drive("publish", folder=folder, root=ROOT, screens=f"{SCREENS}/publish")

    return drive


@pytest.fixture(scope="module")
def report(session: Any) -> dict[str, Any]:
    found: dict[str, Any] = session()
    return found


def test_the_time_bar_plays_steps_and_jumps(report: dict[str, Any]) -> None:
    seen = report["time_bar"]
    assert seen["hidden at first"] and seen["hidden at last"]
    assert seen["off"] == ["Whole period, Europe/London", None]
    assert (seen["playing"][0], seen["paused"]) == ("Pause", ["Play", 0])
    assert (seen["first"], seen["next"]) == ("Wed 00:00", "Wed 01:00")
    # The main road goes at 3 mph at 08:00, against 15 all day, and at 28 at 03:00.
    assert seen["worst"] == ["Wed 08:00", "08:00 – 09:00, Europe/London", "Worst hour"]
    assert seen["clock"] == ["08:00 – 09:00", "Europe/London"]
    assert (seen["clicked"], seen["dragged"]) == ("Wed 17:00", "Wed 20:00")
    assert seen["keys"] == [f"Wed {hour:02d}:00" for hour in (0, 1, 7, 6, 23, 23)]
    assert seen["described"] == ["Time", "23:00 – 24:00, Europe/London"]
    assert seen["loops"] and not seen["loops no more"]
    assert seen["speed"] == [8, 8]
    assert seen["closed"] == [True, ["Wed 09:00", "Wed 08:00"]]


def test_the_time_bar_follows_qgis_panel_and_changes_its_range_only_when_asked(
    report: dict[str, Any],
) -> None:
    seen = report["time_bar"]
    day, part = (["2025-01-01 00:00", "2025-01-02 00:00"], ["2025-01-01 06:00", "2025-01-01 10:00"])
    assert seen["panel"]["animated"]
    assert (seen["panel"]["step"], seen["panel"]["range"]) == ([1, "hours"], day)
    assert seen["bounds"] == [6, 10]
    assert seen["end of the range"] == ["Wed 09:00", part]
    assert (seen["inside the range"], seen["beyond the range"]) == (part, day)
    assert seen["switched off"] == [None, None, []]


def test_a_project_keeps_its_time_and_the_time_bar_follows_its_layers(report: dict[str, Any]) -> None:
    seen = report["time_bar"]
    hour, panel, speed = seen["opened again"]
    assert (hour, panel["animated"], panel["frame"], speed) == ("Wed 17:00", True, 17, 8)
    # On Friday at 17:00 both directions of the main road go at 8 mph, at 20 all else of the week.
    assert seen["week"] == [
        "Fri 17:00 – 18:00, Europe/London", "Fri 17:00", ["2025-01-06 00:00", "2025-01-13 00:00"],
        ["17:00 – 18:00", "Fri · Europe/London"],
    ]  # fmt: skip
    assert seen["does not follow"] == [
        "“Speeds” does not follow the time: switch it on under Properties > Temporal.", False, True,
    ]  # fmt: skip
    assert seen["new project"] is None


def test_two_times_stand_side_by_side_in_step_and_leave_nothing_behind(report: dict[str, Any]) -> None:
    seen = report["two_times"]
    assert seen["opened"] == ["08:00 – 09:00", "Whole period"]
    assert seen["times"] == ["08:00", "03:00"]
    assert seen["clocks"] == ["08:00 – 09:00", "03:00 – 04:00"]
    early, late = seen["colour"]["3"], seen["colour"]["8"]
    main, second = seen["colours"]
    assert main.get(late, 0) > 100 and early not in main
    assert second.get(early, 0) > 100 and late not in second
    for name in ("zoomed", "moved", "turned", "resized"):
        one, other = seen[name]["views"]
        assert one == pytest.approx(other, rel=1e-6), name
    before = seen["moved"]["before"]
    assert seen["moved"]["views"][0] != pytest.approx(before, rel=1e-6)
    # Each canvas says once that its extent has changed, and the other one once that it followed.
    assert max(seen["zoomed"]["signals"] + seen["moved"]["signals"]) <= 2
    assert seen["hidden layer"] == [[], []]
    assert seen["main alone"] == "Wed 08:00"
    assert seen["closed"] == {"pressed": False, "canvases": 1, "same edge": True, "clock": []}


def test_a_style_is_chosen_with_the_map_in_view(report: dict[str, Any]) -> None:
    seen = report["style"]
    drawn, colours = seen["dark"]
    assert set(colours) & set(drawn)
    assert not set(colours) & set(seen["before"])
    assert seen["kept"] == "Kept as “Evening film”."
    light = set(seen["light"]) & set(seen["before"])
    assert light and light == set(seen["light"]) & set(seen["cancelled"])
    assert not set(colours) & set(seen["cancelled"])
    assert seen["taken"] == colours
    assert seen["limit"] == 9.5


def test_a_film_is_made_from_the_dialog_and_cancelling_leaves_nothing(report: dict[str, Any]) -> None:
    seen = report["film"]
    assert seen["without a map"] and seen["title"] == "Film of “Speeds”"
    assert seen["note"].startswith("23 pictures")
    assert seen["cancelled"] == ["Cancelled; nothing was written.", []]
    words, files = seen["made"]
    assert words.startswith("day.gif") and "23 pictures" in words
    assert files == ["day.gif"]
    assert seen["preview"][0] == seen["preview"][1] > 500  # square
    assert seen["style"] == "graduatedSymbol"


def test_a_page_is_opened_as_a_layout_and_exported(report: dict[str, Any]) -> None:
    seen = report["page"]
    assert seen["layout"] == ["trips", ["03:00", "08:00"]]
    assert (seen["district"], seen["proposed"]) == ("North", "trips.pdf")
    assert seen["exported"] == ["north.pdf"]
    assert seen["note"].startswith("Written to ")


def test_nothing_keeps_the_window_waiting(report: dict[str, Any], session: Any) -> None:
    assert report["gaps"]["page laid out"]  # up to QGIS's own window
    assert always_waits(report, session) == {}
