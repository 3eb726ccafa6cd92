"""Spark's configuration for a run: what `spark-submit` was told, and our defaults where nothing is set."""

from __future__ import annotations

from typing import Any

DEFAULTS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.locality.wait": "0s",
    # Threads that have nothing to do in a worker take memory all the same.
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    "spark.executorEnv.MALLOC_ARENA_MAX": "1",
    # Executors hold no data and live for minutes: the smallest machine there is serves them best.
    "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k",
}


def configuration(name: str) -> Any:
    """A `SparkConf` for the run `name`; raises `ImportError` where PySpark is not there."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415  (only where a run is on Spark)

    # Only with its Java side does the configuration know what spark-submit was told.
    SparkContext._ensure_initialized()
    conf = SparkConf()
    for setting, value in DEFAULTS.items():
        conf.setIfMissing(setting, value)
    conf.setIfMissing("spark.app.name", f"Roadpulse {name}")
    return conf
