"""A job of the main thread in short steps, between which the event loop runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

from qgis.PyQt.QtCore import QObject, QTimer


class ChunkedJob(QObject):
    """Takes one step of `steps` in each turn of the event loop.

    Calls `done` after the last step, or `failed` with the exception of a step. The job ends without either
    when `parent` is deleted.
    """

    def __init__(
        self,
        steps: Iterator[None],
        done: Callable[[], None],
        failed: Callable[[Exception], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._steps, self._done, self._failed = steps, done, failed
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        try:
            next(self._steps)
        except StopIteration:
            self._end()
            self._done()
        except Exception as error:  # noqa: BLE001  (reported by `failed`)
            self._end()
            self._failed(error)

    def _end(self) -> None:
        self._timer.stop()
        self.deleteLater()
