"""The layout of a window with messages at its top and buttons under a rule."""

from __future__ import annotations

from typing import Union

from qgis.PyQt.QtWidgets import QDialog, QFrame, QLayout, QVBoxLayout, QWidget

Part = Union[QWidget, QLayout]


class FramedLayout(QVBoxLayout):
    """Puts `parts` one below the other from edge to edge, then a rule and the footer.

    The last part takes the height that is left.
    """

    def __init__(self, dialog: QDialog, *parts: Part, footer: Part) -> None:
        super().__init__(dialog)
        rule = QFrame()
        rule.setFrameShape(QFrame.Shape.HLine)
        rule.setFrameShadow(QFrame.Shadow.Sunken)
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(0)
        for part in (*parts, rule, footer):
            stretch = 1 if part is parts[-1] else 0
            if isinstance(part, QLayout):
                self.addLayout(part, stretch)
            else:
                self.addWidget(part, stretch)
