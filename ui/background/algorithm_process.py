"""An algorithm that works in a process of its own, followed from the event loop."""

from __future__ import annotations

import contextlib
import subprocess  # nosec B404  # a fixed command, no shell
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsMapLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...aggregation.contract.errors import RunError
from ...aggregation.contract.json_text import JsonFault, decode
from ...mapping.language import tr

if TYPE_CHECKING:
    from ...mapping.layer_definition import WriteFiles

_GRACE_MS = 20_000
"""Milliseconds after which a process that was asked to end is killed."""


class AlgorithmProcess(QObject):
    """One call of an algorithm. The end is `done` with the results, `failed` with an error, or `stopped`.

    `reported` has its progress, by the names of `child_process`. If QGIS ends, the process is
    cancelled, since its standard input ends then.
    """

    reported = pyqtSignal(dict)
    done = pyqtSignal(dict)
    failed = pyqtSignal(object)
    stopped = pyqtSignal()
    _heard = pyqtSignal(dict)

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self._process: Optional[subprocess.Popen[str]] = None
        self._log: Any = None
        self._folder: Any = None
        self._last: dict[str, Any] = {}
        self._cancelled = False
        self._heard.connect(self._hear)
        self._too_long = QTimer(self)
        self._too_long.setSingleShot(True)
        self._too_long.timeout.connect(self._kill)

    @property
    def going(self) -> bool:
        """True while the process works."""
        return self._process is not None

    def start(self, algorithm: str, parameters: dict[str, Any], layers: list[QgsMapLayer]) -> None:
        """Start the algorithm; raises `StartError` or `OSError`."""
        from ...algorithms.child_process import command, request  # noqa: PLC0415

        words, environment = command()
        self._folder = tempfile.TemporaryDirectory()  # goes at the end, or with this object
        asked, write_files = request(algorithm, parameters, layers, Path(self._folder.name))
        hidden: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            hidden = {"creationflags": subprocess.CREATE_NO_WINDOW}
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed at the end)
        self._process = subprocess.Popen(  # noqa: S603  # nosec B603  # a list of arguments, no shell
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=environment,
            text=True, encoding="utf-8", **hidden,
        )  # fmt: skip
        self._last, self._cancelled = {}, False
        # In the thread too: layers may be large, and a pipe takes no more than 64 kB until the process reads.
        arguments = (self._process, asked, write_files)
        threading.Thread(target=self._talk, args=arguments, daemon=True).start()

    def cancel(self) -> None:
        """Ask the process to end; `stopped` comes when it has."""
        if self._process is None:
            return
        self._cancelled = True
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._too_long.start(_GRACE_MS)

    def _talk(self, process: subprocess.Popen[str], asked: str, write_files: WriteFiles) -> None:
        from ...algorithms.child_feedback import MARK  # noqa: PLC0415

        try:
            write_files()
        except RunError as error:
            self._emit({"error": error.message})
            process.kill()
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(asked)  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        for line in process.stdout or ():
            if line.startswith(MARK):
                with contextlib.suppress(JsonFault):
                    self._emit(decode(line[len(MARK) :], "the algorithm's process"))
        process.wait()
        self._emit({"ended": process.returncode})

    def _emit(self, values: dict[str, Any]) -> None:
        if not sip.isdeleted(self):
            with contextlib.suppress(RuntimeError):  # the window went in this very moment
                self._heard.emit(values)

    def _hear(self, values: dict[str, Any]) -> None:
        if "ended" in values:
            self._end(values["ended"])
        elif {"result", "error", "cancelled"} & set(values):
            self._last = values
        elif not self._cancelled:
            self.reported.emit(values)

    def _end(self, code: int) -> None:
        self._too_long.stop()
        process, self._process = self._process, None
        for stream in (process.stdin, process.stdout) if process else ():
            with contextlib.suppress(OSError, ValueError):
                stream.close()  # type: ignore[union-attr]
        self._log.seek(0)
        words = self._log.read().decode(errors="replace").strip()
        self._log.close()
        self._folder.cleanup()
        if "result" in self._last:
            self.done.emit(self._last["result"])
        elif self._cancelled:
            self.stopped.emit()
        elif "error" in self._last:
            self.failed.emit(RunError(str(self._last["error"]), words))
        else:
            text = tr("The process that did the work ended unexpectedly ({code}). Try again.")
            self.failed.emit(RunError(text.format(code=code), words))

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
