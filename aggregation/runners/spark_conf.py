"""Spark's settings for a run: what `spark-submit` was told, and our defaults where nothing is set."""

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


def end_java(code: int) -> None:
    """End Java, whatever it does, with an exit code; does not come back.

    Where Python just ended, Java would interrupt its own threads; one of them, when it binds the port of
    Spark's page, then ends Java with an exit code of failure.
    """
    from pyspark import SparkContext  # noqa: PLC0415

    jvm: Any = SparkContext._jvm
    log4j = jvm.org.apache.logging.log4j
    log4j.core.config.Configurator.setAllLevels("", log4j.Level.OFF)  # all that is cut short would tell so
    jvm.System.exit(code)
