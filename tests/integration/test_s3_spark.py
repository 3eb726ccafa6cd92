"""Spark with trips and store, or everything, in a bucket: the same bytes as without Spark and on a disk."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from development.cluster import Cluster
from development.cluster_spark import java_home, spark_home, spark_python
from roadpulse.aggregation.runners.spark.settings import DRIVER_OPTIONS
from roadpulse.cluster_client.ssh.job_zip import MAIN, job_zip
from tests.integration.s3_engine import BucketEngine, result_bytes
from tests.integration.spark_fixtures import newest, spec_of
from tests.integration.spark_runs import MOST_WITH_BUCKET_MB, TABLES, halted, run_locally, tables


@pytest.fixture
def engine(s3_server, bucket, trips):
    engine = BucketEngine(s3_server, bucket)
    engine.copy_in(trips)
    return engine


def spec_in(engine):
    return spec_of(engine.trips, engine.store, s3=engine.access.to_json())


@newest
def test_trips_and_store_in_a_bucket_give_the_same_bytes_and_workers_stay_small(
    start, engine, trips, tmp_path
):
    run_locally(tmp_path / "local", spec_of(trips, tmp_path / "store"))
    run = start(spec_in(engine)).finish()
    assert run.tables() == tables(tmp_path / "local")
    assert run.manifest()["runner"]["worker_memory_mb"] <= MOST_WITH_BUCKET_MB
    asked = engine.requests()
    again = start(spec_in(engine), "--head-workers", "auto").finish()
    assert again.manifest()["runner"]["spark_tasks"] == 0
    assert again.manifest()["files"]["decoded"] == 0
    assert again.tables() == run.tables()
    assert engine.requests(asked)["GetObject"] < 100  # the trips are 300


@newest
def test_head_goes_on_alone_with_trips_in_a_bucket_where_spark_cannot_be_had(start, engine, trips, tmp_path):
    run_locally(tmp_path / "local", spec_of(trips, tmp_path / "store"))
    run = start(spec_in(engine), "--head-workers", "1", master="spark://127.0.0.1:9")
    with halted(run):
        run.wait_for(lambda status: "goes on alone" in status["message"])
    run.finish()
    runner = run.manifest()["runner"]
    assert runner["spark_tasks"] == 0 < runner["head_tasks"]
    assert "spark://127.0.0.1:9 does not answer" in runner["without_spark"]
    assert run.tables() == tables(tmp_path / "local")


@newest
def test_with_the_run_folder_in_the_bucket_too_nothing_need_be_shared(
    cluster: Cluster, engine: BucketEngine, trips: Path, tmp_path: Path
):
    """Packages travel with the job as well, since no folder is seen by driver and nodes alike."""
    run_locally(tmp_path / "local", spec_of(trips, tmp_path / "store"))
    folder = engine.prepare(**spec_in(engine))
    job, program, spark = tmp_path / "job.zip", tmp_path / "entry.py", cluster.spark
    job.write_bytes(job_zip().content)
    program.write_text(MAIN, encoding="utf-8")
    conf = {
        "spark.master": spark.url,
        "spark.driver.host": spark.host,
        "spark.executor.memory": "470m",
        "spark.cores.max": "2",
        "spark.driver.extraJavaOptions": DRIVER_OPTIONS,
        "spark.executorEnv.ROADPULSE_CACHE": str(tmp_path / "node"),
    }
    options = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment.update(
        PYSPARK_PYTHON=str(spark_python(cluster.version)),
        ROADPULSE_CACHE=str(tmp_path / "driver"),
        SPARK_LOCAL_IP=spark.host,
        JAVA_HOME=str(java_home(cluster.version)),
    )
    submit = str(spark_home(cluster.version) / "bin" / "spark-submit")
    arguments = [str(program), folder, "--s3", json.dumps(engine.access.to_json()), "--head-workers", "0"]
    done = subprocess.run(
        [submit, *options, "--py-files", str(job), *arguments],
        env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    outcome = engine.outcome(folder)
    assert [result_bytes(outcome)[name] for name in TABLES] == tables(tmp_path / "local")
    assert engine.leftovers() == []
    assert (outcome.folder / "rc").read_text() == "0\n"
