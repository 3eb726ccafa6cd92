"""The test script: progress messages, and the table of times."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from development.test_times import SLOWEST, Times, read, table

ROOT = Path(__file__).resolve().parents[2]
ON_SPARK = ("spark_x", "s3_spark", "ssh_spark", "cluster")
ON_LIVY = ("livy_x", "cluster_services")
ON_ENGINE = ("engine_x", "clocks", "killed_runs", "local_backend", "worker_memory")
OVER_SSH = ("ssh_backend", "ssh_connection", "ssh_diagnosis")
ALSO = """
import pytest

@pytest.mark.long
def test_for_long(): pass
"""
LONG = """
import os, time
from pathlib import Path

def test_long():
    # ends when the line about this very test has been printed
    end = time.monotonic() + 100
    while "test_long" not in Path(os.environ["SAID"]).read_text() and time.monotonic() < end:
        time.sleep(0.02)
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house with a few tests of each kind; one of the unit tests fails."""
    for name in ("test.sh", "test_times.py", "pytest_progress.py"):
        (tmp_path / "development").mkdir(exist_ok=True)
        shutil.copy(ROOT / "development" / name, tmp_path / "development")
    (tmp_path / "development/parts.py").write_text("")
    (tmp_path / "development/machine.py").write_text("print('== left out here: something')")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/venv").symlink_to(ROOT / "build/venv")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["long: x"]\n')
    names = (*ON_SPARK, *ON_LIVY, *ON_ENGINE, *OVER_SSH)
    files = {f"integration/test_{name}.py": "def test_one(): pass" for name in names}
    files |= {
        "unit/test_a.py": "def test_fails(): assert 0\ndef test_passes(): pass\n" + ALSO,
        "integration/test_b.py": LONG,
        "qgis/test_c.py": "def test_one(): pass",
        "gui/test_d.py": "def test_one(): pass",
    }
    for name, text in files.items():
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / name).write_text(text)
    return tmp_path


def run(house: Path, *words: str) -> tuple[int, str]:
    """Exit code and output of the test script."""
    said = house / "said"
    environment = {
        **os.environ,
        "ROADPULSE_TICK": "0.1",
        "SAID": str(said),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    with said.open("wb") as output:
        done = subprocess.run(
            [house / "development/test.sh", *words], cwd=house, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, timeout=240, check=False,
        )  # fmt: skip
    return done.returncode, said.read_text()


@pytest.mark.parametrize(
    ("words", "code", "tests"),
    [
        ("long", 0, {"test_for_long"}),
        ("tests/unit", 1, {"test_fails", "test_passes", "test_for_long"}),
    ],
)
def test_long_tests_run_where_they_are_asked_for(
    house: Path, words: str, code: int, tests: set[str]
) -> None:  # fmt: skip
    assert run(house, words)[0] == code
    assert {test.name.rpartition("::")[2] for test in read(house / "build/tests-times.tsv")} == tests


def test_what_goes_on_is_said_and_in_the_end_where_the_time_went(house: Path) -> None:
    code, told = run(house, "tests")
    lines = told.splitlines()
    assert code == 1
    assert lines[0] == "== left out here: something" == lines[-2]
    assert lines[-1] == "== failed: in_unit"
    kind = "integration: PostGIS, S3"
    assert f" {kind}, 0 % (1 of 1): test_b.py::test_long" in told
    table = lines[next(n for n, line in enumerate(lines) if line.startswith("== seconds by kind")) :]
    kinds = {line.rsplit(None, 4)[0].strip(): int(line.split()[-4]) for line in table[1:9]}
    assert kinds == {
        "unit: no QGIS": 2, kind: 1, "integration: Spark": len(ON_SPARK), "integration: Livy": len(ON_LIVY),
        "integration: engine, processes": len(ON_ENGINE), "integration: SSH": len(OVER_SSH),
        "qgis: real QGIS, no window": 1, "gui: real QGIS Desktop under Xvfb": 1,
    }  # fmt: skip
    assert len(table[10:-2]) == SLOWEST < sum(kinds.values())
    times = read(house / "build/tests-times.tsv")
    assert {test.name for test in times if test.kind == "unit: no QGIS"} == {
        "tests/unit/test_a.py::test_fails", "tests/unit/test_a.py::test_passes",
    }  # fmt: skip
    assert not list((house / "build").glob("*.now"))


def test_the_table_sums_by_kind_and_lists_the_slowest() -> None:
    tests = [Times("unit", 0.5, number, 0.25, f"test_{number}") for number in range(20)]
    tests.append(Times("gui", 30.0, 1000.4, 0, "test_window"))
    lines = table(tests)
    assert [line.split()[-5:] for line in lines[1:3]] == [
        ["unit", "20", "10", "190", "205"], ["gui", "1", "30", "1,000", "1,030"],
    ]  # fmt: skip
    slowest = [line.split() for line in lines[4:]]
    assert len(slowest) == SLOWEST
    assert slowest[0] == ["1030.4", "30.0", "test_window"]
    assert [name for _, _, name in slowest[1:3]] == ["test_19", "test_18"]
