"""The phases of a run as a person sees them, and how much of the whole each usually takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from ...cluster_client.profiles.profile import Profile
from ...cluster_client.runs.status import RunState, RunStatus


class Phase(Enum):
    """What a run does, in order. Of a run on this computer, `STARTING` and `FETCHING` are not shown."""

    STARTING = "starting"
    LISTING = "listing"
    READING = "reading"
    COMPUTING = "computing"
    FETCHING = "fetching"
    MAPPING = "mapping"


_HERE = {Phase.LISTING: 0.02, Phase.READING: 0.55, Phase.COMPUTING: 0.23, Phase.MAPPING: 0.20}
_THERE = {
    Phase.STARTING: 0.08, Phase.LISTING: 0.02, Phase.READING: 0.45, Phase.COMPUTING: 0.23,
    Phase.FETCHING: 0.07, Phase.MAPPING: 0.15,
}  # fmt: skip

_PHASES = {
    RunState.QUEUED: Phase.STARTING,
    RunState.STARTING: Phase.STARTING,
    RunState.LISTING: Phase.LISTING,
    RunState.DECODING: Phase.READING,
    RunState.SUMMARISING: Phase.COMPUTING,
    RunState.PUBLISHING: Phase.COMPUTING,
    RunState.FINISHED: Phase.FETCHING,
}


@dataclass(frozen=True)
class Moment:
    """Where the run is: its phase, the phase's share that is done, all of it, and the last status.

    `fetched` is bytes of the result that are here, and all of them.
    """

    phase: Phase
    done: float
    total: float
    status: Optional[RunStatus] = None
    fetched: tuple[int, int] = (0, 0)


def phases_of(profile: Profile) -> tuple[Phase, ...]:
    """The phases that a run of this profile shows."""
    return tuple(_shares(profile))


def phase_of(state: RunState, before: Phase, profile: Profile) -> Phase:
    """The phase of a state; what waits, or cannot be seen just now, is where it was before."""
    phase = _PHASES.get(state, before)
    if profile.kind == "local":
        phase = {Phase.STARTING: Phase.LISTING, Phase.FETCHING: Phase.MAPPING}.get(phase, phase)
    return phase


def total(phase: Phase, done: float, profile: Profile) -> float:
    """Share of the whole that is done, 0 to 1, when `done` of a phase is."""
    shares = _shares(profile)
    order = list(shares)
    return min(1.0, sum(shares[p] for p in order[: order.index(phase)]) + shares[phase] * done)


def _shares(profile: Profile) -> dict[Phase, float]:
    return _HERE if profile.kind == "local" else _THERE
