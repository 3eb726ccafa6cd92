"""Servers of S3 that lie about lengths, ranges and listings, where obstore asks: what it lets through."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from roadpulse.aggregation.contract.errors import RunError, StorageError
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.storage.s3 import base_client, parquet
from roadpulse.aggregation.storage.s3 import client as s3_client
from roadpulse.aggregation.storage.s3.base_client import S3Client
from roadpulse.aggregation.storage.s3.errors import S3Error
from roadpulse.aggregation.storage.s3.listing import named
from roadpulse.aggregation.storage.s3.obstore_client import ObstoreClient
from roadpulse.aggregation.storage.s3.path import S3Path
from roadpulse.aggregation.storage.s3.signed_client import SignedClient
from roadpulse.aggregation.store.rows import POINTS, Reading, write_rows
from tests.unit.test_s3_bounds import answering, requests_to

MODIFIED = b"Last-Modified: Tue, 10 Jun 2025 08:00:00 GMT\r\nConnection: close\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\n" + MODIFIED
SPAN = b"HTTP/1.1 206 Partial Content\r\n" + MODIFIED
Server = Callable[[bytes], Iterable[bytes]]


@pytest.fixture
def without_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an instance's role signs, or the way leads through a proxy."""
    monkeypatch.setattr(s3_client, "client_of", ObstoreClient)


def path_at(url: str, key: str = "a") -> S3Path:
    return S3Path.of(f"s3://b/{key}", S3Access(endpoint=url, anonymous=True))


# -- listings -----------------------------------------------------------------------------------------


def page(keys: Iterable[str], token: str = "", truncated: bool = True, about: str = "") -> bytes:
    """An answer with objects, or whatever `about` says of each in place of size and time."""
    about = about or "<Size>1</Size><LastModified>2025-06-10T08:00:00.000Z</LastModified>"
    body = "".join(
        f"<Contents><Key>{key}</Key>{about}</Contents>"
        f"<CommonPrefixes><Prefix>{key}/</Prefix></CommonPrefixes>"
        for key in keys
    )
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    text = (
        f"<ListBucketResult><Name>b</Name><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>"
        f"<IsTruncated>{str(truncated).lower()}</IsTruncated>{body}{more}</ListBucketResult>"
    ).encode("latin-1")
    return WHOLE + b"Content-Length: %d\r\n\r\n" % len(text) + text


def lasso(begin: int, length: int, folder: str = "a/") -> Server:
    """A listing that after `begin` pages goes round and round over `length` pages of 900 objects."""

    def answer(request: bytes) -> list[bytes]:
        found = re.search(rb"continuation-token=(\d+)", request)
        n = int(found[1]) if found else 0
        following = n + 1 if n + 1 < begin + length else begin
        return [page((f"{folder}{n:03d}-{m:03d}" for m in range(900)), str(following))]

    return answer


@pytest.mark.parametrize(("begin", "length"), [(0, 1), (1, 1), (0, 2), (5, 3), (2, 11)])
@pytest.mark.usefixtures("without_plain")
def test_a_listing_of_obstore_that_begins_again_is_refused(begin: int, length: int) -> None:
    with answering(lasso(begin, length)) as url:
        seen = 0
        with pytest.raises(StorageError, match="has no end"):
            for _ in path_at(url).objects():
                seen += 1
        assert 900 * (begin + length) - 1000 <= seen <= 900 * 8 * (begin + length) + 4000


@pytest.mark.usefixtures("without_plain")
def test_a_long_listing_of_obstore_is_read_to_its_end() -> None:
    with answering(lambda request: served(request, 9)) as url:
        assert len({path.key for path, _ in path_at(url).objects()}) == 9 * 900


def served(request: bytes, n_pages: int) -> list[bytes]:
    found = re.search(rb"continuation-token=(\d+)", request)
    n = int(found[1]) if found else 0
    more = n + 1 < n_pages
    return [page((f"a/{n:03d}-{m:03d}" for m in range(900)), str(n + 1) if more else "", more)]


def test_objects_and_folders_of_a_listing_that_begins_again_are_refused() -> None:
    with answering(lasso(2, 3)) as url:
        with pytest.raises(StorageError, match="has no end"):
            list(path_at(url).objects())
        with pytest.raises(StorageError, match="has no end"):
            path_at(url).folder_names()


@pytest.mark.usefixtures("without_plain")
@pytest.mark.parametrize("below", ["a", "a/x", "a/y"])
def test_folders_of_a_listing_of_obstore_that_begins_again_are_refused(below: str) -> None:
    with answering(lasso(2, 3, "a/x/")) as url, pytest.raises(StorageError, match="has no end"):
        path_at(url, below).folder_names()


@pytest.mark.parametrize("client", [ObstoreClient, SignedClient])
def test_a_listing_with_ever_new_names_ends(client: type[S3Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_client, "MOST_NAMES", 10_000)
    seen = 0
    with answering(lambda request: served(request, 10**9)) as url, pytest.raises(S3Error, match="10,000"):
        access = S3Access(endpoint=url, anonymous=True)
        more = (requests_to(url),) if client is SignedClient else ()
        for each in client(access, "b", *more).pages("a/"):  # type: ignore[call-arg]
            seen += len(each.objects)
    assert 9000 <= seen <= 10_000


@pytest.mark.usefixtures("without_plain")
def test_of_a_listing_of_obstore_the_names_right_below_are_taken() -> None:
    keys = ["a/1", "a/x &amp; y/2", "a/z/3/4", "a/z/5"]
    with answering(lambda _: [page(keys, truncated=False)]) as url:
        assert path_at(url).folder_names() == ["x & y", "z"]
        (found,) = ObstoreClient(path_at(url).access, "b").pages("a/", "/")
    assert (found.folders, [each.key for each in found.objects]) == (["a/x & y/", "a/z/"], ["a/1"])


@pytest.mark.usefixtures("without_plain")
def test_a_page_without_what_is_wanted_is_no_first_page() -> None:
    pages = [page((f"a/{n:04d}" for n in range(1000)), "1"), page(["a/x.json"], truncated=False)]
    with answering(lambda request: [pages[b"continuation-token" in request]]) as url:
        client = ObstoreClient(path_at(url).access, "b")
        (found,) = named("a/x.json", client.pages)
    assert ([each.key for each in found.objects], found.single) == (["a/x.json"], True)


def test_a_listing_of_empty_pages_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_client, "MOST_NAMES", 10_000)
    tokens = itertools.count(1)
    with answering(lambda _: [page([], str(next(tokens)))]) as url, pytest.raises(S3Error, match="10,000"):
        list(SignedClient(path_at(url).access, "b", requests_to(url)).pages("a/"))


def test_a_listing_that_does_not_say_where_it_goes_on_is_not_taken_for_whole() -> None:
    with answering(lambda _: [page(["a/1"])]) as url, pytest.raises(StorageError, match="has no end"):
        list(path_at(url).objects())


@pytest.mark.parametrize(
    "about",
    [
        "<Size>1</Size>",
        "<LastModified>2025-06-10T08:00:00Z</LastModified>",
        "<Size>-1</Size><LastModified>2025-06-10T08:00:00Z</LastModified>",
        "<Size>many</Size><LastModified>2025-06-10T08:00:00Z</LastModified>",
        f"<Size>{'9' * 5000}x</Size><LastModified>2025-06-10T08:00:00Z</LastModified>",
        "<Size>1</Size><LastModified>2025-06-10</LastModified>",
        "<Size>1</Size><LastModified>yesterday</LastModified>",
        "<Size>1</Size><LastModified>2025-06-10T08:00:00Z</LastModified><ETag>\xff</ETag>",
    ],
)
def test_what_is_no_listing_is_named(about: str) -> None:
    answer = [page(["a/1"], truncated=False, about=about)]
    with answering(lambda _: answer) as url, pytest.raises(StorageError, match="not S3's"):
        list(path_at(url).objects())


def test_the_time_for_a_page_grows_as_its_objects() -> None:
    def seconds(n: int) -> float:
        answer = [page((f"a/{m}" for m in range(n)), truncated=False)]
        took = []
        with answering(lambda _: answer) as url:
            for _ in range(3):
                began = time.thread_time()
                assert len(list(path_at(url).objects())) == n
                took.append(time.thread_time() - began)
        return min(took)

    assert seconds(16_000) < 48 * seconds(1000)  # 16 times, and 256 times where each is looked for in all


def test_folders_are_listed_by_their_names() -> None:
    asked: list[bytes] = []

    def answer(request: bytes) -> list[bytes]:
        asked.append(request)
        last = b"continuation-token" in request
        return [page(["a/x &amp; y", "a/b"] if last else ["a/z"], "1", not last)]

    with answering(answer) as url:
        assert path_at(url).folder_names() == ["b", "x & y", "z"]
    assert all(b"prefix=a%2F" in each and b"delimiter=%2F" in each for each in asked)


# -- bodies -------------------------------------------------------------------------------------------


class Lengths:
    """A server that says that an object has `said` bytes and sends others, of which it counts those taken."""

    def __init__(self, said: int, sent: int) -> None:
        self.said, self.sent, self.taken = said, sent, 0

    def __call__(self, request: bytes) -> Iterator[bytes]:
        yield WHOLE + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % self.said
        for start in range(0, self.sent, 1 << 16):
            block = bytes(min(1 << 16, self.sent - start))
            yield b"%x\r\n%s\r\n" % (len(block), block)
            self.taken += len(block)
        yield b"0\r\n\r\n"


READERS: dict[str, Callable[[S3Path, Path], object]] = {
    "get": lambda path, _: ObstoreClient(path.access, path.bucket).get(path.key, 1000),
    "fetch": lambda path, copy: ObstoreClient(path.access, path.bucket).fetch(path.key, 1000, copy),
    "at_hand": lambda path, _: path.at_hand().__enter__(),
    "read_bytes": lambda path, _: path.read_bytes(),
}


@pytest.mark.parametrize("sent", [0, 999, 1001, 256 << 20])
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.usefixtures("without_plain")
def test_more_or_fewer_bytes_than_the_server_says_are_refused(reader: str, sent: int, tmp_path: Path) -> None:
    server = Lengths(1000, sent)
    with answering(server) as url, pytest.raises(StorageError, match="not S3's"):
        READERS[reader](path_at(url), tmp_path / "copy")
    assert server.taken < 64 << 20


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.usefixtures("without_plain")
def test_as_many_bytes_as_the_server_says_are_read(reader: str, tmp_path: Path) -> None:
    with answering(Lengths(1000, 1000)) as url:
        READERS[reader](path_at(url), tmp_path / "copy")


def test_the_first_bytes_of_an_object_are_read_no_further() -> None:
    server = Lengths(256 << 20, 256 << 20)
    with answering(server) as url:
        assert path_at(url).read_first(1000) == bytes(1000)
    assert server.taken < 64 << 20


# -- parts --------------------------------------------------------------------------------------------

ROWS = 200_000


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made(tmp_path_factory.mktemp("parts") / "part.parquet", 0)


def made(path: Path, first_link: int) -> bytes:
    """A part with four row groups: 50 rows for each bucket of 4000."""
    write_rows(
        path,
        {
            "bucket": np.repeat(np.arange(4000, dtype=np.int16), ROWS // 4000),
            "link_id": np.arange(first_link, first_link + ROWS, dtype=np.int64),
            "time": np.zeros(ROWS, dtype=np.int64),
            "speed": np.random.default_rng(1).random(ROWS),
            "file": np.zeros(ROWS, dtype=np.int32),
        },
    )
    return path.read_bytes()


class PartServer:
    """A server of one object; what it says of its bytes and what it sends for a span may be set."""

    def __init__(self, content: bytes, e_tag: bytes = b"1") -> None:
        self.content, self.e_tag, self.requests = content, e_tag, 0
        self.body: Callable[[bytes], bytes] = lambda span: span
        self.said: Callable[[int], int] = lambda length: length
        self.chunked = self.overlooks = False
        self.size = len(content)

    def __call__(self, request: bytes) -> list[bytes]:
        self.requests += 1
        found = re.search(rb"range: *bytes=(\d*)-(\d*)", request, re.IGNORECASE)
        assert found
        if self.overlooks:
            return [WHOLE + b"Content-Length: %d\r\n\r\n" % len(self.content), self.content]
        first = int(found[1]) if found[1] else max(self.size - int(found[2]), 0)
        end = min(int(found[2]) + 1, self.size) if found[1] else self.size
        if first >= end:
            return [b"HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]
        shift = len(self.content) - self.size
        span = self.body(self.content[max(first + shift, 0) : end + shift])
        head = SPAN + b'ETag: "%s"\r\n' % self.e_tag
        head += b"Content-Range: bytes %d-%d/%d\r\n" % (first, end - 1, self.size)
        head += b"Content-Length: %d\r\n" % self.said(len(span))
        if self.chunked:
            head += b"Transfer-Encoding: chunked\r\n"
            span = b"%x\r\n%s\r\n0\r\n\r\n" % (len(span), span)
        return [head + b"\r\n", span]


def links(path: S3Path, first: int = 1000, end: int = 1100) -> list[int]:
    with parquet.rows_at_hand([path], first, end) as files:
        pieces = Reading(POINTS, ("link_id",), first, end).rows(files)
        return [int(n) for piece in pieces for n in piece["link_id"]]


EXPECTED = list(range(1000 * ROWS // 4000, 1100 * ROWS // 4000))


def test_of_a_part_the_rows_of_some_buckets_are_read(content: bytes) -> None:
    server = PartServer(content)
    with answering(server) as url:
        assert links(path_at(url)) == EXPECTED
        assert links(path_at(url)) == EXPECTED
    assert server.requests == 3


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize(
    ("body", "chunked"),
    [
        (lambda span: span + bytes(8 << 20), True),
        (lambda span: span[:-1], True),
        (lambda span: span[:-1], False),
        (lambda span: span + b"x", False),
        (lambda span: b"", True),
    ],
)
def test_spans_of_other_lengths_are_refused(
    n: int, body: Callable[[bytes], bytes], chunked: bool, content: bytes
) -> None:
    server = PartServer(content)

    def change(span: bytes) -> bytes:
        return body(span) if server.requests == n else span

    server.body, server.chunked = change, chunked
    with answering(server) as url, pytest.raises(StorageError, match="not S3's"):
        links(path_at(url))


def test_a_server_that_overlooks_spans_is_refused(content: bytes) -> None:
    server = PartServer(content)
    server.overlooks = True
    with answering(server) as url, pytest.raises(StorageError, match="not S3's"):
        links(path_at(url))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda whole: b"", "is shorter"),
        (lambda whole: b"PAR1", "is no Parquet file"),
        (lambda whole: b"PAR1\x00\x00\x00\x00PAR1", "is no Parquet file"),
        (lambda whole: whole[:-1], "is no Parquet file"),
        (lambda whole: whole[:-4] + b"PARE", "is no Parquet file"),
        (lambda whole: whole[:-8] + b"\xff\xff\xff\xffPAR1", "has no end"),
        (lambda whole: whole[:-8] + len(whole).to_bytes(4, "little") + b"PAR1", "has no end"),
        (lambda whole: b"PAR1" + whole[len(whole) // 2 :], "has rows where there can be none"),
    ],
)
def test_damaged_ends_of_parts_are_named(
    change: Callable[[bytes], bytes], message: str, content: bytes
) -> None:
    told = rf"point store is damaged: s3://b/a {message}"
    with answering(PartServer(change(content))) as url, pytest.raises(RunError, match=told):
        links(path_at(url))


def test_a_part_of_a_length_that_cannot_be_is_refused(content: bytes) -> None:
    server = PartServer(content)
    server.size = (1 << 63) - 1
    with answering(server) as url, pytest.raises(RunError, match="is no Parquet file"):
        links(path_at(url))


def test_a_long_footer_is_fetched_as_a_whole(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_TAIL", 64)
    server = PartServer(content)
    with answering(server) as url:
        assert links(path_at(url)) == EXPECTED
    assert server.requests == 3


def test_a_part_that_is_another_one_under_its_name_is_read_anew(content: bytes, tmp_path: Path) -> None:
    server = PartServer(content)
    with answering(server) as url:
        assert links(path_at(url)) == EXPECTED
        server.content, server.e_tag = made(tmp_path / "other.parquet", 10**6), b"2"
        server.size = len(server.content)
        assert links(path_at(url)) == [10**6 + n for n in EXPECTED]


def test_a_part_that_never_stays_the_same_is_refused(content: bytes) -> None:
    server, tags = PartServer(content), itertools.count()
    server.body = lambda span: setattr(server, "e_tag", b"%d" % next(tags)) or span  # type: ignore[func-returns-value]
    with answering(server) as url, pytest.raises(RunError, match="changes while it is read"):
        links(path_at(url))


def test_parts_of_the_same_name_at_two_services_are_two(content: bytes, tmp_path: Path) -> None:
    other = made(tmp_path / "other.parquet", 10**6)
    with answering(PartServer(content)) as near, answering(PartServer(other)) as far:
        assert links(path_at(near)) == EXPECTED
        assert links(path_at(far)) == [10**6 + n for n in EXPECTED]
        assert links(path_at(near)) == EXPECTED
