"""The editor of a profile: whatever is stored comes back as it was, and every fault is said at its field."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QLineEdit

from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.backends.livy.client import LivyClient, Timeouts
from roadpulse.cluster_client.backends.livy.errors import LivyAway, LivyLoginUnsafe
from roadpulse.cluster_client.errors import ProfileError
from roadpulse.cluster_client.profiles.credentials import UserSecret
from roadpulse.cluster_client.profiles.profile import LOCAL, Folders, Profile, Resources
from roadpulse.cluster_client.ssh.errors import HostKeyUnknown
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from roadpulse.ui.profiles.form import ProfileForm
from roadpulse.ui.profiles.sections.faults import faults
from roadpulse.ui.profiles.sections.fields import AuthField, Field, TextField
from roadpulse.ui.profiles.sections.spark import AutomaticField
from roadpulse.workflow import locations
from tests.qgis.own_qgis import OwnQgis
from tests.qgis.widgets import until

SSH = Profile(
    kind="ssh", name="Belfast Pi cluster", host="pi0.example.org", port=2222, user="pi", authcfg="a1b2c3d",
    key_path="~/.ssh/id ed25519", host_key="SHA256:" + "a" * 43, jump_host="gate@gateway.example.org:22",
    spark_master="spark://pi0:7077", spark_home="/opt/spark", python="python3.11",
    resources=Resources(12, 3, "470m", "1g", 2, "500m"),
    folders=Folders("/data/runs", "/data/store", "/data/jobs"),
    workers=3, s3=S3Access("http://pi0:9000", "eu-west-2", "path", "/ca.pem", "~/.aws/keys", "x", True),
    s3_authcfg="d1b2c3d", ca_file="/here/ca.pem",
)  # fmt: skip
LIVY = replace(
    SSH, kind="livy", name="Livy", livy_url="https://pi0:8998", livy_tunnel=True, livy_authcfg="l1b2c3d"
)
HERE = replace(LOCAL, name="S3 here", workers=2, python="/usr/bin/python3", s3=SSH.s3, ca_file="/ca.pem")


@pytest.fixture
def form(qgis_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProfileForm]:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    form = ProfileForm()
    yield form
    form.forget()
    form.deleteLater()


def shown(form: ProfileForm, entry: str) -> Field:
    """The field of an entry that the form shows."""
    return next(f for s in form.sections for f in s.fields if f.entry == entry and f.wanted)


def write(form: ProfileForm, entry: str, text: str) -> Field:
    """Type a text into a field, as a person does."""
    field = shown(form, entry)
    assert isinstance(field, TextField)
    field.edit.clear()
    QTest.keyClicks(field.edit, text)
    return field


@pytest.mark.parametrize("profile", [SSH, LIVY, HERE, LOCAL], ids=lambda p: p.name)
def test_a_profile_comes_back_as_it_was(form: ProfileForm, profile: Profile) -> None:
    form.show_values(profile.to_json())
    assert form.profile() == profile
    assert not form.edited and not form.problem()[0]


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    values = draw(st.sampled_from([SSH, LIVY, HERE])).to_json()
    for entry in ("name", "spark_master", "spark_home", "python", "key_path", "ca_file"):
        values[entry] = draw(st.just(values[entry]) | WORDS)
    for part in ("folders", "s3"):
        texts = (
            e for e, v in values[part].items() if isinstance(v, str) and e not in ("endpoint", "addressing")
        )
        values[part].update({entry: draw(WORDS) for entry in texts})
    values["port"] = draw(st.integers(1, 65535))
    values["workers"] = draw(st.integers(0, 1024))
    values["resources"]["cores"] = draw(st.integers(0, 100_000))
    values["resources"]["head_workers"] = draw(st.none() | st.integers(0, 64))
    values["s3"]["anonymous"], values["livy_tunnel"] = draw(st.booleans()), draw(st.booleans())
    for entry in ("authcfg", "s3_authcfg", "livy_authcfg"):
        values[entry] = draw(st.sampled_from(["", "a1b2c3d", "0000000"]))
    try:
        return Profile.from_json(values)
    except ProfileError:  # an empty name, or a text that cannot be printed
        return SSH


def test_whatever_a_profile_holds_comes_back(form: ProfileForm) -> None:
    """One after the other in the same form: nothing may stay of the one before."""

    @settings(max_examples=60, deadline=None)
    @given(profile=profiles())
    def comes_back(profile: Profile) -> None:
        form.show_values(profile.to_json())
        assert form.profile() == profile

    comes_back()


@pytest.mark.parametrize(
    ("profile", "entry", "text", "word"),
    [
        (SSH, "name", "", "characters"),
        (SSH, "name", "local", "this computer"),
        (SSH, "host", "", "log in to"),
        (SSH, "host", "pi0; rm -rf /", "host name"),
        (SSH, "user", "pi pi", "user name"),
        (SSH, "key_path", "-----BEGIN OPENSSH KEY-----", "secret"),
        (SSH, "jump_host", "a@b@c", "[user@]host[:port]"),
        (SSH, "host_key", "MD5:12", "SHA256"),
        (SSH, "resources.executor_memory", "lots", "470m"),
        (SSH, "resources.driver_memory", "2 GB", "470m"),
        (SSH, "resources.worker_memory", "100m", "500m"),
        (SSH, "folders.runs", "https://pi:hunter2@pi0/", "secret"),
        (SSH, "s3.endpoint", "pi0:9000", "https://minio.example.org:9000"),
        (SSH, "s3.endpoint", "https://pi:hunter2@pi0", "secret"),
        (LIVY, "livy_url", "", "address"),
        (LIVY, "livy_url", "pi0:8998", "https://pi0.example.org:8998"),
        (LIVY, "livy_url", "https://pi:hunter2@pi0:8998", "secret"),
        (LIVY, "host", "", "leads to Livy"),
    ],
)
def test_a_fault_is_said_at_its_field_as_one_types(
    form: ProfileForm, profile: Profile, entry: str, text: str, word: str
) -> None:
    form.show_values(profile.to_json())
    field = write(form, entry, text)
    assert word in field.note.plain and field.faulty
    assert [f.entry for s in form.sections for f in s.fields if f.faulty] == [entry]
    assert form.problem() == (field.note.plain, field)
    # In words for the field, not for a file.
    assert "The profile's entry" not in field.note.plain and "hunter2" not in field.note.plain
    write(form, entry, str(_of(profile, entry)))
    assert not field.faulty and form.profile() == profile


def _of(profile: Profile, entry: str) -> Any:
    found: Any = profile
    for part in entry.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("untouched", [True, False])
@pytest.mark.parametrize(
    ("url", "tunnel", "login", "refused"),
    [
        ("http://pi0:8998", False, True, True),
        ("HTTP://192.168.1.7", False, True, True),
        ("http://localhost.example.org:8998", False, True, True),
        ("http://pi0:8998", True, True, False),
        ("http://pi0:8998", False, False, False),
        ("https://pi0:8998", False, True, False),
        ("http://127.0.0.1:8998", False, True, False),
        ("http://[::1]:8998", False, True, False),
        ("http://localhost:8998", False, True, False),
    ],
)
def test_a_log_in_that_others_could_read_is_refused_in_the_form_as_in_use(
    form: ProfileForm, url: str, tunnel: bool, login: bool, refused: bool, untouched: bool
) -> None:
    values = {**LIVY.to_json(), "livy_url": "https://pi0:8998", "livy_tunnel": tunnel}
    values["livy_authcfg"] = "l1b2c3d" if login else ""
    form.show_values({**values, "livy_url": url} if untouched else values)
    field = shown(form, "livy_url") if untouched else write(form, "livy_url", url)
    words = "User and password are not sent over http"
    assert (words in field.note.plain, words in form.problem()[0]) == (refused, refused)
    with pytest.raises(LivyLoginUnsafe) if refused else pytest.raises(LivyAway):
        via = _NoWay() if tunnel else None
        secret = UserSecret("analyst", "x") if login else None
        timeouts = Timeouts(connect=0.5, answer=0.5, whole=1)
        here = url if refused or "pi0" not in url else url.replace("pi0", "pi0.invalid")
        LivyClient(here, secret, via=via, timeouts=timeouts).version()


class _NoWay:
    """A tunnel that leads nowhere."""

    def ready(self) -> None:
        raise LivyAway("There is no way.")

    def connect(self) -> socket.socket:
        raise LivyAway("There is no way.")


def test_a_log_in_is_refused_when_the_tunnel_is_taken_away(form: ProfileForm) -> None:
    form.show_values({**LIVY.to_json(), "livy_url": "http://localhost.example.org:8998"})
    url, tunnel = shown(form, "livy_url"), shown(form, "livy_tunnel")
    assert not url.note.plain and not form.problem()[0]
    tunnel.control.click()
    assert "not sent over http" in url.note.plain and form.problem()[1] is url
    tunnel.control.click()
    assert not url.note.plain and not form.problem()[0]


def test_several_faults_are_said_at_once(form: ProfileForm) -> None:
    form.show_values(SSH.to_json())
    for entry in ("host", "resources.executor_memory", "s3.endpoint", "jump_host"):
        write(form, entry, "¿?")
    assert set(form.faults) == {"host", "resources.executor_memory", "s3.endpoint", "jump_host"}


def test_all_faults_of_a_whole_file_are_found() -> None:
    values = {**SSH.to_json(), "port": 0, "name": "", "workers": 5000, "kind": "livy", "livy_url": ""}
    assert set(faults(values)) == {"port", "name", "workers", "livy_url"}


def test_nothing_is_said_before_one_has_typed(form: ProfileForm) -> None:
    form.show_values({**LOCAL.to_json(), "kind": "ssh", "name": "new"})
    host = shown(form, "host")
    assert form.problem()[1] is host and not host.note.plain
    form.go_to(host)
    assert "log in to" in host.note.plain


def test_a_name_that_another_profile_has_is_a_fault(form: ProfileForm) -> None:
    form.show_values(SSH.to_json(), {"Livy"})
    assert "another profile" in write(form, "name", "Livy").note.plain


def test_only_what_the_kind_needs_is_shown(form: ProfileForm) -> None:
    def entries() -> set[str]:
        return {f.entry for s in form.sections for f in s.fields if f.wanted}

    form.show_values(LOCAL.to_json())
    assert not entries() & {"host", "spark_master", "livy_url", "folders.jobs"} and "workers" in entries()
    form.show_values(SSH.to_json())
    assert "spark_master" in entries() and "livy_url" not in entries()
    form.show_values(LIVY.to_json())
    assert {"livy_url", "host"} <= entries() and "spark_master" not in entries()


def test_changing_the_kind_and_back_loses_nothing(form: ProfileForm) -> None:
    form.show_values(LIVY.to_json())
    write(form, "livy_url", "nonsense")
    chooser = form.head.kind.chooser
    chooser.setCurrentIndex(chooser.findData("ssh"))
    assert form.profile() == replace(LIVY, kind="ssh"), "what is not shown is as it was, and no fault"
    chooser.setCurrentIndex(chooser.findData("livy"))
    assert shown(form, "livy_url").value() == "nonsense"


def test_what_is_not_as_usual_is_not_folded_away(form: ProfileForm) -> None:
    def folded(values: Profile) -> set[str]:
        form.show_values(values.to_json())
        return {
            s.group.title() for s in form.sections if s.group and not s.isHidden() and s.group.isCollapsed()
        }

    assert folded(SSH) == set()
    plain = Profile(kind="ssh", name="x", host="pi0")
    assert folded(plain) == {"Jump host and host key", "Cores and memory", "Trips and folders in S3"}


def test_the_profile_that_is_always_there_keeps_its_name_and_kind(form: ProfileForm) -> None:
    form.show_values(LOCAL.to_json())
    assert not form.head.name.control.isEnabled() and not form.head.kind.control.isEnabled()


def test_an_entry_of_somebody_elses_database_is_kept_and_said(form: ProfileForm) -> None:
    form.show_values(SSH.to_json())
    field = shown(form, "authcfg")
    assert isinstance(field, AuthField) and "a1b2c3d" in field.note.plain
    assert form.profile().authcfg == "a1b2c3d"


def test_an_entry_of_this_qgis_is_offered_if_it_will_do(tmp_path: Path) -> None:
    own = OwnQgis(tmp_path / "own qgis")
    basic = own.entry(username="pi", password="for the Pi")
    other = own.entry("PKI-Paths", certpath="/x", keypath="/y")
    code = f"""
import json
from roadpulse.ui.profiles.form import ProfileForm
from roadpulse.cluster_client.profiles.profile import Profile
form, told = ProfileForm(), []
for authcfg in ({basic!r}, {other!r}):
    form.show_values(Profile(kind="ssh", name="x", host="pi0", authcfg=authcfg).to_json())
    told.append([form.profile().authcfg, form.ssh.authcfg.note.plain])
print(json.dumps(told))
form.forget()
"""
    (known, nothing), (kept, said) = json.loads(own.python(code, windows=True))
    assert (known, nothing) == (basic, "")
    assert kept == other and "PKI-Paths" in said


def test_a_missing_key_file_is_said_and_may_be_saved(form: ProfileForm, tmp_path: Path) -> None:
    form.show_values(SSH.to_json())
    field = write(form, "key_path", str(tmp_path / "none"))
    assert "no such file" in field.note.plain and not form.problem()[0]
    (tmp_path / "none").touch()
    write(form, "key_path", str(tmp_path / "none"))
    assert "no such file" not in field.note.plain


def test_the_known_host_key_is_shown_and_can_be_forgotten(form: ProfileForm) -> None:
    import paramiko

    key = paramiko.ECDSAKey.generate()
    known = KnownHosts(locations.known_hosts())
    known.accept(
        HostKeyUnknown("", host="pi0.example.org", port=2222, key_type=key.get_name(),
                       fingerprint=key.fingerprint, key=key.get_base64())
    )  # fmt: skip
    form.show_values(SSH.to_json())
    until(lambda: key.fingerprint in form.host_key.known.plain)
    form.host_key.known.clicked.emit("forget")
    until(lambda: not form.host_key.known.plain)
    assert known.keys("pi0.example.org", 2222) == []


def test_no_field_asks_for_a_secret(form: ProfileForm) -> None:
    form.show_values(LIVY.to_json())
    assert all(edit.echoMode() == QLineEdit.EchoMode.Normal for edit in form.findChildren(QLineEdit))


def test_processes_of_the_head_are_automatic_none_or_a_number(form: ProfileForm) -> None:
    form.show_values(replace(SSH, resources=Resources()).to_json())
    (field,) = [field for field in form._fields() if field.entry == "resources.head_workers"]
    assert isinstance(field, AutomaticField)
    assert field.spin.text() == "automatic"
    for typed, shown, value in (
        ("none", "none", 0),
        ("3", "3", 3),
        ("automatic", "automatic", None),
        ("0", "none", 0),
    ):
        field.spin.selectAll()
        QTest.keyClicks(field.spin, typed)
        field.spin.interpretText()
        assert (field.spin.text(), form.values()["resources"]["head_workers"]) == (shown, value)
    for typed in ("-1", "99999", "nobody"):
        field.spin.selectAll()
        QTest.keyClicks(field.spin, typed)
        field.spin.interpretText()
        assert form.values()["resources"]["head_workers"] in (None, *range(65))


@pytest.mark.parametrize("profile", [SSH, LIVY, HERE], ids=lambda p: p.name)
def test_what_a_kind_does_not_have_stays_hidden_when_a_section_is_opened(
    form: ProfileForm, profile: Profile
) -> None:
    form.show_values(replace(profile, s3=S3Access(), resources=Resources()).to_json())
    form.show()
    for section in form.sections:
        section.unfold()
        if section.isVisible():
            shown = [row.label.isVisible() for row in section.rows]
            assert shown == [any(field.wanted for field in row.fields) for row in section.rows]
            assert section.intro.isVisible() == bool(section.intro.plain)
