"""Results are read only as the manifest describes them, and a damaged file is named."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from roadpulse.cluster_client.errors import ResultError
from roadpulse.cluster_client.runs.results import read_manifest, read_speeds, read_speeds_by_time
from tests.manifests import manifest_of

STATISTICS = ("n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95")
COLUMNS = {
    "link_speeds": ("link_id", *STATISTICS),
    "link_speeds_by_time": ("link_id", "bin", *STATISTICS),
}


LARGEST = 2**63 - 1
OVERALL = [
    f"{2**53 + 1},3,2,24.5,1.25,20,21,24,27,28",
    "7,1,1,0.1,,0.1,0.1,0.1,0.1,0.1",
    f"{LARGEST},2,2,5e-324,0.30000000000000004,1,1,1,1,1",
]
BY_TIME = ["7,00:00,1,1,30,,30,30,30,30,30", "7,23:55,2,1,30,0,30,30,30,30,30"]


class RunFolder:
    def __init__(self, path):
        self.path = path
        self.write({"link_speeds": [OVERALL], "link_speeds_by_time": [BY_TIME]})

    def write(self, tables):
        (self.path / "results").mkdir(parents=True, exist_ok=True)
        results = {}
        for name, parts in tables.items():
            listed = []
            for number, rows in enumerate(parts):
                text = "\n".join([",".join(COLUMNS[name]), *rows]) + "\n"
                file = f"results/{name}-{number:05d}.csv"
                (self.path / file).write_bytes(text.encode())
                digest = hashlib.sha256(text.encode()).hexdigest()
                listed.append(
                    {"path": file, "rows": len(rows), "bytes": len(text.encode()), "sha256": digest}
                )
            results[name] = {"columns": COLUMNS[name], "rows": sum(map(len, parts)), "parts": listed}
        self.manifest = manifest_of(results)
        self.save()

    def save(self):
        (self.path / "manifest.json").write_text(json.dumps(self.manifest), encoding="utf-8")

    def part(self, name="link_speeds"):
        return self.path / self.manifest["results"][name]["parts"][0]["path"]


@pytest.fixture(params=["run", "straße 'x' \"y\"\n名前"])
def folder(tmp_path, request):
    return RunFolder(tmp_path / request.param)


def test_link_ids_stay_whole_numbers(folder):
    speeds = read_speeds(folder.path)
    assert speeds["link_id"].dtype == np.int64
    assert speeds["link_id"].tolist() == [2**53 + 1, 7, LARGEST]


def test_numbers_come_back_as_they_were_written(folder):
    speeds = read_speeds(folder.path)
    assert list(speeds.columns) == list(COLUMNS["link_speeds"])
    assert speeds["mean"].tolist() == pytest.approx([24.5, 0.1, 5e-324], rel=1e-15, abs=0)
    assert speeds["n_trips"].dtype == np.int64
    assert np.isnan(speeds["std"][1])


def test_every_number_is_read_to_its_last_digit(folder):
    rng = np.random.default_rng(7)
    means = (rng.random(2000) * 60).tolist()
    rows = [f"{link},3,2,{mean!r},1,{mean!r},1,1,1,{mean!r}" for link, mean in enumerate(means)]
    folder.write({"link_speeds": [rows], "link_speeds_by_time": [BY_TIME]})
    speeds = read_speeds(folder.path)
    for name in ("mean", "p05", "p95"):
        assert speeds[name].tolist() == means


def test_bins_stay_text(folder):
    by_time = read_speeds_by_time(folder.path)
    assert by_time["bin"].tolist() == ["00:00", "23:55"]
    assert list(by_time.columns) == list(COLUMNS["link_speeds_by_time"])


def test_parts_follow_each_other(folder):
    folder.write({"link_speeds": [OVERALL[:1], [], OVERALL[1:]], "link_speeds_by_time": [BY_TIME]})
    speeds = read_speeds(folder.path)
    assert speeds["link_id"].tolist() == [2**53 + 1, 7, LARGEST]
    assert speeds.index.tolist() == [0, 1, 2]
    assert speeds["link_id"].dtype == np.int64


def test_an_empty_result_keeps_its_columns_and_types(folder):
    folder.write({"link_speeds": [[]], "link_speeds_by_time": [[]]})
    speeds = read_speeds(folder.path)
    assert len(speeds) == 0
    assert speeds["link_id"].dtype == np.int64
    assert speeds["mean"].dtype == np.float64


def test_the_manifest_is_passed_on_whole(folder):
    manifest = read_manifest(folder.path)
    assert manifest.speed_unit == "mph"
    assert manifest.values["results"]["link_speeds"]["rows"] == 3


def test_a_changed_digit_is_noticed(folder):
    content = folder.part().read_bytes()
    folder.part().write_bytes(content.replace(b"24.5", b"24.6"))
    with pytest.raises(ResultError, match="SHA-256") as caught:
        read_speeds(folder.path)
    assert caught.value.file == str(folder.part())


def test_a_missing_tail_is_noticed(folder):
    folder.part().write_bytes(folder.part().read_bytes()[:-9])
    with pytest.raises(ResultError, match=r"bytes, and the manifest says"):
        read_speeds(folder.path)


def test_a_missing_part_is_named(folder):
    folder.part("link_speeds_by_time").unlink()
    with pytest.raises(ResultError, match=r"by_time-00000.csv.*not there"):
        read_speeds_by_time(folder.path)


@pytest.mark.parametrize("where", ["table", "part"])
def test_rows_that_do_not_add_up_are_noticed(folder, where):
    table = folder.manifest["results"]["link_speeds"]
    (table if where == "table" else table["parts"][0])["rows"] += 1
    folder.save()
    with pytest.raises(ResultError, match="rows"):
        read_speeds(folder.path)


@pytest.mark.parametrize(
    "row",
    [
        "1.5,1,1,1,1,1,1,1,1,1",
        f"{2**63},1,1,1,1,1,1,1,1,1",
        ",1,1,1,1,1,1,1,1,1",
        "x,1,1,1,1,1,1,1,1,1",
        "1,1,1,fast,1,1,1,1,1,1",
        "1,1,1,1,1,1,1,1,1,1,1,1",
    ],
)
def test_a_row_that_does_not_fit_the_contract_is_refused(folder, row):
    folder.write({"link_speeds": [[*OVERALL, row]], "link_speeds_by_time": [BY_TIME]})
    with pytest.raises(ResultError, match=r"link_speeds-00000.csv"):
        read_speeds(folder.path)


def test_columns_in_another_order_are_refused(folder):
    folder.manifest["results"]["link_speeds"]["columns"] = list(COLUMNS["link_speeds"])[::-1]
    folder.save()
    with pytest.raises(ResultError, match="columns"):
        read_speeds(folder.path)


@pytest.mark.parametrize(
    "path",
    [
        "../elsewhere.csv", "/etc/passwd", "results/../../x", "C:/x.csv", "results\\x.csv", ".", "", "pid",
        "cancel", "spec.json", "results", "results/", "results/.csv", "results/a b.csv", "results/x.csv.part",
        "results/x.sh", "results/sub/x.csv", "results/nul.csv", "results/COM1.csv",
        f"results/{'x' * 300}.csv", "results/x.csv\n", "results/stra\u00dfe.csv",
    ],
)  # fmt: skip
def test_a_part_that_is_no_plain_file_of_the_results_is_refused(folder, path):
    folder.manifest["results"]["link_speeds"]["parts"][0]["path"] = path
    folder.save()
    with pytest.raises(ResultError, match=r"parts\[0\]\.path.*a part is results/NAME\.csv"):
        read_speeds(folder.path)


@pytest.mark.parametrize("path", ["results/link_speeds-00000.csv", "results/LINK_SPEEDS-00000.csv"])
def test_a_part_that_is_listed_twice_is_refused(folder, path):
    folder.manifest["results"]["link_speeds_by_time"]["parts"][0]["path"] = path
    folder.save()
    with pytest.raises(ResultError, match="twice"):
        read_speeds(folder.path)


def test_a_part_may_lie_in_the_folder_of_an_attempt(folder):
    part = folder.manifest["results"]["link_speeds"]["parts"][0]
    moved = folder.path / "results/0a1b2c3d/link_speeds.csv"
    moved.parent.mkdir()
    (folder.path / part["path"]).rename(moved)
    part["path"] = "results/0a1b2c3d/link_speeds.csv"
    folder.save()
    assert len(read_speeds(folder.path)) == 3


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("bytes", -1), ("bytes", 1.5), ("bytes", "12"), ("bytes", True), ("bytes", None), ("bytes", 2**64),
        ("rows", -1), ("rows", "many"), ("sha256", "0" * 63), ("sha256", 7), ("sha256", "x" * 64),
    ],
)  # fmt: skip
def test_an_entry_of_a_part_that_is_no_such_thing_is_named(folder, entry, value):
    folder.manifest["results"]["link_speeds"]["parts"][0][entry] = value
    folder.save()
    with pytest.raises(ResultError, match=entry if value != 2**64 else "64 bits|digits|number"):
        read_manifest(folder.path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"schema": 1}',
        '{"schema": 1, "results": {}}',
        '{"schema": 1, "results": 5}',
        '{"schema": 1, "results": {"link_speeds": {}}}',
        '{"schema": 1, "results": {"link_speeds": 7}}',
    ],
)
def test_a_damaged_manifest_is_named(folder, content):
    (folder.path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(ResultError) as caught:
        read_manifest(folder.path)
    assert caught.value.file.endswith("manifest.json")


def test_a_result_of_a_later_version_is_told_apart_from_a_damaged_one(folder):
    folder.manifest["schema"] = 2
    folder.save()
    with pytest.raises(ResultError, match=r"version 2.*Update"):
        read_manifest(folder.path)


def test_a_run_without_a_manifest_has_no_result(tmp_path):
    with pytest.raises(ResultError, match="has no result"):
        read_speeds(tmp_path)


def test_columns_of_a_later_version_are_read_too(folder):
    name = "link_speeds"
    table = folder.manifest["results"][name]
    content = (
        pd.read_csv(folder.part(), dtype=str, keep_default_na=False)
        .assign(p99="31")
        .to_csv(index=False)
        .encode()
    )
    folder.part().write_bytes(content)
    table["columns"] = [*COLUMNS[name], "p99"]
    table["parts"][0].update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    folder.save()
    assert read_speeds(folder.path)["p99"].tolist() == [31.0] * 3
