"""Findings on versions, disk space, packages and trips of any computer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ...aggregation.contract.trip_files import SUFFIXES_SHOWN
from .checks import Found, failed, ok, warning

OLDEST_PYTHON = (3, 9)
OLDEST_SPARK = (3, 5)
OLDEST_JAVA = 8
LITTLE_KILOBYTES, FEW_KILOBYTES = 2_000_000, 100_000
CLOCK_SECONDS = 60.0


def python(version: str, where: str) -> Found:
    """Return the finding on a version of Python."""
    if tuple(_numbers(version)[:2]) >= OLDEST_PYTHON:
        return ok(f"Python {version}, {where}.")
    return failed(
        f"Python {version}, {where}, is too old.",
        "Install Python 3.9 or later there and name it in the profile's entry 'python'.",
    )


def packages(missing: Sequence[str], where: str, fetched: bool) -> Found:
    """Return the finding on missing packages; `fetched` is True if a run fetches them itself."""
    if not missing:
        return ok(f"msgspec, numpy and duckdb are there, {where}.")
    names = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
    if fetched:
        return ok(f"{names} come with the first run, {where}.")
    return failed(f"{names} cannot be imported, {where}.", f"Install there: pip install {' '.join(missing)}.")


def space(kilobytes: Optional[int], folder: str) -> Found:
    """Return the finding on the free space of a folder's disk, in kB."""
    if kilobytes is None:
        return warning(f"The free space of {folder} cannot be told.", "Look with df.")
    text = f"{kilobytes / 1e6:,.1f} GB are free in {folder}."
    if kilobytes < FEW_KILOBYTES:
        return failed(text, "Free some space there, or choose another folder in the profile.")
    if kilobytes < LITTLE_KILOBYTES:
        return warning(text, "A large run may need more: the point store takes a few per cent of the trips.")
    return ok(text)


def trips(seen: Mapping[str, Any], path: str, where: str) -> Found:
    """Return the finding on the trips on a computer; `seen` is the answer of `count_trips`."""
    if seen.get("error"):
        return failed(
            f"{path} cannot be read {where}: {seen['error']}.",
            "Check the path as that computer sees it, whether the shared folder is mounted, and the rights.",
        )
    count = int(seen.get("count", 0))
    if not count:
        return failed(
            f"There are no trip files ({SUFFIXES_SHOWN}) in {path}, seen {where}.",
            "Check the path, and whether the shared folder is mounted.",
        )
    more = "At least " if seen.get("more") else ""
    return ok(f"{more}{count:,} trip files in {path}, seen {where}.")


def clock(seconds: float, whose: str) -> Found:
    """Judge how far another clock is off."""
    if abs(seconds) < 2:
        return ok(f"{whose} goes right.")
    amount = f"{abs(seconds):.0f} s" if abs(seconds) < 120 else f"{abs(seconds) / 60:.0f} min"
    text = f"{whose} is {amount} {'ahead' if seconds > 0 else 'behind'}."
    if abs(seconds) < CLOCK_SECONDS:
        return ok(text)
    return warning(
        text, "Runs do not mind, but times in logs mislead. Switch on NTP (timedatectl set-ntp true)."
    )


def spark(version: str, home: str) -> Found:
    """Judge a version of Spark."""
    if tuple(_numbers(version)[:2]) >= OLDEST_SPARK:
        return ok(f"Spark {version} in {home}.")
    return failed(f"Spark {version} in {home} is too old.", "Install Spark 3.5 or later on all nodes.")


def java(text: str) -> Found:
    """Judge what `java -version` prints."""
    match = re.search(r'version "([^"]+)"', text)
    if not match:
        return failed(
            "There is no Java."
            if not text.strip()
            else f"Java does not tell its version: {text.strip()[:200]}",
            "Install a JDK there (openjdk-17-jre-headless); Spark 4 needs Java 17.",
        )
    version = match[1]
    numbers = _numbers(version)
    major = numbers[1] if numbers[:1] == [1] and len(numbers) > 1 else numbers[0]
    if major < OLDEST_JAVA:
        return failed(f"Java {version} is too old.", "Install Java 17.")
    if major < 17:
        return warning(f"Java {version}.", "Enough for Spark 3.5; Spark 4 needs Java 17.")
    return ok(f"Java {version}.")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)] or [0]
