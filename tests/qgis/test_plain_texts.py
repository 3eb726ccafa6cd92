"""Words of files and servers on widgets: shown letter by letter, nothing of them is loaded or pressed."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from qgis.core import Qgis, QgsApplication
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel, QMessageBox, QTextBrowser, QTextEdit, QWidget

from roadpulse.aggregation.contract.errors import RunError
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.contract.visible_text import VisibleFormatter, untagged, visible
from roadpulse.cluster_client.profiles.profile import LOCAL
from roadpulse.cluster_client.runs.records import Run
from roadpulse.ui.background import qgis_log
from roadpulse.ui.background.tasks import CallTask
from roadpulse.ui.runs.catalogue import RunEntry
from roadpulse.ui.runs_dock import deletion
from roadpulse.ui.runs_dock.model import RunsModel
from roadpulse.ui.runs_dock.row import Column, Row
from roadpulse.ui.widgets.banner import Banner
from roadpulse.ui.widgets.messages import show_error, show_message
from roadpulse.ui.widgets.notes import Note
from roadpulse.ui.widgets.plain_text import Link, LinkLabel, PlainLabel, Wrapped, message_box, one_line, tip

HOSTILE = 'June <img src="http://127.0.0.1:9/a.png"> <a href="file:///etc">press</a> & \x1b[31m\u202etxt.exe'
SHOWN = 'June <img src="http://127.0.0.1:9/a.png"> <a href="file:///etc">press</a> & \\x1b[31m\\u202etxt.exe'


def shown_in(label: QLabel) -> str:
    """What a person reads: the text, of HTML what comes out of it."""
    text = label.text()
    rich = label.textFormat() == Qt.TextFormat.RichText or (
        label.textFormat() == Qt.TextFormat.AutoText and Qt.mightBeRichText(text)
    )
    return plain_of(text) if rich else text


def plain_of(html: str) -> str:
    page = QTextEdit()
    page.setHtml(html)
    assert "\ufffc" not in page.toPlainText(), "a picture"
    return page.toPlainText()


def test_a_long_word_does_not_widen_the_window() -> None:
    note = Note()
    note.show_warning(f"The folder '/data/{'x' * 300}' does not exist.")
    assert note.minimumSizeHint().width() < 680  # room in the Run dialog
    assert note.plain.count("x" * 300) == 1
    note.show_warning("The folder '/data/2019' does not exist.")
    assert note.text().count("\u200b") == 0


@pytest.mark.parametrize("rich", [False, True])
def test_labels_show_the_letters(rich: bool) -> None:
    label = LinkLabel() if rich else PlainLabel()
    if isinstance(label, LinkLabel):
        label.show_parts([HOSTILE, Link("more", "More")])
        assert shown_in(label) == f"{SHOWN}More"
        assert label.text().count("<a ") == 1
    else:
        label.setText(HOSTILE)
        assert shown_in(label) == SHOWN


def test_notes_and_banners_show_the_letters() -> None:
    note, banner = Note(), Banner()
    note.show_warning(HOSTILE, "Mend it", "mend")
    assert shown_in(note) == f"{SHOWN} Mend it"
    banner.show_error(RunError(HOSTILE))
    assert shown_in(banner.words) == SHOWN


def test_the_message_bar_shows_the_letters() -> None:
    window = QWidget()
    bar = QgsMessageBar(window)
    show_error(bar, RunError(HOSTILE))
    show_message(bar, HOSTILE, Qgis.MessageLevel.Info)
    pages = bar.findChildren(QTextBrowser)
    assert len(pages) == 2
    for page in pages:
        assert page.toPlainText().endswith(SHOWN)
        assert "\ufffc" not in page.toPlainText()


def test_tool_tips_show_the_letters() -> None:
    assert Qt.mightBeRichText(HOSTILE)
    assert plain_of(tip(HOSTILE)) == SHOWN
    assert tip("8 < 9 & more\nthan") == "<span>8 &lt; 9 &amp; more<br>than</span>"
    assert tip("Tom & Jerry\nrun") == "Tom & Jerry\nrun"


def test_a_long_line_of_a_tool_tip_is_wrapped() -> None:
    """Qt wraps rich text alone; a server's sentence would leave the screen."""
    sentence = "The server says: " + "no room " * 40
    assert Qt.mightBeRichText(tip(sentence))
    assert plain_of(tip(sentence)) == sentence
    assert tip("\n".join(["short"] * 40)) == "\n".join(["short"] * 40)


@pytest.mark.parametrize("text", ["n" * 400, "/data/" + "trips/" * 70, "no room " * 50, "<" * 300])
def test_no_tool_tip_is_wider_than_a_screen(text: str) -> None:
    shown = QLabel(tip(text))
    shown.setWordWrap(Qt.mightBeRichText(shown.text()))  # as Qt's own label does
    assert shown.sizeHint().width() < 1000
    assert plain_of(shown.text()).replace("\u200b", "") == text


def test_what_has_one_line_gets_its_text_in_one() -> None:
    run = Run.new("two\r\nlines", LOCAL, RunSpec(trips="/t", store="/s"), folder="/r")
    run = replace(run, state=RunState.FAILED, message="a\n b")
    model = RunsModel()
    model.show_entries([RunEntry(run.id, run, written=datetime.now(timezone.utc))])
    assert model.data(model.index(0, Column.NAME)) == "two lines"
    assert model.data(model.index(0, Column.REMARK)) == "a b"
    window = QWidget()
    bar = QgsMessageBar(window)
    show_error(bar, RunError("no room\r\nleft"))
    show_message(bar, "no room\nleft", Qgis.MessageLevel.Info)
    for page in bar.findChildren(QTextBrowser):
        assert page.toPlainText().endswith("no room left")


def test_a_text_of_blanks_takes_no_longer_than_others() -> None:
    began = time.process_time()
    assert one_line(f"a{' ' * 200_000}b\n\n c") == f"a{' ' * 200_000}b c"
    assert time.process_time() - began < 1


def test_a_line_break_of_windows_is_a_line_break() -> None:
    assert visible("a\r\nb\rc") == "a\nb\\rc"


def test_a_long_word_makes_no_title_wider() -> None:
    title = Wrapped()
    title.setText("n" * 400)
    assert title.minimumSizeHint().width() < 100


def test_questions_show_the_letters() -> None:
    window = QWidget()
    box = message_box(QMessageBox.Icon.Question, "Roadpulse", HOSTILE, HOSTILE, window)
    labels = [label for label in box.findChildren(QLabel) if label.text()]
    assert [shown_in(label) for label in labels] == [SHOWN, SHOWN]


def test_a_folder_in_a_question_is_copied_as_it_is() -> None:
    folder = "/data/" + "run" * 100
    window = QWidget()
    assert (
        message_box(QMessageBox.Icon.Question, "Roadpulse", "?", folder, window).informativeText() == folder
    )


def test_the_list_of_runs_shows_the_letters() -> None:
    run = replace(Run.new(HOSTILE, LOCAL, RunSpec(trips="/t", store="/s"), folder="/r"), message=HOSTILE)
    run = replace(run, state=RunState.FAILED)
    model = RunsModel()
    model.show_entries([RunEntry(run.id, run, written=datetime.now(timezone.utc))])
    for column in (Column.NAME, Column.REMARK):
        index = model.index(0, column)
        assert model.data(index) == SHOWN
        assert SHOWN in plain_of(model.data(index, Qt.ItemDataRole.ToolTipRole))
    window = QWidget()
    box = deletion.confirm([Row(RunEntry(run.id, run))], window, lambda: None)
    assert SHOWN in shown_in(box.findChild(QLabel, "qt_msgbox_label"))
    box.close()


def test_a_task_has_no_tag_in_its_description() -> None:
    task = CallTask(HOSTILE, lambda _task: None)
    assert not Qt.mightBeRichText(task.description())
    assert task.description() == untagged(HOSTILE)
    assert untagged(HOSTILE).startswith("June ‹img src=")


def test_the_log_writes_control_characters_out() -> None:
    heard: list[str] = []

    def hear(message: str, tag: str, _level: object) -> None:
        if tag == qgis_log.TAG:
            heard.append(message)

    log = QgsApplication.messageLog()
    log.messageReceived[str, str, Qgis.MessageLevel].connect(hear)
    feature = qgis_log.LogFeature()
    feature.load()
    try:
        logging.getLogger(qgis_log.LOGGER).warning("%s", HOSTILE)
        QgsApplication.processEvents()
    finally:
        feature.unload()
        log.messageReceived[str, str, Qgis.MessageLevel].disconnect(hear)
    assert heard == [SHOWN]
    record = logging.LogRecord("a", logging.INFO, "", 0, "%s", (HOSTILE,), None)
    assert VisibleFormatter("%(message)s").format(record) == SHOWN


def test_scripts_keep_what_they_need() -> None:
    persian = "می\u200cروم \u200fالف\u200e"
    assert visible(persian) == persian
    assert visible("a\tb\nc") == "a\tb\nc"
    assert visible("\x00\r\x7f\x9b\u2028\ufeff\ud800") == "\\x00\\r\\x7f\\x9b\\u2028\\ufeff\\ud800"
