"""Pythons for what depends on their version: before 3.11 none can be kept from its folder of start."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest


def _executable(name: str) -> str | None:
    """Path of the Python that runs under a name; None where there is none.

    The name may belong to a program that chooses among several versions, and fails where its own variables
    or the chosen version are missing. So Python itself is asked for its path.
    """
    found = shutil.which(name)
    if not found:
        return None
    done = subprocess.run(
        [found, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def _parameters() -> list[object]:
    older = {version: _executable(f"python{version}") for version in ("3.9", "3.10")}
    found = [pytest.param(path, id=version) for version, path in older.items() if path]
    return [*found, pytest.param(sys.executable, id="this")]


each_python = pytest.mark.parametrize("python", _parameters())
"""Gives a test the path of this Python and, where they are, of the oldest that Roadpulse supports."""
