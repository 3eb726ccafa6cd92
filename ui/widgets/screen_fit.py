"""Windows that open with all of themselves in sight, on a small screen and with large letters too."""

from __future__ import annotations

from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import QDialog, QWidget

_TITLE_BAR = 36


def keep_on_screen(window: QWidget) -> None:
    """Make a window no larger than its screen, and move what is out of sight back into it."""
    room = window.screen().availableGeometry().adjusted(0, _TITLE_BAR, 0, 0)
    window.resize(window.size().boundedTo(room.size()))
    place = window.geometry()
    place.moveRight(min(place.right(), room.right()))
    place.moveBottom(min(place.bottom(), room.bottom()))
    place.moveLeft(max(place.left(), room.left()))
    place.moveTop(max(place.top(), room.top()))
    if place != window.geometry():
        window.setGeometry(place)


class OnScreenDialog(QDialog):
    """A dialog that opens in sight."""

    def showEvent(self, event: QShowEvent) -> None:
        """Stay on the screen."""
        super().showEvent(event)
        if not event.spontaneous():
            keep_on_screen(self)
