"""Combination of the groups of checks of one profile: cluster, buckets, Livy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional, Protocol

from ...aggregation.contract.errors import RunError
from .checks import Check


class CheckGroup(Protocol):
    """A group of checks that share connections."""

    def checks(self) -> list[Check]:
        """Return the checks in order."""

    def close(self) -> None:
        """Close connections."""


class CombinedChecks:
    """Several groups of checks in sequence, without those named in `without`, which do not apply."""

    def __init__(self, groups: Sequence[CheckGroup], without: Sequence[str] = ()) -> None:
        self._groups, self._without = groups, without

    @property
    def error(self) -> Optional[RunError]:
        """Error of the first failed connection that a person may correct; None if there is none."""
        found = (getattr(group, "error", None) for group in self._groups)
        return next((error for error in found if error is not None), None)

    def checks(self) -> list[Check]:
        """Return all checks in order."""
        return [
            check for group in self._groups for check in group.checks() if check.name not in self._without
        ]

    def close(self) -> None:
        """Close all connections."""
        for group in self._groups:
            group.close()
