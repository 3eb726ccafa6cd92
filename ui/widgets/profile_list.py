"""The list of profiles: name, and under it where its runs execute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional

from qgis.PyQt.QtCore import QModelIndex, QRect, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QPainter, QPalette, QTextOption
from qgis.PyQt.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ...cluster_client.backends import registry
from ...cluster_client.profiles.profile import LOCAL, LOCAL_NAME, Profile
from ...mapping.language import tr
from .notes import muted
from .plain_text import tip, visible

NAME, UNDER = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
DRAFT = ""
"""The name under which the list keeps a profile that is not stored yet."""
_PAD = 7


def shown_name(name: str) -> str:
    """Return a profile's name as a person reads it."""
    return tr("This computer") if name == LOCAL_NAME else name


def location_of(profile: Profile) -> str:
    """Return the place of a profile's runs, in a few words."""
    if not profile.runs_here:
        kind = registry.of(profile)
        return tr(kind.location).format(host=kind.host(profile))
    if profile.s3 != LOCAL.s3 or profile.s3_authcfg:
        return tr("this computer, with S3")
    return tr("always there") if profile.name == LOCAL_NAME else tr("this computer")


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return the name, with a number behind it where there is one like it."""
    taken = set(taken) | {LOCAL_NAME}
    number, found = 2, name
    while found in taken:
        found = f"{name} ({number})"
        number += 1
    return found


class ProfileListWidget(QListWidget):
    """Lines of two rows each; `NAME` holds the stored profile's name."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("profiles")
        self.setItemDelegate(_TwoLines(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Profiles"))

    def add(self, name: str, text: str, under: str) -> None:
        """Add a line for a stored profile, or for the `DRAFT`."""
        item = QListWidgetItem()
        item.setData(NAME, name)
        self.addItem(item)
        self.describe(name, text, under)

    def describe(self, name: str, text: str, under: str) -> None:
        """Change the words of a line."""
        item = self.line(name)
        if item is not None:
            item.setText(visible(text))
            item.setToolTip(tip(text))
            item.setData(UNDER, visible(under))

    def line(self, name: str) -> Optional[QListWidgetItem]:
        """Return the line of a stored profile."""
        lines = (self.item(at) for at in range(self.count()))
        return next((item for item in lines if item.data(NAME) == name), None)

    def choose(self, name: str) -> None:
        """Select a line without emitting a signal."""
        self.blockSignals(True)
        self.setCurrentItem(self.line(name) or self.item(0))
        self.blockSignals(False)

    def sizeHint(self) -> QSize:
        """Wide enough for usual names."""
        return QSize(self.fontMetrics().horizontalAdvance("n") * 26, 320)

    def minimumSizeHint(self) -> QSize:
        """Return a width at which names are cut."""
        return QSize(self.fontMetrics().horizontalAdvance("n") * 20, 160)


class _TwoLines(QStyledItemDelegate):
    """Draws the text of a line, and the line under it in smaller type."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(0, option.fontMetrics.height() * 2 + _PAD * 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        whole = QStyleOptionViewItem(option)
        self.initStyleOption(whole, index)
        whole.text = ""
        style = whole.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, whole, painter, whole.widget)
        chosen = bool(whole.state & QStyle.StateFlag.State_Selected)
        ink = whole.palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        area = whole.rect.adjusted(_PAD + 3, _PAD - 1, -_PAD, 1 - _PAD)
        high = area.height() // 2
        painter.save()
        for at, (role, colour) in enumerate(
            ((Qt.ItemDataRole.DisplayRole, ink), (UNDER, ink if chosen else muted(whole.palette)))
        ):
            line = QRect(area.left(), area.top() + at * high, area.width(), high)
            painter.setPen(colour)
            self._write(painter, whole, line, index.data(role))
        painter.restore()

    @staticmethod
    def _write(painter: QPainter, option: QStyleOptionViewItem, line: QRect, text: Any) -> None:
        cut = option.fontMetrics.elidedText(str(text or ""), Qt.TextElideMode.ElideRight, line.width())
        how = QTextOption(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        how.setWrapMode(QTextOption.WrapMode.NoWrap)
        painter.drawText(QRectF(line), cut, how)
