"""Python packages that the steps import where they run, with their lowest versions."""

from __future__ import annotations

STEPS = {"msgspec": "0.18", "numpy": "1.24", "duckdb": "2.0"}
"""Packages of both steps; all these versions compute the same result."""

BUCKETS = {"obstore": "0.8"}
"""Additional packages of runs that use a bucket."""


def names(s3: bool) -> tuple[str, ...]:
    """Return the names of the packages, which are those of their modules; `s3` if the run uses a bucket."""
    return (*STEPS, *(BUCKETS if s3 else ()))


def for_pip(s3: bool) -> tuple[str, ...]:
    """Return the requirements in the form of pip."""
    lowest = {**STEPS, **BUCKETS}
    return tuple(f"{name}>={lowest[name]}" for name in names(s3))
