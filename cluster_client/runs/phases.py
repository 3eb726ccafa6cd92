"""The phases of a run, from its start to its map."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from .status import RunState


class Phase(Enum):
    """What a run does, in order. A backend type says which of these its runs have."""

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

    A phase that it does not have is passed over for the next one. A state that says nothing of the progress
    (waiting, unknown) leaves the run in the phase `before`.
    """
    order = list(Phase)
    phase = _PHASES.get(state, before)
    return next((later for later in order[order.index(phase) :] if later in phases), phase)
