"""A glance at trips, as a cluster's head carries it out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from roadpulse.aggregation import inventory
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.cluster_client.ssh.job_zip import job_zip


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    folder = tmp_path / "it's a “trip”; $(touch oops)"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:03}.json").write_text('{"data": []}', encoding="utf-8")
    (folder / "notes.md").write_text("no trip", encoding="utf-8")
    return folder


def asked(tmp_path: Path, isolated: bool = False, **wish: Any) -> dict[str, Any]:
    """The answer of a Python that knows the job's zip only."""
    (tmp_path / "job.zip").write_bytes(job_zip().content)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'job.zip')!r})\n"
        "from roadpulse.aggregation import inventory as glance\nglance.main()\n"
    )
    flags = ["-I", "-S"] if isolated else ["-I"]
    done = subprocess.run(
        [sys.executable, *flags, "-c", program, json.dumps(wish)], check=True, capture_output=True, text=True
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(inventory.MARK)]
    answer: dict[str, Any] = json.loads(line[len(inventory.MARK) :])
    return answer


def wish(trips: Path, tmp_path: Path, seconds: float = 60) -> dict[str, Any]:
    rules = DecodeRules().to_json()
    return {"trips": str(trips), "store": str(tmp_path / "store"), "rules": rules, "seconds": seconds}


def test_files_are_counted_with_those_that_are_new(trips: Path, tmp_path: Path) -> None:
    found = inventory.TripCount.from_json(asked(tmp_path, **wish(trips, tmp_path)))
    assert (found.files, found.bytes, found.new_files, found.new_bytes) == (60, 60 * 12, 60, 60 * 12)
    assert len(found.sample) == inventory.SAMPLE_FILES
    assert not found.more
    assert not (tmp_path / "store").exists()


def test_a_head_without_the_packages_counts_all_the_same(trips: Path, tmp_path: Path) -> None:
    found = inventory.TripCount.from_json(asked(tmp_path, isolated=True, **wish(trips, tmp_path)))
    assert (found.files, found.new_files) == (60, None)


def test_packed_copies_are_counted_apart(trips: Path, tmp_path: Path) -> None:
    for name in ("000.json.gz", "001.json.GZ"):
        (trips / name).write_bytes(b"anything")
    found = inventory.TripCount.from_json(asked(tmp_path, **wish(trips, tmp_path)))
    assert (found.files, found.bytes, found.new_files, found.new_bytes) == (60, 60 * 12, 60, 60 * 12)
    assert found.copies == 2


def test_when_time_is_over_there_are_at_least_some(trips: Path, tmp_path: Path) -> None:
    found = inventory.TripCount.from_json(asked(tmp_path, **wish(trips, tmp_path, seconds=0)))
    assert found.more
    assert found.new_files is None
    assert found.sample


def test_the_first_files_are_told_without_counting(trips: Path, tmp_path: Path) -> None:
    names = [Path(path).name for path in asked(tmp_path, trips=str(trips), first=3)["first"]]
    assert names == ["000.json", "001.json", "002.json"]


def test_what_is_wrong_is_said_in_words(tmp_path: Path) -> None:
    answer = asked(tmp_path, **wish(tmp_path / "nowhere", tmp_path))
    assert "does not exist" in answer["error"]
