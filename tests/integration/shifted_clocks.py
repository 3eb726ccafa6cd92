"""Processes with a shifted clock, by libfaketime.

libfaketime shifts what a process takes for the time, and leaves alone the times of files, which come from
the server of a shared folder, and the monotonic clock. Its own shift of file times stands for a server that
goes wrong together with the cluster.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from development.cluster_spark import spark_python

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
needs_library = pytest.mark.skipif(LIBRARY is None, reason="there is no libfaketime; install faketime")
both_ways = pytest.mark.parametrize("minutes", [-5, 5], ids=["behind", "ahead"])


def shifted_clock(minutes: float, files_too: bool = False) -> dict[str, str]:
    """The environment of a process whose clock is off."""
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME": f"{minutes * 60:+.0f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        **({} if files_too else {"NO_FAKE_STAT": "1"}),
    }


BEARS_IT = """
import os, select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None  # Python's own fails there
os.environ.pop("LD_PRELOAD", None)  # what it starts, Java say, would wait wrongly
"""


def python(folder: Path, head: float, nodes: float | None = None, files_too: bool = False) -> str:
    """A Python whose clock is off; by another number of minutes where it works for a Spark executor."""
    site = folder / "bears-it"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(BEARS_IT)
    settings = [
        " ".join(f"{name}={value}" for name, value in shifted_clock(minutes, files_too).items())
        for minutes in (head, head if nodes is None else nodes)
    ]
    wrapper = folder / "python"
    program = spark_python("4") if nodes is not None else sys.executable
    wrapper.write_text(
        "#!/bin/sh\n"
        f'off="{settings[0]}"\n'
        f'case "$*" in *pyspark.daemon*|*pyspark.worker*) off="{settings[1]}";; esac\n'
        f'exec env $off PYTHONPATH="{site}:$PYTHONPATH" {program} "$@"\n'
    )
    wrapper.chmod(0o755)
    return str(wrapper)
