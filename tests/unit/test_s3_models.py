"""What boto3 keeps of S3 in this process, and Python's garbage collector while pages of a bucket are read."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.collector import paused
from roadpulse.cluster_client.s3.client import S3Connection, connect


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def connection(region: str = "us-east-1", endpoint: str = "") -> S3Connection:
    return connect(S3Access(endpoint=endpoint, region=region, anonymous=True))


def objects_of_connections(n: int) -> int:
    """How many objects the collector goes through for so many more connections."""
    connection().close()
    gc.collect()
    before = len(gc.get_objects())
    kept = [connection() for _ in range(n)]
    gc.collect()
    found = len(gc.get_objects()) - before
    for each in kept:
        each.close()
    return found


def test_one_more_connection_gives_the_collector_little_to_do() -> None:
    assert objects_of_connections(2) < 2 * 8_000


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "s3.amazonaws.com"),
        ("eu-west-2", "s3.eu-west-2.amazonaws.com"),
        ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"),
    ],
)
def test_addresses_of_every_region_are_known(region: str, host: str) -> None:
    assert connection(region).client.meta.endpoint_url == f"https://{host}"


def test_who_gives_keys_of_a_role_is_known() -> None:
    import boto3
    import botocore.session

    from roadpulse.cluster_client.s3.models import reuse_files

    core = botocore.session.Session()
    reuse_files(core)
    session = boto3.session.Session(botocore_session=core, region_name="eu-west-2")
    assert session.client("sts").meta.endpoint_url == "https://sts.eu-west-2.amazonaws.com"
    assert session.client("sso").meta.endpoint_url == "https://portal.sso.eu-west-2.amazonaws.com"


def test_the_collector_rests_while_pages_are_read_and_goes_on_after_the_last() -> None:
    other, done = threading.Event(), threading.Event()

    def reads() -> None:
        with paused():
            other.set()
            done.wait(10)

    thread = threading.Thread(target=reads)
    with paused():
        thread.start()
        assert other.wait(10)
        assert not gc.isenabled()
    assert not gc.isenabled()
    done.set()
    thread.join()
    assert gc.isenabled()


def test_a_fault_while_a_page_is_read_lets_the_collector_go_on() -> None:
    with pytest.raises(OSError, match="cut"), paused():
        raise OSError("cut")
    assert gc.isenabled()


def test_a_collector_that_somebody_switched_off_stays_off() -> None:
    gc.disable()
    with paused():
        pass
    assert not gc.isenabled()
