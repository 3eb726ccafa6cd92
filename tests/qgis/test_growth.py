"""The benchmark of growth, as it is called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).absolute().parents[2]


def growth(*steps: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "growth", *steps]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


def test_steps_are_measured_by_name_and_leave_no_window_behind() -> None:
    done = growth("run panel", "wide preview")
    assert done.returncode == 0, done.stderr
    measured = [line for line in done.stdout.splitlines() if "×" in line]
    assert [line[:12].rstrip() for line in measured] == ["run panel", "wide preview"]
    assert "QBasicTimer" not in done.stdout + done.stderr


def test_a_step_that_there_is_not_is_named_before_anything_is_measured() -> None:
    done = growth("preview", "nothing")
    assert done.returncode == 2
    assert "there is no step 'nothing'" in done.stderr and "×" not in done.stdout
