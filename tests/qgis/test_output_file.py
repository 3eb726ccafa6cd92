"""Every output takes the place of an earlier file only when it is whole, and of nothing else at all."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProcessingContext, QgsProject, QgsVectorLayer
from qgis.PyQt.QtGui import QImage

from roadpulse.aggregation.contract.errors import StorageError
from roadpulse.algorithms.demo_city import write_links
from roadpulse.democity import make_network
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.file_kinds import GIF, MAP, MP4, PAGE_KINDS, PDF, PNG, REPORT, SVG, FileKind, table_of
from roadpulse.mapping.film.export import FilmOptions, export_film
from roadpulse.mapping.film.formats import format_of
from roadpulse.mapping.layout.export import export_page
from roadpulse.mapping.layout.page import PageOptions, SpeedPage, speed_page
from roadpulse.mapping.output_file import check_output, written_whole
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.saved_styles import save_style
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

SMALL = (320, 180)
TABLE = table_of("a", "b")


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let every file of this process end at `size` bytes, as a full disk would have it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.gpkg"
    maps.write(path)
    return path


@pytest.fixture
def layer(map_file: Path) -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{map_file}|layername=links", "Speeds", "ogr")
    style_layer(layer, StyleOptions.from_run_table(layer))
    return layer


def page_of(layer: QgsVectorLayer, **options: Any) -> SpeedPage:
    style = StyleOptions.from_run_table(layer)
    return speed_page(QgsProject.instance(), layer, style, PageOptions(title="Small town", **options))


def export(layer: QgsVectorLayer, path: Path) -> None:
    if path.suffix in (".gif", ".mp4", ""):
        export_film(page_of(layer, paper="frame", film=True), path, FilmOptions(SMALL, bins=[3, 8]))
    elif path.suffix == ".gpkg":
        maps.write(path)
    else:
        export_page(page_of(layer), path, dpi=60)


def skip_without_tools(name: str) -> None:
    if name.endswith((".mp4", ".gif")) and (why := format_of(Path(name)).lacking()[0]):
        pytest.skip(why)


# -- a full disk ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["page.pdf", "page.png", "page.svg", "page.tif", "day.gif", "day.mp4", "map.gpkg"]
)
def test_a_full_disk_is_told_and_the_earlier_file_is_as_it_was(
    layer: QgsVectorLayer, tmp_path: Path, name: str
) -> None:
    skip_without_tools(name)
    path = tmp_path / name
    export(layer, path)
    before, names = path.read_bytes(), {each.name for each in tmp_path.iterdir()}
    with files_end_at(3_000), pytest.raises(StorageError, match="disk is full") as caught:
        export(layer, path)
    assert name in caught.value.message
    assert path.read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == names


def test_a_full_disk_leaves_the_earlier_table(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    full = pytest.raises(StorageError, match="disk is full")
    with files_end_at(3_000), full, written_whole(path, TABLE) as aside, aside.open("w") as stream:
        stream.write("a,b\n" + "1,2\n" * 10_000)
    assert path.read_text() == "a,b\n1,2\n"
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


def test_a_full_disk_makes_no_roads_of_a_city(tmp_path: Path) -> None:
    network = make_network(3, "small")
    with files_end_at(120_000), pytest.raises(StorageError, match="disk is full"):
        write_links(network, tmp_path / "links.gpkg", QgsProcessingContext())
    assert not (tmp_path / "links.gpkg").exists()
    write_links(network, tmp_path / "links.gpkg", QgsProcessingContext())
    layer = QgsVectorLayer(f"{tmp_path / 'links.gpkg'}|layername=links", "links", "ogr")
    assert layer.featureCount() == len(network)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.48, 0.5, 0.6, 0.8, 0.98])
def test_a_map_is_whole_or_not_there_whenever_the_disk_gets_full(tmp_path: Path, share: float) -> None:
    """At some sizes GDAL loses its tables without a word."""
    maps.write(tmp_path / "size.gpkg")
    size = int((tmp_path / "size.gpkg").stat().st_size * share)
    with files_end_at(size), pytest.raises(StorageError, match="disk is full"):
        maps.write(tmp_path / "map.gpkg")
    assert [each.name for each in tmp_path.iterdir()] == ["size.gpkg"]


def test_a_disk_that_is_full_with_the_style_is_told(tmp_path: Path) -> None:
    path, size = tmp_path / "map.gpkg", tmp_path / "size.gpkg"
    maps.write(size)
    maps.write(path, finish=finish)
    before = path.read_bytes()
    with files_end_at(size.stat().st_size + 8192), pytest.raises(StorageError, match="disk is full"):
        maps.write(path, finish=finish)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["map.gpkg", "size.gpkg"]


def test_a_full_disk_leaves_the_frames_of_an_earlier_film(layer: QgsVectorLayer, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    export(layer, folder)
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    with files_end_at(3_000), pytest.raises(StorageError, match="disk is full"):
        export(layer, folder)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before
    assert [each.name for each in tmp_path.iterdir()] == ["frames"]


@pytest.mark.parametrize(
    "name", ["page.pdf", "page.png", "page.svg", "page.tif", "day.gif", "day.mp4", "map.gpkg"]
)
def test_a_file_with_a_part_missing_is_not_whole(layer: QgsVectorLayer, tmp_path: Path, name: str) -> None:
    skip_without_tools(name)
    path = tmp_path / name
    export(layer, path)
    kind = check_output(path, (*PAGE_KINDS, GIF, MP4, MAP))
    assert kind.whole(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert not kind.whole(path)
    if kind not in (GIF, SVG):  # Pillow raises for every byte that is refused; SVG counts no bytes
        path.write_bytes(content[: len(content) // 3] + content[len(content) // 3 + 4096 :])
        try:
            assert not kind.whole(path)
        except MapError as error:
            assert "malformed" in error.message


def test_tables_and_reports_have_an_end(tmp_path: Path) -> None:
    for kind, whole, part in (
        (TABLE, "a,b\n1,2\n", "a,b\n1,"), (REPORT, "<html>x</html>\n", "<html>x</ht"),
    ):  # fmt: skip
        path = tmp_path / f"file{kind.ending}"
        path.write_text(whole)
        assert kind.whole(path)
        path.write_text(part)
        assert not kind.whole(path)


# -- nothing but a file of ours is replaced ---------------------------------------------------------


def other_tables(path: Path) -> None:
    maps.write(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE zones (id INTEGER)")


def other_map(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE links (link_id INTEGER)")


def text(path: Path) -> None:
    path.write_text("what somebody wrote")


@pytest.mark.parametrize(
    ("kind", "write", "words"),
    [
        (MAP, other_tables, r"tables that Roadpulse did not write \(zones\)"),
        (MAP, other_map, "not a map that Roadpulse wrote"),
        (MAP, text, "not a GeoPackage"),
        (PDF, text, "not a PDF"),
        (PNG, text, "not a PNG"),
        (SVG, text, "not an SVG"),
        (GIF, text, "not a GIF"),
        (MP4, text, "not an MP4"),
        (REPORT, text, "not a report of Roadpulse"),
        (TABLE, text, "not a table of a, b"),
    ],
)
def test_a_file_of_another_kind_is_kept(
    tmp_path: Path, kind: FileKind, write: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / f"file{kind.ending}"
    write(path)
    before = path.read_bytes()
    with pytest.raises(MapError, match=words):
        check_output(path, (kind,))
    with pytest.raises(MapError, match=words), written_whole(path, kind):
        pytest.fail("nothing is to be written")
    assert path.read_bytes() == before


def test_a_project_or_a_layer_that_was_put_into_a_map_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    other_tables(path)
    with pytest.raises(MapError, match="zones"):
        maps.write(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM zones").fetchone() == (0,)


def test_an_earlier_map_and_an_empty_file_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    path.touch()
    maps.write(path)
    maps.write(path)
    assert MAP.whole(path)


@pytest.mark.parametrize("way", ["itself", "symbolic link", "hard link", "another spelling", "linked folder"])
def test_an_input_is_never_replaced(tmp_path: Path, way: str) -> None:
    given = tmp_path / "folder" / "roads.gpkg"
    given.parent.mkdir()
    maps.write(given)  # a map, whose links are the roads of another one
    path = {
        "itself": given, "symbolic link": tmp_path / "link.gpkg", "hard link": tmp_path / "hard.gpkg",
        "another spelling": tmp_path / "folder" / ".." / "folder" / "roads.gpkg",
        "linked folder": tmp_path / "beside" / "roads.gpkg",
    }[way]  # fmt: skip
    if way == "symbolic link":
        path.symlink_to(given)
    elif way == "hard link":
        os.link(given, path)
    elif way == "linked folder":
        path.parent.symlink_to(given.parent)
    with pytest.raises(MapError, match=r"file of “Roads”.*choose another name"):
        check_output(path, (MAP,), {given: "Roads"})
    check_output(tmp_path / "new.gpkg", (MAP,), {given: "Roads"})


def test_a_link_to_an_earlier_map_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "latest.gpkg").symlink_to(tmp_path / "archive" / "map.gpkg")
    for _ in range(2):
        maps.write(tmp_path / "latest.gpkg")
        assert (tmp_path / "latest.gpkg").is_symlink()
        assert MAP.whole(tmp_path / "archive" / "map.gpkg")


@pytest.mark.parametrize(
    ("name", "words"),
    [("map.shp", r"map\.shp.*\.gpkg"), ("here", "is a folder"), ("file/map.gpkg", "file is not a folder")],
)
def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(MapError, match=words):
        check_output(tmp_path / name, (MAP,))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "here"]


def test_a_folder_without_rights_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("/proc/1/task") if os.geteuid() == 0 else tmp_path / "closed"
    if os.geteuid():
        folder.mkdir(mode=0o500)
    with pytest.raises(StorageError, match=r"could not write there|may not be written"):
        check_output(folder / "new" / "page.pdf", (PDF,))


def test_frames_go_into_a_folder_of_their_own(layer: QgsVectorLayer, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "frame of my bicycle.png").touch()
    with pytest.raises(MapError, match=r"holds other files.*bicycle"):
        export(layer, folder)
    (tmp_path / "file").touch()
    with pytest.raises(MapError, match="is a file"):
        export(layer, tmp_path / "file")


def test_the_frames_of_a_longer_film_before_do_not_stay(layer: QgsVectorLayer, tmp_path: Path) -> None:
    page = page_of(layer, paper="frame", film=True)
    export_film(page, tmp_path / "frames", FilmOptions(SMALL, bins=[3, 8, 12]))
    export_film(page, tmp_path / "frames", FilmOptions(SMALL, bins=[8]))
    assert [each.name for each in (tmp_path / "frames").iterdir()] == ["frame_0008_0800.png"]


# -- styles and journals ----------------------------------------------------------------------------


def styles(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as database:
        return dict(database.execute("SELECT styleName, useAsDefault FROM layer_styles"))


def finish(path: Path) -> None:
    layer = QgsVectorLayer(f"{path}|layername=links", "links", "ogr")
    style_layer(layer, StyleOptions.from_run_table(layer))
    save_style(layer)


def test_a_saved_style_leaves_no_write_ahead_log(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    maps.write(path, finish=finish)
    assert path.read_bytes()[18:20] == b"\1\1"
    finish(path)
    assert path.read_bytes()[18:20] == b"\1\1"
    assert [each.name for each in tmp_path.iterdir()] == ["map.gpkg"]


def test_styles_that_people_saved_in_a_map_stay_in_it(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    maps.write(path, finish=finish)
    layer = QgsVectorLayer(f"{path}|layername=links", "links", "ogr")
    assert not layer.saveStyleToDatabase("My own", "", True, "")
    del layer
    maps.write(path, finish=finish)
    assert styles(path) == {"Speeds": 0, "My own": 1}


# -- what ffmpeg would take for syntax --------------------------------------------------------------


@pytest.mark.parametrize("name", ["50% %05d", "http:x?y*[1]", "-i", "a'b\"c d#é"])
@pytest.mark.parametrize("ending", [".mp4", ".gif", ""])
def test_a_film_is_written_to_a_folder_of_any_name(
    layer: QgsVectorLayer, tmp_path: Path, name: str, ending: str
) -> None:
    skip_without_tools(ending)
    path = tmp_path / name / f"{name}{ending}"
    page = page_of(layer, paper="frame", film=True)
    written = export_film(page, path, FilmOptions((64, 36), bins=[3]))
    if ending:
        assert written == [path]
        assert (MP4 if ending == ".mp4" else GIF).whole(path)
    else:
        assert not QImage(str(written[0])).isNull()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
