"""A Java for the stand-in's Spark that starts in two thirds of the time: an archive holds Spark's classes.

    environment["JAVA_HOME"] = str(java_home("spark-java-4", home_of_spark, python))

`bin/java` there is Debian's Java with the archive (JDK's class data sharing) as an option, for the programs
of Spark. An archive that does not fit, say after an update of Java, is left out by Java without a word.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from .installed import Unavailable, installed

_WRAPPER = """\
#!/bin/sh
case " $* " in
  *" org.apache.spark.launcher.Main "*) ;; # spark-class reads what it prints
  *" org.apache.spark.deploy."* | *" org.apache.spark.executor."*)
    set -- -Xshare:auto -Xlog:cds=off -Xlog:cds+dynamic=off "$@" # and no word where it does not fit
    set -- "-XX:SharedArchiveFile=${{0%/bin/java}}/classes.jsa" "$@" ;;
esac
exec {java} "$@"
"""
_JOB = """\
from pyspark import SparkContext
context = SparkContext()
context.setLogLevel("ERROR")
total = context.accumulator(0)
context.parallelize(range(4), 2).map(lambda n: (n % 2, n)).reduceByKey(lambda a, b: a + b).collect()
context.parallelize(range(4), 2).foreach(total.add)
context.statusTracker().getActiveJobsIds()
context.stop()
"""
"""A small job that needs the classes of a run: the archive holds those."""


def java_home(name: str, spark: Path, python: Path) -> Path:
    """A folder for JAVA_HOME, of that name in the build folder, for the Spark whose home is `spark`.

    Its archive is made where it is missing, which takes a quarter of a minute. Raises `Unavailable` where
    there is no Java.
    """
    java = shutil.which("java")
    if not java:
        raise Unavailable("Spark needs Java, which is not installed; development/system.sh does it")

    def make(folder: Path) -> None:
        (folder / "bin").mkdir()
        wrapper = folder / "bin" / "java"
        wrapper.write_text(_WRAPPER.format(java=shlex.quote(os.path.realpath(java))), encoding="utf-8")
        wrapper.chmod(0o755)
        _fill(folder / "classes.jsa", spark, python)

    return installed(name, make)


def _fill(archive: Path, spark: Path, python: Path) -> None:
    """Make the archive of the classes that a small job loads, of master and worker too."""
    options = f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit={archive}"
    with tempfile.TemporaryDirectory(prefix="roadpulse-java-") as folder:
        job = Path(folder) / "job.py"
        job.write_text(_JOB, encoding="ascii")
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "JAVA_HOME")},
            "SPARK_HOME": str(spark), "PYSPARK_PYTHON": str(python), "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": folder,
        }  # fmt: skip
        subprocess.run(
            [
                str(spark / "bin" / "spark-submit"), "--master", "local-cluster[1,1,512]",
                "--conf", "spark.executor.memory=512m", "--conf", f"spark.driver.extraJavaOptions={options}",
                str(job),
            ],
            env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=600, check=False,
        )  # fmt: skip
