"""Command-line entry point of a run: `python -m roadpulse.aggregation RUN_FOLDER [--workers N]`.

The run folder may lie in a bucket (`s3://bucket/prefix`); `--s3` describes how to reach it (see `S3Access`;
keys are passed otherwise). Then, and with `--own-log`, this process writes `log.txt` and `rc` and polls for
`cancel`.

With `--spark`, or when started by `spark-submit`, the run uses a Spark cluster: processes of this computer
begin, and Spark joins them where that saves time (see runners.start_policy). Otherwise processes of this
computer do all work. Missing Python packages are fetched (see `runners.packages`).

`python -m roadpulse.aggregation compact STORE` merges small parts of a point store (see compact), and
`python -m roadpulse.aggregation sql RUN_FOLDER` answers questions in SQL (see sql).

Exit codes: 0 finished, 1 failed (status.json holds the error), 2 wrong call, 143 cancelled.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from . import compact, sql, storage
from .contract import json_text
from .contract.errors import Cancelled, RunError, SpecError
from .contract.run_state import RunState
from .contract.s3_access import S3Access
from .contract.visible_text import VisibleFormatter
from .run_folder import RunFolder, Status
from .run_folder_sync import FORMAT, RunFolderSync
from .runners import packages, wheelhouse, worker_memory
from .runners.head_capacity import MOST_HEAD_WORKERS, free_megabytes, head_workers, usable_cores
from .runners.head_start import HeadStart
from .runners.spark.cluster import SparkCluster
from .runners.spark.java import under_spark_submit

if TYPE_CHECKING:
    from .runners import Runner

CANCELLED_CODE = 143


def main(arguments: Optional[list[str]] = None) -> int:
    """Carry out one run or another command, and return the exit code."""
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(VisibleFormatter(FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == [compact.COMMAND]:
        return compact.main(words[1:])
    if words[:1] == [sql.COMMAND]:
        return sql.main(words[1:])
    parser = _parser()
    options = parser.parse_args(words)
    logging.getLogger("py4j").setLevel(logging.WARNING)
    asked_to_stop: list[int] = []
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: asked_to_stop.append(number))
    try:
        place = storage.place(options.folder, S3Access.from_json(json_text.decode(options.s3, "--s3")))
    except (SpecError, ValueError) as error:
        parser.error(str(error))
    folder = RunFolder.begun(place)
    storage.local.files.keep_private()
    sync: Optional[RunFolderSync] = None
    runner: Optional[Runner] = None
    code = 1
    try:
        if options.own_log and place.is_local:
            sync = RunFolderSync(place)
            sync.begin()
            Status(folder, state=RunState.STARTING).write(force=True)  # packages may take a while
        # First of all: worker processes are forked before obstore starts threads.
        runner = _runner(options, folder)
        if not place.is_local:
            sync = RunFolderSync(place)
            sync.begin()
        code = _carry_out(
            folder, runner, lambda: bool(asked_to_stop) or (sync is not None and sync.cancelled)
        )
    except (RunError, ImportError) as problem:
        why = problem if isinstance(problem, RunError) else packages.damaged(problem)
        _log_error(why)
        if place.is_local:  # in a bucket, the log and `rc` report it
            status = Status(folder, state=RunState.FAILED)
            status.error = {"message": why.message, "detail": why.detail, "retry": why.retry}
            with contextlib.suppress(RunError):  # a full disk; the error is in the log already
                status.write(force=True)
    finally:
        _end(runner, sync, code)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="roadpulse.aggregation", description=__doc__)
    parser.add_argument("folder", help="run folder that holds spec.json")
    parser.add_argument("--s3", default="{}", help="how the run folder's bucket is reached, as JSON")
    parser.add_argument("--own-log", action="store_true", help="no launcher looks after the run folder")
    parser.add_argument("--workers", type=int, default=0, help="worker processes (0: one for each core)")
    parser.add_argument("--spark", action="store_true", help="on the Spark of SPARK_HOME")
    parser.add_argument(
        "--head-workers", type=_number_or_auto, default="auto", metavar="auto|N",
        help="on Spark, processes of this computer that work until Spark is worth its start (0: none)",
    )  # fmt: skip
    parser.add_argument(
        "--worker-memory", type=_megabytes, default=0, metavar="SIZE",
        help="most memory of a worker process, such as 500m or 2g (default: what its computer has for it)",
    )  # fmt: skip
    parser.add_argument("--packages", type=Path, help="folder for Python packages, seen by all nodes")
    parser.add_argument("--wheels", type=Path, help="take them from here instead of the network")
    return parser


def _carry_out(folder: RunFolder, runner: Runner, is_cancelled: Callable[[], bool]) -> int:
    from .run import run  # noqa: PLC0415  (needs the packages)

    try:
        manifest = run(folder, runner, is_cancelled)
    except Cancelled as error:
        logging.warning(error.message)
        return CANCELLED_CODE
    except RunError as error:
        _log_error(error)
        return 1
    for warning in manifest["warnings"]:
        logging.warning(warning)
    for remark in manifest["remarks"]:
        logging.info(remark)
    points, seconds = manifest["points"]["counted"], manifest["timings"]["total"]
    logging.info("Finished: %s points in %.1f s", f"{points:,}", seconds)
    return 0


def _number_or_auto(text: str) -> Optional[int]:
    """Parse a number of head processes; None for `auto`, as many as fit the head."""
    if text == "auto":
        return None
    number = int(text)
    if not 0 <= number <= MOST_HEAD_WORKERS:
        raise argparse.ArgumentTypeError(f"{number} is not between 0 and {MOST_HEAD_WORKERS}")
    return number


def _megabytes(text: str) -> int:
    """Parse a size such as `500m` or `2g`."""
    try:
        return worker_memory.megabytes_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _end(runner: Optional[Runner], sync: Optional[RunFolderSync], code: int) -> None:
    if runner is not None:
        runner.close()
    if sync is not None:
        sync.end(code)
    storage.scratch.clear()
    if isinstance(runner, HeadStart):
        runner.leave(code)


def _log_error(error: RunError) -> None:
    logging.error(error.message)
    if error.detail:
        logging.info(error.detail)


def _runner(options: argparse.Namespace, folder: RunFolder) -> Runner:
    """Return the runner for the tasks, with the packages that they need; raises `RunError`."""
    spark = options.spark or under_spark_submit()
    spec = _few_facts(folder)
    s3 = any(storage.is_s3(path) for path in (str(folder.path), spec.get("trips", ""), spec.get("store", "")))
    if spark or packages.missing(s3):
        shared = options.packages or _shared(folder, spec)
        wheels = options.wheels or wheelhouse.offline_wheels(shared)
        collected = wheelhouse.collect(shared, wheels, s3)
        packages.provide(collected)
        collected = replace(collected, shipped=not options.packages and shared == wheelhouse.own_folder())
        if spark:
            workers = options.head_workers
            automatic = workers is None
            if workers is None:
                workers = head_workers(usable_cores(), free_megabytes(), MOST_HEAD_WORKERS)
                logging.info("Processes of the head: %d", workers)
            # Without Spark's driver there is room for one more process.
            alone = max(workers, 1) if automatic else workers
            cluster = SparkCluster(collected, folder.path.name, folder.cancel_asked, options.worker_memory)
            return HeadStart(cluster, collected, workers, alone)
    from .runners.processes import ProcessRunner  # noqa: PLC0415  (needs the packages)

    return ProcessRunner(options.workers or usable_cores(), most_megabytes=options.worker_memory)


def _few_facts(folder: RunFolder) -> dict[str, str]:
    """Return the entries of spec.json that decide on packages; empty if the run folder is in a bucket."""
    if not folder.path.is_local:
        return {}
    try:
        entries = json_text.Entries.read(folder.spec, json_text.LARGEST_NOTE)
        return {name: entries.text(name) for name in ("trips", "store")}
    except (OSError, json_text.JsonFault) as error:
        if packages.missing():
            raise SpecError("spec.json", f"cannot be read from {folder.path}: {error}") from error
        return {}  # the run itself reports what is wrong


def _shared(folder: RunFolder, spec: dict[str, str]) -> Path:
    """Return the folder for packages: a subfolder of the point store, which all nodes share.

    If the store is in a bucket: a folder beside the run folder or, with both in buckets, a folder of this
    computer, from which Spark ships them.
    """
    store = spec.get("store", "")
    if store and not storage.is_s3(store):
        return Path(store).expanduser() / "packages"
    if folder.path.is_local:
        return Path(str(folder.path.parent), "packages")
    return wheelhouse.own_folder()


def leave() -> None:
    """Carry out one run and exit this process with its code."""
    code = main()
    logging.shutdown()  # flushes, and tolerates a full disk
    # Everything is written. Python's own exit can block forever on the queue of workers that were ended in
    # the middle of a task (concurrent.futures joins a thread that is blocked on the full pipe).
    os._exit(code)


if __name__ == "__main__":
    leave()
