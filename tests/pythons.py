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


def _parameter(version: str) -> object:
    found = _executable(f"python{version}")
    mark = pytest.mark.skipif(found is None, reason=f"needs python{version}")
    return pytest.param(found, id=version, marks=mark)


each_python = pytest.mark.parametrize(
    "python", [_parameter("3.9"), _parameter("3.10"), pytest.param(sys.executable, id="this")]
)
"""The test gets the path of this Python and of the oldest ones that Roadpulse supports, as `python`."""
