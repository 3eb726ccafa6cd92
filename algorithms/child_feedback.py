"""Progress of an algorithm in a process of its own, written to the standard output."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingFeedback

MARK = "roadpulse: "
"""Begins each line that is for the process that started this one; QGIS may write others."""


class ChildFeedback(QgsProcessingFeedback):
    """Writes to the standard output; cancelled when the standard input ends."""

    def __init__(self) -> None:
        super().__init__(False)
        self.progressChanged.connect(lambda percent: report(percent=percent))
        threading.Thread(target=self._listen, daemon=True).start()

    def show_picture(self, path: Path) -> None:
        """Report a picture that is drawn."""
        report(picture=str(path))

    def pushInfo(self, info: str) -> None:
        report(said=info)

    def pushWarning(self, warning: str) -> None:
        report(said=warning)

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: N803
        report(said=error)

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            sys.stdin.read()
        self.cancel()


def report(**values: Any) -> None:
    """Write a line."""
    with suppress(OSError):  # the other process has ended
        sys.stdout.write(f"\n{MARK}{json.dumps(values)}\n")
        sys.stdout.flush()
