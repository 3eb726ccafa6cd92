"""The left side of the profiles: the list, and the buttons for what can be done with a profile."""

from __future__ import annotations

from typing import Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from ...cluster_client.backends import registry
from ...mapping.language import tr
from ..widgets.plain_text import tip
from ..widgets.profile_list import ProfileListWidget


class ProfileSide(QWidget):
    """List and buttons; `add` carries the key of the new profile's backend type."""

    add = pyqtSignal(str)
    add_from_file = pyqtSignal()
    duplicate = pyqtSignal()
    delete = pyqtSignal()
    export = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.list = ProfileListWidget()
        self.add_button = _tool("add", "/symbologyAdd.svg", tr("Add a profile"))
        menu = QMenu(self.add_button)
        for kind in sorted(registry.TYPES.values(), key=lambda kind: kind.runs_here):  # clusters first
            action = menu.addAction(tr(kind.new_label))
            action.triggered.connect(lambda _=False, key=kind.key: self.add.emit(key))
        menu.addSeparator()
        menu.addAction(tr("From a file…")).triggered.connect(lambda _=False: self.add_from_file.emit())
        self.add_button.setMenu(menu)
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.copy_button = _tool("duplicate", "/mActionDuplicateLayer.svg", tr("Duplicate this profile"))
        self.delete_button = _tool("delete", "/symbologyRemove.svg", tr("Delete this profile"))
        self.export_button = _tool("export", "/mActionFileSaveAs.svg", tr("Write this profile to a file"))
        for button, signal in (
            (self.copy_button, self.duplicate),
            (self.delete_button, self.delete),
            (self.export_button, self.export),
        ):
            button.clicked.connect(lambda _=False, signal=signal: signal.emit())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.list, 1)
        line = QHBoxLayout()
        line.setSpacing(2)
        for button in (self.add_button, self.copy_button, self.delete_button):
            line.addWidget(button)
        line.addStretch(1)
        line.addWidget(self.export_button)
        column.addLayout(line)


def _tool(name: str, icon: str, words: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setIcon(QgsApplication.getThemeIcon(icon))
    button.setToolTip(tip(words))
    button.setAccessibleName(words)
    button.setAutoRaise(True)
    return button
