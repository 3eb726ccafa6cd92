"""A map file is read wherever it lies, and nothing is left beside it."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.map_file import is_database, reading

from development.machine import BOUND
from tests.left_out import needs


def write(path: Path, journal: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {journal}")
        database.execute("CREATE TABLE run (key TEXT, value TEXT)")
        database.execute("INSERT INTO run VALUES ('spec', '{}')")
        database.commit()


def rows(path: Path) -> list[tuple[str, ...]]:
    with reading(path) as database:
        return database.execute("SELECT key, value FROM run").fetchall()


@pytest.fixture(params=["DELETE", "WAL"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = tmp_path / "50% of [it] #1?"
    folder.mkdir()
    write(folder / "map.gpkg", request.param)
    yield folder / "map.gpkg"
    folder.chmod(stat.S_IRWXU)


def test_nothing_is_left_beside_the_file(path: Path) -> None:
    before = path.read_bytes()
    assert rows(path) == [("spec", "{}")]
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


@needs("permissions")
def test_a_folder_that_may_only_be_read_is_enough(path: Path) -> None:
    """In a process that file permissions bind."""
    path.chmod(0o444)
    path.parent.chmod(0o555)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from roadpulse.mapping.map_file import reading\n"
        "with reading(Path(sys.argv[1])) as database:\n"
        "    print(database.execute('SELECT value FROM run').fetchone()[0])\n"
    )
    done = subprocess.run(
        [*BOUND, sys.executable, "-c", script, str(path)],
        check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "{}\n", "")
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_another_program_has_written_and_not_yet_folded_in_is_read(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    write(path, "WAL")
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE run SET value = '[]'")
        other.commit()
        assert path.with_name("map.gpkg-wal").stat().st_size > 0
        assert rows(path) == [("spec", "[]")]
        assert other.execute("SELECT value FROM run").fetchone() == ("[]",)


def test_the_reason_is_the_one_that_is_known(tmp_path: Path) -> None:
    missing, damaged = tmp_path / "missing.gpkg", tmp_path / "damaged.gpkg"
    write(damaged, "DELETE")
    content = damaged.read_bytes()
    damaged.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(MapError, match=r"missing\.gpkg cannot be read: No such file"):
        rows(missing)
    with pytest.raises(MapError, match=r"damaged\.gpkg cannot be read: .*malformed"):
        rows(damaged)
    (tmp_path / "text.gpkg").write_text("no database")
    assert not is_database(tmp_path / "text.gpkg")
    assert is_database(damaged)
