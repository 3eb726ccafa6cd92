"""What is not Roadpulse's is neither read as its own nor deleted, whatever folders a run is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadpulse.aggregation import storage
from roadpulse.aggregation.contract import own_files
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.tests.engine import Engine, LocalRunner

PRECIOUS = ("work/notes.txt", "results/thesis.csv", "results/2019/link_speeds.csv", "photo.jpg")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = Engine(tmp_path)
    made.write("a.json")
    return made


def fill(folder: Path, names: tuple[str, ...] = PRECIOUS) -> dict[str, bytes]:
    """Put a person's own files into a folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return {name: name.encode() for name in names}


def files_of(folder: Path, names: tuple[str, ...] = PRECIOUS) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def carry_out(folder: Path) -> None:
    run(RunFolder(LocalPath(folder)), LocalRunner())


# -- the run folder -----------------------------------------------------------------------------------


def test_a_run_refuses_a_folder_with_work_or_results_of_others(engine: Engine) -> None:
    folder = engine.prepare()
    kept = fill(folder)
    with pytest.raises(RunError, match=r"work holds notes\.txt, which Roadpulse has not written"):
        carry_out(folder)
    assert files_of(folder) == kept
    assert RunFolder(LocalPath(folder)).status.exists()


@pytest.mark.parametrize("name", ["work", "results"])
def test_a_run_refuses_a_link_in_the_place_of_its_folders(engine: Engine, tmp_path: Path, name: str) -> None:
    folder, elsewhere = engine.prepare(), tmp_path / "elsewhere"
    fill(elsewhere, ("trips.npz", "link_speeds.csv"))
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(RunError, match="not a folder that Roadpulse made"):
        carry_out(folder)
    assert listed(elsewhere) == ["link_speeds.csv", "trips.npz"]


@pytest.mark.parametrize("ends_well", [True, False])
def test_what_is_put_beside_the_work_while_a_run_goes_on_stays(engine: Engine, ends_well: bool) -> None:
    folder = engine.prepare(**({} if ends_well else {"mapping": {"points": "nothing.here"}}))

    class Meddler(LocalRunner):
        def decode(self, *rest):
            fill(folder)
            super().decode(*rest)

    if ends_well:
        run(RunFolder(LocalPath(folder)), Meddler())
    else:
        with pytest.raises(RunError):
            run(RunFolder(LocalPath(folder)), Meddler())
    assert files_of(folder) == {name: name.encode() for name in PRECIOUS}
    assert listed(folder / "work") == ["notes.txt"]


def test_what_an_earlier_attempt_left_is_removed(engine: Engine) -> None:
    folder = engine.prepare()
    names = ("work/links-00000.npz", "work/.trips.npz.0123abcd.tmp", "results/link_speeds-00003.csv")
    fill(folder, names)
    carry_out(folder)
    assert not (folder / "work").exists()
    assert listed(folder / "results") == ["datapackage.json", "link_speeds.csv", "link_speeds_by_time.csv"]


# -- trips and the run's own folders ------------------------------------------------------------------


@pytest.mark.parametrize("trips", ["work", ".", "work/*.json", "**/*.json", "link", "work/a.json"])
def test_trips_in_the_run_folder_are_refused_and_stay(engine: Engine, trips: str) -> None:
    folder = engine.prepare()
    engine.trips.rename(folder / "work")
    (engine.folder / "link").symlink_to(folder / "work")
    given = engine.folder / "link" if trips == "link" else folder / trips
    spec = engine.prepare(trips=str(given)) / "spec.json"
    spec.replace(folder / "spec.json")
    with pytest.raises(RunError, match=r"lie in the run folder|which Roadpulse has not written"):
        carry_out(folder)
    assert listed(folder / "work") == ["a.json"]
    own = [storage.Own("run folder", str(folder))]
    with pytest.raises(RunError, match="lie in the run folder"):
        storage.list_trips(str(given), own=own)
    with pytest.raises(RunError, match="lie in the run folder"):
        storage.check_apart(str(given), own)


@pytest.mark.parametrize("trips", ["", "**/*.json", "*/*.json", "through/**/*.json", "through"])
@pytest.mark.parametrize("what", ["run folder", "point store"])
def test_a_folder_of_the_run_among_the_trips_is_refused(engine: Engine, trips: str, what: str) -> None:
    own = engine.trips / "deep" if trips != "*/*.json" else engine.trips / "run"
    own.mkdir()
    (own / "spec.json").write_text("{}", encoding="utf-8")
    (engine.folder / "around").mkdir()
    (engine.folder / "around" / "through").symlink_to(engine.trips)
    base = engine.folder / "around" if trips.startswith("through") else engine.trips
    with pytest.raises(RunError, match=f"The {what} .* lies among the trips"):
        storage.list_trips(str(base / trips), own=[storage.Own(what, str(own))])


def test_folders_side_by_side_are_none_in_each_other(engine: Engine) -> None:
    beside = [storage.Own("run folder", str(engine.folder / "trips-run"))]
    (engine.folder / "trips-run").mkdir()
    assert len(storage.list_trips(str(engine.trips), own=beside)) == 1
    storage.check_apart(str(engine.trips), beside)
    inside = [storage.Own("run folder", str(engine.trips / "run"))]
    (engine.trips / "run").mkdir()
    assert len(storage.list_trips(str(engine.trips / "*.json"), own=inside)) == 1


@pytest.mark.parametrize(
    ("trips", "refused"),
    [
        ("s3://b/runs", True), ("s3://b/runs/x/work", True), ("s3://b", True), ("s3://b/runs/x", True),
        ("s3://b/runs/x-2", False), ("s3://b/trips", False), ("s3://c/runs/x", False),
    ],
)  # fmt: skip
def test_prefixes_of_a_bucket_are_kept_apart_as_well(trips: str, refused: bool) -> None:
    own = [storage.Own("run folder", "s3://b/runs/x"), storage.Own("point store", "/points")]
    if refused:
        with pytest.raises(RunError, match="run folder"):
            storage.check_apart(trips, own)
    else:
        storage.check_apart(trips, own)


# -- the point store ----------------------------------------------------------------------------------


def test_an_ingest_that_came_to_no_end_leaves_what_others_put_there(tmp_path: Path) -> None:
    store = PointStore.open(str(tmp_path / "store"), DecodeRules())
    store.begin("dead")
    folder = Path(str(store.points_folder("dead")))
    fill(
        folder, ("part-00000.parquet", "mine.parquet", "notes-00000.parquet", "notes.txt", "deep/owner.json")
    )
    store.discard("dead")
    assert listed(folder) == ["deep", "mine.parquet", "notes.txt"]
    assert listed(folder / "deep") == ["owner.json"]
    store.begin("whole")
    store.discard("whole")
    assert not Path(str(store.points_folder("whole"))).exists()


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    fill(tmp_path / "mine", ("part-00000.parquet",))
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    (LocalPath(tmp_path) / "link").remove_files(own_files.POINT_FILES)
    assert listed(tmp_path / "mine") == ["part-00000.parquet"]
