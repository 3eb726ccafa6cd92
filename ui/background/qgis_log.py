"""Python's logging of this plugin, shown in QGIS's log messages under “Roadpulse”."""

from __future__ import annotations

import logging
from typing import Optional

from qgis.core import Qgis, QgsMessageLog

from ...aggregation.contract.visible_text import visible

TAG = "Roadpulse"
LOGGER = __name__.split(".", maxsplit=1)[0]


class QgisLogHandler(logging.Handler):
    """Hands records to QGIS's message log, which takes them from any thread."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        level = Qgis.MessageLevel.Info
        if record.levelno >= logging.ERROR:
            level = Qgis.MessageLevel.Critical
        elif record.levelno >= logging.WARNING:
            level = Qgis.MessageLevel.Warning
        try:
            QgsMessageLog.logMessage(visible(self.format(record)), TAG, level, notifyUser=False)
        except RuntimeError:  # QGIS is closing and its log is gone
            self.handleError(record)


class LogFeature:
    """Shows the plugin's log records in QGIS's message log while the plugin is loaded."""

    def __init__(self) -> None:
        self._handler: Optional[QgisLogHandler] = None

    def load(self) -> None:
        """Begin logging to QGIS."""
        self._handler = QgisLogHandler()
        self._handler.setFormatter(logging.Formatter("%(message)s"))
        logger = logging.getLogger(LOGGER)
        logger.addHandler(self._handler)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)

    def unload(self) -> None:
        """End logging to QGIS."""
        handler, self._handler = self._handler, None
        if handler is not None:
            logging.getLogger(LOGGER).removeHandler(handler)
            handler.close()
