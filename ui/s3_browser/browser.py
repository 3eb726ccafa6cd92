"""Dialog to choose, or type, a bucket and folder for trips or work, with a count of the files there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Optional

from qgis.core import QgsSettings
from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import QByteArray, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import (
    QDialogButtonBox,
    QHBoxLayout,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.errors import RunError
from ...aggregation.contract.s3_access import SCHEME, is_s3
from ...cluster_client.profiles.profile import Profile
from ...mapping.language import tr
from ...workflow.credentials import read_credentials
from ..manual.window import S3, HelpButton
from ..runs.settings import RunSettings
from ..widgets.banner import Banner
from ..widgets.notes import muted
from ..widgets.plain_text import PlainLabel
from ..widgets.screen_fit import OnScreenDialog
from .contents import S3Contents
from .level import name_of
from .tree import S3Tree

if TYPE_CHECKING:
    from ...cluster_client.backends.base.bucket_probe import BucketTrips
    from ...cluster_client.profiles.credentials import ProfileKeys
    from ...cluster_client.s3.client import S3Connection

_GEOMETRY = "roadpulse/s3_browser_geometry"
_PAUSE = 400


class S3Browser(OnScreenDialog):
    """Lists the buckets that a profile leads to. `chosen` carries the address on OK.

    `for_trips`: the address is one of trips, else it is a folder to work in, which need not exist yet.
    Nothing waits for the network: answers are shown as they come.
    """

    chosen = pyqtSignal(str)

    def __init__(
        self, profile: Profile, url: str = "", parent: Optional[QWidget] = None, *, for_trips: bool = True
    ) -> None:
        super().__init__(parent)
        self.profile = profile
        self._keys: Optional[ProfileKeys] = None
        self._source: Optional[BucketTrips] = None
        self._lock = threading.Lock()
        self.setObjectName("RoadpulseS3Browser")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Trips in S3") if for_trips else tr("A folder in S3"))
        self.resize(860, 560)
        self.banner = Banner()
        self.address = QgsFilterLineEdit()
        self.address.setObjectName("s3_address")
        self.address.setPlaceholderText("s3://bucket/folder/")
        self.address.setAccessibleName(
            tr("Address of the trips") if for_trips else tr("Address of the folder")
        )
        self.tree = S3Tree(self._connection)
        self.tree.setObjectName("s3_tree")
        self.filter = QgsFilterLineEdit()
        self.filter.setObjectName("s3_filter")
        self.filter.setShowSearchIcon(True)
        self.contents = S3Contents(self._trips, RunSettings.load().mapping if for_trips else None)
        self._lay_out()
        self._connect()
        known = QgsSettings().value(_GEOMETRY, QByteArray(), type=QByteArray)
        if known:
            self.restoreGeometry(known)
        self._show_filter()
        self.address.setText(url)
        QTimer.singleShot(0, self._begin)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(PlainLabel(tr("Address")))
        line.addWidget(self.address, 1)
        where = PlainLabel(self.profile.s3.endpoint or tr("Amazon S3"))
        palette = where.palette()
        palette.setColor(QPalette.ColorRole.WindowText, muted(self.palette()))
        where.setPalette(palette)
        line.addWidget(where)
        left = QWidget()
        side = QVBoxLayout(left)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(6)
        side.addWidget(self.tree, 1)
        side.addWidget(self.filter)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.contents)
        split.setSizes([330, 500])
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.addButton(HelpButton(S3, "browse-buckets"), QDialogButtonBox.ButtonRole.HelpRole)
        self.choose = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.choose.setText(tr("Choose"))
        self.choose.setObjectName("s3_choose")
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 14, 16, 12)
        inner.setSpacing(10)
        inner.addLayout(line)
        inner.addWidget(split, 1)
        inner.addWidget(self.buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.banner)
        column.addLayout(inner, 1)

    def _connect(self) -> None:
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(lambda _result: self._leave())
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_PAUSE)
        self._typing.timeout.connect(self._look_up)
        self.address.textChanged.connect(self._typed)
        self._filtering = QTimer(self)
        self._filtering.setSingleShot(True)
        self._filtering.setInterval(_PAUSE)
        self._filtering.timeout.connect(lambda: self.tree.filter(self.filter.text().strip()))
        self.filter.textChanged.connect(lambda _text: self._filtering.start())
        self.tree.picked.connect(self._picked)
        self.tree.refused.connect(self._refused)

    # -- the service --------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Read the keys, for which QGIS may ask its master password, and look."""
        try:
            self._keys = read_credentials(self.profile)
        except RunError as error:
            self.banner.show_error(error)
            self.address.setEnabled(False)
            self.choose.setEnabled(False)
            return
        self.tree.begin(self._typed_address())
        self._look_up()

    def _trips(self) -> BucketTrips:
        """Return the reader of the buckets; for threads."""
        from ...cluster_client.backends.base.bucket_probe import BucketTrips  # noqa: PLC0415  (boto3)
        from ...cluster_client.profiles.credentials import ProfileKeys  # noqa: PLC0415

        with self._lock:
            if self._source is None:
                keys = self._keys or ProfileKeys()
                self._source = BucketTrips(self.profile, keys.s3, keys.s3_proxies)
            return self._source

    def _connection(self) -> S3Connection:
        return self._trips().s3

    def _refused(self, error: Exception) -> None:
        """Show once, under the tree, that a level cannot be listed."""
        if not self.contents.address:
            self.banner.show_error(error)

    # -- the address --------------------------------------------------------------------------------

    def _typed_address(self) -> str:
        return self.address.text().strip()

    def _problem(self) -> str:
        """Return the fault of the address in the field; empty if it can be looked up."""
        text = self._typed_address()
        if not text:
            return tr("Choose a bucket or a folder, or type its address.")
        if not is_s3(text):
            return tr("An address in S3 begins with s3://, as in s3://trips/2019/.")
        if not text[len(SCHEME) :].partition("/")[0]:
            return tr("The bucket's name is missing, as in s3://trips/2019/.")
        return ""

    def _typed(self, _text: str) -> None:
        self.choose.setEnabled(not self._problem())
        if self._typed_address().rstrip("/") != self.tree.address().rstrip("/"):
            self.tree.leave()
            self._show_filter()
        self._typing.start()

    def _look_up(self) -> None:
        """Look up the address, unless that is under way."""
        self._typing.stop()
        problem = self._problem()
        self.choose.setEnabled(not problem)
        if problem:
            self.contents.show_nothing(problem)
        elif self._typed_address() != self.contents.address:
            self.banner.hide()
            self.contents.look_up(self._typed_address())

    def _picked(self, address: str) -> None:
        self.filter.blockSignals(True)
        self.filter.clear()
        self.filter.blockSignals(False)
        self._show_filter()
        if address.rstrip("/") != self._typed_address().rstrip("/"):
            self.address.setText(address)
            self._look_up()

    def _show_filter(self) -> None:
        name = name_of(self.tree.address())
        text = tr("Filter {folder}: folders that begin with…").format(folder=name)
        self.filter.setPlaceholderText(text if name else tr("Filter: buckets that begin with…"))

    def _accept(self) -> None:
        if not self._problem():
            self.chosen.emit(self._typed_address())
            self.accept()

    def _leave(self) -> None:
        """End all look-ups."""
        self._typing.stop()
        self._filtering.stop()
        self.tree.forget()
        self.contents.forget()
        QgsSettings().setValue(_GEOMETRY, self.saveGeometry())
        if self._source is not None:
            threading.Thread(target=self._source.close, daemon=True).start()
