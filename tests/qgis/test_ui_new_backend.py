"""The windows and the workflow serve a backend type that they have never heard of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsApplication, QgsAuthMethodConfig

from roadpulse.cluster_client.backends.base.backend_type import SSH_LOGIN
from roadpulse.cluster_client.diagnosis.checks import diagnose
from roadpulse.cluster_client.errors import ProfileError
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.cluster_client.runs.phases import Phase
from roadpulse.ui.profiles.dialog import ProfilesDialog
from roadpulse.ui.profiles.form import ProfileForm
from roadpulse.ui.profiles.sections.section import ProfileSection
from roadpulse.ui.runs.open_runs import is_remote, open_remote_runs
from roadpulse.ui.runs.phases import phases_of, total
from roadpulse.ui.widgets.entry_labels import in_form
from roadpulse.ui.widgets.profile_list import location_of
from roadpulse.workflow import backends, locations
from roadpulse.workflow.credentials import opens_without_prompt, read_credentials
from tests.dummy_backend import OWN, VALUES, NotebookBackend, NotebookType, register
from tests.recorded_runs import a_run


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> NotebookType:
    return register(monkeypatch)


@pytest.fixture
def dialog(
    notebook: NotebookType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qgis_app: Any
) -> Iterator[ProfilesDialog]:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    dialog = ProfilesDialog(locations.profile_store())
    dialog.show()
    yield dialog
    dialog.form.forget()
    dialog.deleteLater()


def test_a_new_profile_is_offered_and_its_form_has_the_entries_of_its_type(dialog: ProfilesDialog) -> None:
    menu = dialog.side.add_button.menu()
    action = next(action for action in menu.actions() if action.text() == "A notebook server")
    action.trigger()
    form = dialog.form
    assert form.head.name.value() == "My notebook"
    assert form.head.kind.chooser.currentText() == "A notebook server"
    wanted = [field.entry for section in form.sections for field in section.fields if field.wanted]
    assert sorted(wanted) == sorted(("name", "kind", *SSH_LOGIN, "folders.runs", *OWN))
    assert form.faults == {"host": "Name the notebook server."}
    form.ssh.host.edit.setText("lab.example.org")
    assert dialog.save()
    assert [found.kind for found in dialog.store.profiles().profiles][1:] == ["notebook"]
    assert location_of(dialog.store.find("My notebook")) == "Notebook: lab.example.org"


def field(form: ProfileForm, entry: str) -> Any:
    return next(f for s in form.sections for f in s.fields if f.entry == entry)


def section(form: ProfileForm, title: str) -> ProfileSection:
    return next(s for s in form.sections if s.group is not None and s.group.title() == title)


def choose_kind(form: ProfileForm, kind: str) -> None:
    form.head.kind.chooser.setCurrentIndex(form.head.kind.chooser.findData(kind))


def test_the_sections_that_a_type_declares_edit_its_own_entries(dialog: ProfilesDialog) -> None:
    dialog.begin("notebook")
    form = dialog.form
    form.ssh.host.edit.setText("lab.example.org")
    notes, cells = section(form, "Notebook"), section(form, "Cells")
    assert [row.label.text() for row in notes.rows] == ["Kernel", "Program", "Address", "Password"]
    assert notes.intro.plain == "A server of notebooks."
    assert not notes.group.isCollapsed() and cells.group.isCollapsed()
    assert field(form, "lab_kernel").value() == "python3"
    assert "Runs the cells." in field(form, "lab_kernel").control.toolTip()
    assert field(form, "lab_cells").spin.text() == "all"
    field(form, "lab_kernel").edit.setText("Python 3")
    assert form.faults == {"lab_kernel": "It should be a kernel's name."}
    assert form.problem() == (form.faults["lab_kernel"], field(form, "lab_kernel"))
    field(form, "lab_kernel").edit.setText("julia-1")
    field(form, "lab_keep").box.setChecked(True)
    assert form.problem()[1] is field(form, "lab_cells")
    form.go_to(field(form, "lab_cells"))
    assert not cells.group.isCollapsed()
    field(form, "lab_cells").spin.setValue(7)
    field(form, "lab_theme").chooser.setCurrentIndex(1)
    assert dialog.save() and not form.edited
    own = dialog.store.find("My notebook").own
    assert own["lab_kernel"] == "julia-1" and own["lab_cells"] == 7
    assert own["lab_theme"] == "dark" and own["lab_keep"] is True


def test_another_kind_has_nothing_of_a_types_own_entries(dialog: ProfilesDialog) -> None:
    form = dialog.form
    form.show_values({**LOCAL.to_json(), **VALUES, "lab_kernel": "julia-1"})
    assert not form.edited and form.profile().own["lab_kernel"] == "julia-1"
    choose_kind(form, "ssh")
    assert not section(form, "Notebook").isVisible()
    assert form.profile() == Profile(kind="ssh", name="Lab", host="lab.example.org")
    choose_kind(form, "notebook")
    assert form.profile().own["lab_kernel"] == "julia-1" and not form.edited
    form.show_values(Profile.from_json(VALUES).to_json())
    assert form.profile() == Profile.from_json(VALUES) and not form.edited


def test_errors_name_the_field_of_an_own_entry(notebook: NotebookType, qgis_app: Any) -> None:
    assert in_form("Correct the profile's entry 'lab_kernel'.").endswith("“Kernel” under “Notebook”.")


def test_its_own_login_is_read_from_qgis(notebook: NotebookType, qgis_app: Any) -> None:
    config = QgsAuthMethodConfig("Basic")
    config.setName("notebook")
    config.setConfigMap({"username": "ada", "password": "hunter2"})
    manager = QgsApplication.authManager()
    assert manager.masterPasswordIsSet() or manager.setMasterPassword("only for this test", True)
    assert manager.storeAuthenticationConfig(config)[0]
    try:
        profile = Profile.from_json({**VALUES, "lab_authcfg": config.id()})
        keys = read_credentials(profile)
        assert keys.own == {"lab_authcfg": ("ada", "hunter2")}
        assert "hunter2" not in repr(keys)
        assert backends.probe_for(profile, keys).state().service == "Notebook 7 for ada"
        assert opens_without_prompt(profile)
    finally:
        manager.removeAuthenticationConfig(config.id())
    with pytest.raises(ProfileError, match="there is none here") as raised:
        read_credentials(profile)
    assert raised.value.entry == "lab_authcfg"


def test_the_workflow_opens_probes_and_diagnoses_it(notebook: NotebookType, qgis_app: Any) -> None:
    profile = Profile.from_json(VALUES)
    keys = read_credentials(profile)
    assert keys.ssh is not None and keys.livy_proxies is None
    backend = backends.backend_for(profile, locations.run_store(), keys)
    assert isinstance(backend, NotebookBackend)
    assert backends.probe_for(profile, keys).state().service == "Notebook 7 for nobody"
    (finding,) = diagnose(backends.checks_for(profile, keys).checks())
    assert finding.name == "notebook"


def test_a_package_that_it_needs_is_asked_for(
    notebook: NotebookType, qgis_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook, "requirements", lambda _profile: ("no_such_package",), raising=False)
    with pytest.raises(ProfileError, match="no_such_package"):
        backends.backend_for(Profile.from_json(VALUES), locations.run_store())


def test_its_runs_are_followed_as_those_of_other_computers(
    notebook: NotebookType, qgis_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    run, store = a_run(profile=Profile.from_json(VALUES)), locations.run_store()
    store.record(run)
    assert is_remote(run)
    assert open_remote_runs(store) == (run,)
    assert phases_of(run.profile) == (Phase.LISTING, Phase.READING, Phase.FETCHING, Phase.MAPPING)
    assert total(Phase.READING, 0.5, run.profile) == pytest.approx(0.4)
