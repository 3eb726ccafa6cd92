"""A folder of a cluster, or of a bucket, which can be looked for there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from ....workflow.translation import tr
from .fields import ALL, TextField


class BucketFolderField(TextField):
    """A folder with a button that looks into buckets, for the kinds that may have it there.

    `here`: folders of this computer can be chosen too. `browse` is told when the button is pressed; whoever
    hears it calls `choose` with an address.
    """

    browse = pyqtSignal()

    def __init__(
        self,
        entry: str,
        placeholder: str = "",
        kinds: Sequence[str] = ALL,
        tip: str = "",
        here: bool = False,
        in_buckets: Optional[Sequence[str]] = None,
    ) -> None:
        edit: Optional[QLineEdit] = None
        box = QWidget()
        line = QHBoxLayout(box)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        if here:
            chooser = QgsFileWidget()
            chooser.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
            edit = chooser.lineEdit()
            line.addWidget(chooser, 1)
        else:
            edit = QLineEdit()
            line.addWidget(edit, 1)
        super().__init__(entry, placeholder, kinds, tip, edit=edit, control=box)
        self._in_buckets = tuple(kinds if in_buckets is None else in_buckets)
        self.button = QPushButton(tr("S3…"))
        self.button.setObjectName(f"{entry} browse")
        self.button.setToolTip(tr("Choose a folder of a bucket"))
        self.button.setAccessibleName(tr("Choose a folder of a bucket"))
        self.button.setAutoDefault(False)
        self.button.setFixedWidth(self.button.fontMetrics().horizontalAdvance(self.button.text()) + 24)
        self.button.clicked.connect(lambda _checked: self.browse.emit())
        line.addWidget(self.button)
        box.setFocusProxy(edit)

    def show_kind(self, kind: str) -> None:
        """Suit a kind of profile."""
        super().show_kind(kind)
        self.button.setVisible(kind in self._in_buckets)

    def choose(self, address: str) -> None:
        """Take an address, as if it had been typed."""
        self.edit.setText(address.rstrip("/"))
