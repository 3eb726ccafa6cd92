"""Programs that a profile of a file names are run once the person has agreed, and not before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from roadpulse.cluster_client.errors import ProfileError
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.profiles.store import ProfileStore
from roadpulse.cluster_client.profiles.trust import ProgramsUntrusted, named_programs

PI = Profile(
    kind="ssh", name="Pi", host="pi0.example.org", user="pi", python="/tmp/python", spark_home="/opt/spark"
)
HERE = Profile(kind="local", name="here", python="/tmp/python")


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "profiles")


def file_of(profile: Profile, folder: Path, name: str = "team.json") -> str:
    profile.write(folder / name)
    return str(folder / name)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (
            PI,
            r"'/tmp/python' as 'python' and '/opt/spark' as 'spark_home'\. They would run on pi0\.",
        ),
        (HERE, r"'/tmp/python' as 'python'\. They would run on this computer"),
        (replace(HERE, python="calculator"), "'calculator' as 'python'"),
    ],
)
def test_programs_of_a_file_are_named_and_refused(
    store: ProfileStore, tmp_path: Path, profile: Profile, words: str
) -> None:
    with pytest.raises(ProgramsUntrusted, match=words) as caught:
        store.find(file_of(profile, tmp_path))
    assert "TRUST_PROGRAMS" in caught.value.message and "team.json" in caught.value.message
    assert not store.folder.exists()


def test_what_was_agreed_to_is_remembered_for_these_programs_there(
    store: ProfileStore, tmp_path: Path
) -> None:
    path = file_of(PI, tmp_path)
    assert store.find(path, agreed=True) == PI
    assert store.find(path) == PI
    assert store.find(file_of(replace(PI, name="copy"), tmp_path, "copy.json")).name == "copy"
    for change in (
        {"python": "/tmp/other"}, {"spark_home": ""}, {"host": "pi1.example.org"}, {"user": "root"},
        {"port": 23},
    ):  # fmt: skip
        with pytest.raises(ProgramsUntrusted):
            store.find(file_of(replace(PI, **change), tmp_path))
    assert store.profiles().faults == ()


@pytest.mark.parametrize("python", ["", "python", "python3", "python3.11"])
def test_a_usual_python_needs_no_word(store: ProfileStore, tmp_path: Path, python: str) -> None:
    profile = replace(PI, python=python, spark_home="")
    assert named_programs(profile) == {}
    assert store.find(file_of(profile, tmp_path)) == profile
    assert not store.folder.exists()


@pytest.mark.parametrize(
    "python", ["python3;x", "python3 -c", "Python", "./python3", "python33.1", "python3.999"]
)
def test_what_only_looks_like_one_does(python: str) -> None:
    assert named_programs(replace(HERE, python=python)) == {"python": python}


def test_a_stored_profile_was_agreed_to(store: ProfileStore) -> None:
    store.save(PI)
    assert store.find("Pi") == PI


def test_a_list_that_cannot_be_read_is_no_consent(store: ProfileStore, tmp_path: Path) -> None:
    store.folder.mkdir()
    (store.folder / "trusted-programs.txt").write_bytes(b"\xff")
    with pytest.raises(ProfileError, match=r"trusted-programs\.txt cannot be read"):
        store.find(file_of(PI, tmp_path))
