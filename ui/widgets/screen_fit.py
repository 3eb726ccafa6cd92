"""Windows that open with all of themselves in sight, on a small screen and with large letters too."""

from __future__ import annotations

from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import QDialog, QWidget

_TITLE_BAR = 36


def keep_on_screen(window: QWidget) -> None:
    """Make a window no larger than its screen, and move what is out of sight back into it."""
    room = window.screen().availableGeometry().adjusted(0, _TITLE_BAR, 0, 0)
    window.resize(window.size().boundedTo(room.size()))
    geometry = window.geometry()
    geometry.moveRight(min(geometry.right(), room.right()))
    geometry.moveBottom(min(geometry.bottom(), room.bottom()))
    geometry.moveLeft(max(geometry.left(), room.left()))
    geometry.moveTop(max(geometry.top(), room.top()))
    if geometry != window.geometry():
        window.setGeometry(geometry)


class OnScreenDialog(QDialog):
    """A dialog that opens in sight."""

    def showEvent(self, event: QShowEvent) -> None:
        """Stay on the screen."""
        super().showEvent(event)
        if not event.spontaneous():
            keep_on_screen(self)
