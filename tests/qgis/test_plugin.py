"""The plugin: what it adds, and that it takes everything away again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsApplication, QgsSettings

ROOT = Path(__file__).resolve().parents[2]


_kept: list[Any] = []
"""Providers of other tests, put back."""


def providers() -> set[str]:
    return {provider.id() for provider in QgsApplication.processingRegistry().providers()}


@pytest.fixture
def bare(qgis_app: Any, qgis_processing: None) -> Iterator[None]:
    """A QGIS without Roadpulse's provider, which other tests may have added."""
    from roadpulse.algorithms.provider import RoadpulseProvider

    registry = QgsApplication.processingRegistry()
    added = registry.removeProvider("roadpulse")
    yield
    if added:
        _kept.append(RoadpulseProvider())
        registry.addProvider(_kept[-1])


def test_without_windows_there_is_the_provider_alone(bare: None) -> None:
    from roadpulse import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    plugin.initProcessing()  # QGIS may ask twice
    assert "roadpulse" in providers()
    plugin.unload()
    assert "roadpulse" not in providers()


def test_it_can_be_switched_off_and_on_again(qgis_iface: Any, bare: None) -> None:
    from roadpulse import classFactory

    for _ in range(2):
        plugin = classFactory(qgis_iface)
        plugin.initGui()
        assert "roadpulse" in providers()
        plugin.unload()
        assert "roadpulse" not in providers()


def test_it_speaks_the_language_that_qgis_shows_while_it_is_loaded(bare: None) -> None:
    from roadpulse import classFactory
    from roadpulse.mapping.language import tr

    settings = QgsSettings()
    settings.setValue("locale/overrideFlag", True)
    settings.setValue("locale/userLocale", "de_AT")
    try:
        plugin = classFactory(None)
        plugin.initProcessing()
        assert tr("too few trips") == "zu wenige Fahrten"
        plugin.unload()
        assert tr("too few trips") == "too few trips"
    finally:
        settings.remove("locale/overrideFlag")
        settings.remove("locale/userLocale")


MISSING = """
import importlib.util, sys

hidden = ("pandas", "duckdb", "msgspec", "psycopg")


class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Hide())
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in hidden else found(name, package)

from qgis.core import QgsApplication, QgsSettings

application = QgsApplication([], False)
QgsApplication.initQgis()
from roadpulse.algorithms.provider import RoadpulseProvider

provider = RoadpulseProvider()
QgsApplication.processingRegistry().addProvider(provider)
for algorithm in provider.algorithms():
    print(algorithm.name(), *algorithm.canExecute())
"""


def test_missing_packages_leave_the_provider_and_are_named_by_what_needs_them(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", MISSING], capture_output=True, text=True, timeout=240, check=False,
        env={
            "PYTHONPATH": str(ROOT / "build" / "plugins"), "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(tmp_path), "PATH": "/usr/bin:/bin",
        },
    )  # fmt: skip
    said = dict(line.split(" ", 1) for line in answer.stdout.splitlines() if " " in line)
    assert said, answer.stderr
    assert said["speedmap"].startswith("False")
    assert "duckdb" in said["speedmap"]
    assert "qpip" in said["speedmap"]
    assert said["democity"].startswith("True")
