"""The window of the profiles: what is stored, what is asked, what can be undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qgis.PyQt.QtTest import QSignalSpy, QTest
from qgis.PyQt.QtWidgets import QAbstractButton, QFileDialog, QMessageBox

from roadpulse.cluster_client.errors import ProfileError
from roadpulse.cluster_client.profiles import store as stored_profiles
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.cluster_client.profiles.store import ProfileStore
from roadpulse.ui.profiles.dialog import ProfilesDialog
from roadpulse.ui.widgets.profile_list import DRAFT, NAME, UNDER
from roadpulse.workflow import locations
from tests.qgis.widgets import until

PI = Profile(kind="ssh", name="Belfast Pi cluster", host="pi0.example.org", user="pi", authcfg="a1b2c3d")
LIVY = Profile(kind="livy", name="Livy", livy_url="https://pi0:8998", host="pi0")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qgis_app: Any) -> ProfileStore:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    store = locations.profile_store()
    store.save(PI)
    store.save(LIVY)
    return store


@pytest.fixture
def dialog(store: ProfileStore) -> Iterator[ProfilesDialog]:
    dialog = ProfilesDialog(store, None, PI.name)
    dialog.show()
    yield dialog
    dialog.form.forget()
    dialog.deleteLater()


def names(store: ProfileStore) -> list[str]:
    return [profile.name for profile in store.profiles().profiles]


def lines(dialog: ProfilesDialog) -> list[tuple[str, str]]:
    items = (dialog.side.list.item(at) for at in range(dialog.side.list.count()))
    return [(item.text(), item.data(UNDER)) for item in items]


def write(dialog: ProfilesDialog, entry: str, text: str) -> None:
    field = next(f for s in dialog.form.sections for f in s.fields if f.entry == entry and f.wanted)
    field.edit.clear()
    QTest.keyClicks(field.edit, text)


def choose(dialog: ProfilesDialog, name: str) -> None:
    dialog.side.list.setCurrentItem(dialog.side.list.line(name))


def question(dialog: ProfilesDialog) -> QMessageBox:
    (box,) = (box for box in dialog.findChildren(QMessageBox) if box.isVisible())
    return box


def answer(dialog: ProfilesDialog, button: Any) -> None:
    box = question(dialog)
    found = box.button(button) if not isinstance(button, str) else box.findChild(QAbstractButton, button)
    found.click()
    until(lambda: not [b for b in dialog.findChildren(QMessageBox) if b.isVisible()])


SAVE, DISCARD, CANCEL = (
    QMessageBox.StandardButton.Save,
    QMessageBox.StandardButton.Discard,
    QMessageBox.StandardButton.Cancel,
)


def test_the_profiles_are_listed_with_their_places(dialog: ProfilesDialog) -> None:
    assert lines(dialog) == [
        ("This computer", "always there"),
        ("Belfast Pi cluster", "SSH: pi0.example.org"),
        ("Livy", "Livy: pi0"),
    ]
    assert dialog.form.profile() == PI and not dialog.save_button.isEnabled()


def test_a_change_is_stored_by_save_alone(dialog: ProfilesDialog, store: ProfileStore) -> None:
    spy = QSignalSpy(dialog.profiles_changed)
    write(dialog, "host", "pi1.example.org")
    assert store.find(PI.name) == PI and lines(dialog)[1][1] == "not saved yet"
    dialog.save_button.click()
    assert store.find(PI.name) == replace(PI, host="pi1.example.org")
    assert list(spy) == [[PI.name]] and not dialog.save_button.isEnabled()


def test_save_says_why_it_is_grey(dialog: ProfilesDialog, store: ProfileStore) -> None:
    write(dialog, "host", "")
    assert not dialog.save_button.isEnabled() and not dialog.check_button.isEnabled()
    assert dialog.status_note.plain.startswith("Name the computer to log in to")
    dialog.save()
    assert store.find(PI.name) == PI


def test_a_new_name_moves_the_profile(dialog: ProfilesDialog, store: ProfileStore) -> None:
    write(dialog, "name", "Pis")
    dialog.save_button.click()
    assert names(store) == ["local", "Livy", "Pis"]
    assert len(list(store.folder.glob("*.json"))) == 2


def test_the_old_file_stays_until_the_new_one_is_whole(
    dialog: ProfilesDialog, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in store.folder.iterdir()}
    monkeypatch.setattr(
        "roadpulse.cluster_client.profiles.profile.write_atomically",
        lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")),
    )
    write(dialog, "name", "Pis")
    dialog.save_button.click()
    assert {path: path.read_bytes() for path in store.folder.iterdir()} == before
    assert "No space left" in dialog.banner.words.text()
    assert dialog.form.head.name.value() == "Pis", "what was typed is still there"


def test_a_new_profile_is_stored_once_it_is_right(dialog: ProfilesDialog, store: ProfileStore) -> None:
    dialog.side.add.emit("livy")
    assert lines(dialog)[-1][1] == "not saved yet" and names(store) == ["local", PI.name, "Livy"]
    assert "Livy's address" in dialog.status_note.plain
    write(dialog, "livy_url", "https://pi7:8998")
    write(dialog, "folders.runs", "s3://bucket/runs")
    write(dialog, "name", "Other Livy")
    dialog.save_button.click()
    found = store.find("Other Livy")
    assert (found.kind, found.livy_url, found.host) == ("livy", "https://pi7:8998", "")
    assert dialog.side.list.line(DRAFT) is None


def test_a_copy_leaves_the_first_as_it_is(dialog: ProfilesDialog, store: ProfileStore) -> None:
    dialog.side.copy_button.click()
    dialog.save_button.click()
    assert store.find(f"{PI.name}, copy") == replace(PI, name=f"{PI.name}, copy")
    assert store.find(PI.name) == PI


def test_a_profile_is_deleted_after_a_question_and_comes_back(
    dialog: ProfilesDialog, store: ProfileStore
) -> None:
    dialog.side.delete_button.click()
    answer(dialog, CANCEL)
    assert PI.name in names(store)
    dialog.side.delete_button.click()
    answer(dialog, "yes")
    assert names(store) == ["local", "Livy"] and dialog.banner.isVisible()
    dialog.banner.act.click()
    assert store.find(PI.name) == PI and dialog.form.profile() == PI
    assert not dialog.banner.isVisible()


def test_this_computer_cannot_be_deleted_and_can_be_adjusted(
    dialog: ProfilesDialog, store: ProfileStore
) -> None:
    choose(dialog, "local")
    assert not dialog.side.delete_button.isEnabled()
    field = next(f for s in dialog.form.sections for f in s.fields if f.entry == "workers" and f.wanted)
    field.spin.setValue(2)
    dialog.save_button.click()
    assert store.find("local") == replace(LOCAL, workers=2)


@pytest.mark.parametrize("button", [SAVE, DISCARD, CANCEL])
def test_unsaved_changes_are_asked_about(dialog: ProfilesDialog, store: ProfileStore, button: Any) -> None:
    write(dialog, "host", "pi1.example.org")
    choose(dialog, "Livy")
    assert dialog.side.list.currentItem().data(NAME) == PI.name, "not left before the answer"
    answer(dialog, button)
    assert store.find(PI.name).host == ("pi1.example.org" if button == SAVE else "pi0.example.org")
    at = PI.name if button == CANCEL else "Livy"
    assert dialog.side.list.currentItem().data(NAME) == at
    assert dialog.form.values()["host"] == ("pi1.example.org" if button == CANCEL else "pi0")


@pytest.mark.parametrize("way", ["close", "reject"])
def test_closing_asks_too(dialog: ProfilesDialog, store: ProfileStore, way: str) -> None:
    write(dialog, "user", "anna")
    getattr(dialog, way)()
    assert dialog.isVisible()
    answer(dialog, CANCEL)
    assert dialog.isVisible()
    getattr(dialog, way)()
    answer(dialog, DISCARD)
    assert not dialog.isVisible() and store.find(PI.name) == PI


def test_what_is_wrong_cannot_be_saved_by_the_question_either(dialog: ProfilesDialog) -> None:
    write(dialog, "host", "not a host")
    choose(dialog, "Livy")
    assert not question(dialog).button(SAVE).isEnabled()
    assert "host name" in question(dialog).informativeText()
    answer(dialog, DISCARD)


def test_closing_without_changes_asks_nothing(dialog: ProfilesDialog) -> None:
    dialog.close()
    assert not dialog.isVisible()


def test_a_profile_goes_to_a_file_and_comes_from_it(
    dialog: ProfilesDialog, store: ProfileStore, tmp_path: Path
) -> None:
    dialog.side.export_button.click()
    (chooser,) = (child for child in dialog.findChildren(QFileDialog) if child.isVisible())
    assert chooser.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    chooser.close()
    dialog.export_file(str(tmp_path / "team.json"))
    assert Profile.read(tmp_path / "team.json") == PI
    spy = QSignalSpy(dialog.profiles_changed)
    dialog.import_file(str(tmp_path / "team.json"))
    assert store.find(f"{PI.name} (2)") == replace(PI, name=f"{PI.name} (2)"), "the one of this name stays"
    assert list(spy) == [[f"{PI.name} (2)"]]


def test_a_profile_takes_the_place_of_a_profile_alone(dialog: ProfilesDialog, tmp_path: Path) -> None:
    file, settings = tmp_path / "team.json", tmp_path / "settings.json"
    file.touch()
    for _ in range(2):
        dialog.export_file(str(file))
        assert Profile.read(file) == PI
    settings.write_text('{"inputs": {}}')
    dialog.export_file(str(settings))
    assert settings.read_text() == '{"inputs": {}}'
    assert "is not a profile" in dialog.banner.words.text()


def test_programs_of_a_file_are_asked_about(
    dialog: ProfilesDialog, store: ProfileStore, tmp_path: Path
) -> None:
    named = replace(PI, name="team", python="/tmp/<b>python</b>", spark_home="/opt/spark")
    named.write(tmp_path / "team.json")
    dialog.import_file(str(tmp_path / "team.json"))
    asked = question(dialog)
    assert "team" in asked.text() and "names programs" in asked.text()
    for words in (
        "python: /tmp/&lt;b&gt;python&lt;/b&gt;",  # letter by letter, not as bold
        "spark_home: /opt/spark",
        "pi0.example.org",
        "who wrote the file",
    ):
        assert words in asked.informativeText()
    assert asked.defaultButton() is asked.button(QMessageBox.StandardButton.Cancel)
    answer(dialog, CANCEL)
    assert "team" not in names(store)
    dialog.import_file(str(tmp_path / "team.json"))
    answer(dialog, "yes")
    assert store.find("team") == named


def test_this_computer_of_a_colleague_does_not_become_ours(
    dialog: ProfilesDialog, store: ProfileStore, tmp_path: Path
) -> None:
    replace(LOCAL, workers=7).write(tmp_path / "local.json")
    dialog.import_file(str(tmp_path / "local.json"))
    assert store.find("local") == LOCAL and store.find("local (2)").workers == 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2, "gpus": 4}, "newer Roadpulse"),
        ({"password": "hunter2"}, "secret"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_file_that_will_not_do_is_named_with_the_reason(
    dialog: ProfilesDialog, store: ProfileStore, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    (tmp_path / "team.json").write_text(json.dumps({**PI.to_json(), **change}))
    dialog.import_file(str(tmp_path / "team.json"))
    told = dialog.banner.words.text()
    assert "team.json" in told and words in told and "hunter2" not in told
    assert names(store) == ["local", PI.name, "Livy"]


def test_a_stored_file_that_is_broken_is_told_and_hides_no_other(store: ProfileStore) -> None:
    (store.folder / "broken.json").write_text("{")
    dialog = ProfilesDialog(store)
    dialog.show()
    assert "broken.json" in dialog.banner.words.text() and len(lines(dialog)) == 3
    dialog.close()


def test_a_profile_that_cannot_be_deleted_is_told(
    dialog: ProfilesDialog, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_store: ProfileStore, name: str) -> None:
        raise ProfileError("", f"The profile {name} cannot be deleted: Permission denied.")

    monkeypatch.setattr(stored_profiles.ProfileStore, "delete", refuse)
    dialog.delete()
    assert "Permission denied" in dialog.banner.words.text() and len(lines(dialog)) == 3


def test_everything_can_be_reached_with_the_keyboard_and_has_a_name(dialog: ProfilesDialog) -> None:
    for button in dialog.side.findChildren(QAbstractButton):
        assert button.accessibleName() and button.toolTip()
    labels = {row.label.buddy() for s in dialog.form.sections for row in s.rows}
    first = {row.fields[0].control for s in dialog.form.sections for row in s.rows}
    assert labels == first
