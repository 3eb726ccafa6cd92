"""A new backend is a folder and a line in the registry: every other module asks its type."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from development import house
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends import registry
from roadpulse.cluster_client.backends.base.backend import Polling, follow
from roadpulse.cluster_client.backends.base.backend_type import FormSection, Kept
from roadpulse.cluster_client.diagnosis.checks import Outcome, diagnose
from roadpulse.cluster_client.errors import ProfileError
from roadpulse.cluster_client.profiles.checks import looks_secret
from roadpulse.cluster_client.profiles.credentials import ProfileKeys
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.cluster_client.profiles.store import ProfileStore
from roadpulse.cluster_client.profiles.trust import ProgramsUntrusted
from roadpulse.cluster_client.runs.phases import Phase, phase_of
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.s3.client import access_here
from tests.dummy_backend import VALUES, NotebookType, register

BACKENDS = house.ROOT / "cluster_client" / "backends"
FILES = {"backend_type.py", "backend.py", "probe.py", "diagnosis.py"}


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> NotebookType:
    return register(monkeypatch)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "runs", tmp_path / "known_hosts")


def test_a_kind_that_is_not_registered_is_refused_with_those_that_are() -> None:
    with pytest.raises(ProfileError) as raised:
        Profile.from_json(VALUES)
    assert raised.value.entry == "kind"
    assert raised.value.message.endswith("choose one of local, ssh, livy.")


def test_profiles_of_a_new_kind_are_read_and_listed(notebook: NotebookType, tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "profiles")
    store.save(Profile.from_json(VALUES))
    assert [profile.name for profile in store.profiles().profiles] == [LOCAL.name, "Lab"]
    found = store.find("Lab")
    assert found.kind == "notebook"
    assert not found.runs_here
    assert notebook.location.format(host=notebook.host(found)) == "Notebook: lab.example.org"


def test_profiles_of_a_new_kind_are_checked_by_its_type(notebook: NotebookType) -> None:
    with pytest.raises(ProfileError) as raised:
        Profile.from_json({**VALUES, "host": ""})
    assert raised.value.entry == "host"
    assert raised.value.what == "Name the notebook server."
    with pytest.raises(ProfileError, match="jump_host"):
        Profile.from_json({**VALUES, "jump_host": "a@b@c"})
    with pytest.raises(ProfileError, match="belongs to this computer"):
        Profile.from_json({**VALUES, "name": LOCAL.name})


def test_a_profile_has_the_entries_of_its_own_type_and_keeps_them(
    notebook: NotebookType, tmp_path: Path
) -> None:
    usual = {
        "lab_kernel": "python3", "lab_start": "", "lab_url": "", "lab_authcfg": "", "lab_cells": 0,
        "lab_theme": "", "lab_keep": False,
    }  # fmt: skip
    assert dict(Profile.from_json(VALUES).own) == usual
    given = {
        "lab_kernel": "julia-1", "lab_start": "jupyter", "lab_url": "https://lab:8888",
        "lab_authcfg": "a1b2c3d", "lab_cells": 7, "lab_theme": "dark", "lab_keep": True,
    }  # fmt: skip
    profile = Profile.from_json({**VALUES, **given})
    assert dict(profile.own) == given
    assert profile.service_url == "https://lab:8888"
    assert list(profile.to_json().items())[-7:] == list(given.items())
    profile.write(tmp_path / "lab.json")
    assert Profile.read(tmp_path / "lab.json") == profile
    assert len({profile, Profile.read(tmp_path / "lab.json"), Profile.from_json(VALUES)}) == 2
    store = RunStore(tmp_path / "records")
    run = Run.new("June", profile, RunSpec(trips="/lab/trips", store="/lab/points"))
    store.record(run)
    assert store.find(run.id).profile == profile


@pytest.mark.parametrize(
    ("entry", "value", "what"),
    [
        ("lab_kernel", "Python 3", "It should be a kernel's name."),
        ("lab_kernel", 3, "It is a text."),
        ("lab_kernel", "python3\n", "It holds a line break or another character that cannot be printed."),
        ("lab_start", "https://me:hunter2@lab", "This holds a secret, and a profile is shared."),
        ("lab_authcfg", "secret", "It should be the 7 letters and digits of a QGIS authentication."),
        ("lab_url", "lab:8888", "It should be an address such as https://pi0.example.org:8998."),
        ("lab_url", "https://me:hunter2@lab", "This holds a secret, and a profile is shared."),
        ("lab_cells", 65, "It lies between 0 and 64."),
        ("lab_cells", True, "It is a whole number."),
        ("lab_theme", "light", "Choose one of '', 'dark'."),
        ("lab_keep", "yes", "It is true or false."),
        ("lab_keep", True, "Say how many cells are kept."),
    ],
)
def test_a_value_of_an_own_entry_is_checked(
    notebook: NotebookType, entry: str, value: object, what: str
) -> None:
    with pytest.raises(ProfileError) as raised:
        Profile.from_json({**VALUES, entry: value})
    assert raised.value.entry == ("lab_cells" if "many cells" in what else entry)
    assert raised.value.what.startswith(what)


def test_entries_of_a_type_are_unknown_to_the_others(notebook: NotebookType) -> None:
    with pytest.raises(ProfileError, match="'lab_kernel' is not known"):
        Profile.from_json({"kind": "ssh", "name": "x", "host": "pi0", "lab_kernel": "python3"})
    with pytest.raises(ProfileError, match=r"'lab_kern' is not known; known are .*lab_kernel"):
        Profile.from_json({**VALUES, "lab_kern": "python3"})
    with pytest.raises(ProfileError, match="holds a secret"):
        Profile.from_json({**VALUES, "lab_password": "hunter2"})
    with pytest.raises(ProfileError, match="'own' is not known"):
        Profile.from_json({**VALUES, "own": {"lab_kernel": "python3"}})
    with pytest.raises(ProfileError, match="lab_kernel"):
        replace(Profile.from_json(VALUES), kind="ssh")
    assert not [key for key in Profile(kind="ssh", name="x", host="pi0").to_json() if key.startswith("lab")]


def test_names_of_own_entries_are_unique_and_no_secrets(notebook: NotebookType) -> None:
    shared = set(LOCAL.to_json())
    names = [entry.name for kind in registry.TYPES.values() for entry in kind.own_entries]
    assert len(set(names)) == len(names) and not shared & set(names)
    assert not [name for name in names if looks_secret(name)]


def test_programs_of_own_entries_are_asked_about(notebook: NotebookType, tmp_path: Path) -> None:
    file, store = tmp_path / "lab.json", ProfileStore(tmp_path / "profiles")
    Profile.from_json({**VALUES, "lab_start": "/lab/jupyter"}).write(file)
    with pytest.raises(ProgramsUntrusted, match=r"'/lab/jupyter' as 'lab_start'\. They would run on lab\."):
        store.find(str(file))
    assert store.find(str(file), agreed=True) == store.find(str(file))
    Profile.from_json({**VALUES, "lab_start": "/lab/other"}).write(file)
    with pytest.raises(ProgramsUntrusted, match="/lab/other"):
        store.find(str(file))


def test_programs_of_a_new_kind_are_asked_about(notebook: NotebookType, tmp_path: Path) -> None:
    file = tmp_path / "lab.json"
    Profile.from_json({**VALUES, "python": "/lab/python"}).write(file)
    with pytest.raises(ProgramsUntrusted, match=r"would run on lab\.example\.org and the computers of"):
        ProfileStore(tmp_path / "profiles").find(str(file))


def test_the_form_of_a_new_kind_is_made_of_sections_that_there_are(notebook: NotebookType) -> None:
    assert set(notebook.form) == {FormSection.SSH, FormSection.FOLDERS}
    values = Profile.from_json(VALUES).to_json()
    for kind in registry.TYPES.values():
        for entry in (entry for entries in kind.form.values() for entry in entries):
            part, _, name = entry.rpartition(".")
            assert name in (values[part] if part else values), f"{entry} of {kind.key}"


def test_a_run_of_a_new_kind_is_opened_recorded_and_followed(
    notebook: NotebookType, kept: Kept, tmp_path: Path
) -> None:
    profile, store = Profile.from_json(VALUES), RunStore(tmp_path / "records")
    backend = registry.of(profile).open(profile, ProfileKeys(), kept, store)
    run = backend.submit(Run.new("June", profile, RunSpec(trips="/lab/trips", store="/lab/points")))
    assert store.find(run.id).profile == profile
    assert store.unfinished() == (run,)
    assert follow(backend, run, polling=Polling(0.01)).state is RunState.FINISHED
    assert store.find(run.id).state is RunState.FINISHED
    assert backend.fetch(run) == kept.runs / run.id


def test_a_new_kind_is_probed_and_diagnosed(notebook: NotebookType, kept: Kept) -> None:
    profile = Profile.from_json(VALUES)
    probe = registry.of(profile).probe(profile, ProfileKeys(), kept)
    assert probe.state().cores == 3
    assert probe.trips("/lab/trips").first("/lab/trips") == []
    look = registry.of(profile).diagnosis(profile, ProfileKeys(), kept, store="/lab/points", trips="")
    (finding,) = diagnose(look.checks())
    assert (finding.outcome, finding.found) == (Outcome.OK, "lab.example.org answers.")


def test_a_run_has_the_phases_of_its_type(notebook: NotebookType) -> None:
    assert sum(notebook.phases.values()) == pytest.approx(1)
    assert phase_of(RunState.STARTING, Phase.LISTING, notebook.phases) is Phase.LISTING
    assert phase_of(RunState.SUMMARISING, Phase.READING, notebook.phases) is Phase.FETCHING


def test_the_way_to_buckets_depends_on_where_runs_execute(notebook: NotebookType) -> None:
    s3 = {"endpoint": "http://lab:9000", "keys_file": "/lab/only/there"}
    assert access_here(Profile.from_json({**VALUES, "s3": s3})).keys_file == ""
    assert access_here(Profile.from_json({"kind": "local", "name": "S3", "s3": s3})).keys_file


# -- the types that there are ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", registry.TYPES)
def test_each_type_has_a_folder_of_its_name_with_the_same_files(key: str) -> None:
    assert {file.name for file in (BACKENDS / key).glob("*.py")} >= FILES
    assert type(registry.TYPES[key]).__module__.endswith(f".backends.{key}.backend_type")


def test_each_folder_is_registered() -> None:
    assert house.kinds() == set(registry.TYPES)


@pytest.mark.parametrize("key", registry.TYPES)
def test_the_shares_of_the_phases_make_up_the_whole(key: str) -> None:
    phases = registry.TYPES[key].phases
    assert list(phases) == [phase for phase in Phase if phase in phases]
    assert sum(phases.values()) == pytest.approx(1)


@pytest.mark.parametrize("key", registry.TYPES)
def test_the_least_values_make_a_profile_of_the_type(key: str) -> None:
    least = registry.TYPES[key].least
    assert Profile.from_json({"kind": key, "name": "x", **least}).kind == key
    for entry in least:
        with pytest.raises(ProfileError) as raised:
            Profile.from_json({"kind": key, "name": "x", **least, entry: ""})
        assert raised.value.entry == entry


def test_a_livy_whose_files_lie_in_a_bucket_needs_no_package_for_ssh(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "sys.modules['paramiko'] = None\n"
        "from pathlib import Path\n"
        "from roadpulse.cluster_client.backends import registry\n"
        "from roadpulse.cluster_client.backends.base.backend_type import Kept\n"
        "from roadpulse.cluster_client.profiles.credentials import ProfileKeys\n"
        "from roadpulse.cluster_client.profiles.profile import Folders, Profile\n"
        "from roadpulse.cluster_client.runs.records import RunStore\n"
        "livy = Profile(kind='livy', name='L', livy_url='http://[::1]:9', folders=Folders(runs='s3://runs'))\n"
        "kind, keys, kept = registry.of(livy), ProfileKeys(), Kept(Path('runs'), Path('known'))\n"
        "assert kind.requirements(livy) == ('requests',)\n"
        "kind.open(livy, keys, kept, RunStore(Path('records'))).close()\n"
        "kind.probe(livy, keys, kept).close()\n"
        "look = kind.diagnosis(livy, keys, kept, store='s3://points', trips='')\n"
        "assert 'livy' in [check.name for check in look.checks()]\n"
    )
    path = house.ROOT / "build" / "plugins"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env={"PYTHONPATH": str(path)})


# -- everything else ------------------------------------------------------------------------------------


def test_no_other_module_names_a_kind() -> None:
    found = {
        path.relative_to(house.ROOT).as_posix() for path in house.source_files() if house.names_kind(path)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("remote = profile.kind != HERE\n", True),
        ("remote = self._profile.kind\n", True),
        ("if kind == 'ssh':\n    pass\n", True),
        ("CLUSTERS = ('ssh', 'livy')\n", True),
        ("texts.get('livy')\n", True),
        ("first = match.kind\n", False),
        ("'''Like a profile of the kind ssh.'''\n", False),
        ("class A:\n    TAGS = ('cluster', 'ssh')\n", False),
    ],
)
def test_a_kind_is_found_by_its_text_and_by_the_question(tmp_path: Path, text: str, names: bool) -> None:
    file = tmp_path / "module.py"
    file.write_text(text, encoding="utf-8")
    assert house.names_kind(file, {"local", "ssh", "livy"}, tmp_path) is names


def test_types_load_nothing_of_what_does_the_work() -> None:
    script = (
        "import sys, roadpulse.cluster_client.backends.registry\n"
        "heavy = {'paramiko', 'requests', 'boto3', 'obstore', 'numpy', 'pandas', 'duckdb', 'msgspec'}\n"
        "assert not heavy & {m.partition('.')[0] for m in sys.modules}\n"
        "ours = [m for m in sys.modules if m.startswith('roadpulse.cluster_client.backends.')]\n"
        "assert all(m.count('.') == 3 or m.endswith('.backend_type') for m in ours), ours\n"
    )
    root = house.ROOT
    subprocess.run([sys.executable, "-c", script], check=True, cwd=root, env={"PYTHONPATH": "build/plugins"})


def test_a_profile_alone_finds_its_type() -> None:
    script = (
        "from roadpulse.cluster_client.profiles.profile import LOCAL, Profile\n"
        "assert LOCAL.runs_here and not Profile(kind='ssh', name='x', host='pi0').runs_here\n"
    )
    root = house.ROOT
    subprocess.run([sys.executable, "-c", script], check=True, cwd=root, env={"PYTHONPATH": "build/plugins"})


def test_the_registry_takes_a_line_for_each_type() -> None:
    tree = ast.parse((BACKENDS / "registry.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert sorted(ast.unparse(call) for call in calls) == sorted(
        f"{type(found).__name__}()" for found in registry.TYPES.values()
    )
