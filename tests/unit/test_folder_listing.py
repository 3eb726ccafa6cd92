"""Listings by folders name the objects that a plain listing does, and ask for several folders at once."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest

from roadpulse.aggregation.contract.trip_listing import Collector, TripFile
from roadpulse.aggregation.storage.s3.folder_listing import AT_ONCE, by_folders
from roadpulse.aggregation.storage.s3.listing import ObjectInfo, Page

SIZE = 10


class Bucket:
    """Keys, listed as S3 does, ten a page; counts the requests, and how many were under way at once."""

    def __init__(self, keys: list[str], meet: int = 1) -> None:
        self.keys = sorted(keys)
        self.requests: list[tuple[str, str]] = []
        self.most_at_once = self._now = 0
        self._lock = threading.Lock()
        self._meeting = threading.Barrier(meet)

    def pages(self, prefix: str, delimiter: str = "") -> Iterator[Page]:
        names = dict.fromkeys(
            prefix + key[len(prefix) :].partition("/")[0] + "/" * (key.count("/") > prefix.count("/"))
            if delimiter
            else key
            for key in self.keys
            if key.startswith(prefix)
        )
        rows = list(names)
        for start in range(0, max(len(rows), 1), SIZE):
            with self._lock:
                self.requests.append((prefix, delimiter))
                self._now += 1
                self.most_at_once = max(self.most_at_once, self._now)
            if self._meeting.parties > 1 and not delimiter and prefix.count("/") == 2:
                self._meeting.wait(5)
            with self._lock:
                self._now -= 1
            some = rows[start : start + SIZE]
            objects = [ObjectInfo("b", name, 1) for name in some if not name.endswith("/")]
            folders = [name for name in some if name.endswith("/")]
            yield Page(folders, objects, start + SIZE < len(rows), some)


def listed(bucket: Bucket, prefix: str) -> list[str]:
    return [found.key for page in by_folders(bucket.pages)(prefix) for found in page.objects]


@pytest.mark.parametrize("seed", range(20))
def test_every_object_is_named_once(seed: int) -> None:
    chance = random.Random(seed)
    folders = [
        f"t/{name}" for name in chance.sample(["", "a/", "a/b/", "c/", "d/e/", "f-/"], chance.randint(1, 6))
    ]
    keys = [f"{chance.choice(folders)}{n}.json" for n in range(chance.choice([0, 5, 11, 200]))]
    bucket = Bucket([*keys, "other/x.json", "t2/y.json"])
    assert sorted(listed(bucket, "t/")) == sorted(keys)


def test_large_folders_are_listed_at_the_same_time() -> None:
    keys = [f"t/{day:02d}/{n:03d}.json" for day in range(AT_ONCE) for n in range(3 * SIZE)]
    bucket = Bucket(keys, meet=AT_ONCE)  # none of their pages comes before all folders were asked for
    assert sorted(listed(bucket, "t/")) == keys
    assert bucket.most_at_once == AT_ONCE
    assert len(bucket.requests) == 2 + len(keys) / SIZE


def test_a_folder_that_holds_all_others_is_passed_through() -> None:
    keys = [f"t/2019/{day:02d}/{n:03d}.json" for day in range(3) for n in range(3 * SIZE)]
    bucket = Bucket(keys)
    assert sorted(listed(bucket, "t/")) == keys
    assert bucket.requests[1:3] == [("t/", "/"), ("t/2019/", "/")]


@pytest.mark.parametrize(
    "keys",
    [
        [f"t/{n:03d}.json" for n in range(55)],
        [f"t/{n // 2:03d}/{n:03d}.json" for n in range(55)],
        [f"t/{n // 30}/{n % 30}/{n:03d}.json" for n in range(9)],
    ],
)
def test_small_folders_and_flat_prefixes_take_no_more_requests(keys: list[str]) -> None:
    bucket = Bucket(keys)
    assert listed(bucket, "t/") == sorted(keys)
    assert bucket.requests == [("t/", "")] * -(-len(keys) // SIZE)


def test_an_error_of_one_folder_ends_the_listing() -> None:
    bucket = Bucket([f"t/{day:02d}/{n:03d}.json" for day in range(4) for n in range(3 * SIZE)])

    def pages(prefix: str, delimiter: str) -> Iterator[Page]:
        if prefix == "t/02/":
            raise PermissionError(prefix)
        yield from bucket.pages(prefix, delimiter)

    with pytest.raises(PermissionError, match="t/02/"):
        list(by_folders(pages)("t/"))


def test_pages_of_several_folders_become_one_sorted_listing() -> None:
    stretches = [[TripFile(f"{day}/{n:04d}.json", 1, "") for n in range(600)] for day in range(4)]
    pages = [
        stretch[start : start + size]
        for stretch in stretches
        for size in (600, 200)
        for start in range(0, 600, size)
    ]
    random.Random(3).shuffle(pages)
    collector = Collector()
    for page in pages:
        collector.add_together(page)
    assert list(collector.listing().files) == [file for stretch in stretches for file in stretch]
