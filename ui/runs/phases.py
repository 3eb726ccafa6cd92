"""Progress of a run as a person sees it: its phase, and the share of the whole that is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ...cluster_client.backends import registry
from ...cluster_client.profiles.profile import Profile
from ...cluster_client.runs.phases import Phase
from ...cluster_client.runs.status import RunStatus


@dataclass(frozen=True)
class RunProgress:
    """Progress of a run: the phase, the share of the phase and of the whole that is done, and the last
    status.

    `fetched` is bytes of the result that are here, and all of them.
    """

    phase: Phase
    done: float
    total: float
    status: Optional[RunStatus] = None
    fetched: tuple[int, int] = (0, 0)


def phases_of(profile: Profile) -> tuple[Phase, ...]:
    """Return the phases that a run of this profile shows."""
    return tuple(registry.of(profile).phases)


def total(phase: Phase, done: float, profile: Profile) -> float:
    """Return the share of the whole that is done, 0 to 1, when `done` of a phase is."""
    shares = registry.of(profile).phases
    order = list(shares)
    return min(1.0, sum(shares[p] for p in order[: order.index(phase)]) + shares[phase] * done)
