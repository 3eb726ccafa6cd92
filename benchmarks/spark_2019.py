"""The Spark job of 2019, its semantics written anew: `spark-submit spark_2019.py TRIPS OUT`."""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import avg, count, explode


def main(trips: str, out: str) -> None:
    """Count and mean of every link's points, as one CSV."""
    spark = SparkSession.builder.appName("The job of 2019").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    points = spark.read.option("multiline", True).json(trips).select(explode("data").alias("point"))
    chosen = points.select("point.dbResponse.linkID", "point.absVelocity")
    result = chosen.groupBy("linkID").agg(count("linkID"), avg("absVelocity"))
    result.coalesce(1).write.mode("overwrite").option("header", True).csv(out)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:3])
