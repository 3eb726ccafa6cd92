"""Pythons for what depends on their version: before 3.11 none can be kept from its folder of start."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest


def _parameter(version: str) -> object:
    found = shutil.which(f"python{version}")
    # A name may only lead to an error, where another program chooses among several versions.
    works = found and subprocess.run([found, "-V"], capture_output=True, check=False).returncode == 0
    mark = pytest.mark.skipif(not works, reason=f"needs python{version}")
    return pytest.param(found, id=version, marks=mark)


each_python = pytest.mark.parametrize(
    "python", [_parameter("3.9"), _parameter("3.10"), pytest.param(sys.executable, id="this")]
)
"""The test gets the path of this Python and of the oldest ones that Roadpulse supports, as `python`."""
