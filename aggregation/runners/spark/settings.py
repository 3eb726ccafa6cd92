"""Spark's settings for a run: what Spark was started with, and our defaults where nothing is set."""

from __future__ import annotations

from typing import Any

DEFAULTS = {
    "spark.locality.wait": "0s",
    # Threads that have nothing to do in a worker take memory all the same.
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    "spark.executorEnv.MALLOC_ARENA_MAX": "1",
    # Executors hold no data and live for minutes: the smallest machine there is serves them best.
    "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k",
}

DRIVER_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""For `spark.driver.extraJavaOptions`: the driver's Java only starts and waits, so it should start fast."""


def configuration(name: str) -> Any:
    """A `SparkConf` for the run `name`; its Java, which alone knows what Spark was started with, is there."""
    from pyspark import SparkConf  # noqa: PLC0415  (only where a run is on Spark)

    conf = SparkConf()
    for setting, value in DEFAULTS.items():
        conf.setIfMissing(setting, value)
    conf.setIfMissing("spark.app.name", f"Roadpulse {name}")
    conf.set("spark.ui.showConsoleProgress", "false")  # Spark takes this for a shell, where it shows one
    return conf


def requested_cores(conf: Any) -> int:
    """Cores that the application asks for; 0 for all that there are."""
    return int(conf.get("spark.cores.max", "0") or 0)
