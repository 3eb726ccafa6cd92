"""Errors of making a map: a result that cannot be written, read or drawn."""

from __future__ import annotations

from ..aggregation.contract.errors import RunError


class MapError(RunError):
    """A map that cannot be made: what happened, to what, what to do."""


class OutputInUse(MapError):
    """The file to be written is open somewhere else."""

    retry = True


class UnknownLayer(MapError):
    """A layer that Roadpulse did not write, so that its columns are not known."""
