"""Python's logging of this plugin, shown in QGIS's log messages under “Roadpulse”."""

from __future__ import annotations

import logging

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


def install() -> QgisLogHandler:
    """Begin logging to QGIS; give the handler to `remove` when the plugin is unloaded."""
    handler = QgisLogHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    return handler


def remove(handler: QgisLogHandler) -> None:
    """End logging to QGIS."""
    logging.getLogger(LOGGER).removeHandler(handler)
    handler.close()
