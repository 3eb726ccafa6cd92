"""Fixtures of the tests that need a QGIS."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Callable

import pytest
from qgis.PyQt.QtCore import QCoreApplication, QLocale

from development.pytest_s3 import bucket, s3_server  # noqa: F401
from tests.integration.ssh_server import ssh_server  # noqa: F401

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True, scope="session")
def layers_end_before_qgis(qgis_app: Any) -> Iterator[None]:
    """A layer that outlives QGIS takes the process with it.

    QGIS keeps an exception that a Python algorithm raises, for good, and with it the variables of the
    test that had called the algorithm: so those are cleared.
    """
    yield
    for frame in [thing for thing in gc.get_objects() if isinstance(thing, FrameType)]:
        if Path(frame.f_code.co_filename).is_relative_to(Path(__file__).parent):
            with suppress(RuntimeError):  # of a function that has not ended
                frame.clear()
    gc.collect()


@pytest.fixture
def own_objects(qgis_app: Any) -> Iterator[None]:
    """Python's garbage collector goes through what a test makes, not through what the session has left.

    A session of tests holds some 300,000 objects, and the collector lets no thread run for 130 to 300 ms
    when it goes through all of them, whoever made the last one.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def number_locale(qgis_app: Any) -> Iterator[Callable[[str], None]]:
    """Sets QGIS's locale for numbers while a test runs."""
    before = QLocale()
    yield lambda name: QLocale.setDefault(QLocale(name))
    QLocale.setDefault(before)


@pytest.fixture
def speak(number_locale: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Sets QGIS's language and locale while a test runs; words are English where there is no translation."""
    from roadpulse.mapping.language import load_translation

    loaded = []

    def set_language(locale: str) -> None:
        number_locale(locale)
        loaded.append(load_translation(locale))

    yield set_language
    for translator in filter(None, loaded):
        QCoreApplication.removeTranslator(translator)


@pytest.fixture(scope="session")
def processing(
    qgis_app: Any, qgis_processing: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Processing with Roadpulse's provider; nothing is written into the person's own folders."""
    import processing
    from qgis.core import QgsApplication

    from roadpulse.algorithms.provider import RoadpulseProvider

    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    provider = RoadpulseProvider()  # QGIS does not keep Python's part of it alive
    QgsApplication.processingRegistry().addProvider(provider)
    yield processing
    QgsApplication.processingRegistry().removeProvider("roadpulse")
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def city(processing: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A small generated city with 100 trips: what `roadpulse:democity` gives."""
    folder = tmp_path_factory.mktemp("city") / "city"
    return processing.run(
        "roadpulse:democity", {"TRIPS": 100, "SEED": 3, "SIZE": "small", "OUTPUT": str(folder)}
    )


@pytest.fixture(scope="session")
def trip_parameters(city: dict[str, Any]) -> dict[str, Any]:
    """What every run over the city asks for."""
    return {
        "PROFILE": city["PROFILE"], "TRIPS": city["TRIPS_FOLDER"], "SPEED_UNIT": "mph",
        "TIME_ZONE": "Europe/London", "MIN_TRIPS": 2,
    }  # fmt: skip


@pytest.fixture(scope="session")
def city_run(
    processing: Any, trip_parameters: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A finished aggregation of the city's trips."""
    folder = tmp_path_factory.mktemp("run") / "run"
    return processing.run("roadpulse:aggregatetrips", {**trip_parameters, "RUN_FOLDER": str(folder)})


@pytest.fixture(scope="session")
def city_map(
    processing: Any, city: dict[str, Any], city_run: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The map of the city's run. Copy it to change it."""
    path = tmp_path_factory.mktemp("map") / "speeds.gpkg"
    processing.run(
        "roadpulse:joinlinks",
        {"RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": city["LINKS"], "OUTPUT": str(path)},
    )
    return path
