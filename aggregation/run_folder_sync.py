"""Synchronisation of a run with its run folder where no launcher does it: in buckets, and through Livy.

`log.txt` is written every few seconds if it has grown, `cancel` is polled as often, and `rc` is written last.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from . import storage
from .contract.errors import RunError
from .contract.visible_text import VisibleFormatter

log = logging.getLogger(__name__)

SYNC_SECONDS = 3.0
FORMAT = "%(asctime)s %(levelname)s %(message)s"
HEAD_BYTES, TAIL_BYTES = 256 << 10, 768 << 10
"""Bytes kept of the beginning and the end of a log; the middle of a longer one is dropped."""


class BoundedLog(logging.Handler):
    """Log handler that keeps the beginning and the end of this process's log in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(VisibleFormatter(FORMAT))
        self._head, self._tail = bytearray(), bytearray()
        self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Append a line."""
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
        """Return the kept lines as UTF-8, with a note where some were dropped."""
        self.acquire()
        try:
            gap = f"… {self.dropped:,} bytes left out …\n".encode() if self.dropped else b""
            return bytes(self._head) + gap + bytes(self._tail)
        finally:
            self.release()


class RunFolderSync:
    """Writes log and exit code to the run folder and polls for `cancel`, in a background thread until `end`.

    `cancelled` becomes True once the file `cancel` exists; `every` is the interval in seconds.
    """

    def __init__(self, folder: storage.Place, every: float = SYNC_SECONDS) -> None:
        self.cancelled = False
        self._folder, self._every = folder, every
        self._log_buffer = BoundedLog()
        self._sent = b""
        self._failed = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._upload_and_check, daemon=True)

    def begin(self) -> None:
        """Start to capture the log and to synchronise the folder."""
        logging.getLogger().addHandler(self._log_buffer)
        self._thread.start()

    def end(self, code: int) -> None:
        """Write the rest of the log, then the exit code."""
        self._over.set()
        self._thread.join()
        self._quietly(self._send_log)
        self._quietly(lambda: (self._folder / "rc").put(f"{code}\n".encode()))
        logging.getLogger().removeHandler(self._log_buffer)

    def _upload_and_check(self) -> None:
        while not self._over.wait(self._every):
            self._quietly(self._send_log)
            self._quietly(self._check_cancelled)

    def _send_log(self) -> None:
        content = self._log_buffer.content()
        if content != self._sent:
            (self._folder / "log.txt").put(content)
            self._sent = content

    def _check_cancelled(self) -> None:
        self.cancelled = self.cancelled or (self._folder / "cancel").exists()

    def _quietly(self, step: Any) -> None:
        """Call `step`; log each different failure once, as the run itself reports a bucket that is gone."""
        try:
            step()
        except (RunError, OSError) as error:
            if self._failed != str(error):
                self._failed = str(error)
                log.warning("%s", error)
