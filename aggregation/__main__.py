"""Run folder in, exit code out: `python -m roadpulse.aggregation RUN_FOLDER [--workers N]`.

Started by `spark-submit` it runs on that Spark cluster, else on the processes of this computer. Where
Python packages are missing they are fetched (see nodes).

Exit codes: 0 finished, 1 failed (status.json says why), 2 wrong call, 143 cancelled.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from . import nodes
from .errors import Cancelled, RunError, SpecError
from .runfolder import FAILED, STARTING, RunFolder, Status
from .runners.spark import SparkRunner, under_spark_submit

if TYPE_CHECKING:
    from .runners import Runner

CANCELLED_CODE = 143


def default_workers() -> int:
    """One worker for each core that this process may use."""
    try:
        return max(len(os.sched_getaffinity(0)), 1)
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def main(arguments: Optional[list[str]] = None) -> int:
    """Carry out one run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="roadpulse.aggregation", description=__doc__)
    parser.add_argument("folder", type=Path, help="run folder that holds spec.json")
    parser.add_argument("--workers", type=int, default=0, help="worker processes (0: one for each core)")
    parser.add_argument("--spark", action="store_true", help="on Spark, also without spark-submit")
    parser.add_argument("--packages", type=Path, help="folder for Python packages, seen by all nodes")
    parser.add_argument("--wheels", type=Path, help="take them from here instead of the network")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    logging.getLogger("py4j").setLevel(logging.WARNING)
    asked_to_stop: list[int] = []
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: asked_to_stop.append(number))
    folder = RunFolder(options.folder.absolute())
    runner: Optional[Runner] = None
    try:
        runner = _runner(options, folder)
        from .run import run  # noqa: PLC0415  (needs the packages)

        manifest = run(folder, runner, lambda: bool(asked_to_stop))
    except Cancelled as error:
        logging.warning(error.message)
        return CANCELLED_CODE
    except RunError as error:
        logging.error(error.message)
        if error.detail:
            logging.info(error.detail)
        return 1
    finally:
        if runner is not None:
            runner.close()
    for warning in manifest["warnings"]:
        logging.warning(warning)
    points, seconds = manifest["points"]["counted"], manifest["timings"]["total"]
    logging.info("Finished: %s points in %.1f s", f"{points:,}", seconds)
    return 0


def _runner(options: argparse.Namespace, folder: RunFolder) -> Runner:
    """What carries the tasks out, with the packages that they need; raises `RunError`."""
    spark = options.spark or under_spark_submit()
    if spark or nodes.missing():
        status = Status(folder, state=STARTING)
        try:
            shared = options.packages or _shared(folder)
            wheels = options.wheels or (shared / "wheels" if (shared / "wheels").is_dir() else None)
            packages = nodes.collect(shared, wheels)
            nodes.provide(packages)
        except RunError as error:
            status.state = FAILED
            status.error = {"message": error.message, "detail": error.detail, "retry": error.retry}
            status.write(force=True)
            raise
        if spark:
            return SparkRunner(packages, folder.path.name, folder.cancel_asked)
    from .runners.processes import ProcessRunner  # noqa: PLC0415  (needs the packages)

    return ProcessRunner(options.workers or default_workers())


def _shared(folder: RunFolder) -> Path:
    """Where the packages lie: in the folder of the point store, which all nodes share."""
    try:
        store = json.loads(folder.spec.read_text(encoding="utf-8"))["store"]
        return Path(str(store)).expanduser() / "packages"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError("spec.json", f"cannot be read from {folder.path}: {error}") from error


if __name__ == "__main__":
    exit_code = main()
    logging.shutdown()  # flushes, and bears a full disk
    # Everything is written. Python's own way out can wait for ever for the queue of workers that were ended
    # in the middle of a task (concurrent.futures joins a thread that is blocked on the full pipe).
    os._exit(exit_code)
