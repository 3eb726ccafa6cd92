"""Several looks at one profile as one: the cluster, the buckets, Livy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional, Protocol

from ...aggregation.contract.errors import RunError
from .checks import Check


class Look(Protocol):
    """What carries out the checks of one place."""

    def checks(self) -> list[Check]:
        """The checks in order."""

    def close(self) -> None:
        """Give up connections."""


class Together:
    """The checks of several looks, one after the other; `without` names those that say nothing here."""

    def __init__(self, looks: Sequence[Look], without: Sequence[str] = ()) -> None:
        self._looks, self._without = looks, without

    @property
    def error(self) -> Optional[RunError]:
        """Why the first connection could not be made that a person may mend; None: there is none."""
        found = (getattr(look, "error", None) for look in self._looks)
        return next((error for error in found if error is not None), None)

    def checks(self) -> list[Check]:
        """All checks."""
        return [check for look in self._looks for check in look.checks() if check.name not in self._without]

    def close(self) -> None:
        """Give up all connections."""
        for look in self._looks:
            look.close()
