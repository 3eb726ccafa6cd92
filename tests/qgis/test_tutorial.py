"""The tutorial, followed to the letter: its blocks are run in order, and what they print is compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from PIL import Image
from qgis.core import QgsVectorLayer

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def follow(text: str, folder: Path) -> None:
    """Run the blocks of a page in `folder`; a block of text is what the one before it prints."""
    home = folder.parent / "home"
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "QGIS_PLUGINPATH": str(ROOT / "build" / "plugins"),
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "QGIS_CUSTOM_CONFIG_PATH": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
    }
    printed = ""
    for language, block in BLOCK.findall(text):
        if language == "text":
            assert printed == block
            continue
        program = ["bash", "-e", "-c"] if language == "sh" else [sys.executable, "-c"]
        done = subprocess.run(
            [*program, block], cwd=folder, env=environment, capture_output=True, text=True, timeout=400,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, block + done.stderr + done.stdout
        printed = done.stdout


@pytest.mark.timeout(900)
def test_the_tutorial_goes_from_trips_to_a_film(qgis_app: object, tmp_path: Path) -> None:
    if shutil.which("qgis_process") is None:
        pytest.skip("there is no qgis_process; install QGIS's command line tools")
    folder = tmp_path / "tutorial"
    folder.mkdir()
    follow(TUTORIAL.read_text(encoding="utf-8"), folder)

    trips, links = re.search(r"--TRIPS=(\d+)", TUTORIAL.read_text())[1], "1,195"  # type: ignore[index]
    assert len(list((folder / "city" / "trips").rglob("*.json*"))) == int(trips)
    layer = QgsVectorLayer(f"{folder}/city/speeds.gpkg|layername=links", "speeds", "ogr")
    assert f"{layer.featureCount():,}" == links
    assert f"on {links} links" in TUTORIAL.read_text(encoding="utf-8")
    assert (folder / "aldermere.pdf").read_bytes().startswith(b"%PDF")
    with Image.open(folder / "aldermere.gif") as film:
        assert (film.n_frames, film.size) == (6, (960, 540))
        frames = set()
        for number in range(film.n_frames):
            film.seek(number)
            frames.add(film.convert("RGB").tobytes())
    assert len(frames) == 6
