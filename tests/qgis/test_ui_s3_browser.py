"""The S3 browser on a real server: what is there is counted, what is wrong is said where it is wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any, Callable

import pytest
from qgis.PyQt.QtWidgets import QMainWindow, QTreeWidgetItem

from development.s3 import REGION, S3Server
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.backends.base.bucket_probe import Sample
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.ui.profiles.form import ProfileForm
from roadpulse.ui.s3_browser.browser import S3Browser
from roadpulse.ui.s3_browser.level import MOST_FOLDERS, above
from tests.engine import trip
from tests.gui.heartbeat import Heartbeat
from tests.qgis.widgets import until

PATIENCE = 120.0


@pytest.fixture
def profile(s3_server: S3Server) -> Profile:
    """Buckets from this computer, with the keys of their owner."""
    access = S3Access(endpoint=s3_server.endpoint, region=REGION, keys_file=str(s3_server.keys_file))
    return Profile(kind="local", name="MinIO", s3=access)


@pytest.fixture
def put(s3_server: S3Server, bucket: str) -> Callable[[str, bytes], None]:
    """Puts an object into the bucket."""

    def write(key: str, content: bytes) -> None:
        path = s3_server.data / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return write


@pytest.fixture
def browse(qgis_app: Any) -> Iterator[Callable[..., S3Browser]]:
    """Opens browsers, and closes them."""
    window = QMainWindow()
    opened: list[S3Browser] = []

    def make(profile: Profile, url: str = "", **how: Any) -> S3Browser:
        browser = S3Browser(profile, url, window, **how)
        opened.append(browser)
        browser.open()
        return browser

    yield make
    for browser in opened:
        browser.reject()
    window.deleteLater()


def top(browser: S3Browser, name: str) -> QTreeWidgetItem:
    items = [browser.tree.topLevelItem(at) for at in range(browser.tree.topLevelItemCount())]
    return next(item for item in items if item.text(0) == name)


def names(item: QTreeWidgetItem) -> list[str]:
    return [item.child(at).text(0) for at in range(item.childCount())]


def counted(browser: S3Browser) -> str:
    until(lambda: browser.contents.counted is not None, PATIENCE)
    return browser.contents.numbers.text()


def test_an_address_is_opened_in_the_tree_counted_and_its_first_trip_shown(
    browse: Any,
    profile: Profile,
    bucket: str,
    put: Any,
) -> None:
    for month in ("01", "02"):
        for number in range(3):
            put(f"2019/{month}/t{number}.json", trip())
    put("2019/README.txt", b"trips of 2019")
    put("2018/t.json", trip())
    browser = browse(profile, f"s3://{bucket}/2019/")
    assert counted(browser) == f"6 trip files, {6 * len(trip()) / 1000:.0f} kB"
    assert browser.contents.note.plain == "Beside them lie 1 other file, not read"
    until(lambda: browser.tree.address() == f"s3://{bucket}/2019/", PATIENCE)
    assert names(top(browser, bucket)) == ["2018", "2019"]
    until(lambda: browser.contents.fields.rowCount() > 0, PATIENCE)
    fields = browser.contents.fields
    read = {fields.item(row, 0).text(): fields.item(row, 2).text() for row in range(fields.rowCount())}
    assert read == {"timestamp": "time", "absVelocity": "speed", "dbResponse.linkID": "link id"}
    chosen: list[str] = []
    browser.chosen.connect(chosen.append)
    browser.choose.click()
    assert chosen == [f"s3://{bucket}/2019/"]


def test_a_click_in_the_tree_writes_the_address_and_what_was_being_counted_is_given_up(
    browse: Any,
    profile: Profile,
    bucket: str,
    put: Any,
) -> None:
    for number in range(1500):
        put(f"many/t{number:05d}.json", b"{}")
    put("few/t.json", trip())
    browser = browse(profile, f"s3://{bucket}/")
    until(lambda: browser.tree.address() == f"s3://{bucket}/", PATIENCE)
    told: list[int] = []
    browser.contents.known.connect(lambda found: told.append(found.files))
    until(lambda: bool(told), PATIENCE)
    top(browser, bucket).setExpanded(True)
    until(lambda: names(top(browser, bucket)) == ["few", "many"], PATIENCE)
    browser.tree.setCurrentItem(top(browser, bucket).child(1))
    until(lambda: browser.contents.address.endswith("/many/"), PATIENCE)
    browser.tree.setCurrentItem(top(browser, bucket).child(0))
    until(lambda: len(told) > 1, PATIENCE)
    assert told == [1501, 1]
    assert browser.address.text() == f"s3://{bucket}/few/"


def test_what_is_typed_is_checked_as_it_is_typed(
    browse: Any,
    profile: Profile,
    bucket: str,
    put: Any,
) -> None:
    put("t.json", trip())
    browser = browse(profile)

    def says(text: str, words: str) -> None:
        browser.address.setText(text)
        contents = browser.contents
        until(lambda: words in f"{contents.title.text()} {contents.note.plain}", PATIENCE)

    says("/data/trips", "An address in S3 begins with s3://")
    assert not browser.choose.isEnabled()
    says("s3://", "The bucket's name is missing")
    says("s3://no-such-bucket-here/2019/", "There is no bucket 'no-such-bucket-here'")
    says(f"s3://{bucket}/2020/", "Nothing has a name that begins so")
    says(f"s3://{bucket}/t.json", "In this folder")
    assert browser.choose.isEnabled()
    assert counted(browser).startswith("1 trip file,")


def test_wrong_keys_and_a_wrong_endpoint_are_said_with_what_to_do(
    browse: Any,
    profile: Profile,
    bucket: str,
    s3_server: S3Server,
    tmp_path: Any,
) -> None:
    wrong = tmp_path / "keys"
    wrong.write_text("[default]\naws_access_key_id = NOBODY\naws_secret_access_key = nothing\n")
    wrong.chmod(0o600)
    stranger = browse(replace(profile, s3=replace(profile.s3, keys_file=str(wrong))), f"s3://{bucket}/")
    until(lambda: "key" in stranger.contents.note.plain, PATIENCE)
    assert str(wrong) in stranger.contents.note.plain
    nowhere = browse(replace(profile, s3=replace(profile.s3, endpoint="http://127.0.10.3:9")))
    until(lambda: not nowhere.banner.isHidden(), PATIENCE)
    assert "127.0.10.3:9" in nowhere.banner.words.text()
    assert nowhere.tree.topLevelItem(0).text(0) == "The buckets cannot be listed."


def test_whoever_may_read_one_bucket_alone_types_its_address(
    browse: Any,
    profile: Profile,
    bucket: str,
    put: Any,
    s3_server: S3Server,
) -> None:
    put("2019/t.json", trip())
    s3_server.add_user(bucket)
    s3_server.allow(bucket, bucket)
    browser = browse(replace(profile, s3=replace(profile.s3, keys_profile=bucket)), f"s3://{bucket}/2019")
    assert counted(browser).startswith("1 trip file,")
    until(lambda: browser.tree.address() == f"s3://{bucket}/2019/", PATIENCE)


@pytest.mark.usefixtures("own_objects")
def test_of_a_level_with_thousands_the_first_are_shown_and_the_others_found_by_how_they_begin(
    browse: Any,
    profile: Profile,
    bucket: str,
    put: Any,
) -> None:
    for number in range(MOST_FOLDERS + 30):
        put(f"d{number:05d}/t.json", b"{}")
    browser = browse(profile, f"s3://{bucket}/")
    counted(browser)  # whatever has to be imported is there
    heart, began = Heartbeat(browser), time.perf_counter()
    top(browser, bucket).setExpanded(True)
    until(lambda: top(browser, bucket).childCount() > MOST_FOLDERS, PATIENCE)
    found = names(top(browser, bucket))
    assert found[:MOST_FOLDERS] == [f"d{number:05d}" for number in range(MOST_FOLDERS)]
    assert found[MOST_FOLDERS:] == ["Only the first 1,000 are shown. Filter by how the name begins."]
    assert browser.tree.address() == f"s3://{bucket}/"
    browser.filter.setText("d0102")
    until(
        lambda: names(top(browser, bucket)) == [f"d{number:05d}" for number in range(1020, 1030)],
        PATIENCE,
    )
    assert heart.longest(began) < 100


def test_the_way_to_an_address_begins_with_its_bucket() -> None:
    assert above("s3://trips/2019/06") == ["s3://trips/", "s3://trips/2019/", "s3://trips/2019/06/"]
    assert above("s3://trips/") == ["s3://trips/"]
    assert above("s3://") == above("/data/trips") == []


@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 19, 20, 21, 12_345])
def test_a_sample_is_spread_over_all_however_many_come(n: int) -> None:
    sample = Sample(10)
    for number in range(n):
        sample.add(str(number))
    taken = [int(name) for name in sample.taken()]
    assert len(taken) <= 10
    assert len(taken) >= min(n, 5)
    assert not taken or (taken[0] == 0 and taken[-1] >= n * 0.7 - 1)
    assert len({b - a for a, b in zip(taken, taken[1:])}) <= 1


def test_a_folder_to_work_in_is_counted_or_made_later(
    browse: Any, profile: Profile, bucket: str, put: Callable[[str, bytes], None]
) -> None:
    for number in range(3):
        put(f"points/part-{number}.parquet", b"x")
    chosen: list[str] = []
    browser = browse(profile, f"s3://{bucket}/points", for_trips=False)
    browser.chosen.connect(chosen.append)
    until(lambda: browser.contents.counted is not None, PATIENCE)
    assert browser.contents.numbers.text() == "3 files"
    assert not browser.contents.fields.isVisible()
    browser.address.setText(f"s3://{bucket}/new")
    until(lambda: browser.contents.counted is not None and browser.contents.address.endswith("new"), PATIENCE)
    assert browser.contents.note.plain == "Nothing lies here yet. The first run makes the folder."
    browser.choose.click()
    assert chosen == [f"s3://{bucket}/new"]


def test_a_profile_that_is_not_complete_yet_finds_its_folders_in_the_buckets(
    qgis_app: Any, profile: Profile, bucket: str
) -> None:
    form = ProfileForm()
    form.show_values({**LOCAL.to_json(), "kind": "livy", "name": "Pis", "s3": asdict(profile.s3)})
    form.show()
    try:
        (field,) = [f for f in form._fields() if f.wanted and f.entry == "folders.runs"]
        field.button.click()
        (browser,) = form.findChildren(S3Browser)
        until(lambda: bucket in names(browser.tree.invisibleRootItem()), PATIENCE)
        browser.tree.setCurrentItem(top(browser, bucket))
        until(lambda: browser.contents.counted is not None, PATIENCE)
        browser.choose.click()
        assert form.values()["folders"]["runs"] == f"s3://{bucket}"
        assert form.edited and field.touched
    finally:
        form.forget()
        form.deleteLater()


def test_what_leads_to_the_buckets_is_put_right_before_they_are_looked_into(qgis_app: Any) -> None:
    form = ProfileForm()
    values = {**LOCAL.to_json(), "kind": "livy", "name": "Pis"}
    form.show_values({**values, "s3": {**values["s3"], "endpoint": "pi0:9000"}})
    form.show()
    try:
        (field,) = [f for f in form._fields() if f.wanted and f.entry == "folders.store"]
        field.button.click()
        assert not form.findChildren(S3Browser)
        (endpoint,) = [f for f in form._fields() if f.entry == "s3.endpoint"]
        assert endpoint.touched and "minio.example.org" in endpoint.note.plain
    finally:
        form.forget()
        form.deleteLater()
