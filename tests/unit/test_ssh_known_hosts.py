"""Known hosts: whose key is trusted, and whose is not."""

import base64
import subprocess

import paramiko
import pytest

from roadpulse.cluster_client.errors import BackendError, ProfileError
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.ssh.errors import HostKeyChanged, HostKeyUnknown
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts, entry_name


def key(kind="ed25519", number=1):
    """A host key; the same for the same number."""
    if kind == "rsa":
        return paramiko.RSAKey.generate(1024)
    blob = paramiko.Message()
    blob.add_string("ssh-ed25519")
    blob.add_string(bytes([number]) * 32)
    return paramiko.PKey.from_type_string("ssh-ed25519", blob.asbytes())


ONE, TWO = key(number=1), key(number=2)


def line(hosts, key=ONE):
    return f"{hosts} {key.get_name()} {base64.b64encode(key.asbytes()).decode()} a comment\n"


@pytest.fixture
def hosts(tmp_path):
    """Known hosts with these lines of the user's own file."""

    def make(*lines):
        (tmp_path / "users").write_text("".join(lines), encoding="utf-8")
        return KnownHosts(tmp_path / "own/known_hosts", (tmp_path / "users",))

    return make


@pytest.mark.parametrize(
    ("entry", "host", "port"),
    [
        ("pi0", "pi0", 22), ("pi0", "PI0", 22), ("[pi0]:2222", "pi0", 2222), ("a,pi0,b", "pi0", 22),
        ("*.example.org", "pi0.example.org", 22), ("pi?", "pi7", 22), ("[*]:2222", "pi0", 2222),
    ],
)  # fmt: skip
def test_a_known_key_is_trusted(hosts, entry, host, port):
    known = hosts("# a comment\n", "\n", line(entry))
    known.check(host, port, ONE)
    assert known.key_types(host, port) == ["ssh-ed25519"]
    with pytest.raises(HostKeyChanged):
        known.check(host, port, TWO)


@pytest.mark.parametrize(
    ("entry", "host", "port"),
    [("pi0", "pi0", 2222), ("[pi0]:2222", "pi0", 22), ("[pi0]:2222", "pi0", 2223), ("pi0", "pi01", 22),
     ("!pi0,*", "pi0", 22), ("@cert-authority pi0", "pi0", 22), ("[pi0]:22", "p", 22)],
)  # fmt: skip
def test_entries_of_others_trust_nothing(hosts, entry, host, port):
    with pytest.raises(HostKeyUnknown):
        hosts(line(entry)).check(host, port, ONE)


def test_a_hashed_entry_is_understood(hosts, tmp_path):
    known = hosts(line("[pi0]:2222"))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(tmp_path / "users")], check=True, capture_output=True)
    assert "pi0" not in (tmp_path / "users").read_text()
    known.check("pi0", 2222, ONE)
    with pytest.raises(HostKeyChanged):
        known.check("pi0", 2222, TWO)


def test_one_of_several_keys_will_do(hosts):
    known = hosts(line("pi0", ONE), line("pi0", TWO))
    known.check("pi0", 22, ONE)
    known.check("pi0", 22, TWO)


def test_a_key_of_another_kind_is_a_change_too(hosts):
    with pytest.raises(HostKeyChanged, match="ssh-rsa"):
        hosts(line("pi0", key("rsa"))).check("pi0", 22, ONE)


def test_a_revoked_key_is_never_trusted(hosts):
    known = hosts(line("pi0"), f"@revoked {line('*')}")
    with pytest.raises(HostKeyChanged, match="revoked"):
        known.check("pi0", 22, ONE)
    with pytest.raises(HostKeyChanged, match="revoked"):
        known.check("pi0", 22, ONE, pinned=ONE.fingerprint)


def test_damaged_lines_vouch_for_nothing_and_hide_nothing(hosts):
    known = hosts("pi0 ssh-ed25519\n", "pi0 ssh-ed25519 !!!\n", "pi0 odd-kind AAAA\n", line("pi0"))
    known.check("pi0", 22, ONE)


def test_a_file_that_cannot_be_read_is_no_reason_to_trust(hosts, tmp_path):
    known = hosts()
    (tmp_path / "users").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BackendError, match="cannot be read"):
        known.check("pi0", 22, ONE)


def test_an_accepted_key_is_kept_in_the_own_file_only(hosts, tmp_path):
    known = hosts(line("other"))
    with pytest.raises(HostKeyUnknown) as caught:
        known.check("pi0", 2222, ONE)
    known.accept(caught.value)
    known.accept(caught.value)
    known.check("pi0", 2222, ONE)
    assert known.own.read_text() == f"[pi0]:2222 ssh-ed25519 {ONE.get_base64()}\n"
    assert "pi0" not in (tmp_path / "users").read_text()


def test_what_the_user_knows_is_not_overruled_by_the_own_file(hosts):
    known = hosts(line("pi0", TWO))
    known.own.parent.mkdir()
    known.own.write_text(line("elsewhere"))
    with pytest.raises(HostKeyChanged):
        known.check("pi0", 22, ONE)


def test_a_profiles_fingerprint_is_trusted_but_does_not_overrule_a_known_key(hosts):
    hosts().check("pi0", 22, ONE, pinned=ONE.fingerprint)
    with pytest.raises(HostKeyChanged, match="The profile says"):
        hosts().check("pi0", 22, TWO, pinned=ONE.fingerprint)
    with pytest.raises(HostKeyChanged, match="Known is"):
        hosts(line("pi0", TWO)).check("pi0", 22, ONE, pinned=ONE.fingerprint)


@pytest.mark.parametrize("text", ["SHA256:short", "MD5:00:11", ONE.fingerprint + "=", "x" + ONE.fingerprint])
def test_a_profile_takes_only_fingerprints_as_ssh_shows_them(text):
    Profile(kind="ssh", name="x", host="pi0", host_key=ONE.fingerprint)
    with pytest.raises(ProfileError, match="host_key"):
        Profile(kind="ssh", name="x", host="pi0", host_key=text)


def test_the_standard_port_is_not_written():
    assert entry_name("Pi0", 22) == "pi0"
    assert entry_name("fe80::1", 2222) == "[fe80::1]:2222"


def test_credentials_show_and_store_no_secret():
    import copy
    import pickle

    given = Credentials("pi", "hidden-1", "/key", "hidden-2")
    assert "hidden" not in repr(given) + str([given]) + f"{given}"
    for store in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            store(given)
