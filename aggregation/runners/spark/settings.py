"""Spark's configuration for a run: the settings that Spark was started with, and defaults for others."""

from __future__ import annotations

from typing import Any

DEFAULTS = {
    "spark.locality.wait": "0s",
    # Idle threads of a worker take memory, too.
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    "spark.executorEnv.MALLOC_ARENA_MAX": "1",
    # Executors hold no data and live for minutes, so the smallest Java suits them best.
    "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k",
}

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


def requested_cores(conf: Any) -> int:
    """Return the number of cores that the application requests; 0 for all."""
    return int(conf.get("spark.cores.max", "0") or 0)
