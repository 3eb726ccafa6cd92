"""Run folder in, exit code out: `python -m roadpulse.aggregation RUN_FOLDER [--workers N]`.

Exit codes: 0 finished, 1 failed (status.json says why), 2 wrong call, 143 cancelled.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Optional

from .errors import Cancelled, RunError
from .run import run
from .runfolder import RunFolder
from .runners.processes import ProcessRunner

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
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    asked_to_stop: list[int] = []
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: asked_to_stop.append(number))
    runner = ProcessRunner(options.workers or default_workers())
    try:
        manifest = run(RunFolder(options.folder), runner, lambda: bool(asked_to_stop))
    except Cancelled as error:
        logging.warning(error.message)
        return CANCELLED_CODE
    except RunError as error:
        logging.error(error.message)
        if error.detail:
            logging.info(error.detail)
        return 1
    finally:
        runner.close()
    for warning in manifest["warnings"]:
        logging.warning(warning)
    points, seconds = manifest["points"]["counted"], manifest["timings"]["total"]
    logging.info("Finished: %s points in %.1f s", f"{points:,}", seconds)
    return 0


if __name__ == "__main__":
    exit_code = main()
    logging.shutdown()  # flushes, and bears a full disk
    # Everything is written. Python's own way out can wait for ever for the queue of workers that were ended
    # in the middle of a task (concurrent.futures joins a thread that is blocked on the full pipe).
    os._exit(exit_code)
