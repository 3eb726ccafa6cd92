"""Waiting, in tests, for what another process or thread does by itself: never longer than it takes.

Limits are generous, since a passing test does not reach them; what was seen last is told where one does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")


def until(
    condition: Callable[[], Found], seconds: float = 240, what: str | Callable[[], object] = ""
) -> Found:
    """Wait for something to become true, and return it.

    `what` was waited for, or a function that tells what is there instead, stands in the failure's message.
    """
    end, pause = time.monotonic() + seconds, 0.01
    while not (found := condition()):
        if time.monotonic() > end:
            told = what() if callable(what) else what or f"it is still {found!r}"
            raise AssertionError(f"waited {seconds:g} s in vain: {told}")
        time.sleep(pause)
        pause = min(0.05, 1.1 * pause)
    return found


def status_when(backend: Any, run: Any, wanted: Callable[[Any], object], seconds: float = 240) -> Any:
    """The first status of a run of which `wanted` holds; fails when the run ends or time is up before."""

    def seen() -> Any:
        status = backend.status(run)
        found = wanted(status)
        assert found or not status.is_final, (status, backend.log(run)[-2000:])
        return status if found else None

    return until(seen, seconds, lambda: (backend.status(run), backend.log(run)[-2000:]))


def own_seconds_until(condition: Callable[[], Any], seconds: float = 240) -> float:
    """Seconds of a processor that this process could use until something became true.

    On an idle computer that is the time that passed. On a busy one, which divides its processors fairly,
    it is the time that another process would have needed on an idle one, so a limit on it always holds.
    """
    end, used = time.monotonic() + seconds, time.thread_time()
    while not condition():
        assert time.monotonic() < end, "waited too long"
    return time.thread_time() - used
