"""Servers of S3 without end: listings that begin again, bodies that never stop, ranges overlooked."""

from __future__ import annotations

import contextlib
import io
import itertools
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.storage.s3 import signed_requests
from roadpulse.aggregation.storage.s3.client import client_of
from roadpulse.aggregation.storage.s3.errors import S3Refused
from roadpulse.aggregation.storage.s3.signed_client import SignedClient
from roadpulse.aggregation.storage.s3.signed_requests import RequestFailed, SignedRequests
from roadpulse.cluster_client.s3 import boto_client, listing

ACCESS = S3Access(endpoint="http://127.0.0.1:9", anonymous=True)


class Circle:
    """A server whose pages lead to each other: a, b, a, b, …"""

    where, client = "the server", None

    def __init__(self) -> None:
        self.client, self.n = self, 0

    def token(self) -> str:
        self.n += 1
        return "ab"[self.n % 2]

    def ask(self, key: str, query: Any) -> Any:
        return io.BytesIO()

    def answer(self, asked: Any) -> signed_requests.Answer:
        body = f"<ListBucketResult><NextContinuationToken>{self.token()}</NextContinuationToken>"
        return signed_requests.Answer({}, body.encode(), 0)

    def asked(self, *_: str) -> Any:
        return contextlib.nullcontext()

    def expect(self, *_: Any) -> None:
        pass

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        return {"IsTruncated": True, "NextContinuationToken": self.token()}


def requests_to(url: str) -> SignedRequests:
    return SignedRequests(S3Access(endpoint=url, anonymous=True), "b", lambda: ("", "", ""))


def test_a_listing_that_begins_again_is_refused() -> None:
    with pytest.raises(S3Refused, match="has no end"):
        list(listing.objects(Circle(), "s3://trips"))  # type: ignore[arg-type]
    with pytest.raises(S3Refused, match="has no end"):
        list(SignedClient(ACCESS, "trips", Circle()).pages(""))  # type: ignore[arg-type]


@contextlib.contextmanager
def answering(answer: Callable[[bytes], Iterable[bytes]]) -> Iterator[str]:
    """A server that sends pieces for each request, as long as somebody reads them; then closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = server.accept()
                    threading.Thread(target=serve_one, args=(near,), daemon=True).start()

        def serve_one(near: socket.socket) -> None:
            with near, contextlib.suppress(OSError):
                for piece in answer(near.recv(1 << 16)):
                    near.sendall(piece)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def endless(head: bytes, limit: int) -> contextlib.AbstractContextManager[str]:
    """A server that sends `head` and then bytes, at most `limit`."""
    return answering(lambda _request: itertools.chain([head], itertools.repeat(bytes(1 << 16), limit >> 16)))


def test_a_body_without_an_end_is_read_no_further_than_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_requests, "_RETRIES", 0)
    monkeypatch.setattr(signed_requests, "LONGEST_ANSWER", 1 << 20)
    head = b"HTTP/1.1 200 OK\r\nLast-Modified: Tue, 10 Jun 2025 08:00:00 GMT\r\n\r\n"
    with endless(head, 64 << 20) as url:
        requests = requests_to(url)
        with pytest.raises(RequestFailed, match="without an end"):
            requests.get("", {"list-type": "2"})
        answer = requests.get("a.json", size=100)
        assert (answer.body, answer.length) == (b"", 101)


def test_a_body_that_is_cut_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_requests, "_RETRIES", 0)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"
    with endless(head, 1 << 16) as url:
        requests = requests_to(url)
        with pytest.raises(RequestFailed, match="IncompleteRead"):
            requests.get("", {"list-type": "2"})


NO_SUCH_KEY = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


@pytest.mark.parametrize("size", [0, 1, len(NO_SUCH_KEY) - 1, len(NO_SUCH_KEY), 1 << 20])
def test_what_an_error_says_is_read_however_small_the_object_was(size: int) -> None:
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(NO_SUCH_KEY)
    with endless(head + NO_SUCH_KEY, 0) as url:
        client = client_of(S3Access(endpoint=url, anonymous=True), "b")
        with pytest.raises(FileNotFoundError):
            client.get("a.json", size)


@pytest.mark.parametrize("size", [None, 1])
def test_an_error_without_an_end_is_read_no_further_than_it_may_be(
    size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_requests, "_RETRIES", 0)
    head = b"HTTP/1.1 403 Forbidden\r\n\r\n<Error><Code>AccessDenied</Code>"
    with endless(head, 64 << 20) as url:
        requests = requests_to(url)
        with pytest.raises(RequestFailed, match="status code: 403: <Error><Code>AccessDenied"):
            requests.get("a.json", size=size)


def test_of_an_object_that_is_sent_whole_the_last_bytes_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert boto_client._last(io.BytesIO(b"0123456789"), 3, "s3://b/log.txt") == b"789"
    monkeypatch.setattr(boto_client, "_LONGEST_WHOLE", 4)
    with pytest.raises(S3Refused, match="has no end"):
        boto_client._last(io.BytesIO(b"0123456789"), 3, "s3://b/log.txt")
