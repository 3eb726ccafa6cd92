"""Pages of languages that are written from right to left: the mirror image of the others."""

from __future__ import annotations

from qgis.core import (
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemPage,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLegendStyle,
    QgsPrintLayout,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import Qt

from ..language import is_right_to_left

_LEFT, _RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
_OTHER_SIDE = {_LEFT: _RIGHT, _RIGHT: _LEFT}


def mirror_page(layout: QgsPrintLayout) -> None:
    """Mirror the items of a page, with texts aligned to the right, in languages written from right to left.

    To be called once, when the page is complete. Elsewhere nothing changes.
    """
    if not is_right_to_left():
        return
    width = layout.pageCollection().page(0).pageSize().width()
    for item in layout.items():
        if isinstance(item, QgsLayoutItem) and not isinstance(item, QgsLayoutItemPage):
            _mirror(item, width)


def mirror_legend(legend: QgsLayoutItemLegend) -> None:
    """Put the symbols of a legend to the right of their words."""
    legend.setSymbolAlignment(_RIGHT)
    for kind in (QgsLegendStyle.Style.Title, QgsLegendStyle.Style.SymbolLabel):
        style = legend.style(kind)
        style.setAlignment(_RIGHT)
        legend.setStyle(kind, style)


def _mirror(item: QgsLayoutItem, width: float) -> None:
    millimetres = QgsUnitTypes.LayoutUnit.LayoutMillimeters
    if isinstance(item, (QgsLayoutItemLegend, QgsLayoutItemScaleBar)):
        # These find their width only when they are painted, and are to grow to the left.
        item.setReferencePoint(QgsLayoutItem.ReferencePoint.UpperRight)
        item.attemptMove(QgsLayoutPoint(width - item.pos().x(), item.pos().y(), millimetres))
    else:
        left = width - item.pos().x() - item.rect().width()
        item.attemptMove(QgsLayoutPoint(left, item.pos().y(), millimetres))
    if isinstance(item, QgsLayoutItemLabel):
        item.setHAlign(_OTHER_SIDE.get(item.hAlign(), item.hAlign()))
    elif isinstance(item, QgsLayoutItemLegend):
        mirror_legend(item)
