"""A field for a folder of a cluster, or of a bucket, with a button for the S3 browser."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Optional

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from ....mapping.language import tr
from .fields import TextField

if TYPE_CHECKING:
    from ....cluster_client.backends.base.backend_type import BackendType


class BucketFolderField(TextField):
    """A folder with a button that opens the S3 browser, for the types of backend that may have it in a
    bucket.

    `here`: it is a folder of this computer, and can be chosen too. `of_runs`: it lies where the run folders
    lie, which not every backend has in buckets. `browse` is emitted when the button is pressed; the receiver
    calls `choose` with an address.
    """

    browse = pyqtSignal()

    def __init__(
        self,
        entry: str,
        placeholder: str = "",
        tip: str = "",
        here: Optional[bool] = None,
        of_runs: bool = False,
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
        super().__init__(entry, placeholder, tip, here, edit=edit, control=box)
        self._of_runs = of_runs
        self.button = QPushButton(tr("S3…"))
        self.button.setObjectName(f"{entry} browse")
        self.button.setToolTip(tr("Choose a folder of a bucket"))
        self.button.setAccessibleName(tr("Choose a folder of a bucket"))
        self.button.setAutoDefault(False)
        self.button.setFixedWidth(self.button.fontMetrics().horizontalAdvance(self.button.text()) + 24)
        self.button.clicked.connect(lambda _checked: self.browse.emit())
        line.addWidget(self.button)
        box.setFocusProxy(edit)

    def suit(self, kind: BackendType, entries: Collection[str]) -> None:
        """Show the field as a type of backend needs it; see `Field.suit`."""
        super().suit(kind, entries)
        self.button.setVisible(kind.runs_in_buckets or not self._of_runs)

    def choose(self, address: str) -> None:
        """Set an address, as if it had been typed."""
        self.edit.setText(address.rstrip("/"))
