"""Profiles: strict files that name what is wrong, and never hold a secret."""

import json

import pytest

from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.errors import ProfileError
from roadpulse.cluster_client.profiles.profile import LOCAL, Folders, Profile, Resources
from roadpulse.cluster_client.profiles.store import ProfileStore, file_name

PI = Profile(
    kind="ssh", name="Belfast Pi cluster", host="pi0.example.org", port=2222, user="pi", authcfg="a1b2c3d",
    key_path="~/.ssh/id ed25519", jump_host="gate@gateway.example.org:22", spark_master="spark://pi0:7077",
    spark_home="/opt/spark", python="python3.11", resources=Resources(12, 3, "470m", "1g"),
    folders=Folders("/data/runs", "/data/store"), workers=0,
    s3=S3Access("http://pi0:9000", keys_file="~/.aws/credentials"),
)  # fmt: skip
NAMES = [
    "Ein Café am Straße",
    "名前",
    "a/b\\c:*?",
    "\"quoted\" and 'so'",
    "  two spaces",
    "CON",
    "..",
    "x" * 100,
]


def test_a_profile_comes_back_from_its_file_as_it_was(tmp_path):
    PI.write(tmp_path / "pi.json")
    assert Profile.read(tmp_path / "pi.json") == PI


def test_only_kind_and_name_are_needed_for_this_computer():
    assert Profile.from_json({"kind": "local", "name": "here", "workers": 2}).workers == 2


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        ({"kind": "hadoop"}, "kind"),
        ({"kind": None}, "kind"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "local"}, "name"),
        ({"host": ""}, "host"),
        ({"host": "pi0; rm -rf /"}, "host"),
        ({"host": "-oProxyCommand=x"}, "host"),
        ({"host": 5}, "host"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"port": "22"}, "port"),
        ({"port": True}, "port"),
        ({"user": "pi pi"}, "user"),
        ({"authcfg": "too long an id"}, "authcfg"),
        ({"key_path": "-----BEGIN OPENSSH KEY-----"}, "key_path"),
        ({"jump_host": "a@b@c"}, "jump_host"),
        ({"jump_host": "gate:99999"}, "jump_host"),
        ({"spark_home": "/opt\0/spark"}, "spark_home"),
        ({"resources": {"executor_memory": "lots"}}, "resources.executor_memory"),
        ({"resources": {"worker_memory": "100m"}}, "resources.worker_memory"),
        ({"resources": {"cores": "3"}}, "resources.cores"),
        ({"resources": {"head_workers": -1}}, "resources.head_workers"),
        ({"resources": {"head_workers": 65}}, "resources.head_workers"),
        ({"resources": {"head_workers": "auto"}}, "resources.head_workers"),
        ({"resources": {"head_workers": True}}, "resources.head_workers"),
        ({"resources": {"cores": None}}, "resources.cores"),
        ({"resources": []}, "resources"),
        ({"resources": {"gpus": 1}}, "resources.gpus"),
        ({"folders": {"runs": 1}}, "folders.runs"),
        ({"livy_url": "pi0:8998"}, "livy_url"),
        ({"livy_url": "https://pi0:99999"}, "livy_url"),
        ({"s3": {"endpoint": "ftp://pi0"}}, "s3.endpoint"),
        ({"schema": 2}, "schema"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_refused_by_name(change, entry):
    with pytest.raises(ProfileError) as caught:
        Profile.from_json({**PI.to_json(), **change})
    assert caught.value.entry == entry
    assert entry in caught.value.message


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        ({"password": "hunter2"}, "password"),
        ({"PassPhrase": "hunter2"}, "PassPhrase"),
        ({"s3_secret_key": "hunter2"}, "s3_secret_key"),
        ({"folders": {"token": "hunter2"}}, "folders.token"),
        ({"livy_url": "https://pi:hunter2@pi0:8998"}, "livy_url"),
        ({"s3": {"endpoint": "https://pi:hunter2@pi0"}}, "s3.endpoint"),
    ],
)
def test_a_secret_is_refused_and_not_repeated(change, entry):
    with pytest.raises(ProfileError) as caught:
        Profile.from_json({**PI.to_json(), **change})
    assert caught.value.entry == entry
    assert "authcfg" in caught.value.message
    assert "hunter2" not in caught.value.message + caught.value.detail


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '"local"', "\0\0", '{"kind": "local"}'])
def test_a_file_that_is_no_profile_is_named(tmp_path, content):
    path = tmp_path / "broken profile.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ProfileError, match=r"broken profile.json"):
        Profile.read(path)


def test_a_livy_profile_needs_its_address():
    with pytest.raises(ProfileError, match="livy_url"):
        Profile(kind="livy", name="livy")


@pytest.mark.parametrize("entry", ["runs", "jobs"])
def test_over_ssh_runs_are_in_a_folder_and_points_may_be_in_a_bucket(entry):
    Profile("ssh", "Pis", host="pi0", folders=Folders(store="s3://roadpulse/points"))
    with pytest.raises(ProfileError) as caught:
        Profile("ssh", "Pis", host="pi0", folders=Folders(**{entry: "s3://roadpulse/runs"}))
    assert caught.value.entry == f"folders.{entry}"
    assert "trips and points may lie in a bucket" in caught.value.what


def test_local_is_always_there(tmp_path):
    assert ProfileStore(tmp_path / "none yet").profiles().profiles == (LOCAL,)
    assert ProfileStore(tmp_path / "none yet").find("local") == LOCAL


def test_local_can_be_adjusted_and_reset(tmp_path):
    store = ProfileStore(tmp_path)
    store.save(Profile(kind="local", name="local", workers=2))
    assert store.find("local").workers == 2
    store.delete("local")
    assert store.find("local") == LOCAL


@pytest.mark.parametrize("name", NAMES)
def test_profiles_of_any_name_are_kept_found_and_deleted(tmp_path, name):
    store = ProfileStore(tmp_path)
    store.save(Profile(kind="local", name=name, workers=1))
    store.save(Profile(kind="local", name=name, workers=3))
    assert store.find(name).workers == 3
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path]
    store.delete(name)
    assert store.profiles().profiles == (LOCAL,)


def test_names_that_differ_in_case_alone_get_different_files():
    assert file_name("Belfast").casefold() != file_name("BELFAST").casefold()


def test_a_broken_file_is_reported_and_hides_no_other(tmp_path):
    store = ProfileStore(tmp_path)
    store.save(PI)
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    known = store.profiles()
    assert [profile.name for profile in known.profiles] == ["local", PI.name]
    assert "broken.json" in known.faults[0].message


def test_two_files_of_one_name_are_reported(tmp_path):
    store = ProfileStore(tmp_path)
    PI.write(tmp_path / "a.json")
    PI.write(tmp_path / "b.json")
    known = store.profiles()
    assert len(known.profiles) == 2
    assert "b.json" in known.faults[0].message


def test_a_profile_file_can_be_named_by_its_path(tmp_path):
    PI.write(tmp_path / "team.json")
    assert ProfileStore(tmp_path / "store").find(str(tmp_path / "team.json"), agreed=True) == PI


def test_an_unknown_name_says_what_there_is(tmp_path):
    with pytest.raises(ProfileError, match=r"no profile 'clutser'.*'local'"):
        ProfileStore(tmp_path).find("clutser")


def test_the_file_holds_no_more_than_the_profile(tmp_path):
    PI.write(tmp_path / "pi.json")
    assert json.loads((tmp_path / "pi.json").read_text(encoding="utf-8")) == PI.to_json()
    assert [path.name for path in tmp_path.iterdir()] == ["pi.json"]


@pytest.mark.parametrize("given", [{}, {"head_workers": None}, {"head_workers": 0}, {"head_workers": 3}])
def test_processes_of_the_head_are_a_number_or_left_open(given):
    values = {"kind": "ssh", "name": "x", "host": "h", "resources": given}
    profile = Profile.from_json(values)
    assert profile.resources.head_workers == given.get("head_workers")
    assert Profile.from_json(json.loads(json.dumps(profile.to_json()))) == profile
