"""Cancellation of runs while they are being sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from roadpulse.aggregation.contract.errors import Cancelled


def submit_and_cancel(
    monkeypatch: pytest.MonkeyPatch,
    files: type,
    step: str,
    submit: Callable[[], object],
    cancel: Callable[[], object],
) -> None:
    """Submit a run that is cancelled, from another window, after one step of its sending."""
    real = getattr(files, step)

    def cancelled_meanwhile(these: object, *rest: object) -> object:
        found = real(these, *rest)
        cancel()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(files, step, cancelled_meanwhile)
        with pytest.raises(Cancelled):
            submit()
