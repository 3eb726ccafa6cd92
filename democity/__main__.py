"""Command line: `python -m roadpulse.democity FOLDER --trips 2000`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from typing import Optional, Union

from .city import FolderInUse, generate
from .network import DEFAULT_SEED, SIZES
from .trips import DAY_OF_DEMO, GenerationCancelled


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Generate a city; the exit code is 0, 1 (refused) or 130 (interrupted)."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()

    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done:,} of {total:,} trips", end="", file=sys.stderr, flush=True)

    try:
        city = generate(
            options.folder, options.trips, options.seed, options.size, options.day, options.rich,
            options.workers, progress,
        )  # fmt: skip
    except (FolderInUse, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, GenerationCancelled):
        print("\nStopped. The same command starts it again.", file=sys.stderr)
        return 130
    totals, took = city.totals, time.monotonic() - started
    if sys.stderr.isatty():
        print(file=sys.stderr)
    size = f"{totals.trips:,} trips, {totals.points:,} points, {totals.bytes / 1e6:,.0f} MB"
    print(f"{city.folder}: {size} ({took:.1f} s)")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m roadpulse.democity",
        description="Generate a city with a day of GPS trips in the 2019 format; one seed, one city.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="new or empty folder for the city")
    parser.add_argument(
        "--trips", type=int, default=2000, metavar="N", help="number of trip files (default 2000)"
    )
    parser.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, metavar="S", help="another seed, another city"
    )
    parser.add_argument(
        "--size", type=_size, default="medium",
        help=f"of the network: {', '.join(SIZES)} or a number of links (default medium)",
    )  # fmt: skip
    parser.add_argument(
        "--day", type=date.fromisoformat, default=DAY_OF_DEMO, help="local date (default 2025-06-10)"
    )
    parser.add_argument(
        "--rich", action="store_true", help="about 1,600 points a trip and 280 bytes a point, as in 2019"
    )
    parser.add_argument(
        "--workers", type=int, default=min(os.cpu_count() or 1, 8), metavar="N", help="worker processes"
    )
    return parser


def _size(text: str) -> Union[str, int]:
    return int(text) if text.isdigit() else text


if __name__ == "__main__":
    sys.exit(main())
