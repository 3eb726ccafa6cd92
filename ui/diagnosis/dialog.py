"""The diagnosis: everything that a run with a profile needs, looked at step by step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Optional

from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.errors import RunError
from ...cluster_client.diagnosis import report
from ...cluster_client.diagnosis.checks import Finding, Outcome, diagnose
from ...cluster_client.profiles.profile import Profile
from ...cluster_client.ssh.errors import HostKeyUnknown
from ...mapping.language import tr
from ..background.calls import Call, Calls
from ..manual.window import SSH, HelpButton
from ..widgets.banner import Banner
from ..widgets.framed_layout import FramedLayout
from ..widgets.messages import log_error
from ..widgets.notes import Note
from ..widgets.plain_text import Wrapped
from ..widgets.profile_list import location_of, shown_name
from ..widgets.screen_fit import OnScreenDialog
from ..widgets.scroll_area import Scrolled
from .host_key_dialog import HostKeyDialog
from .lines import DiagnosisLines

if TYPE_CHECKING:
    from ...cluster_client.profiles.credentials import ProfileKeys


class DiagnosisDialog(OnScreenDialog):
    """Begins the checks when it is shown; closing it ends them.

    `trips` are looked at as the place of execution sees them, `connection` is a PostGIS connection stored
    in QGIS; with `profiles` the person may choose another one, to which the trips then do not belong.
    """

    def __init__(
        self,
        profile: Profile,
        trips: str = "",
        parent: Optional[QWidget] = None,
        *,
        connection: str = "",
        profiles: Sequence[Profile] = (),
    ) -> None:
        super().__init__(parent)
        self.profile, self.connection = profile, connection
        self._trips = {profile.name: trips}
        self.findings: list[Finding] = []
        self._profiles = tuple(profiles)
        self._calls = Calls(self)
        self._call: Optional[Call] = None
        self._began = False
        self.setObjectName("RoadpulseDiagnosis")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Roadpulse: check connection"))
        self.resize(820, 680)
        self.banner = Banner()
        self.lines = DiagnosisLines()
        head = self._head()
        self.scroll = Scrolled(self.lines)
        self.scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # its lines are there to be read
        FramedLayout(self, self.banner, head, self.scroll, footer=self._footer())
        self._show_buttons()

    def _head(self) -> QVBoxLayout:
        self.chooser = QComboBox()
        self.chooser.setObjectName("profile")
        for profile in self._profiles:
            self.chooser.addItem(shown_name(profile.name), profile.name)
        self.chooser.setCurrentIndex(self.chooser.findData(self.profile.name))
        self.chooser.setVisible(len(self._profiles) > 1)
        self.chooser.currentIndexChanged.connect(self._choose)
        self.title = Wrapped()
        font = self.title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.title.setFont(font)
        self.status_note = Note()
        self.status_note.setObjectName("summary")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.bar.hide()
        head = QVBoxLayout()
        head.setContentsMargins(20, 16, 20, 4)
        head.setSpacing(5)
        first = QHBoxLayout()
        first.addWidget(self.title, 1)
        first.addWidget(self.chooser)
        head.addLayout(first)
        head.addWidget(self.status_note)
        head.addWidget(self.bar)
        return head

    def _footer(self) -> QHBoxLayout:
        self.copy_button = QPushButton(tr("Copy as text"))
        self.copy_button.setObjectName("copy")
        self.copy_button.setToolTip(tr("For a mail to the cluster's administrator. It holds no password."))
        self.copy_button.clicked.connect(self.copy)
        self.again_button = QPushButton(tr("Run again"))
        self.again_button.setObjectName("again")
        self.again_button.clicked.connect(self.begin)
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setObjectName("cancel")
        self.cancel_button.clicked.connect(self.cancel)
        self.close_button = QPushButton(tr("Close"))
        self.close_button.setObjectName("close")
        self.close_button.clicked.connect(self.reject)
        line = QHBoxLayout()
        line.setContentsMargins(16, 10, 16, 12)
        line.setSpacing(8)
        line.addWidget(HelpButton(SSH, "what-the-nodes-need"))
        line.addWidget(self.copy_button)
        line.addStretch(1)
        for button in (self.again_button, self.cancel_button, self.close_button):
            line.addWidget(button)
        for button in (self.copy_button, self.again_button, self.cancel_button, self.close_button):
            button.setMinimumWidth(96)
            button.setAutoDefault(False)
        return line

    # -- looking ------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """True while checks are carried out."""
        return self._call is not None

    def begin(self) -> None:
        """Carry out all checks from the beginning."""
        self.cancel()
        self.banner.hide()
        self.findings = []
        self.lines.begin(())
        self.title.setText(tr("{name}  ({location})").format(
            name=shown_name(self.profile.name), location=location_of(self.profile)
        ))  # fmt: skip
        try:
            keys, postgis = self._keys_and_connection()
        except RunError as error:
            self._failed(error)
            return
        self.status_note.show_text(tr("Looking…"))
        profile = self.profile
        self._call = self._calls.submit(
            lambda call: self._carry_out(call, profile, keys, postgis), self._done, self._failed
        )
        self._show_buttons()

    def _keys_and_connection(self) -> tuple[ProfileKeys, str]:
        """Read the credentials and the PostGIS connection, which QGIS gives out only in the main thread."""
        from ...algorithms.diagnose import connection_info  # noqa: PLC0415
        from ...workflow.credentials import read_credentials  # noqa: PLC0415

        keys = read_credentials(self.profile)
        return keys, connection_info(self.connection) if self.connection else ""

    def _carry_out(self, call: Call, profile: Profile, keys: ProfileKeys, postgis: str) -> Optional[RunError]:
        """Carry out the checks, in a thread; return the connection error that a person may mend."""
        from ...workflow.backends import checks_for  # noqa: PLC0415

        with closing(checks_for(profile, keys, self._trips.get(profile.name, ""))) as diagnosis:
            checks = diagnosis.checks()
            if postgis:
                from ...cluster_client.diagnosis.postgis import postgis_check  # noqa: PLC0415

                checks = [*checks, postgis_check(postgis)]
            self._calls.report(call, self.lines.begin, [(check.name, check.title) for check in checks])
            self._calls.report(call, self.bar.setMaximum, len(checks))
            diagnose(
                checks,
                lambda finding: self._calls.report(call, self._found, finding),
                lambda: call.cancelled,
                lambda check: self._calls.report(call, self._begun, check.title),
            )
            error: Optional[RunError] = getattr(diagnosis, "error", None)
            return error

    def _begun(self, title: str) -> None:
        at = len(self.findings)  # checks come one after the other, as their lines do
        self.lines.show_running(at)
        self._scroll_to(at)
        self.status_note.show_text(tr("Looking at: {check}…").format(check=tr(title)))

    def _scroll_to(self, at: int) -> None:
        """Show a line once it has its place."""
        line = self.lines.lines[at].title
        QTimer.singleShot(0, lambda: None if sip.isdeleted(line) else self.scroll.ensureWidgetVisible(line))

    def _found(self, finding: Finding) -> None:
        self.lines.show_finding(len(self.findings), finding)
        self.findings.append(finding)
        self.bar.setValue(len(self.findings))

    def _done(self, error: Optional[RunError]) -> None:
        self._call = None
        self._show_summary()
        outcomes = [finding.outcome for finding in self.findings]
        if outcomes:
            self._scroll_to(outcomes.index(Outcome.FAILED) if Outcome.FAILED in outcomes else 0)
        self._show_buttons()
        if isinstance(error, HostKeyUnknown):
            dialog = HostKeyDialog(error, self)
            dialog.accepted.connect(self.begin)
            dialog.open()

    def _failed(self, error: Exception) -> None:
        self._call = None
        log_error(error)
        self.banner.show_error(error)
        self.status_note.show_text("")
        self._show_buttons()

    def cancel(self) -> None:
        """Cancel the checks."""
        call, self._call = self._call, None
        if call is not None:
            call.cancel()
            self._calls.forget()
            self.lines.stop()
            self._show_summary()
        self._show_buttons()

    # -- telling ------------------------------------------------------------------------------------

    def _show_summary(self) -> None:
        outcomes = {finding.outcome.value for finding in self.findings}
        text = report.summary(self.findings)
        if len(self.findings) < len(self.lines.lines):
            self.status_note.show_text(tr("Stopped. {summary}").format(summary=text))
        elif "failed" in outcomes:
            self.status_note.show_warning(tr("Runs will not work yet: {summary}").format(summary=text))
        elif "warning" in outcomes:
            self.status_note.show_warning(tr("Runs will work: {summary}").format(summary=text))
        else:
            self.status_note.show_text(tr("Runs will work: {summary}").format(summary=text))

    def copy(self) -> None:
        """Put the report onto the clipboard."""
        QGuiApplication.clipboard().setText(report.to_text(self.profile, self.findings))

    def _show_buttons(self) -> None:
        self.bar.setVisible(self.running)
        self.bar.setValue(len(self.findings))
        self.cancel_button.setVisible(self.running)
        self.again_button.setVisible(not self.running)
        self.copy_button.setEnabled(bool(self.findings) and not self.running)

    def _choose(self, at: int) -> None:
        self.profile = self._profiles[at]
        self.begin()

    # -- the window ---------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        """Begin."""
        super().showEvent(event)
        if not self._began:
            self._began = True
            # Not while the window is being shown: QGIS may have to ask for its master password.
            QTimer.singleShot(0, lambda: None if sip.isdeleted(self) else self.begin())

    def leave(self) -> None:
        """Close the window."""
        self.cancel()

    def done(self, result: int) -> None:
        """End the checks with the window."""
        self.cancel()
        super().done(result)
