"""The pytest fixtures `s3_server` (one for the whole session) and `bucket` (an empty one for each test).

from development.pytest_s3 import bucket, s3_server  # noqa: F401
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator

import pytest

from .installed import BUILD, Unavailable, left_behind
from .s3 import S3Server, versitygw

_PREFIX = "s3-test-"


def _clean_up() -> None:
    """End the servers of test sessions that were killed."""
    for folder in left_behind(_PREFIX):
        S3Server(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A running S3 server that writes down its requests."""
    try:
        versitygw()
    except Unavailable as error:
        pytest.skip(str(error))
    with contextlib.suppress(OSError):
        _clean_up()
    folder = BUILD / f"{_PREFIX}{os.getpid()}"
    try:
        with S3Server(folder, access_log=True) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bucket(s3_server: S3Server) -> Iterator[str]:
    """The name of an empty bucket of this test's own; it goes with the test."""
    name = s3_server.make_bucket(f"test-{uuid.uuid4().hex[:12]}")
    yield name
    shutil.rmtree(s3_server.data / name, ignore_errors=True)
