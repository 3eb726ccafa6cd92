"""The manual's window: pages, headings, links, pictures, and the buttons that lead to it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.PyQt.QtCore import QPoint, Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QFontInfo, QImage, QTextDocument, QTextTable
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialog, QVBoxLayout

from development.package import shipped
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.ui.diagnosis.dialog import DiagnosisDialog
from roadpulse.ui.manual import page_style
from roadpulse.ui.manual import window as manual_window
from roadpulse.ui.manual.window import CONTENTS, DOCS, FORMATS, RUN, SSH, HelpButton, Manual, anchor_of
from roadpulse.ui.profiles.dialog import ProfilesDialog
from roadpulse.ui.run_dialog.footer import RunFooter
from roadpulse.workflow import locations
from tests.qgis.widgets import until

PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture
def window(qgis_app: Any) -> Iterator[Manual]:
    window = Manual()
    window.show()
    yield window
    window.deleteLater()


def first_line(window: Manual) -> str:
    """What stands at the top of what is seen, below the room above a heading."""
    return window.pages.cursorForPosition(QPoint(40, page_style._ABOVE_HEADING + 6)).block().text()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_shown_with_its_headings(window: Manual, page: str) -> None:
    window.go_to(page)
    text = (DOCS / page).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert window.pages.document().begin().text() == headings[0]
    for heading in headings:
        found = window.pages.heading(anchor_of(heading))
        assert found is not None and found.text() == heading


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_to_a_heading_or_picture_that_is_shipped(window: Manual, page: str) -> None:
    files = {str(path) for path in shipped()}
    for link in LINK.findall((DOCS / page).read_text(encoding="utf-8")):
        if "://" in link:
            continue
        window.go_to(page)
        url = window.pages.source().resolved(QUrl(link))
        assert Path(url.toLocalFile()).relative_to(DOCS.parent).as_posix() in files, link
        if url.hasFragment():
            window.pages.follow(QUrl(link))
            assert window.pages.source() == url
            assert window.pages.heading(url.fragment()) is not None, link


def test_a_heading_is_scrolled_to_and_the_way_back_is_kept(window: Manual) -> None:
    window.go_to(RUN)
    window.pages.follow(QUrl("../reference/formats.md#trip-files"))
    until(lambda: first_line(window) == "Trip files")
    assert Path(window.pages.source().toLocalFile()).resolve() == (DOCS / FORMATS).resolve()
    window.pages.follow(QUrl("#the-result"))
    until(lambda: first_line(window) == "The result")
    window.pages.backward()
    until(lambda: first_line(window) == "Trip files")
    window.pages.backward()
    assert Path(window.pages.source().toLocalFile()) == DOCS / RUN


def test_links_into_the_web_are_the_web_browsers(window: Manual, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(url.toString()))
    window.go_to(CONTENTS)
    window.pages.follow(QUrl("https://spark.apache.org/docs"))
    assert asked == ["https://spark.apache.org/docs"]
    assert Path(window.pages.source().toLocalFile()) == DOCS / CONTENTS


PICTURES = [
    (page, link)
    for page in PAGES
    for link in LINK.findall((DOCS / page).read_text(encoding="utf-8"))
    if link.endswith((".png", ".svg"))
]


@pytest.mark.parametrize(("page", "link"), PICTURES)
def test_pictures_are_as_wide_as_the_page_at_most(window: Manual, page: str, link: str) -> None:
    window.go_to(page)
    shown = window.pages.loadResource(QTextDocument.ResourceType.ImageResource, QUrl(link))
    real = QImage(str((DOCS / page).parent / link))
    assert 300 < shown.width() == min(real.width(), manual_window._WIDEST_PICTURE)
    assert shown.width() / shown.height() == pytest.approx(real.width() / real.height(), rel=0.02)


def test_f1_opens_the_manual_beside_the_window(qgis_app: Any) -> None:
    window = QDialog()
    button = HelpButton(SSH, "the-hosts-key")
    QVBoxLayout(window).addWidget(button)
    window.show()
    window.activateWindow()
    until(window.isActiveWindow)
    QTest.keyClick(button, Qt.Key.Key_F1)
    until(lambda: button.manual is not None and button.manual.isVisible())
    assert button.manual is not None and button.manual.parentWidget() is window
    until(lambda: first_line(button.manual) == "The host's key")
    opened = button.manual
    opened.close()
    button.click()
    assert button.manual is opened and opened.isVisible()
    window.deleteLater()


def test_every_help_button_leads_to_a_heading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: Manual
) -> None:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    windows = [
        RunFooter(),
        ProfilesDialog(locations.profile_store()),
        DiagnosisDialog(Profile(kind="local", name="here"), ""),
    ]
    for each in windows:
        (button,) = each.findChildren(HelpButton)
        window.go_to(button.page)
        assert window.pages.heading(button.anchor) is not None, button.anchor
        each.deleteLater()


def test_every_call_of_a_help_button_names_a_heading(window: Manual) -> None:
    calls = [
        call
        for path in sorted((DOCS.parent / "ui").rglob("*.py"))
        for call in re.findall(r'HelpButton\((\w+), "([^"]+)"\)', path.read_text(encoding="utf-8"))
    ]
    for page, anchor in calls:
        window.go_to(getattr(manual_window, page))
        assert window.pages.heading(anchor) is not None, (page, anchor)
    assert len(calls) >= 5


@pytest.mark.parametrize("page", PAGES)
def test_tables_are_no_wider_than_the_page(window: Manual, page: str) -> None:
    window.go_to(page)
    until(lambda: window.pages.document().size().height() > 0)
    assert window.pages.horizontalScrollBar().maximum() == 0
    tables = [f for f in window.pages.document().rootFrame().childFrames() if isinstance(f, QTextTable)]
    assert all(table.format().borderCollapse() for table in tables)


def test_code_has_a_fixed_font_and_other_words_have_not(window: Manual) -> None:
    window.go_to("tutorial.md")
    fixed = {}
    for block in page_style.blocks(window.pages.document()):
        part = block.begin()
        while not part.atEnd():
            fragment = part.fragment()
            fixed[fragment.text()] = QFontInfo(fragment.charFormat().font()).fixedPitch()
            part += 1
    assert fixed["qgis_process plugins enable roadpulse"] and fixed["city/trips"]
    assert not fixed["Tutorial: from trips to a film"] and not fixed["small"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_laid_out_within_a_tenth_of_a_second(window: Manual, page: str) -> None:
    before = time.process_time()
    window.go_to(page)
    window.pages.document().size()
    assert time.process_time() - before < 0.1
