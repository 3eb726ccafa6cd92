"""The phases of a run, from its start to its map."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from ...aggregation.contract.run_state import RunState


class Phase(Enum):
    """The phases in order; a backend type lists those that its runs have."""

    STARTING = "starting"
    LISTING = "listing"
    READING = "reading"
    COMPUTING = "computing"
    FETCHING = "fetching"
    MAPPING = "mapping"


_PHASES = {
    RunState.QUEUED: Phase.STARTING,
    RunState.STARTING: Phase.STARTING,
    RunState.LISTING: Phase.LISTING,
    RunState.DECODING: Phase.READING,
    RunState.SUMMARISING: Phase.COMPUTING,
    RunState.PUBLISHING: Phase.COMPUTING,
    RunState.FINISHED: Phase.FETCHING,
}


def phase_of(state: RunState, before: Phase, phases: Collection[Phase]) -> Phase:
    """Return the phase of a state, among the `phases` that the run has.

    If the run does not have that phase, the next one is returned. For a state without progress (waiting,
    unknown) the phase `before` is returned.
    """
    order = list(Phase)
    phase = _PHASES.get(state, before)
    return next((later for later in order[order.index(phase) :] if later in phases), phase)
