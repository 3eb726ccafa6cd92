"""The test script: progress messages, and the table of times."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from development.pytest_progress import CpuTime
from development.test_times import SLOWEST, Times, read, table

ROOT = Path(__file__).resolve().parents[2]
ON_SPARK = ("spark_x", "s3_spark", "ssh_spark", "cluster")
ON_LIVY = ("livy_x", "cluster_services")
ON_ENGINE = ("engine_x", "clocks", "killed_runs", "local_backend", "worker_memory")
ON_S3 = ("s3_x", "bucket_probe")
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
    names = (*ON_SPARK, *ON_LIVY, *ON_ENGINE, *OVER_SSH, *ON_S3)
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
    kind = "integration: PostGIS, statistics"
    assert f" {kind}, 0 % (1 of 1): test_b.py::test_long" in told
    table = lines[next(n for n, line in enumerate(lines) if line.startswith("== seconds by kind")) :]
    kinds = {line.rsplit(None, 5)[0].strip(): int(line.split()[-5]) for line in table[1:10]}
    assert kinds == {
        "unit: no QGIS": 2, kind: 1, "integration: Spark": len(ON_SPARK), "integration: Livy": len(ON_LIVY),
        "integration: engine, processes": len(ON_ENGINE), "integration: SSH": len(OVER_SSH),
        "integration: S3": len(ON_S3),
        "qgis: real QGIS, no window": 1, "gui: real QGIS Desktop under Xvfb": 1,
    }  # fmt: skip
    slowest, most = table[11 : 11 + SLOWEST], table[12 + SLOWEST : -2]
    assert len(slowest) == len(most) == SLOWEST < sum(kinds.values())
    times = read(house / "build/tests-times.tsv")
    assert {test.name for test in times if test.kind == "unit: no QGIS"} == {
        "tests/unit/test_a.py::test_fails", "tests/unit/test_a.py::test_passes",
    }  # fmt: skip
    assert not list((house / "build").glob("*.now"))


def test_the_table_sums_by_kind_and_lists_the_slowest() -> None:
    tests = [Times("unit", 0.5, number, 0.25, 40 - number, f"test_{number}") for number in range(20)]
    tests.append(Times("gui", 30.0, 1000.4, 0, 39.5, "test_window"))
    lines = table(tests)
    assert [line.split()[-6:] for line in lines[1:3]] == [
        ["unit", "20", "10", "190", "205", "610"], ["gui", "1", "30", "1,000", "1,030", "40"],
    ]  # fmt: skip
    slowest, most = ([line.split() for line in lines[n : n + SLOWEST]] for n in (4, 5 + SLOWEST))
    assert lines[5 + 2 * SLOWEST :] == []
    assert most[:3] == [["40.0", "test_0"], ["39.5", "test_window"], ["39.0", "test_1"]]
    assert len(slowest) == SLOWEST
    assert slowest[0] == ["1030.4", "30.0", "test_window"]
    assert [name for _, _, name in slowest[1:3]] == ["test_19", "test_18"]


def spin(seconds: float) -> str:
    """Python code that computes for so long."""
    return f"import time\nwhile time.process_time() < {seconds}: pass\n"


def test_cpu_time_counts_processes_that_still_run() -> None:
    """In a process of its own, which moves into a control group where one can be made."""
    code = (
        "import subprocess, sys\n"
        "from development.pytest_progress import CpuTime\n"
        "cpu = CpuTime()\n"
        "before = cpu.seconds()\n"
        f"child = subprocess.Popen([sys.executable, '-c', {spin(0.3)!r} + 'print(flush=True); input()'],\n"
        "                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "running = cpu.seconds() - before if cpu.group else 0.3\n"
        "child.communicate(b'\\n')\n"
        "print(running >= 0.3, cpu.seconds() - before >= 0.3)\n"
        "group = cpu.group\n"
        "cpu.close()\n"
        "print(group is None or not group.exists())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["True", "True", "True"], done.stderr


def test_cpu_time_without_control_groups_is_that_of_ended_processes(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text("tmpfs /tmp tmpfs rw 0 0\n")
    cpu = CpuTime(tmp_path / "mounts")
    before = cpu.seconds()
    subprocess.run([sys.executable, "-c", spin(0.3)], check=True)
    assert cpu.group is None
    assert cpu.seconds() - before >= 0.3
