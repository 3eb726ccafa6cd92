"""Credentials are passed to runs, and neither written nor shown."""

from __future__ import annotations

import pickle

import pytest

from roadpulse.cluster_client.profiles.credentials import ProfileKeys, S3Keys, UserSecret
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials

KEYS = ProfileKeys(
    Credentials("pi", password="hidden-1"),
    UserSecret("ana", "hidden-2"),
    S3Keys("AK", "hidden-3", "hidden-4"),
)


@pytest.mark.parametrize("keys", [KEYS, KEYS.ssh, KEYS.livy, KEYS.s3])
def test_keys_are_shown_nowhere(keys: object) -> None:
    for text in (repr(keys), str(keys), f"{keys}", repr([keys]), f"{keys!r}"):
        assert "hidden" not in text and "AK" not in text


@pytest.mark.parametrize("keys", [KEYS, KEYS.ssh, KEYS.livy, KEYS.s3])
def test_keys_are_not_stored(keys: object) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(keys)


def test_the_keys_of_an_environment_are_replaced_as_a_whole() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "x", "AWS_SESSION_TOKEN": "y", "AWS_PROFILE": "z", "PATH": "/bin"}
    S3Keys("AK", "s").put_into(environment)
    assert environment == {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s", "PATH": "/bin"}
    S3Keys("AK", "s", "t").put_into(environment)
    assert environment["AWS_SESSION_TOKEN"] == "t"
