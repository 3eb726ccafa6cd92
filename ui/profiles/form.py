"""The editor of one profile: what its kind needs, and at each field what is wrong there."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Optional

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ...aggregation.contract.s3_access import is_s3
from ...cluster_client.backends import registry
from ...cluster_client.backends.base.backend_type import BackendType
from ...cluster_client.profiles.profile import LOCAL, LOCAL_NAME, Profile
from ...mapping.language import tr
from ..widgets.profile_list import shown_name
from .sections import faults
from .sections.bucket_folder import BucketFolderField
from .sections.computer import ComputerSection
from .sections.fields import ChoiceField, Field, TextField
from .sections.folders import FoldersSection
from .sections.livy import LivySection
from .sections.own import declared_sections, usual_values
from .sections.s3 import S3Section
from .sections.section import ProfileSection
from .sections.spark import ResourcesSection, SparkSection
from .sections.ssh import HostKeySection, SshSection


class ProfileForm(QWidget):
    """Edits a profile. `changed` is emitted after every change, `widened` when other fields are shown.

    Entries that the present kind does not show keep the values that they had.
    """

    changed = pyqtSignal()
    widened = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.head = _Head()
        self.host_key = HostKeySection()
        self.ssh = SshSection()
        self.host_key.found.connect(self.ssh.show_config)
        self.s3 = S3Section()
        folders = FoldersSection()
        folders.browse.connect(self._browse)
        self.sections: tuple[ProfileSection, ...] = (
            self.head, ComputerSection(), *declared_sections(), LivySection(), self.ssh, self.host_key,
            SparkSection(), ResourcesSection(), folders, self.s3,
        )  # fmt: skip
        self._given: dict[str, Any] = LOCAL.to_json()
        self._taken: frozenset[str] = frozenset()
        self._kind = ""
        self.faults: dict[str, str] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for section in self.sections:
            column.addWidget(section)
            section.changed.connect(self._edited)
            if section.group is not None:
                section.group.collapsedStateChanged.connect(lambda _folded: self.widened.emit())
        column.addStretch(1)
        self._align_labels()
        self.show_values(LOCAL.to_json())

    # -- the profile --------------------------------------------------------------------------------

    def show_values(self, values: Mapping[str, Any], taken: Iterable[str] = ()) -> None:
        """Edit a profile's JSON values, complete but not always right; `taken` are the others' names.

        Of the entries that its type alone has, those that are not there are as usual.
        """
        self._taken = frozenset(taken)
        self._kind = str(values["kind"])
        own = {entry.name: entry.usual for entry in registry.TYPES[self._kind].own_entries}
        self._given = copy.deepcopy({**own, **values})
        shown = {**usual_values(), **self._given}
        for field in self._fields():
            field.fill(faults.get(shown, field.entry))
        self.head.show_local(values["name"] == LOCAL_NAME)
        self._show_kind()
        usual = {**_flat(LOCAL.to_json()), **usual_values()}
        for section in self.sections:
            section.fold(usual)
        self._refresh()

    def values(self) -> dict[str, Any]:
        """Return the profile's JSON values as the fields say, right or wrong."""
        values = copy.deepcopy(self._given)
        for name in usual_values().keys() - {e.name for e in registry.TYPES[self._kind].own_entries}:
            values.pop(name, None)
        for field in self._fields():
            if field.wanted:
                faults.put(values, field.entry, field.value())
        return values

    def profile(self) -> Profile:
        """Return the edited profile; raises `ProfileError`."""
        return Profile.from_json(self.values())

    @property
    def edited(self) -> bool:
        """True if an entry differs from the given profile."""
        return self.values() != self._given

    def problem(self) -> tuple[str, Optional[Field]]:
        """Return the first fault and its field; empty and None if the profile can be used."""
        for field in self._fields():
            if field.wanted and field.entry in self.faults:
                return self.faults[field.entry], field
        return next(iter(self.faults.values()), ""), None

    def go_to(self, field: Field) -> None:
        """Show a field with what is wrong there."""
        section = next(s for s in self.sections if field in s.fields)
        section.unfold()
        field.touched = True
        self._refresh()
        field.go_to()

    def forget(self) -> None:
        """Stop looking for known host keys."""
        self.host_key.forget()

    def _browse(self, field: BucketFolderField) -> None:
        """Look for a folder in the buckets to which the form leads so far."""
        wrong = _bucket_fault(self.faults)
        found = next((each for each in self._fields() if each.wanted and each.entry == wrong), None)
        if found is not None:
            self.go_to(found)
        else:
            _choose_folder(self.values(), field, self.window())

    # -- looks --------------------------------------------------------------------------------------

    def _fields(self) -> list[Field]:
        return [field for section in self.sections for field in section.fields]

    def _edited(self) -> None:
        kind = self.head.kind.value()
        if kind != self._kind:
            self._kind = kind
            self._show_kind()
        self._refresh()

    def _show_kind(self) -> None:
        """Show what this kind has; entries with an editor for each kind keep what was typed."""
        typed = {field.entry: field.value() for field in self._fields() if field.wanted}
        for section in self.sections:
            section.suit(registry.TYPES[self._kind])
        for field in self._fields():
            if field.wanted and field.entry in typed and field.value() != typed[field.entry]:
                field.fill(typed[field.entry])
        self.widened.emit()

    def _refresh(self) -> None:
        values = self.values()
        self.faults = {entry: error.what for entry, error in faults.faults(values).items()}
        if values["name"] in self._taken:
            self.faults["name"] = tr("There is another profile of this name.")
        for section in self.sections:
            section.refresh()
            for field in section.fields:
                shown = field.wanted and field.touched
                field.show_fault(self.faults.get(field.entry, "") if shown else "")
        if self.ssh.host.wanted and "host" not in self.faults:
            self.host_key.show_host(values["host"], values["port"])
        self.changed.emit()

    def _align_labels(self) -> None:
        """Align the fields of all sections."""
        labels = [row.label for section in self.sections for row in section.rows]
        texts = [text for section in self.sections for row in section.rows for text in row.texts.values()]
        widest = max(labels[0].fontMetrics().horizontalAdvance(text) for text in texts) + 4
        for label in labels:
            label.setMinimumWidth(widest)


class _Head(ProfileSection):
    """Name and kind."""

    def __init__(self) -> None:
        super().__init__(None)
        self.name = _NameField("name", tr("Belfast Pi cluster"))
        self.kind = ChoiceField("kind", [(tr(kind.label), kind.key) for kind in registry.TYPES.values()])
        self.add(tr("Name"), self.name)
        self.add(tr("Runs on"), self.kind)

    def entries_of(self, kind: BackendType) -> Collection[str]:
        """Return what all profiles have."""
        return ("name", "kind")

    def show_local(self, local: bool) -> None:
        """The profile that is always there keeps its name and kind."""
        self.name.control.setEnabled(not local)
        self.kind.control.setEnabled(not local)


class _NameField(TextField):
    """The name; that of this computer is shown as a text."""

    _local = False

    def value(self) -> str:
        """Return the name by which the profile is stored."""
        return LOCAL_NAME if self._local else super().value()

    def _show(self, value: str) -> None:
        self._local = value == LOCAL_NAME
        super()._show(shown_name(value))


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{before}{key}."))
        else:
            flat[f"{before}{key}"] = value
    return flat


_BUCKET_ENTRIES = ("s3", "s3_authcfg", "ca_file")


def _bucket_fault(faults: Mapping[str, str]) -> str:
    """Return the first faulty entry among those that S3 needs; empty for none."""
    return next((entry for entry in faults if entry.partition(".")[0] in _BUCKET_ENTRIES), "")


def _bucket_profile(values: Mapping[str, Any]) -> Profile:
    """Return a profile with the S3 entries of `values` and nothing else.

    Raises `ProfileError` for a faulty S3 entry.
    """
    least = registry.TYPES[values["kind"]].least
    buckets = {entry: values[entry] for entry in _BUCKET_ENTRIES}
    return Profile.from_json({"kind": values["kind"], "name": "S3", **least, **buckets})


def _choose_folder(values: Mapping[str, Any], field: BucketFolderField, window: QWidget) -> None:
    """Open the S3 browser to fill `field`; raises `ProfileError`."""
    from ..s3_browser.browser import S3Browser  # noqa: PLC0415

    address = field.value() if is_s3(field.value()) else ""
    browser = S3Browser(_bucket_profile(values), address, window, for_trips=False)
    browser.chosen.connect(field.choose)
    browser.open()
