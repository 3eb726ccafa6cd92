"""The place of a run: the profile, and whether its place answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional, cast

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QPushButton, QSizePolicy, QWidget

from ....cluster_client.profiles.profile import LOCAL, Profile
from ....mapping.language import tr
from ....workflow import locations
from ...runs.run_texts import location_name
from ...runs.settings import RunSettings
from ...widgets.messages import message_of
from ...widgets.notes import Note, bad, good, muted, warning
from ...widgets.number_format import count, counted
from ...widgets.plain_text import PlainLabel
from .backend_watch import BackendWatch
from .section import Section

if TYPE_CHECKING:
    from ....cluster_client.backends.base.probe import BackendState
    from ....cluster_client.ssh.errors import HostKeyError


class WhereSection(Section):
    """The chooser of the profile, a light for its place, and a button for the editor of profiles.

    `moved` is emitted when another profile was chosen, or the chosen one changed.
    """

    title = "Where"
    moved = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.profiles: tuple[Profile, ...] = (LOCAL,)
        self.watch = BackendWatch(self)
        self._faults: tuple[str, ...] = ()
        self._missing = ""
        self._dialog: Any = None
        self.chooser = QComboBox()
        self.chooser.setObjectName("profile")
        self.chooser.setMinimumWidth(200)
        self.chooser.setAccessibleName(tr("Where the run executes"))
        self.light = PlainLabel("●")
        self.light.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self.live = Note()
        self.live.setObjectName("live")
        self.live.setWordWrap(False)
        self.live.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.set_up = QPushButton(tr("Set up…"))
        self.set_up.setObjectName("set_up")
        self.set_up.setToolTip(tr("Add or change the clusters and computers that runs execute on"))
        self.row(self.chooser, self.light, (self.live, 1), self.set_up)
        self.note.setObjectName("where_note")
        self.column.addWidget(self.note)
        self.chooser.currentIndexChanged.connect(self._chosen)
        self.set_up.clicked.connect(self._set_up)
        self.watch.changed.connect(self._update_note)
        self.note.clicked.connect(self._clicked)
        self.live.clicked.connect(self._clicked)
        self.offer()

    def offer(self, chosen: str = "") -> None:
        """Fill the chooser with the stored profiles, and choose one (empty: the one chosen before)."""
        known = locations.profile_store().profiles()
        wanted, before = chosen or self.profile.name, self.profile
        self.profiles = known.profiles
        self._faults = tuple(fault.message for fault in known.faults)
        self.chooser.blockSignals(True)
        self.chooser.clear()
        for profile in self.profiles:
            self.chooser.addItem(location_name(profile), profile.name)
        self.chooser.setCurrentIndex(max(0, self.chooser.findData(wanted)))
        self.chooser.blockSignals(False)
        if self.profile != before:
            self._chosen()

    @property
    def profile(self) -> Profile:
        """The chosen profile."""
        at = self.chooser.currentIndex()
        return self.profiles[at] if 0 <= at < len(self.profiles) else LOCAL

    def show_settings(self, settings: RunSettings) -> None:
        """Choose the remembered profile, or this computer where it is gone."""
        at = self.chooser.findData(settings.profile)
        self._missing = settings.profile if at < 0 else ""
        self.chooser.setCurrentIndex(max(0, at))
        self.watch.use(self.profile)

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with the chosen profile."""
        return replace(settings, profile=self.profile.name)

    def problem(self) -> str:
        """Return why no run can start there; a place that does not answer at the moment is no reason."""
        error = self.watch.error
        return message_of(error) if error is not None and not getattr(error, "retry", False) else ""

    def go_to(self) -> None:
        """Focus the chooser."""
        self.chooser.setFocus(Qt.FocusReason.OtherFocusReason)

    def forget(self) -> None:
        """Stop watching the place, and close the connection."""
        self.watch.forget()

    # -- what is known ------------------------------------------------------------------------------

    def _chosen(self) -> None:
        self._missing = ""
        self.watch.use(self.profile)
        self.moved.emit()
        self.changed.emit()

    def _update_note(self) -> None:
        watch, error = self.watch, self.watch.error
        self.note.show_text("")
        if watch.state is not None:
            self._show(good(self.palette()), state_text(watch.state, watch.remote))
            if watch.state.remark:
                self._show(warning(self.palette()), tr("connected"))
                self.note.show_warning(tr(watch.state.remark), tr("Look again"), "look")
        elif watch.locked:
            self._show(muted(self.palette()), tr("not looked at yet"))
            self.note.show_text(
                tr("QGIS keeps the password, and its master password has not been entered."),
                tr("Enter it…"), "unlock",
            )  # fmt: skip
        elif error is None:
            self._show(muted(self.palette()), tr("connecting…"))
        else:
            self._show_error(error)
        if not self.note.plain and self._missing:
            text = tr("The profile “{name}”, which was used last, is not there any more.")
            self.note.show_warning(text.format(name=self._missing))
        elif not self.note.plain and self._faults:
            self.note.show_warning(self._faults[0])
        self.updated.emit()

    def _show_error(self, error: Exception) -> None:
        self._show(bad(self.palette()), tr("not reachable") if getattr(error, "retry", False) else "")
        kind = type(error).__name__  # the classes need paramiko
        if kind == "HostKeyUnknown":
            self._show(warning(self.palette()), tr("host key unknown"))
            text = tr("{place} was not connected to before. Compare its key once.")
            self.note.show_warning(text.format(place=location_name(self.profile)), tr("Check…"), "key")
            return
        if kind == "HostKeyChanged":
            self._show(bad(self.palette()), tr("host key changed"))
        elif kind in ("LoginFailed", "KeyUnusable"):
            self._show(bad(self.palette()), tr("log-in refused"))
        elif not getattr(error, "retry", False):
            self._show(bad(self.palette()), tr("cannot be used"))
        self.note.show_warning(message_of(error), tr("Look again"), "look")

    def _show(self, colour: Any, text: str) -> None:
        self.light.setStyleSheet(f"color: {colour.name()}")
        self.live.show_text(text)

    # -- what can be done ---------------------------------------------------------------------------

    def _clicked(self, name: str) -> None:
        if name in ("look", "unlock"):
            self.watch.refresh(ask=True)
        elif name == "key" and self.watch.error is not None:
            self.check_key(cast("HostKeyError", self.watch.error)).accepted.connect(self.watch.refresh)

    def check_key(self, error: HostKeyError) -> Any:
        """Show the key of a host for comparison; the dialog emits `accepted` once it is stored."""
        from ...diagnosis.host_key_dialog import HostKeyDialog  # noqa: PLC0415

        dialog = HostKeyDialog(error, self.window())
        dialog.open()
        return dialog

    def _set_up(self) -> None:
        from ...profiles.dialog import ProfilesDialog  # noqa: PLC0415

        dialog = ProfilesDialog(locations.profile_store(), self.window(), self.profile.name)
        dialog.profiles_changed.connect(self.offer)
        dialog.open()


def state_text(state: BackendState, remote: bool) -> str:
    """`connected, 16 workers, 60 of 64 cores free`, `connected, 4 cores`, `8 cores`."""
    parts = [tr("connected")] if remote else []
    if state.service:
        parts.append(state.service)
    if state.workers is not None:
        parts.append(counted(state.workers, tr("worker"), tr("workers")))
    if state.cores and state.free is not None:
        free = tr("all {n} cores free") if state.free == state.cores else tr("{free} of {n} cores free")
        if not state.free:
            free = tr("all {n} cores busy: a run would wait")
        parts.append(free.format(free=count(state.free), n=count(state.cores)))
    elif state.cores:
        parts.append(counted(state.cores, tr("core"), tr("cores")))
    return ", ".join(parts)
