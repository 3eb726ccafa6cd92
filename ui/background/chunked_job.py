"""Work of the main thread in several turns of its event loop, so that windows answer in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

from qgis.PyQt.QtCore import QObject, QTimer


class Turns(QObject):
    """Takes one step of `steps` in each turn, then calls `then`; or `failed` with what a step raised.

    It belongs to `parent`: nothing more is done once that is deleted.
    """

    def __init__(
        self,
        steps: Iterator[None],
        then: Callable[[], None],
        failed: Callable[[Exception], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._steps, self._then, self._failed = steps, then, failed
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        try:
            next(self._steps)
        except StopIteration:
            self._end()
            self._then()
        except Exception as error:  # noqa: BLE001  (told by whoever asked for the work)
            self._end()
            self._failed(error)

    def _end(self) -> None:
        self._timer.stop()
        self.deleteLater()
