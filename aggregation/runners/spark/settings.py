"""Spark's configuration for a run: the settings that Spark was started with, and defaults for others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DEFAULTS = {
    "spark.locality.wait": "0s",
    # Idle threads of a worker take memory, too.
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    "spark.executorEnv.MALLOC_ARENA_MAX": "1",
    # Executors hold no data and live for minutes, so the smallest Java suits them best.
    "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k",
}

_OF_A_CLUSTER = ("spark.master", "spark.cores.max", "spark.executor.cores")
_PROPERTY = re.compile(r"\s*(spark\.[\w.]+)[\s=:]+(.*)")

DRIVER_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""Value of `spark.driver.extraJavaOptions` for a fast start, as the driver's Java only starts and waits."""


def configuration(name: str) -> Any:
    """Return the `SparkConf` for the run `name`; requires Java, which knows the settings of its start."""
    from pyspark import SparkConf  # noqa: PLC0415  (only for runs on Spark)

    conf = SparkConf()
    for setting, value in DEFAULTS.items():
        conf.setIfMissing(setting, value)
    conf.setIfMissing("spark.app.name", f"Roadpulse {name}")
    conf.set("spark.ui.showConsoleProgress", "false")  # Spark takes this process for a shell
    return conf


def configured_master(words: Sequence[str], home: str) -> str:
    """Return the master and the cores that a run asks for, as far as they show before Spark's start.

    `words` are the arguments of `spark-submit`, `home` Spark's folder. It only tells a cluster from others,
    and is empty if nothing names a master.
    """
    found: dict[str, str] = {}
    files = [Path(home, "conf", "spark-defaults.conf")]
    for option, value in zip(words, words[1:]):
        name, _, setting = value.partition("=")
        if option == "--properties-file":
            files.insert(0, Path(value))
        elif option == "--master":
            found["spark.master"] = value
        elif option == "--conf" and name in _OF_A_CLUSTER:
            found.setdefault(name, setting)
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            match = _PROPERTY.match(line)
            if match and match[1] in _OF_A_CLUSTER:
                found.setdefault(match[1], match[2].strip())
    if not found.get(_OF_A_CLUSTER[0]):
        return ""
    return " ".join(found.get(name, "") for name in _OF_A_CLUSTER).strip()


def requested_cores(conf: Any) -> int:
    """Return the number of cores that the application requests; 0 for all."""
    return int(conf.get("spark.cores.max", "0") or 0)
