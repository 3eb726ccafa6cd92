"""The three clients of a bucket answer alike, on a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from development.s3 import REGION, S3Server
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.storage.s3.base_client import S3Client, first_of
from roadpulse.aggregation.storage.s3.keys import Keyring
from roadpulse.aggregation.storage.s3.obstore_client import ObstoreClient
from roadpulse.aggregation.storage.s3.signed_client import SignedClient
from roadpulse.aggregation.storage.s3.signed_requests import SignedRequests
from roadpulse.cluster_client.profiles.credentials import S3Keys
from roadpulse.cluster_client.s3.boto_client import BotoClient
from roadpulse.cluster_client.s3.client import connect

CONTENT = bytes(range(200))
KEY = "a folder/ä+b.json"


def signed(access: S3Access, bucket: str, keys: S3Keys) -> S3Client:
    return SignedClient(access, bucket, SignedRequests(access, bucket, Keyring(access)))


def by_obstore(access: S3Access, bucket: str, keys: S3Keys) -> S3Client:
    return ObstoreClient(access, bucket)


def by_boto(access: S3Access, bucket: str, keys: S3Keys) -> S3Client:
    return BotoClient(connect(access, keys), bucket)


@pytest.fixture(params=[signed, by_obstore, by_boto], ids=["signed", "obstore", "boto"])
def client(request: pytest.FixtureRequest, s3_server: S3Server, bucket: str) -> S3Client:
    make: Callable[[S3Access, str, S3Keys], S3Client] = request.param
    access = S3Access(endpoint=s3_server.endpoint, region=REGION, keys_file=str(s3_server.keys_file))
    keys = s3_server.keys()
    return make(access, bucket, S3Keys(keys.access, keys.secret))


def test_what_is_written_is_described_and_read(client: S3Client, tmp_path: Path) -> None:
    assert client.head(KEY) is None
    with pytest.raises(FileNotFoundError):
        client.stream(KEY)
    (tmp_path / "file").write_bytes(CONTENT)
    for content in (b"", CONTENT[::-1], tmp_path / "file"):
        client.put(KEY, content)
    info = client.head(KEY)
    assert info is not None and (info.key, info.size) == (KEY, 200)
    found, blocks = client.stream(KEY)
    assert found == info and b"".join(blocks) == CONTENT


@pytest.mark.parametrize(
    ("span", "first", "end"), [((10, 20), 10, 20), ({"offset": 150}, 150, 200), ({"suffix": 7}, 193, 200)]
)
def test_a_span_is_read(client: S3Client, span: tuple[int, int], first: int, end: int) -> None:
    client.put(KEY, CONTENT)
    info, blocks = client.stream(KEY, span)
    assert (info.size, b"".join(blocks)) == (200, CONTENT[first:end])
    assert first_of(client.stream(KEY, span)[1], 3) == CONTENT[first : first + 3]


def test_of_two_who_create_an_object_one_does(client: S3Client) -> None:
    assert client.create(KEY, b"first")
    assert not client.create(KEY, b"second")
    assert b"".join(client.stream(KEY)[1]) == b"first"


def test_objects_are_listed_by_prefix_and_by_folder_until_they_are_deleted(client: S3Client) -> None:
    keys = ["2025-06/a.json", "2025/a.json", "2025/b/c.json", "2025/b/d.json", "e.json"]
    for key in keys:
        client.put(key, b"{}")

    def listed(prefix: str, delimiter: str = "") -> tuple[list[str], list[str]]:
        pages = list(client.pages(prefix, delimiter))
        return (
            sorted(each.key for page in pages for each in page.objects),
            sorted(folder for page in pages for folder in page.folders),
        )

    assert listed("") == (keys, [])
    assert listed("2025/") == (keys[1:4], [])
    assert listed("2025/a") == (["2025/a.json"], [])
    assert listed("2025/", "/") == (["2025/a.json"], ["2025/b/"])
    assert listed("", "/") == (["e.json"], ["2025-06/", "2025/"])
    client.delete(keys[:1])
    client.delete(keys[1:])
    assert listed("") == ([], [])
