"""What is fetched of a run: the parts that its manifest names, no more bytes than it says, all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import pytest

from roadpulse.cluster_client.errors import BackendError, ResultError
from roadpulse.cluster_client.runs.fetching import fetch_run
from roadpulse.cluster_client.runs.files import LONGEST_FILE, RunFiles
from tests.access_lists import is_theirs, share_by_default
from tests.manifests import manifest_of

STATISTICS = ("n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95")
COLUMNS = {
    "link_speeds": ("link_id", *STATISTICS),
    "link_speeds_by_time": ("link_id", "bin", *STATISTICS),
}


PART = "results/link_speeds.csv"


class HostileFiles(RunFiles):
    """Files by their names, of a side that sends `too_much` after those that are fetched."""

    def __init__(self, contents: dict[str, bytes], too_much: bytes = b"") -> None:
        self.contents, self.too_much, self.asked = contents, too_much, list[str]()

    def name(self, path: str) -> str:
        return path

    def size(self, path: str) -> Optional[int]:
        return len(self.contents[path]) if path in self.contents else None

    def read(self, path: str, most: int = LONGEST_FILE) -> Optional[bytes]:
        self.asked.append(path)
        content = self.contents.get(path)
        return None if content is None else content[:most]

    def read_last(self, path: str, most: int) -> Optional[bytes]:
        raise NotImplementedError

    def blocks(self, path: str, start: int, length: int) -> Generator[bytes, None, None]:
        self.asked.append(path)
        yield self.contents[path][start:]
        while self.too_much:
            yield self.too_much

    def put(self, path: str, content: bytes) -> None:
        self.contents[path] = content

    def put_new(self, path: str, content: bytes) -> bool:
        raise NotImplementedError

    def make_folders(self, folder: str) -> None:
        raise NotImplementedError

    def make_own_folder(self, parent: str, names: Sequence[str] = ()) -> str:
        raise NotImplementedError

    def remove(self, folder: str) -> None:
        raise NotImplementedError


def a_run(**changes: Any) -> dict[str, bytes]:
    """A finished run's files; `changes` are entries of the first part in its manifest."""
    contents, results = {"/run/log.txt": b"done\n", "/run/rc": b"0\n"}, {}
    for table, columns in COLUMNS.items():
        content = (",".join(columns) + "\n").encode()
        contents[f"/run/results/{table}.csv"] = content
        part = {"path": f"results/{table}.csv", "rows": 0, "bytes": len(content)}
        part["sha256"] = hashlib.sha256(content).hexdigest()
        results[table] = {"columns": list(columns), "rows": 0, "parts": [part]}
    results["link_speeds"]["parts"][0].update(changes)
    contents["/run/manifest.json"] = json.dumps(manifest_of(results)).encode()
    return contents


def with_sidecar(path: str = "results/datapackage.json", said: bytes = b"{}") -> dict[str, bytes]:
    """A finished run's files, with a sidecar of the content `{}` of which its manifest says `said`."""
    contents = a_run()
    entry = {"path": path, "bytes": len(said), "sha256": hashlib.sha256(said).hexdigest()}
    manifest = {**json.loads(contents["/run/manifest.json"]), "data_package": entry}
    return {
        **contents, f"/run/{path}": b"{}", "/run/manifest.json": json.dumps(manifest).encode(),
    }  # fmt: skip


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_run_is_fetched_whole(tmp_path: Path) -> None:
    fetch_run(HostileFiles(a_run()), "/run", tmp_path)
    assert names(tmp_path) == [
        "log.txt", "manifest.json", "rc", "results/link_speeds.csv", "results/link_speeds_by_time.csv",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["results"]


@pytest.mark.parametrize("path", ["results/datapackage.json", "results/0123abcd/datapackage.json"])
def test_the_sidecar_comes_with_the_tables(tmp_path: Path, path: str) -> None:
    fetch_run(HostileFiles(with_sidecar(path)), "/run", tmp_path)
    assert path in names(tmp_path) and (tmp_path / path).read_bytes() == b"{}"


def test_a_sidecar_of_another_content_or_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"datapackage\.json"):
        fetch_run(HostileFiles(with_sidecar(said=b"[]")), "/run", tmp_path)
    assert names(tmp_path) == []
    with pytest.raises(ResultError, match=r"spec\.json.*and the sidecar is results/datapackage"):
        fetch_run(HostileFiles(with_sidecar("spec.json")), "/run", tmp_path)
    assert names(tmp_path) == []


@pytest.fixture
def readable_by_default() -> Iterator[None]:
    """What a usual session leaves to others: reading."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
@pytest.mark.parametrize(
    ("mode", "files", "folders"),
    [(0o755, 0o600, 0o700), (0o1777, 0o600, 0o700), (0o2770, 0o660, 0o2770), (0o777, 0o666, 0o777)],
)
@pytest.mark.usefixtures("readable_by_default")
def test_what_is_fetched_into_a_folder_is_shared_as_that_is(
    tmp_path: Path, mode: int, files: int, folders: int
) -> None:
    tmp_path.chmod(mode)
    during = []

    class Watched(HostileFiles):
        def blocks(self, path: str, start: int, length: int) -> Generator[bytes, None, None]:
            during.extend((each, each.stat().st_mode & 0o7777) for each in tmp_path.rglob("*"))
            yield from super().blocks(path, start, length)

    fetch_run(Watched(a_run()), "/run", tmp_path)
    found = [*during, *((each, each.stat().st_mode & 0o7777) for each in tmp_path.rglob("*"))]
    assert {each.name for each, _ in found} >= {"results", "link_speeds.csv", "link_speeds.csv.part", "rc"}
    for each, given in found:
        is_folder = each.name in ("results", ".fetched")
        assert oct(given) == oct(folders if is_folder else files), each
    assert tmp_path.stat().st_mode & 0o7777 == mode


@pytest.mark.usefixtures("readable_by_default")
def test_what_is_fetched_is_shared_as_the_access_control_list_of_the_folder_says(tmp_path: Path) -> None:
    share_by_default(tmp_path)
    fetch_run(HostileFiles(a_run()), "/run", tmp_path)
    made = list(tmp_path.rglob("*"))
    assert len(made) == 6
    assert [path for path in made if not is_theirs(path)] == []
    assert [path for path in made if path.stat().st_mode & 0o007] == []


@pytest.mark.parametrize(
    "path", [".", "pid", "cancel", "../pid", f"results/{'x' * 300}.csv", "results/a/b.csv"]
)
def test_a_part_that_is_no_result_is_not_asked_for(tmp_path: Path, path: str) -> None:
    (tmp_path / "spec.json").write_text("{}")
    files = HostileFiles(a_run(path=path))
    with pytest.raises(ResultError, match=r"a part is results/NAME\.csv"):
        fetch_run(files, "/run", tmp_path)
    assert files.asked == ["/run/manifest.json"]
    assert [each.name for each in tmp_path.iterdir()] == ["spec.json"]


def test_no_more_is_written_than_the_manifest_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    real = HostileFiles.blocks

    def watched(files: HostileFiles, path: str, start: int, length: int) -> Generator[bytes, None, None]:
        for block in real(files, path, start, length):
            yield block
            sizes.append((tmp_path / f"{PART}.part").stat().st_size)

    monkeypatch.setattr(HostileFiles, "blocks", watched)
    with pytest.raises(ResultError, match="changed after the run"):
        fetch_run(HostileFiles(a_run(), b"x" * 100_000), "/run", tmp_path)
    assert max(sizes) == len(a_run()[f"/run/{PART}"])
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_result_that_was_changed(tmp_path: Path) -> None:
    contents = a_run()
    contents["/run/results/link_speeds_by_time.csv"] = b"other"
    with pytest.raises(ResultError, match="changed after the run"):
        fetch_run(HostileFiles(contents), "/run", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_result_for_which_there_is_no_room_is_refused_before_it_is_fetched(tmp_path: Path) -> None:
    files = HostileFiles(a_run(bytes=10**18))
    with pytest.raises(BackendError, match="does not fit on this computer: 1,000,000,000,000 MB"):
        fetch_run(files, "/run", tmp_path)
    assert files.asked == ["/run/manifest.json"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_same_size_and_other_content_is_sent_again() -> None:
    files = HostileFiles({"/jobs/a.zip": b"planted"})
    assert files.put_once("/jobs/a.zip", b"genuine")
    assert files.contents["/jobs/a.zip"] == b"genuine"
    assert not files.put_once("/jobs/a.zip", b"genuine")
