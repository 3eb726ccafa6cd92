"""A host key that a person has to look at: an unknown one to compare, a changed one to refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QFontDatabase, QGuiApplication
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.errors import RunError
from ...cluster_client.ssh.errors import HostKeyChanged, HostKeyUnknown
from ...mapping.language import tr
from ...workflow import locations
from ..widgets.banner import Banner
from ..widgets.messages import log_error
from ..widgets.notes import muted
from ..widgets.plain_text import PlainLabel

if TYPE_CHECKING:
    from ...cluster_client.ssh.errors import HostKeyError

_FILES = {
    "ssh-ed25519": "ssh_host_ed25519_key.pub",
    "ssh-rsa": "ssh_host_rsa_key.pub",
    "ecdsa-sha2-nistp256": "ssh_host_ecdsa_key.pub",
    "ecdsa-sha2-nistp384": "ssh_host_ecdsa_key.pub",
    "ecdsa-sha2-nistp521": "ssh_host_ecdsa_key.pub",
}
_ICON = 32
_WIDE = 580


class HostKeyDialog(QDialog):
    """Shows the key of a host. `accepted` comes after the key of an unknown host was stored.

    Of a host that shows another key than before there is nothing to accept.
    """

    def __init__(self, error: HostKeyError, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.error = error
        self.changed = isinstance(error, HostKeyChanged)
        self.setObjectName("RoadpulseHostKey")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle(tr("Another host key") if self.changed else tr("Unknown host key"))
        self.banner = Banner()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        inner = QVBoxLayout()
        inner.setContentsMargins(20, 18, 20, 16)
        inner.setSpacing(14)
        column.addLayout(inner)
        inner.addLayout(self._head())
        inner.addWidget(self._facts())
        for part in self._refusal() if self.changed else self._comparison():
            inner.addWidget(part)
        inner.addStretch(1)
        inner.addSpacing(4)
        inner.addWidget(self._buttons())
        self.setMinimumWidth(_WIDE)

    def _head(self) -> QHBoxLayout:
        icon = PlainLabel()
        name = "/mIconCritical.svg" if self.changed else "/mIconWarning.svg"
        icon.setPixmap(QgsApplication.getThemeIcon(name).pixmap(_ICON, _ICON))
        host = self.error.host
        if self.changed:
            text = tr("{host} shows another key than the one it is known by. Nothing was sent to it.")
        else:
            text = tr("{host} has not been connected to from here before. Is it really that computer?")
        title = _words(text.format(host=host))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        line = QHBoxLayout()
        line.setSpacing(14)
        line.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(title, 1, Qt.AlignmentFlag.AlignVCenter)
        return line

    def _facts(self) -> QWidget:
        holder = QFrame()
        holder.setObjectName("facts")
        holder.setStyleSheet("#facts { border: 1px solid palette(mid); border-radius: 3px; }")
        form = QFormLayout(holder)
        form.setContentsMargins(14, 12, 14, 12)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(6)
        address = self.error.host
        if self.error.port != 22:
            address = tr("{host}, port {port}").format(host=self.error.host, port=self.error.port)
        for name, label, value in (
            ("host", tr("Host"), address),
            ("key_type", tr("Key type"), self.error.key_type),
            ("fingerprint", tr("Fingerprint"), self.error.fingerprint),
        ):
            shown = _fixed(value)
            shown.setObjectName(name)
            form.addRow(label, shown)
        return holder

    def _comparison(self) -> list[QWidget]:
        file = _FILES.get(self.error.key_type, "ssh_host_*_key.pub")
        command = f"ssh-keygen -lf /etc/ssh/{file}"
        self.command = _fixed(command)
        self.command.setObjectName("command")
        copy = QPushButton(tr("Copy"))
        copy.setObjectName("copy")
        copy.setAutoDefault(False)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(command))
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.command, 1)
        row.addWidget(copy)
        how = _words(
            tr(
                "Ask the cluster's administrator for the fingerprint, or sit down at {host} itself and run "
                "there:"
            ).format(host=self.error.host)
        )
        why = _words(
            tr(
                "All 43 characters after SHA256: have to be the same. If they are not, somebody may be "
                "listening in between, and would get your password."
            )
        )
        palette = why.palette()
        palette.setColor(why.foregroundRole(), muted(palette))
        why.setPalette(palette)
        return [how, line, why]

    def _refusal(self) -> list[QWidget]:
        reason = _words(self.error.why)
        reason.setVisible(bool(self.error.why))
        reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        reason.setObjectName("why")
        meaning = _words(
            tr(
                "The computer may have been set up anew, or another one has taken over its address. Or "
                "somebody is listening in between. From here the two cannot be told apart, so there is no "
                "connection."
            )
        )
        todo = _words(
            tr(
                "Ask the cluster's administrator whether the key was renewed and what its fingerprint is. "
                "Only if it is the one above: forget the old key under Host key in the profile, or remove it "
                "from the file that is named here, and connect again."
            )
        )
        return [reason, meaning, todo]

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox()
        box.setObjectName("buttons")
        if self.changed:
            shut = box.addButton(QDialogButtonBox.StandardButton.Close)
            shut.setDefault(True)
        else:
            self.accept_button = QPushButton(tr("The fingerprint is right"))
            self.accept_button.setObjectName("accept")
            self.accept_button.setAutoDefault(False)
            box.addButton(self.accept_button, QDialogButtonBox.ButtonRole.AcceptRole)
            shut = box.addButton(QDialogButtonBox.StandardButton.Cancel)
            shut.setDefault(True)
            shut.setFocus()
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        return box

    def accept(self) -> None:
        """Trust the key from now on."""
        if not isinstance(self.error, HostKeyUnknown):
            return
        from ...cluster_client.ssh.known_hosts import KnownHosts  # noqa: PLC0415  (needs paramiko)

        try:
            KnownHosts(locations.known_hosts()).accept(self.error)
        except RunError as error:
            log_error(error)
            self.banner.show_error(error)
            return
        super().accept()


def _words(text: str) -> QLabel:
    label = PlainLabel(text)
    label.setWordWrap(True)
    return label


def _fixed(text: str) -> QLabel:
    """Text of a fixed width, to be compared letter by letter and copied."""
    label = PlainLabel(text)
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(label.font().pointSizeF())
    label.setFont(font)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label
