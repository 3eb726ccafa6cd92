"""Errors are shown at the fields of the profile editor, and hints for new profiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.PyQt.QtWidgets import QLabel

from roadpulse.cluster_client.errors import BackendError
from roadpulse.cluster_client.profiles.profile import LOCAL
from roadpulse.ui.profiles.dialog import ProfilesDialog
from roadpulse.ui.profiles.form import ProfileForm
from roadpulse.ui.profiles.sections.section import ProfileSection
from roadpulse.ui.widgets.entry_labels import LABELS, in_form
from roadpulse.ui.widgets.messages import message_of
from roadpulse.ui.widgets.notes import Note
from roadpulse.workflow import locations


@pytest.fixture
def dialog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qgis_app: Any) -> Iterator[ProfilesDialog]:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    dialog = ProfilesDialog(locations.profile_store())
    dialog.show()
    yield dialog
    dialog.form.forget()
    dialog.deleteLater()


@pytest.fixture
def form(dialog: ProfilesDialog) -> ProfileForm:
    return dialog.form


def section_of(form: ProfileForm, entry: str) -> ProfileSection:
    return next(s for s in form.sections for field in s.fields if field.entry == entry and field.wanted)


@pytest.mark.parametrize("entry", LABELS)
def test_each_entry_has_the_name_of_its_field(form: ProfileForm, entry: str) -> None:
    heading, label = LABELS[entry]
    rows = [
        (section.group.title(), row.texts[""])
        for section in form.sections
        for row in section.rows
        for field in row.fields
        if field.entry == entry and section.group is not None
    ]
    assert (heading, label) in rows


def test_an_error_names_the_field_and_leaves_other_words_alone() -> None:
    error = BackendError("There is no key file /k. Correct the profile's entry 'key_path'.")
    assert message_of(error).endswith("Correct the profile's entry “Key file” under “SSH”.")
    for text in ("the log-in of 'python' was refused", "known as 'belfast'", "entry 'resources.cores'"):
        assert in_form(text) == text


def test_a_folded_section_shows_nothing_of_what_becomes_known(form: ProfileForm) -> None:
    form.show_values({**LOCAL.to_json(), "kind": "ssh", "name": "x", "host": "pi0"})
    section = section_of(form, "host_key")
    assert section.group is not None
    assert section.group.isCollapsed()
    section.findChild(Note, "known keys").show_text("Known here: a key")
    form.head.kind.chooser.setCurrentIndex(form.head.kind.chooser.findData("livy"))
    assert not [label.text() for label in section.findChildren(QLabel) if label.isVisible() and label.text()]
    section.unfold()
    assert section.findChild(Note, "known keys").isVisible()
    assert section_of(form, "host_key").rows[0].label.isVisible()


def test_a_new_profile_for_s3_shows_where_the_bucket_is_named(dialog: ProfilesDialog) -> None:
    dialog.begin("local")
    assert section_of(dialog.form, "s3.endpoint").rows[0].label.isVisible()


def test_whoever_has_no_profile_yet_is_told_how_to_add_one(dialog: ProfilesDialog) -> None:
    assert "add a profile" in dialog.status_note.plain
    dialog.begin("local")
    dialog.save()
    assert not dialog.status_note.plain


def test_this_computer_is_called_so_and_stored_under_its_own_name(dialog: ProfilesDialog) -> None:
    assert dialog.form.head.name.edit.text() == "This computer"
    assert dialog.form.values()["name"] == LOCAL.name
    assert not dialog.form.edited
