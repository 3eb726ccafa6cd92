"""What the nodes need: packages that travel with the job."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from roadpulse.aggregation import nodes
from roadpulse.aggregation.nodes import Packages, PackagesMissing
from roadpulse.aggregation.storage import sha256, write_json

WHEEL = "travels-1.0-py3-none-any.whl"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    """One small wheel in a shared folder, and an empty cache."""
    monkeypatch.setenv("ROADPULSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "shared"
    folder.mkdir()
    with zipfile.ZipFile(folder / WHEEL, "w") as archive:
        archive.writestr("travels.py", "ORIGIN = __file__\n")
    return Packages(str(folder), nodes.here(), ((WHEEL, sha256(folder / WHEEL)),))


def test_a_node_imports_the_packages_from_its_own_cache(packages: Packages, tmp_path: Path) -> None:
    nodes.provide(packages)
    import travels  # type: ignore[import-not-found]

    del sys.modules["travels"]
    assert Path(travels.ORIGIN).is_relative_to(tmp_path / "cache" / packages.name)


def test_what_is_unpacked_is_compiled_for_all_processes_to_come(packages: Packages) -> None:
    nodes.provide(packages)
    spec = importlib.util.find_spec("travels")
    assert spec is not None and spec.cached is not None
    assert Path(spec.cached).is_file()


def test_packages_are_unpacked_once(packages: Packages) -> None:
    nodes.provide(packages)
    Path(packages.folder, WHEEL).unlink()
    nodes.provide(packages)


def test_other_content_is_another_name(packages: Packages) -> None:
    other = replace(packages, files=((WHEEL, "0" * 64),))
    assert other.name != packages.name
    assert "travels1.0" in packages.name
    assert packages.name.startswith(nodes.here())


def test_a_damaged_wheel_is_refused_and_leaves_nothing(packages: Packages, tmp_path: Path) -> None:
    with Path(packages.folder, WHEEL).open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(PackagesMissing, match="is damaged"):
        nodes.provide(packages)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_folder_that_a_node_does_not_see_is_named(packages: Packages) -> None:
    with pytest.raises(PackagesMissing, match="has to be shared"):
        nodes.provide(replace(packages, folder="/nowhere/shared"))


def test_packages_of_another_architecture_are_refused(packages: Packages) -> None:
    with pytest.raises(PackagesMissing, match="cpython-39-linux-armv7l"):
        nodes.provide(replace(packages, platform="cpython-39-linux-armv7l"))


def test_packages_that_are_there_are_not_fetched_again(
    packages: Packages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PackagesMissing, match="could not be had in"):
        nodes.collect(tmp_path / "store", wheels=tmp_path / "no-wheels")
    (folder,) = (path for path in (tmp_path / "store").iterdir() if path.is_dir())
    Path(packages.folder, WHEEL).rename(folder / WHEEL)
    write_json(folder / "packages.json", {"platform": nodes.here(), "files": packages.files})
    found = nodes.collect(tmp_path / "store", wheels=tmp_path / "no-wheels")
    assert found == replace(packages, folder=str(folder))


def test_a_node_without_the_packages_can_load_everything_that_spark_hands_it(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('numpy', 'duckdb', 'msgspec', 'pyspark'): sys.modules[name] = None\n"
        "import roadpulse.aggregation.runners.spark_tasks, roadpulse.aggregation.__main__\n"
    )
    path = Path(__file__).resolve().parents[2] / "build" / "plugins"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(path)}, cwd=tmp_path)
