"""The tree of buckets and folders; a level is looked up when it is opened, and given up when it is closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Callable, Optional

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QBrush, QIcon
from qgis.PyQt.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from ...mapping.language import tr
from ..background.calls import Call, Calls
from ..widgets.messages import message_of
from ..widgets.notes import muted, warning
from ..widgets.number_format import count
from ..widgets.plain_text import tip, visible
from .level import MOST_FOLDERS, Level, above, level, name_of, top

if TYPE_CHECKING:
    from ...cluster_client.s3.client import S3Connection

_ADDRESS = Qt.ItemDataRole.UserRole
_STATE = Qt.ItemDataRole.UserRole + 1
_NEW, _LOOKING, _KNOWN = "new", "looking", "known"


class S3Tree(QTreeWidget):
    """Buckets, and the folders in them. `picked` carries the address that was selected."""

    picked = pyqtSignal(str)
    refused = pyqtSignal(object)

    def __init__(self, connection: Callable[[], S3Connection], parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._connection = connection
        self._calls = Calls(self)
        self._going: dict[str, Call] = {}
        self._path_to_open: list[str] = []
        self._bucket = QgsApplication.getThemeIcon("/mIconDbSchema.svg")
        self._folder = QgsApplication.getThemeIcon("/mIconFolder.svg")
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setAccessibleName(tr("Buckets and folders"))
        self.itemExpanded.connect(self._opened)
        self.itemCollapsed.connect(self._closed)
        self.currentItemChanged.connect(lambda item, _before: self._chosen(item))

    def begin(self, address: str) -> None:
        """List the buckets, and open the way to an address."""
        self.clear()
        self._path_to_open = above(address)
        self._note(self.invisibleRootItem(), tr("Looking for buckets…"))
        self._going[""] = self._calls.submit(
            lambda _call: top(self._connection()), partial(self._fill_top, address), self._not_top
        )

    def forget(self) -> None:
        """End all look-ups."""
        self._calls.forget()
        self._going.clear()

    def filter(self, starting: str) -> None:
        """List the folders of the selected one again, only those whose names begin so; buckets likewise."""
        item = self.currentItem()
        if item is None:
            for at in range(self.topLevelItemCount()):
                bucket = self.topLevelItem(at)
                bucket.setHidden(not bucket.text(0).startswith(starting))
            return
        self._look_up(item, starting)
        if not item.isExpanded():
            self.blockSignals(True)
            item.setExpanded(True)
            self.blockSignals(False)

    def address(self) -> str:
        """Return the selected address; empty for none."""
        item = self.currentItem()
        return str(item.data(0, _ADDRESS) or "") if item is not None else ""

    def leave(self) -> None:
        """Clear the selection without a signal, and stop opening the way to the requested address."""
        self._path_to_open = []
        self.blockSignals(True)
        self.setCurrentItem(None)
        self.blockSignals(False)

    # -- levels -------------------------------------------------------------------------------------

    def _fill_top(self, address: str, found: Level) -> None:
        self._going.pop("", None)
        self.clear()
        buckets = list(found.folders)
        if self._path_to_open and self._path_to_open[0] not in buckets:
            buckets.insert(0, self._path_to_open[0])  # a bucket of another account may be readable
        for bucket in buckets:
            self._add_bucket(bucket)
        if not buckets:
            self._note(self.invisibleRootItem(), tr("There are no buckets."))
        self._walk(self.invisibleRootItem())

    def _not_top(self, error: Exception) -> None:
        self._going.pop("", None)
        self.clear()
        if self._path_to_open:
            self._add_bucket(self._path_to_open[0])
            self._walk(self.invisibleRootItem())
        else:
            self._note(self.invisibleRootItem(), tr("The buckets cannot be listed."), warn=message_of(error))
        self.refused.emit(error)

    def _opened(self, item: QTreeWidgetItem) -> None:
        if item.data(0, _STATE) == _NEW:
            self._look_up(item, "")

    def _closed(self, item: QTreeWidgetItem) -> None:
        """Stop the look-up of an item that was folded."""
        going = self._going.pop(str(item.data(0, _ADDRESS)), None)
        if going is not None:
            going.cancel()
            item.setData(0, _STATE, _NEW)

    def _look_up(self, item: QTreeWidgetItem, starting: str) -> None:
        address = str(item.data(0, _ADDRESS) or "")
        if not address:
            return
        for going in [known for known in self._going if known.startswith(address)]:
            self._going.pop(going).cancel()  # those further down go with their items
        item.takeChildren()
        item.setData(0, _STATE, _LOOKING)
        self._note(item, tr("Looking…"))
        self._going[address] = self._calls.submit(
            lambda call: level(self._connection(), address, starting, lambda: call.cancelled),
            partial(self._fill, item, starting),
            partial(self._not_filled, item),
        )

    def _fill(self, item: QTreeWidgetItem, starting: str, found: Level) -> None:
        if sip.isdeleted(item):
            return
        self._going.pop(str(item.data(0, _ADDRESS)), None)
        item.takeChildren()
        item.setData(0, _STATE, _KNOWN)
        item.addChildren([self._item(folder, self._folder) for folder in found.folders])
        if found.more and len(found.folders) == MOST_FOLDERS:
            text = tr("Only the first {n} are shown. Filter by how the name begins.")
            self._note(item, text.format(n=count(MOST_FOLDERS)))
        elif found.more:
            self._note(
                item, tr("So many files that not all names were looked at. Type the folder's address.")
            )
        elif not found.folders:
            empty = tr("No folders, only files.") if found.files else tr("Nothing is in it.")
            self._note(item, tr("No folder begins so.") if starting else empty)
        self._walk(item)

    def _not_filled(self, item: QTreeWidgetItem, error: Exception) -> None:
        if sip.isdeleted(item):
            return
        self._going.pop(str(item.data(0, _ADDRESS)), None)
        item.takeChildren()
        item.setData(0, _STATE, _NEW)
        self._path_to_open = []
        self._note(item, tr("Cannot be listed"), warn=message_of(error))
        self.refused.emit(error)

    def _walk(self, item: QTreeWidgetItem) -> None:
        """Open the next level on the way to the requested address."""
        for at in range(item.childCount()):
            child = item.child(at)
            address = child.data(0, _ADDRESS)
            if self._path_to_open and address == self._path_to_open[0]:
                self._path_to_open.pop(0)
                if self._path_to_open:
                    child.setExpanded(True)
                else:
                    self.setCurrentItem(child)
                    self.scrollToItem(child)
                return

    # -- rows ---------------------------------------------------------------------------------------

    def _add_bucket(self, address: str) -> None:
        self.addTopLevelItem(self._item(address, self._bucket))

    @staticmethod
    def _item(address: str, icon: QIcon) -> QTreeWidgetItem:
        item = QTreeWidgetItem([visible(name_of(address))])
        item.setData(0, _ADDRESS, address)
        item.setData(0, _STATE, _NEW)
        item.setIcon(0, icon)
        item.setToolTip(0, tip(address))
        item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        return item

    def _note(self, parent: QTreeWidgetItem, text: str, warn: str = "") -> None:
        item = QTreeWidgetItem([visible(text)])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        item.setForeground(0, QBrush(warning(self.palette()) if warn else muted(self.palette())))
        item.setToolTip(0, tip(warn or text))
        parent.addChild(item)

    def _chosen(self, item: Optional[QTreeWidgetItem]) -> None:
        address = str(item.data(0, _ADDRESS) or "") if item is not None else ""
        if address:
            self.picked.emit(address)
