"""Blocking calls with a timeout and cancellation."""

from __future__ import annotations

import threading
import time
from typing import Callable, TypeVar

from ..aggregation.contract.errors import Cancelled

T = TypeVar("T")

_POLL_SECONDS = 0.05


def within(seconds: float, work: Callable[[], T], cancelled: Callable[[], bool] = lambda: False) -> T:
    """Run a blocking call in a thread, with a timeout in seconds and cancellation.

    Returns or raises what `work` does; raises `TimeoutError` after `seconds`, or `Cancelled` once `cancelled`
    returns True. The thread is then abandoned to its own time limits.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while thread.is_alive():
        if cancelled():
            raise Cancelled
        if time.monotonic() > end:
            raise TimeoutError(f"no answer within {seconds:.0f} s")
        thread.join(_POLL_SECONDS)
    if errors:
        raise errors[0]
    return results[0]
