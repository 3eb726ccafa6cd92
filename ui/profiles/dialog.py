"""The profiles of this computer: a list to choose from, and the editor of the chosen one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ...aggregation.contract.errors import RunError
from ...cluster_client.backends import registry
from ...cluster_client.profiles.profile import LOCAL, LOCAL_NAME, Profile
from ...cluster_client.profiles.store import ProfileStore
from ...mapping.language import tr
from ..manual.window import SSH, HelpButton
from ..runs.settings import RunSettings
from ..widgets.banner import Banner
from ..widgets.framed_layout import FramedLayout
from ..widgets.messages import log_error
from ..widgets.notes import Note
from ..widgets.profile_list import DRAFT, NAME, free_name, location_of, shown_name
from ..widgets.screen_fit import OnScreenDialog
from ..widgets.scroll_area import Scrolled
from . import questions
from .form import ProfileForm
from .side import ProfileSide


class ProfilesDialog(OnScreenDialog):
    """Adds, changes, deletes, imports and exports profiles.

    `profiles_changed` names the profile to choose after the store has changed (empty: any). A profile is
    written when the person saves it, whole or not at all; the file of its old name goes after that.
    """

    profiles_changed = pyqtSignal(str)

    def __init__(self, store: ProfileStore, parent: Optional[QWidget] = None, selected: str = "") -> None:
        super().__init__(parent)
        self.store = store
        self._stored: dict[str, Profile] = {}
        self._draft: Optional[dict[str, Any]] = None
        self._current = LOCAL_NAME
        self.setObjectName("RoadpulseProfiles")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Roadpulse: profiles"))
        self.resize(880, 720)
        self.banner = Banner()
        self.side = ProfileSide()
        self.form = ProfileForm()
        scrolled = Scrolled(self.form, beside=self.side.sizeHint().width() + 16)
        self.form.widened.connect(scrolled.updateGeometry)
        middle = QHBoxLayout()
        middle.setContentsMargins(16, 14, 0, 12)
        middle.setSpacing(0)
        middle.addWidget(self.side)
        middle.addWidget(scrolled, 1)
        FramedLayout(self, self.banner, middle, footer=self._footer())
        self._connect()
        self._reload(selected)

    def _footer(self) -> QHBoxLayout:
        self.check_button = QPushButton(tr("Check connection…"))
        self.check_button.setObjectName("check")
        self.check_button.setMinimumWidth(self.check_button.sizeHint().width() + 16)
        self.status_note = Note()
        self.status_note.setObjectName("footer")
        policy = self.status_note.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.status_note.setSizePolicy(policy)
        self.close_button = QPushButton(tr("Close"))
        self.close_button.setObjectName("close")
        self.save_button = QPushButton(tr("Save"))
        self.save_button.setObjectName("save")
        self.save_button.setDefault(True)
        line = QHBoxLayout()
        line.setContentsMargins(16, 10, 16, 12)
        line.setSpacing(8)
        line.addWidget(HelpButton(SSH, "a-profile-in-the-window"))
        line.addWidget(self.check_button)
        line.addSpacing(8)
        line.addWidget(self.status_note, 1)
        for button in (self.close_button, self.save_button):
            button.setMinimumWidth(88)
            line.addWidget(button)
        for button in (self.check_button, self.close_button, self.save_button):
            button.setAutoDefault(False)
        return line

    def _connect(self) -> None:
        self.form.changed.connect(self._refresh)
        self.side.list.currentItemChanged.connect(self._chosen)
        self.side.add.connect(lambda key: self._go_on(lambda: self.begin(key)))
        self.side.add_from_file.connect(
            lambda: self._go_on(lambda: questions.choose_import(self, self.import_file))
        )
        self.side.duplicate.connect(lambda: self._go_on(self.duplicate))
        self.side.delete.connect(self._ask_delete)
        self.side.export.connect(
            lambda: questions.choose_export(self, self.form.head.name.value(), self.export_file)
        )
        self.check_button.clicked.connect(self.check)
        self.close_button.clicked.connect(self.reject)
        self.save_button.clicked.connect(self.save)
        self.status_note.clicked.connect(self._go_to_problem)

    # -- what is shown ------------------------------------------------------------------------------

    def _reload(self, name: str) -> None:
        """Read the store anew and show a profile."""
        known = self.store.profiles()
        self._stored = {profile.name: profile for profile in known.profiles}
        if known.faults:
            self.banner.show_error(known.faults[0])
        self._show(name)

    def _show(self, name: str) -> None:
        drafted = name == DRAFT and self._draft is not None
        self._current = name if name in self._stored or drafted else LOCAL_NAME
        profiles = self.side.list
        profiles.blockSignals(True)
        profiles.clear()
        for profile in self._stored.values():
            profiles.add(profile.name, shown_name(profile.name), location_of(profile))
        if self._draft is not None:
            profiles.add(DRAFT, "", "")
        profiles.blockSignals(False)
        profiles.choose(self._current)
        stored = self._stored.get(self._current)
        values = stored.to_json() if stored else self._draft or LOCAL.to_json()
        self.form.show_values(values, set(self._stored) - {self._current})

    @property
    def unsaved(self) -> bool:
        """True if closing would lose changes."""
        return self._current == DRAFT or self.form.edited

    def _refresh(self) -> None:
        """Show the state in the footer, and why Save is disabled."""
        problem, field = self.form.problem()
        unsaved = self.unsaved
        self.save_button.setEnabled(unsaved and not problem)
        for button in (self.check_button, self.side.export_button, self.side.copy_button):
            button.setEnabled(not problem)
        self.side.delete_button.setEnabled(self._current != LOCAL_NAME)
        if problem:
            self.status_note.show_warning(problem, tr("Show") if field else "", "problem")
        else:
            first = tr("A cluster, or trips in S3: add a profile with the plus under the list.")
            nothing = "" if len(self._stored) > 1 else first
            self.status_note.show_text(tr("Not saved yet.") if unsaved else nothing)
        stored = self._stored.get(self._current)
        under = tr("not saved yet") if unsaved or stored is None else location_of(stored)
        self.side.list.describe(self._current, self._name, under)

    @property
    def _name(self) -> str:
        return shown_name(self.form.head.name.value()) or tr("no name yet")

    def _go_to_problem(self, _name: str) -> None:
        field = self.form.problem()[1]
        if field is not None:
            self.form.go_to(field)

    def _chosen(self, item: Any) -> None:
        if item is None:
            return
        name = item.data(NAME)
        if self.unsaved:
            self.side.list.choose(self._current)  # until it is known that nothing is lost
        self._go_on(lambda: self._show(name))

    # -- changes ------------------------------------------------------------------------------------

    def begin(self, key: str) -> None:
        """Edit a new profile of the backend type `key`, which is stored when it is saved."""
        kind = registry.TYPES[key]
        self._begin({
            **LOCAL.to_json(), "kind": key, "name": free_name(tr(kind.new_name), self._stored)
        })  # fmt: skip
        for section in self.form.sections:
            if section.form_section in kind.unfolded:
                section.unfold()
        self.form.head.name.go_to()
        self.form.head.name.edit.selectAll()

    def duplicate(self) -> None:
        """Edit a copy of the shown profile."""
        name = free_name(tr("{name}, copy").format(name=self._name), self._stored)
        self._begin({**self.form.values(), "name": name})

    def _begin(self, values: dict[str, Any]) -> None:
        self._draft = values
        self._show(DRAFT)

    def save(self) -> bool:
        """Store the shown profile; return True if it was stored."""
        if self.form.problem()[0]:
            return False
        before = self._current
        try:
            profile = self.form.profile()
            self.store.save(profile)
            if before not in (DRAFT, profile.name):
                self.store.delete(before)
        except RunError as error:
            self._fail(error)
            return False
        if before == DRAFT:
            self._draft = None
        self.banner.hide()
        self._reload(profile.name)
        self.profiles_changed.emit(profile.name)
        return True

    def delete(self) -> None:
        """Delete the shown profile; a button brings it back."""
        profile = self._stored.get(self._current)
        if profile is None:
            self._draft = None
            self._show(LOCAL_NAME)
            return
        try:
            self.store.delete(profile.name)
        except RunError as error:
            self._fail(error)
            return
        self._reload(LOCAL_NAME)
        self.profiles_changed.emit("")
        text = tr("The profile “{name}” was deleted.").format(name=profile.name)
        self.banner.show_note(text, tr("Undo"), lambda: self._go_on(lambda: self._keep(profile)))

    def _keep(self, profile: Profile, note: str = "") -> None:
        """Store a profile as it is, under a name that is free, and show it."""
        profile = replace(profile, name=free_name(profile.name, self._stored))
        try:
            self.store.save(profile)
        except RunError as error:
            self._fail(error)
            return
        self._reload(profile.name)
        self.profiles_changed.emit(profile.name)
        if note:
            self.banner.show_note(note.format(name=profile.name))

    def import_file(self, path: str) -> None:
        """Store the profile of a file; one of the same name stays."""
        try:
            profile = Profile.read(Path(path))
        except RunError as error:
            self._fail(error)
            return
        added = tr("The profile “{name}” was added.")
        questions.ask_programs(self, profile, lambda: self._keep(profile, added))

    def export_file(self, path: str) -> None:
        """Write the shown profile to a file, or over an earlier profile file and nothing else."""
        file = Path(path)
        try:
            questions.refuse_other_file(file)
            self.form.profile().write(file)
        except RunError as error:
            self._fail(error)
            return
        self.banner.show_note(
            tr("The profile was written to {path}. It holds no password.").format(path=path)
        )

    def check(self) -> None:
        """Look at everything that a run with the shown profile needs, saved or not."""
        from ..diagnosis.dialog import DiagnosisDialog  # noqa: PLC0415

        chosen = RunSettings.load()  # only its own trips are sure to be a path of that place
        trips = chosen.trips if chosen.profile == self._current else ""
        DiagnosisDialog(self.form.profile(), trips, self).show()

    def _fail(self, error: Exception) -> None:
        log_error(error)
        self.banner.show_error(error)

    # -- questions ----------------------------------------------------------------------------------

    def _ask_delete(self) -> None:
        if self._current == DRAFT:
            self.delete()
        else:
            questions.ask_delete(self, self._current, self.delete)

    def _go_on(self, then: Callable[[], object]) -> None:
        """Call `then`, after a question if changes would be lost."""
        if self.unsaved:
            questions.ask_unsaved(
                self, self._name, self.form.problem()[0],
                save=lambda: self.save() and then(), drop=lambda: self._drop(then),
            )  # fmt: skip
        else:
            then()

    def _drop(self, then: Callable[[], object]) -> None:
        self._draft = None
        self._show(self._current)
        then()

    def reject(self) -> None:
        """Close, after a question if changes would be lost."""
        self._go_on(self._close)

    def leave(self) -> None:
        """Close the window without a question."""
        self.form.forget()

    def _close(self) -> None:
        self.leave()
        super().reject()
