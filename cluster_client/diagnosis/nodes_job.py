"""One-second Spark job of a diagnosis, which examines each node; started by spark-submit or Livy.

Its argument is a JSON request; it prints one line with the answer.
"""

import getpass
import json
import os
import socket
import sys
import time
from typing import Any

_QUIET_SECONDS = 2


def examine_worker(request: Any) -> Any:
    """Return facts about a worker process as JSON-ready values; runs on a node."""
    answer: Any = {
        "host": socket.gethostname(),
        "executor": os.path.basename(os.getcwd()),  # noqa: PTH109, PTH119
        "python": sys.version.split()[0],
        "time": time.time(),
        "shared": os.path.exists(request["shared"]),  # noqa: PTH110
    }
    time.sleep(1)  # long enough that every core gets its share
    try:
        from roadpulse.aggregation.runners import packages  # noqa: PLC0415  (on the path that Spark sets)

        answer["packages"] = packages.facts()["packages"]
        answer["missing"] = packages.missing()
    except Exception as error:  # noqa: BLE001  (such as an old Python)
        answer["error"] = repr(error)
    if request.get("s3"):
        answer["s3"] = _keys_for(request["s3"])
    if request.get("trips"):
        import remote_probe  # type: ignore[import-not-found]  # noqa: PLC0415  (comes with the job)

        answer["trips"] = remote_probe.count_trips(request["trips"])
    return answer


def _keys_for(access: Any) -> Any:
    """Return whether keys for the bucket and certificates are present, never the keys themselves."""
    try:
        from roadpulse.aggregation.contract.s3_access import S3Access  # noqa: PLC0415
        from roadpulse.aggregation.storage.s3 import keys as s3_keys  # noqa: PLC0415

        if access["ca_file"]:
            s3_keys.certificates(access["ca_file"])
        return {"found": access["anonymous"] or s3_keys.keys(S3Access(**access)) is not None}
    except Exception as error:  # noqa: BLE001
        return {"error": getattr(error, "message", repr(error))}


def examine_driver(request: Any) -> Any:
    """Return facts about the driver process, which carries out runs, as JSON-ready values."""
    answer: Any = {
        "host": socket.gethostname(),
        "user": getpass.getuser(),
        "python": sys.version.split()[0],
        "path": sys.executable,
    }
    if request.get("s3"):
        answer["s3"] = _keys_for(request["s3"])
    if request.get("write"):
        answer["wrote"] = _write_in(request["write"])
    try:
        from roadpulse.aggregation.runners import packages  # noqa: PLC0415

        answer["missing"] = packages.missing()
        answer["platform"] = packages.platform_tag()
    except Exception as error:  # noqa: BLE001
        answer["error"] = repr(error)
    return answer


def _write_in(folder: str) -> str:
    """Write as a run does; return why that failed, or an empty string."""
    try:
        os.mkdir(os.path.join(folder, "results"))  # noqa: PTH102, PTH118
        # Named like a result, as only files of runs are deleted.
        with open(os.path.join(folder, "results", "link_speeds.csv"), "w") as file:  # noqa: PTH118, PTH123
            file.write("written")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def main() -> None:
    """Run the job on as many cores as there are."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415  (Spark's own)

    request = json.loads(sys.argv[1])
    conf = SparkConf().setAppName("Roadpulse diagnosis")
    conf.setIfMissing("spark.ui.showConsoleProgress", "false")
    conf.set("spark.ui.enabled", "false")
    conf.set("spark.locality.wait", "0s")
    spark = SparkContext(conf=conf)
    spark.setLogLevel("ERROR")
    began = time.time()
    tracker = spark._jsc.sc().statusTracker()

    def executors() -> int:
        return len(tracker.getExecutorInfos()) - 1  # without the driver

    while executors() < 1 and time.time() - began < request["wait_seconds"]:
        time.sleep(0.2)
    began = time.time()
    while 0 < executors() < request["executors"] and time.time() - began < request["wait_seconds"]:
        time.sleep(0.2)
    there, since = executors(), time.time()
    while there and not request["executors"] and time.time() - since < _QUIET_SECONDS:  # unknown number
        time.sleep(0.2)
        if executors() > there:
            there, since = executors(), time.time()
    if executors() < 1:
        answer: Any = {"waiting": True}
    else:
        cores = max(spark.defaultParallelism, 1)
        now = time.time()
        found = spark.parallelize(range(cores), cores).map(lambda _: examine_worker(request)).collect()
        answer = {"cores": cores, "seconds": time.time() - now, "nodes": found, "time": time.time()}
    answer["driver"] = examine_driver(request)
    spark.stop()
    print("roadpulse-answer " + json.dumps(answer), flush=True)  # last, as only the end of long logs is kept


if __name__ == "__main__":
    main()
