"""The point store of a profile, compacted by an algorithm."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProcessingException

from roadpulse.aggregation.store import compaction


def test_small_parts_are_merged_and_a_run_reads_nothing_anew(
    processing: Any, city: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "GRACE", -1e9)  # nothing has to be old to be removed
    trips, profile = tmp_path / "trips", tmp_path / "profile.json"
    trips.mkdir()
    store = tmp_path / "store"
    profile.write_text(json.dumps({"kind": "local", "name": "x", "folders": {"store": str(store)}}))
    run = {"PROFILE": str(profile), "TRIPS": str(trips), "TIME_ZONE": "UTC", "MIN_TRIPS": 1}
    files = sorted(Path(city["TRIPS_FOLDER"]).iterdir())
    for number, file in enumerate(files[:3]):
        shutil.copy(file, trips)
        result = processing.run(
            "roadpulse:aggregatetrips", {**run, "RUN_FOLDER": str(tmp_path / f"{number}")}
        )
    expected = Path(result["LINK_SPEEDS"]).read_bytes()
    assert len(list(store.glob("*/points/ingest=*"))) == 3
    done = processing.run("roadpulse:compactstore", {"PROFILE": str(profile), "TRIPS": str(trips)})
    assert done == {"STORE": str(store), "MERGED_COUNT": 3, "LEFT_OUT_COUNT": 0, "REMOVED_COUNT": 3}
    assert len(list(store.glob("*/points/ingest=*"))) == 1
    again = processing.run("roadpulse:aggregatetrips", {**run, "RUN_FOLDER": str(tmp_path / "again")})
    assert Path(again["LINK_SPEEDS"]).read_bytes() == expected
    manifest = json.loads((tmp_path / "again" / "manifest.json").read_text())
    assert (manifest["files"]["decoded"], manifest["files"]["reused"]) == (0, 3)
    next(iter(trips.iterdir())).unlink()
    given = {"PROFILE": str(profile), "TRIPS": str(trips), "ONLY_THESE": True}
    assert processing.run("roadpulse:compactstore", given)["LEFT_OUT_COUNT"] == 1


@pytest.mark.parametrize(
    ("profile", "given", "words"),
    [
        (
            {"kind": "local", "folders": {"store": "/none"}},
            {},
            "There is no point store of this version",
        ),
        (
            {"kind": "local", "folders": {"store": "s3://b/store"}},
            {},
            "does not reach as a folder",
        ),
        (
            {"kind": "ssh", "host": "pi0"},
            {},
            "Compact it there: python -m roadpulse.aggregation compact",
        ),
        ({"kind": "local"}, {"ONLY_THESE": True}, "ONLY_THESE: needs TRIPS"),
    ],
)
def test_a_store_that_cannot_be_compacted_from_here_is_refused(
    processing: Any, tmp_path: Path, profile: dict[str, Any], given: dict[str, Any], words: str
) -> None:
    file = tmp_path / "profile.json"
    file.write_text(json.dumps({"name": "x", **profile}))
    with pytest.raises(QgsProcessingException, match=words):
        processing.run("roadpulse:compactstore", {"PROFILE": str(file), **given})
