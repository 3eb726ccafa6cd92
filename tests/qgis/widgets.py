"""What tests of real widgets need: the event loop turned until something holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication


def until(condition: Callable[[], Any], seconds: float = 120.0) -> None:
    """Turn the event loop until a condition holds; fails when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {seconds:.0f} s")
        QCoreApplication.processEvents()
        time.sleep(0.005)
