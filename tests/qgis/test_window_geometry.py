"""Windows open within the screen, for small screens and large fonts."""

from __future__ import annotations

from typing import Any

import pytest
from qgis.PyQt.QtCore import QRect
from qgis.PyQt.QtWidgets import QLabel

from roadpulse.ui.widgets.screen_fit import OnScreenDialog, keep_on_screen
from roadpulse.ui.widgets.scroll_area import Scrolled


@pytest.mark.parametrize(
    "place", [QRect(-200, -90, 300, 200), QRect(5000, 4000, 300, 200), QRect(10, 600, 9000, 9000)]
)
def test_a_window_opens_in_sight_with_its_title(qgis_app: Any, place: QRect) -> None:
    window = OnScreenDialog()
    window.setGeometry(place)
    window.show()
    room = window.screen().availableGeometry()
    assert room.contains(window.geometry())
    assert window.geometry().top() > room.top()
    before = window.geometry()
    keep_on_screen(window)
    assert window.geometry() == before
    window.deleteLater()


def test_what_is_wider_than_the_screen_is_scrolled(qgis_app: Any) -> None:
    wide, usual = QLabel(), QLabel()
    wide.setMinimumWidth(9000)
    usual.setMinimumWidth(300)
    for label, beside in ((wide, 0), (wide, 250)):
        scrolled = Scrolled(label, beside)
        assert scrolled.minimumSizeHint().width() + beside < scrolled.screen().availableGeometry().width()
    assert Scrolled(usual).minimumSizeHint().width() >= 300
