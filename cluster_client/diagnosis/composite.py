"""Combination of the groups of checks of one profile: cluster, buckets, Livy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional, Protocol

from ...aggregation.contract.errors import RunError
from .checks import Check


class Look(Protocol):
    """A group of checks that share connections."""

    def checks(self) -> list[Check]:
        """Return the checks in order."""

    def close(self) -> None:
        """Close connections."""


class Together:
    """Several groups of checks in sequence, without those named in `without`, which do not apply."""

    def __init__(self, looks: Sequence[Look], without: Sequence[str] = ()) -> None:
        self._looks, self._without = looks, without

    @property
    def error(self) -> Optional[RunError]:
        """Error of the first failed connection that a person may correct; None if there is none."""
        found = (getattr(look, "error", None) for look in self._looks)
        return next((error for error in found if error is not None), None)

    def checks(self) -> list[Check]:
        """Return all checks in order."""
        return [check for look in self._looks for check in look.checks() if check.name not in self._without]

    def close(self) -> None:
        """Close all connections."""
        for look in self._looks:
            look.close()
