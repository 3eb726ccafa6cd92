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

from development.machine import BOUND
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.sqlite_file import is_database, reading
from tests.abilities import needs


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
        "from roadpulse.mapping.sqlite_file import reading\n"
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


# -- what others may have put in the place of our tables ------------------------------------------------

GOOD_TRIGGERS = (
    """CREATE TRIGGER "trigger_insert_feature_count_run" AFTER INSERT ON "run" BEGIN UPDATE gpkg_ogr_contents
    SET feature_count = feature_count + 1 WHERE lower(table_name) = lower('run'); END""",
    # of GDAL 3.7 and later
    """CREATE TRIGGER "rtree_links_geom_update6" AFTER UPDATE OF "geom" ON "links" WHEN
    OLD."fid" = NEW."fid" AND (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom")) AND
    (OLD."geom" NOTNULL AND NOT ST_IsEmpty(OLD."geom"))
    BEGIN UPDATE "rtree_links_geom" SET minx = ST_MinX(NEW."geom"), maxx = ST_MaxX(NEW."geom"),
    miny = ST_MinY(NEW."geom"), maxy = ST_MaxY(NEW."geom") WHERE id = NEW."fid"; END""",
    """CREATE TRIGGER "rtree_links_geom_update7" AFTER UPDATE OF "geom" ON "links" WHEN
    OLD."fid" = NEW."fid" AND (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom")) AND
    (OLD."geom" ISNULL OR ST_IsEmpty(OLD."geom"))
    BEGIN INSERT INTO "rtree_links_geom" VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"),
    ST_MinY(NEW."geom"), ST_MaxY(NEW."geom")); END""",
)
HEAD = "CREATE TRIGGER trigger_insert_feature_count_run AFTER INSERT ON run BEGIN "


def with_tables(path: Path, *statements: str) -> None:
    write(path, "DELETE")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE gpkg_ogr_contents (table_name TEXT, feature_count INTEGER)")
        for statement in statements:
            database.execute(statement)


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["CREATE VIEW links AS SELECT 1 AS link_id"], "its 'links' is a view"),
        (["CREATE VIEW LINKS AS SELECT 1 AS link_id"], "its 'LINKS' is a view"),
        (["CREATE VIEW layer_styles AS SELECT 1 AS styleName"], "its 'layer_styles' is a view"),
        (["DROP TABLE run", "CREATE VIEW run AS SELECT 'spec' AS key, '{}' AS value"], "its 'run' is a view"),
        (["DROP TABLE run", "CREATE VIRTUAL TABLE run USING fts4(key, value)"], "'run' is a virtual table"),
        (["CREATE VIRTUAL TABLE links USING rtree(id, a, b)"], "its 'links' is a virtual table"),
        (["CREATE TRIGGER links AFTER INSERT ON run BEGIN SELECT 1; END"], "its 'links' is a trigger"),
        (["CREATE VIEW rtree_links_geom AS SELECT 1 AS id"], "'rtree_links_geom' is not a spatial index"),
        (["CREATE VIRTUAL TABLE rtree_links_geom USING fts4(a)"], "is not a spatial index"),
        (["CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END"], "'run' has the trigger 't'"),
        ([HEAD + "SELECT load_extension('x'); END"], "has the trigger 'trigger_insert_feature_count_run'"),
        ([HEAD + "DELETE FROM run; END"], "has the trigger"),
        ([HEAD + "UPDATE gpkg_ogr_contents SET feature_count = (SELECT 1); END"], "has the trigger"),
        ([HEAD + "UPDATE gpkg_ogr_contents SET feature_count = load_extension(1); END"], "has the trigger"),
        ([HEAD + "UPDATE gpkg_ogr_contents SET feature_count = 1; DELETE FROM run; END"], "has the trigger"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_not_read(tmp_path: Path, statements: list[str], words: str) -> None:
    path = tmp_path / "map.gpkg"
    with_tables(path, *statements)
    with pytest.raises(MapError, match=f"{path}.*{words}.*another"):
        rows(path)


def test_the_triggers_of_the_standard_and_of_gdal_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    with_tables(path, "CREATE TABLE links (fid INTEGER PRIMARY KEY, geom BLOB)", *GOOD_TRIGGERS)
    assert rows(path) == [("spec", "{}")]


def test_functions_that_sqlite_does_not_trust_are_not_called_by_a_file(tmp_path: Path) -> None:
    """A view of another name, which nothing of ours reads, would run them."""
    path = tmp_path / "map.gpkg"
    with_tables(path, "CREATE VIEW other AS SELECT roadpulse_test(1)")
    with reading(path) as database:
        database.create_function("roadpulse_test", 1, lambda number: number)
        assert database.execute("SELECT roadpulse_test(1)").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError, match="unsafe use of roadpulse_test"):
            database.execute("SELECT * FROM other").fetchall()
        assert database.execute("PRAGMA cell_size_check").fetchone() == (1,)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python cannot set SQLite's limits before 3.11")
def test_a_row_of_any_size_is_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    with_tables(path, "INSERT INTO run VALUES ('match', zeroblob(70000000))")
    with pytest.raises(MapError, match=r"cannot be read: .*too big"):
        rows(path)
