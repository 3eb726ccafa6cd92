"""For a run in a bucket, and one that Livy starts, what a launcher does for others: log, cancel, exit code.

`log.txt` is sent every few seconds, where it grew; `cancel` is looked for as often; `rc` comes last.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from . import storage
from .contract.errors import RunError
from .contract.visible_text import VisibleFormatter

log = logging.getLogger(__name__)

EVERY = 3.0
FORMAT = "%(asctime)s %(levelname)s %(message)s"
HEAD_BYTES, TAIL_BYTES = 256 << 10, 768 << 10
"""A longer log loses its middle."""


class Lines(logging.Handler):
    """Keeps the log of this process: its beginning and its end, whatever comes between."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(VisibleFormatter(FORMAT))
        self._head, self._tail = bytearray(), bytearray()
        self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line."""
        line = storage.printable(self.format(record)).encode("utf-8") + b"\n"
        if not self._tail and len(self._head) + len(line) <= HEAD_BYTES:
            self._head += line
            return
        self._tail += line
        if len(self._tail) > TAIL_BYTES:
            cut = self._tail.find(b"\n", len(self._tail) - TAIL_BYTES * 3 // 4) + 1 or len(self._tail)
            self.dropped += cut
            del self._tail[:cut]

    def content(self) -> bytes:
        """All that is kept."""
        self.acquire()
        try:
            gap = f"… {self.dropped:,} bytes left out …\n".encode() if self.dropped else b""
            return bytes(self._head) + gap + bytes(self._tail)
        finally:
            self.release()


class BucketRun:
    """Looks after the run folder of this process, in a thread of its own, until `end`."""

    def __init__(self, folder: storage.Place, every: float = EVERY) -> None:
        self.cancelled = False
        self._folder, self._every = folder, every
        self._lines = Lines()
        self._sent = b""
        self._failed = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_after, daemon=True)

    def begin(self) -> None:
        """Take the log from here on, and look after the folder."""
        logging.getLogger().addHandler(self._lines)
        self._thread.start()

    def end(self, code: int) -> None:
        """Send the last of the log, then the exit code."""
        self._over.set()
        self._thread.join()
        self._quietly(self._send_log)
        self._quietly(lambda: storage.write_bytes(self._folder / "rc", f"{code}\n".encode()))
        logging.getLogger().removeHandler(self._lines)

    def _look_after(self) -> None:
        while not self._over.wait(self._every):
            self._quietly(self._send_log)
            self._quietly(self._look_for_cancel)

    def _send_log(self) -> None:
        content = self._lines.content()
        if content != self._sent:
            storage.write_bytes(self._folder / "log.txt", content)
            self._sent = content

    def _look_for_cancel(self) -> None:
        self.cancelled = self.cancelled or (self._folder / "cancel").exists()

    def _quietly(self, step: Any) -> None:
        """The run itself tells when the bucket is gone; here it is said once."""
        try:
            step()
        except (RunError, OSError) as error:
            if self._failed != str(error):
                self._failed = str(error)
                log.warning("%s", error)
