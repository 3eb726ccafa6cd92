"""Blocking calls with a timeout and cancellation."""

from __future__ import annotations

import threading
import time

import pytest

from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.cluster_client.time_limit import within


def test_what_the_work_returns_or_raises_arrives() -> None:
    assert within(5, lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)


@pytest.mark.parametrize(("cancelled", "error"), [(lambda: False, TimeoutError), (lambda: True, Cancelled)])
def test_nobody_waits_for_work_that_hangs(cancelled, error) -> None:
    free = threading.Event()
    began = time.monotonic()
    with pytest.raises(error):
        within(0.2, lambda: free.wait(60), cancelled)
    assert time.monotonic() - began < 10
    free.set()
