"""The parts that Roadpulse adds to QGIS's windows. A feature imports its window when that first opens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Optional, Protocol

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QAction, QDialog

MENU = "Roadpulse"


class Feature(Protocol):
    """A part with a beginning and an end: `unload` removes all that `load` added."""

    def load(self) -> None:
        """Add the feature to QGIS."""

    def unload(self) -> None:
        """Remove the feature from QGIS."""


def add_to_menu(iface: Any, action: QAction) -> None:
    """Add an action to Roadpulse's menu."""
    iface.addPluginToVectorMenu(MENU, action)


def remove_from_menu(iface: Any, action: Optional[QAction]) -> None:
    """Remove and delete an action of `add_to_menu`, unless Qt has deleted it."""
    if action is not None and not sip.isdeleted(action):
        iface.removePluginVectorMenu(MENU, action)
        action.deleteLater()


def add_to_tool_bar(iface: Any, action: QAction) -> None:
    """Add an action to QGIS's vector tool bar and to Roadpulse's menu."""
    iface.addVectorToolBarIcon(action)
    add_to_menu(iface, action)


def remove_from_tool_bar(iface: Any, action: Optional[QAction]) -> None:
    """Remove and delete an action of `add_to_tool_bar`, unless Qt has deleted it."""
    if action is not None and not sip.isdeleted(action):
        iface.removeVectorToolBarIcon(action)
    remove_from_menu(iface, action)


class DialogFeature(ABC):
    """A menu entry for a dialog that is made when it is first opened."""

    name: ClassVar[str]
    """Object name of the menu entry."""

    icon: ClassVar[str]
    """Icon of QGIS's theme."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.action: Optional[QAction] = None
        self.dialog: Optional[QDialog] = None

    @abstractmethod
    def text(self) -> str:
        """Return the text of the menu entry."""

    @abstractmethod
    def make(self) -> QDialog:
        """Return a new dialog, with a method `leave` that ends its background work."""

    def load(self) -> None:
        """Add the menu entry."""
        self.action = QAction(QgsApplication.getThemeIcon(self.icon), self.text(), self.iface.mainWindow())
        self.action.setObjectName(self.name)
        self.action.triggered.connect(lambda _checked=False: self.show())
        add_to_menu(self.iface, self.action)

    def unload(self) -> None:
        """Remove menu entry and dialog; what was not saved is lost."""
        action, self.action = self.action, None
        remove_from_menu(self.iface, action)
        dialog, self.dialog = self.dialog, None
        if dialog is not None and not sip.isdeleted(dialog):
            dialog.leave()
            dialog.deleteLater()

    def show(self) -> None:
        """Open the dialog, or raise the open one."""
        if self.dialog is None or sip.isdeleted(self.dialog):
            self.dialog = self.make()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
