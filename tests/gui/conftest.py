"""Fixtures of the tests that drive the real QGIS Desktop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from development import package
from development.pytest_cluster import cluster, livy  # noqa: F401
from development.pytest_postgis import postgis  # noqa: F401
from tests.gui.desktop import Desktop
from tests.integration.ssh_server import ssh_server  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def qgis_is_there() -> None:
    for program in ("qgis", "xvfb-run"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Folder of plugins that holds a link to the checkout."""
    return ROOT / "build" / "plugins"


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of plugins that holds what the packaged zip holds."""
    folder = tmp_path_factory.mktemp("unpacked")
    archive = folder / "roadpulse.zip"
    package.build(archive)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated city with 150 trips: trips/, streets.csv."""
    folder = tmp_path_factory.mktemp("city") / "Aldermere"
    command = [sys.executable, "-m", "roadpulse.democity", str(folder), "--trips", "150", "--size", "small"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "build" / "plugins")}
    subprocess.run([*command, "--workers", "1"], check=True, env=environment)
    return folder


@pytest.fixture
def desktop(tmp_path: Path, checkout: Path) -> Iterator[Desktop]:
    """A QGIS with a fresh profile that loads the checkout."""
    yield Desktop(tmp_path / "qgis", checkout)
