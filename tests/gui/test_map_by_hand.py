"""A map file in QGIS without the plugin, added as people add files."""

from __future__ import annotations

from pathlib import Path

from tests.gui.desktop import SCREENS, Desktop

ROOT = Path(__file__).resolve().parents[2]
ALL_TABLES = ("by_vector_page", "dropped_as_file")
"""Ways in which QGIS asks which tables to add, and has all of them selected."""


def test_a_map_added_by_hand_plays_in_every_way_that_qgis_has(desktop: Desktop) -> None:
    path = desktop.folder / "home" / "speeds.gpkg"  # the browser's Home
    path.parent.mkdir(parents=True)
    report = desktop.drive("map_is_added_by_hand", map=path, root=ROOT, screens=f"{SCREENS}/by-hand")
    early, late = report["colour"]["3"], report["colour"]["8"]
    assert early != late
    assert list(report["ways"]) == [
        "by_vector_page", "by_browser_page", "dragged_from_browser", "dropped_as_file", "by_script",
    ]  # fmt: skip
    for name, way in report["ways"].items():
        assert len(way["layers"]) == (5 if name in ALL_TABLES else 1), name
        assert way["active"], name
        assert way["renderer"] == "graduatedSymbol", name
        assert way["range"] == ["2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"], name
        assert way["frames"] == 24, name
        assert way["colours_3"].get(early, 0) > 100, name
        assert late not in way["colours_3"], name
        assert way["colours_8"].get(late, 0) > 100, name
        assert early not in way["colours_8"], name
