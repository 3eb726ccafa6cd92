"""What ~/.ssh/config says of a host counts where the profile says nothing, and none of it is ever run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.ssh.network import Login

CONFIG = """
Host pi
    HostName 10.0.0.3
    Port 2222
    User analyst
    IdentityFile ~/.ssh/pi
    IdentityFile /keys/other
    IdentitiesOnly yes

Host inner
    ProxyJump gate,admin@second:2200

Host gate
    HostName gate.example.org
    User keeper
    Port 443

Host none
    ProxyJump none
    ProxyCommand none
"""


@pytest.fixture
def login(tmp_path: Path) -> Any:
    def of(host: str, config: str = CONFIG, **entries: Any) -> Login:
        (tmp_path / "config").write_text(config)
        return Login.of(Profile(kind="ssh", name="x", host=host, **entries), tmp_path / "config")

    return of


def test_an_alias_stands_for_a_host_with_port_user_and_keys(login: Any) -> None:
    found = login("pi")
    assert (found.host, found.port, found.user, found.usual_user) == ("10.0.0.3", 2222, "", "analyst")
    assert found.keys == (str(Path("~/.ssh/pi").expanduser()), "/keys/other") and found.keys_only
    assert found.jump is None and not found.fault


def test_what_the_profile_says_comes_first(login: Any) -> None:
    found = login("pi", port=2020, user="root", jump_host="me@gate:22")
    assert (found.host, found.port, found.user) == ("10.0.0.3", 2020, "root")
    assert (found.jump.host, found.jump.port, found.jump.user) == ("gate.example.org", 22, "me")
    assert login("inner", jump_host="pi").jump.host == "10.0.0.3"


def test_hosts_to_go_through_are_reached_one_through_the_other(login: Any) -> None:
    found = login("inner", user="root")
    second, gate = found.jump, found.jump.jump
    assert (second.host, second.port, second.user) == ("second", 2200, "admin")
    assert (gate.host, gate.port, gate.user, gate.jump) == ("gate.example.org", 443, "keeper", None)


def test_without_an_entry_or_a_file_the_host_is_what_it_is_called(login: Any, tmp_path: Path) -> None:
    plain = Login("pi0.example.org", 22, "pi")
    assert login("pi0.example.org", user="pi") == plain
    profile = Profile(kind="ssh", name="x", host="pi0.example.org", user="pi")
    assert Login.of(profile, tmp_path / "nothing") == plain
    assert login("none").jump is None and not login("none").by_program


@pytest.mark.parametrize(
    "condition",
    [
        "exec {program}",
        "host pi exec {program}",
        '!exec "{program}"',
        "EXEC={program}",
        'host "pi" exec {program}',
    ],
)
def test_what_counts_only_if_a_program_says_so_does_not_count(
    login: Any, tmp_path: Path, condition: str
) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    program.chmod(0o755)
    config = f"Match {condition.format(program=program)}\n  User mallory\n  HostName evil\n{CONFIG}"
    found = login("pi", config)
    assert (found.host, found.usual_user) == ("10.0.0.3", "analyst")
    assert not (tmp_path / "ran").exists()


def test_a_way_by_a_program_is_told_and_not_gone(login: Any, tmp_path: Path) -> None:
    config = f"Host *\n  ProxyCommand touch {tmp_path / 'ran'}\n"
    assert login("pi", config).by_program
    assert not login("pi", config, jump_host="gate").by_program
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ("Host pi\n  Port many\n", "many"),
        ("Host pi\n  Port 70000\n", "70000"),
        ("Host pi\n  ProxyJump a@b@c\n", "a@b@c"),
        ("Host pi\n  ProxyJump pi\n", "circle"),
        ("Host pi\n  nonsense\n", "nonsense"),
    ],
)
def test_a_file_of_no_use_is_named_when_the_host_is_asked_for(login: Any, config: str, word: str) -> None:
    assert word in login("pi", config).fault
