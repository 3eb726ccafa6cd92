"""A generated city in a folder: made once, never over something else, from Python and the command line."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from roadpulse.democity import FolderInUse, GenerationCancelled, generate


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_a_city_is_trips_streets_and_an_explanation(tmp_path: Path) -> None:
    city = generate(tmp_path / "city", n_trips=20, seed=5, size=400)
    assert len(list(city.trips.iterdir())) == 20
    assert city.streets.read_text(encoding="utf-8").startswith(
        "link_id,name,highway,limit_mph,oneway,length_m,wkt\n"
    )
    readme = (tmp_path / "city" / "README.txt").read_text(encoding="utf-8")
    assert "20 GPS trips" in readme and "mph" in readme and "Tuesday 2025-06-10" in readme
    assert city.totals.trips == 20
    facts = json.loads((tmp_path / "city" / "city.json").read_text(encoding="utf-8"))
    assert (facts["speed_unit"], facts["time_zone"], facts["complete"]) == ("mph", "Europe/London", True)


def test_the_second_call_finds_the_city_and_touches_nothing(tmp_path: Path) -> None:
    first = generate(tmp_path / "city", n_trips=10, seed=5, size=400)
    before = snapshot(first.folder)
    again = generate(tmp_path / "city", n_trips=10, seed=5, size=400)
    assert snapshot(first.folder) == before
    assert again.totals == first.totals
    assert f"{len(again.network):,} directed links" in (first.folder / "README.txt").read_text(
        encoding="utf-8"
    )


def test_a_city_with_a_missing_trip_is_made_whole_again(tmp_path: Path) -> None:
    city = generate(tmp_path / "city", n_trips=10, seed=5, size=400)
    lost = city.trips / "trip_00003.json"
    content = lost.read_bytes()
    lost.unlink()
    generate(tmp_path / "city", n_trips=10, seed=5, size=400)
    assert lost.read_bytes() == content


def test_a_stopped_generation_is_taken_up_by_the_next_call(tmp_path: Path) -> None:
    with pytest.raises(GenerationCancelled):
        generate(tmp_path / "city", n_trips=60, seed=5, size=400, cancelled=lambda: True)
    city = generate(tmp_path / "city", n_trips=60, seed=5, size=400)
    assert len(list(city.trips.iterdir())) == 60


@pytest.mark.parametrize("other", [{"seed": 6}, {"n_trips": 11}, {"size": 500}, {"rich": True}])
def test_another_city_in_the_folder_is_not_overwritten(tmp_path: Path, other: dict[str, int]) -> None:
    wanted = {"n_trips": 10, "seed": 5, "size": 400}
    city = generate(tmp_path / "city", **wanted)  # type: ignore[arg-type]
    before = snapshot(city.folder)
    with pytest.raises(FolderInUse, match="another generated city"):
        generate(tmp_path / "city", **{**wanted, **other})  # type: ignore[arg-type]
    assert snapshot(city.folder) == before


def test_a_folder_with_other_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderInUse, match="other files"):
        generate(tmp_path, n_trips=10)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_city_json_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "city.json").write_text('{"city": "Belfast"}')
    with pytest.raises(FolderInUse, match="not written by Roadpulse"):
        generate(tmp_path, n_trips=10)
    assert (tmp_path / "city.json").read_text() == '{"city": "Belfast"}'


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "city").write_text("")
    with pytest.raises(FolderInUse, match="is a file"):
        generate(tmp_path / "city", n_trips=10)


def test_the_command_line_makes_a_city_and_refuses_politely(tmp_path: Path) -> None:
    root = Path(__file__).parents[2] / "build" / "plugins"
    command = [sys.executable, "-m", "roadpulse.democity", str(tmp_path / "city"), "--size", "400"]
    environment = {"PYTHONPATH": str(root), "PATH": ""}
    done = subprocess.run(
        [*command, "--trips", "60", "--workers", "2"], capture_output=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"60 trips" in done.stdout
    same = generate(tmp_path / "other", n_trips=60, size=400)
    assert [v for _, v in snapshot(same.trips).values()] == [
        v for _, v in snapshot(tmp_path / "city" / "trips").values()
    ]
    refused = subprocess.run([*command, "--trips", "61"], capture_output=True, env=environment, check=False)
    assert refused.returncode == 1
    assert b"another generated city" in refused.stderr and b"Traceback" not in refused.stderr


def test_the_room_imports_nothing_but_the_standard_library_and_numpy() -> None:
    room = Path(__file__).parents[2] / "democity"
    allowed = {*sys.stdlib_module_names, "numpy"}
    for path in room.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names} <= allowed, path
            elif isinstance(node, ast.ImportFrom):
                outside = node.level == 0 and (node.module or "").split(".")[0] not in allowed
                assert not outside and node.level < 2, path
