"""Work that may hang, with an end: nobody waits for it longer than he wants to."""

from __future__ import annotations

import threading
import time
from typing import Callable, TypeVar

from ..aggregation.contract.errors import Cancelled

T = TypeVar("T")

_LOOK_SECONDS = 0.05


def within(seconds: float, work: Callable[[], T], cancelled: Callable[[], bool] = lambda: False) -> T:
    """Do something in a thread of its own, and stop waiting for it when `seconds` are over.

    What it returns or raises is this function's. Raises `TimeoutError`, or `Cancelled` once `cancelled`
    says yes, both at once: the thread is then left to its own time limits.
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
        thread.join(_LOOK_SECONDS)
    if errors:
        raise errors[0]
    return results[0]
