"""Python packages that are shipped to the nodes with the job."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest

from roadpulse.aggregation.runners import packages as nodes
from roadpulse.aggregation.runners import wheelhouse
from roadpulse.aggregation.runners.packages import Packages, PackagesMissing
from roadpulse.aggregation.runners.write_access import make_own_folder, other_writers
from roadpulse.aggregation.storage.local.files import sha256, write_json

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
    return Packages(str(folder), nodes.platform_tag(), ((WHEEL, sha256(folder / WHEEL)),))


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
    assert packages.name.startswith(nodes.platform_tag())


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
        wheelhouse.collect(tmp_path / "store", wheels=tmp_path / "no-wheels")
    (folder,) = (path for path in (tmp_path / "store").iterdir() if path.is_dir())
    Path(packages.folder, WHEEL).rename(folder / WHEEL)
    write_json(folder / "packages.json", {"platform": nodes.platform_tag(), "files": packages.files})
    found = wheelhouse.collect(tmp_path / "store", wheels=tmp_path / "no-wheels")
    assert found == replace(packages, folder=str(folder))


# -- folders that others may write ------------------------------------------------------------------------


@pytest.fixture
def fetched(packages: Packages, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What pip would fetch is the small wheel; how often it was asked."""
    times: list[int] = []
    wheel = Path(packages.folder, WHEEL).read_bytes()

    def fetch(folder: Path, wheels: Optional[Path], wanted: tuple[str, ...]) -> None:
        times.append(1)
        (folder / WHEEL).write_bytes(wheel)

    monkeypatch.setattr(wheelhouse, "_fetch", fetch)
    return times


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """The packages' folder beside a point store that a group shares, with what one of the group planted."""
    folder = tmp_path / "team/packages"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o2777)
    planted = wheelhouse.folder_in(folder)
    planted.mkdir()
    with zipfile.ZipFile(planted / WHEEL, "w") as archive:
        archive.writestr("travels.py", "ORIGIN = 'planted'\n")
    write_json(
        planted / "packages.json",
        {"platform": nodes.platform_tag(), "files": [(WHEEL, sha256(planted / WHEEL))]},
    )
    return folder


def test_a_list_that_others_could_have_planted_is_not_believed(
    packages: Packages, fetched: list[int], team: Path
) -> None:
    found = wheelhouse.collect(team)
    assert found.files == packages.files
    assert Path(found.folder).parent == team  # where all nodes see them
    assert sha256(Path(found.folder, WHEEL)) == packages.files[0][1]
    assert wheelhouse.kept(team) == replace(found, folder=wheelhouse.kept(team).folder)  # type: ignore[union-attr]
    assert wheelhouse.collect(team) == found
    assert fetched == [1]  # the second time they are in the user's cache


@pytest.mark.parametrize("same_size", [True, False])
def test_a_wheel_that_was_replaced_is_not_unpacked(
    packages: Packages, fetched: list[int], team: Path, tmp_path: Path, same_size: bool
) -> None:
    found = wheelhouse.collect(team)
    wheel = Path(found.folder, WHEEL)
    wheel.write_bytes(bytes(wheel.stat().st_size) if same_size else b"planted")
    with pytest.raises(PackagesMissing, match="was replaced"):
        nodes.provide(found)
    assert not (tmp_path / "cache" / found.name).exists()
    wheel.chmod(0o666)  # as another's file would be looked at
    assert wheelhouse.collect(team) == found
    nodes.provide(found)


def test_a_folder_that_nobody_else_may_write_is_believed(
    packages: Packages, fetched: list[int], tmp_path: Path
) -> None:
    shared = tmp_path / "own/packages"
    assert wheelhouse.collect(shared) == wheelhouse.collect(shared) == wheelhouse.kept(shared)
    assert fetched == [1]
    assert not (tmp_path / "cache/wheels").exists()


@pytest.mark.parametrize("where", ["folder", "above", "file"])
def test_wheels_that_others_may_write_are_refused(
    packages: Packages, fetched: list[int], tmp_path: Path, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    wheels = tmp_path / "packages/wheels"
    wheels.mkdir(parents=True)
    shutil.copy(Path(packages.folder, WHEEL), wheels)
    assert wheelhouse.offline_wheels(wheels.parent) == wheels
    {"folder": wheels, "above": wheels.parent, "file": wheels / WHEEL}[where].chmod(0o777)
    assert wheelhouse.offline_wheels(wheels.parent) is None
    assert "everybody may write" in caplog.text and "cache/offline" in caplog.text
    with pytest.raises(PackagesMissing, match="everybody may write"):
        wheelhouse.collect(tmp_path / "store", wheels)
    assert fetched == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_folder_of_another_user_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    os.chown(other, 65534, -1)
    assert other_writers(other / "packages") == f"{other} belongs to the user nobody"


def test_a_cache_that_others_may_write_is_refused(packages: Packages, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    with pytest.raises(PackagesMissing, match=r"everybody may write .*cache.*ROADPULSE_CACHE"):
        nodes.provide(packages)


def test_in_a_sticky_folder_what_is_ours_stays_ours(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    assert other_writers(tmp_path / "tmp/mine") == ""
    assert "everybody" in other_writers(tmp_path / "tmp")


def test_a_link_counts_for_where_it_leads(tmp_path: Path) -> None:
    for name in ("open", "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "mine/link").symlink_to(tmp_path / "open")
    assert str(tmp_path / "open") in other_writers(tmp_path / "mine/link")


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_no_folder_that_is_made_for_packages_may_be_written_by_a_group(tmp_path, mode):
    """As where a run shares its folders with a group and has a umask that leaves that right."""
    before = os.umask(0o002)
    try:
        make_own_folder(tmp_path / "cache/wheels/cpython", mode)
        make_own_folder(tmp_path / "cache/wheels/cpython", mode)  # once more is no fault
    finally:
        os.umask(before)
    for name in ("cache", "cache/wheels", "cache/wheels/cpython"):
        assert (tmp_path / name).stat().st_mode & 0o777 == mode
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_own_folder(tmp_path / "file", mode)


@pytest.mark.parametrize(
    "files",
    [
        [["../x.whl", "0" * 64]],
        [["/x.whl", "0" * 64]],
        [["x.py", "0" * 64]],
        [["x.whl", "0"]],
        [["x.whl"]],
        [7],
        7,
    ],
)
def test_a_damaged_list_counts_as_none(
    packages: Packages, fetched: list[int], tmp_path: Path, files: Any
) -> None:
    folder = wheelhouse.folder_in(tmp_path / "own")
    folder.mkdir(parents=True)
    write_json(folder / "packages.json", {"platform": nodes.platform_tag(), "files": files})
    assert wheelhouse.kept(tmp_path / "own") is None
    assert wheelhouse.collect(tmp_path / "own").files == packages.files


def test_a_node_without_the_packages_can_load_everything_that_spark_hands_it(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('numpy', 'duckdb', 'msgspec', 'pyspark'): sys.modules[name] = None\n"
        "import roadpulse.aggregation.runners.node_tasks, roadpulse.aggregation.runners.spark.job\n"
        "import roadpulse.aggregation.__main__\n"
    )
    path = Path(__file__).resolve().parents[2] / "build" / "plugins"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(path)}, cwd=tmp_path)
