"""Spark's settings for the runs of a profile, over SSH and through Livy."""

from __future__ import annotations

from ...aggregation.runners.spark.settings import DRIVER_OPTIONS
from .profile import Profile


def spark_settings(profile: Profile, name: str, python: str) -> dict[str, str]:
    """Return names and values; entries that a profile does not set are left to Spark's configuration."""
    resources = profile.resources
    values = {
        "spark.master": profile.spark_master,
        "spark.app.name": f"Roadpulse {name}",
        "spark.pyspark.python": python,
        "spark.cores.max": str(resources.cores or ""),
        "spark.executor.cores": str(resources.executor_cores or ""),
        "spark.executor.memory": resources.executor_memory,
        "spark.driver.memory": resources.driver_memory,
        "spark.driver.extraJavaOptions": DRIVER_OPTIONS,
    }
    return {name: value for name, value in values.items() if value}
