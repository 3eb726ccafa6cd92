"""The tutorial, followed in the windows; tests/qgis/test_tutorial.py follows it in a shell."""

from __future__ import annotations

import re
from pathlib import Path

from tests.gui.desktop import SCREENS, Desktop

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_the_windows_show_what_the_tutorial_says(desktop: Desktop, tmp_path: Path) -> None:
    report = desktop.drive("tutorial_is_followed", folder=str(tmp_path), screens=f"{SCREENS}/tutorial")
    assert report["layers"] == {"Parks": "#eaf0e5", "Roads": "#e3e3de", "Water": "#dfe7ee"}
    assert report["filled"]["trips"].startswith("800 files")
    assert report["filled"]["id"] == "link_id"
    assert report["filled"]["roads"].endswith("100 % of the sample's ids match")
    points, links = re.search(r"([\d,]+) points on ([\d,]+) links", TUTORIAL).groups()  # type: ignore[union-attr]
    for summary in report["summaries"]:
        assert links in re.sub(r"<[^>]+>", "", summary)
    assert report["read"][0].startswith("800 files") and report["read"][1] == "none is new"
    assert points == "303,957"
