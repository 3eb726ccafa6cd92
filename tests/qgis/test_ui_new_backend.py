"""The windows and the workflow serve a backend type that they have never heard of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadpulse.cluster_client.backends.base.backend_type import SSH_LOGIN
from roadpulse.cluster_client.diagnosis.checks import diagnose
from roadpulse.cluster_client.errors import ProfileError
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.runs.phases import Phase
from roadpulse.ui.profiles.dialog import ProfilesDialog
from roadpulse.ui.runs.open_runs import is_remote, open_remote_runs
from roadpulse.ui.runs.phases import phases_of, total
from roadpulse.ui.widgets.profile_list import location_of
from roadpulse.workflow import backends, locations
from roadpulse.workflow.credentials import read_credentials
from tests.dummy_backend import VALUES, NotebookBackend, NotebookType, register
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
    assert sorted(wanted) == sorted(("name", "kind", *SSH_LOGIN, "folders.runs"))
    assert form.faults == {"host": "Name the notebook server."}
    form.ssh.host.edit.setText("lab.example.org")
    assert dialog.save()
    assert [found.kind for found in dialog.store.profiles().profiles][1:] == ["notebook"]
    assert location_of(dialog.store.find("My notebook")) == "Notebook: lab.example.org"


def test_the_workflow_opens_probes_and_diagnoses_it(notebook: NotebookType, qgis_app: Any) -> None:
    profile = Profile.from_json(VALUES)
    keys = read_credentials(profile)
    assert keys.ssh is not None and keys.livy_proxies is None
    backend = backends.backend_for(profile, locations.run_store(), keys)
    assert isinstance(backend, NotebookBackend)
    assert backends.probe_for(profile, keys).state().service == "Notebook 7"
    (finding,) = diagnose(backends.look_at(profile, keys).checks())
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
