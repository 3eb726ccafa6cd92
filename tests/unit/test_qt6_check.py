"""The check for Qt 6 (development/qt6_check.py), rule by rule, on code of known faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from development import qt6_check, qt6_names

ROOT = Path(__file__).resolve().parents[2]


def found(code: str) -> list[str]:
    """`what; write instead` of each finding."""
    return [f"{finding.what}; write {finding.instead}" for finding in qt6_check.check(code)]


@pytest.mark.parametrize(
    ("code", "what", "instead"),
    [
        ("QFontDatabase().families()", "object of a static class", "QFontDatabase.<function>()"),
        ("QDesktopServices()", "object of a static class", "QDesktopServices.<function>()"),
        ("import qgis.PyQt.QtGui as QtGui\nQtGui.QFontDatabase()", "static class", "QFontDatabase."),
        ("QFontDatabase.families()", "on an object in PyQt 5", "QgsFontUtils"),
        ("from qgis.PyQt.QtGui import QFontDatabase as F\nF()", "static class", "QFontDatabase.<function>()"),
        ("label.setAlignment(Qt.AlignLeft)", "Qt.AlignLeft without", "Qt.AlignmentFlag.AlignLeft"),
        ("label.setAlignment(Qt.AlignLeft | Qt.AlignmentFlag.AlignTop)", "Qt.AlignLeft", "AlignmentFlag"),
        ("from qgis.PyQt import QtCore\nx = QtCore.Qt.Key_A", "Qt.Key_A without", "Qt.Key.Key_A"),
        ("pen = Qt.red", "Qt.red without", "Qt.GlobalColor.red"),
        ("x = QDialog.Accepted", "QDialog.Accepted without", "QDialog.DialogCode.Accepted"),
        ("x = Qgis.Warning", "Qgis.Warning without", "Qgis.MessageLevel.Warning"),
        ("x = QgsTask.CanCancel", "QgsTask.CanCancel without", "QgsTask.<enumeration>.CanCancel"),
        ("def f(d: QDialog):\n    return d.exec() == d.Accepted", "QDialog.Accepted without", "DialogCode"),
        ("class D(QDialog):\n  def f(self):\n    return self.Rejected", "QDialog.Rejected", "DialogCode"),
        ("def f(a=Qt.Horizontal): pass", "Qt.Horizontal without", "Qt.Orientation.Horizontal"),
        ("roles = [Qt.UserRole + 1]", "Qt.UserRole without", "Qt.ItemDataRole.UserRole"),
        ("dialog.exec_()", ".exec_ is gone", "exec()"),
        ("run = dialog.exec_", ".exec_ is gone", "exec()"),
        ("document.print_(printer)", ".print_ is gone", "print()"),
        ("stamp.toTime_t()", ".toTime_t is gone", "toSecsSinceEpoch()"),
        ("from qgis.PyQt.QtWidgets import QDesktopWidget", "QDesktopWidget is gone", "primaryScreen()"),
        ("from qgis.PyQt.QtWidgets import qApp", "qApp is gone", "QApplication.instance()"),
        ("qApp.quit()", "qApp is gone", "QApplication.instance()"),
        ("QRegExp('a')", "QRegExp is gone", "QRegularExpression"),
        ("QTextCodec.codecForName('x')", "QTextCodec is gone", "bytes.decode"),
        ("QMatrix()", "QMatrix is gone", "QTransform"),
        ("from qgis.PyQt.QtWebKitWidgets import QWebView", "QtWebKitWidgets is gone", "QTextBrowser"),
        ("from qgis.PyQt.Qt import QTimer", "Qt is gone", "the module that has it"),
        ("QApplication.desktop()", "QApplication.desktop is gone", "primaryScreen()"),
        ("field(QVariant.Int)", "QVariant.Int is gone", "QMetaType.Type.Int"),
        ("field(QVariant.Type.Int)", "QVariant.Type is gone", "QMetaType.Type.<type>"),
        ("value = QVariant()", "QVariant() is no NULL", "NULL"),
        ("w = self.fontMetrics().width('a')", "QFontMetrics.width is gone", "horizontalAdvance()"),
        ("m = QFontMetrics(font)\nm.width('a')", "QFontMetrics.width is gone", "horizontalAdvance()"),
        ("def wheelEvent(self, e):\n    e.delta()", "QWheelEvent.delta is gone", "angleDelta().y()"),
        ("def mousePressEvent(self, e):\n    e.globalPos()", "QMouseEvent.globalPos", "globalPosition()"),
        ("def mouseMoveEvent(self, e):\n    e.x()", "QMouseEvent.x is gone", "position().x()"),
        ("def dropEvent(self, e):\n    e.pos()", "QDropEvent.pos is gone", "position().toPoint()"),
        ("def f(e: 'QEnterEvent'):\n    e.pos()", "QEnterEvent.pos is gone", "position().toPoint()"),
        ("def f(e: Optional[QHoverEvent]):\n    e.pos()", "QHoverEvent.pos", "position().toPoint()"),
        ("row = QHBoxLayout()\nrow.setMargin(0)", "QHBoxLayout.setMargin", "setContentsMargins"),
        (
            "class W(QWidget):\n"
            " def a(self):\n  self.row = QGridLayout()\n"
            " def b(self):\n  self.row.setMargin(0)",
            "QGridLayout.setMargin",
            "setContentsMargins",
        ),
        ("QSignalMapper(self).mapped.connect(f)", "QSignalMapper.mapped is gone", "mappedString"),
        ("palette.color(QPalette.ColorRole.Background)", "Background is gone", "QPalette.ColorRole.Window"),
        ("b = Qt.MouseButton.MidButton", "MidButton is gone", "Qt.MouseButton.MiddleButton"),
        ("flags = Qt.ItemFlags(0)", "Qt.ItemFlags is no type", "Qt.ItemFlag"),
        ("def flags(self, index) -> Qt.ItemFlags: ...", "Qt.ItemFlags is no type", "Qt.ItemFlag"),
        ("int(index.flags())", "int(flags()) fails", "the enumeration itself"),
        ("int(event.modifiers())", "int(modifiers()) fails", "the enumeration itself"),
        ("int(Qt.CheckState.Checked)", "int(Qt.CheckState.Checked) fails", "the enumeration itself"),
        ("int(Qt.ItemFlag.ItemIsEnabled | other)", "ItemIsEnabled) fails", "the enumeration itself"),
        ("box.checkState() == 2", "checkState() never equals a number", "the member"),
        ("item.checkState(0) == 2", "checkState() never equals a number", "the member"),
        ("box.stateChanged.connect(f)", "stateChanged gives a number", "toggled"),
        ("combo.activated[str].connect(f)", "activated[str] is gone", "textActivated"),
        ("group.buttonClicked[int].connect(f)", "buttonClicked[int] is gone", "idClicked"),
        ("menu.addAction('Go', go, 'Ctrl+G')", "another order", "QAction(...)"),
        ("QDateTime(QDate(2026, 1, 1))", "QDate alone", "QTime(0, 0)"),
        ("QDateTime(2026, 1, 1, 0, 0, 0, 0, Qt.TimeSpec.UTC)", "eight values", "QDate(...)"),
        ("from PyQt5.QtCore import QTimer", "import of PyQt5.QtCore", "qgis.PyQt"),
        ("import PyQt5.QtCore", "import of PyQt5.QtCore", "qgis.PyQt"),
        ("import sip", "import of sip", "qgis.PyQt"),
        (
            "from qgis.PyQt.QtGui import QAction",
            "QAction is not in QtGui of Qt 5",
            "QtWidgets import QAction",
        ),
        ("from qgis.PyQt.QtWidgets import QUndoStack", "QUndoStack is in QtGui in Qt 6", "falls back"),
        ("from . import resources_rc", "compiled resources are gone", "the path"),
    ],
)
def test_a_fault_is_found_once_with_what_to_write_instead(code: str, what: str, instead: str) -> None:
    matching = [line for line in found(code) if what in line]
    assert len(matching) == 1, found(code)
    assert instead in matching[0].partition("; write ")[2]


@pytest.mark.parametrize(
    "code",
    [
        "x = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop",
        "x = Qgis.MessageLevel.Warning",
        "def f(a: Qt.Orientation, *, b: 'Qt.SortOrder') -> tuple[QValidator.State, str]: ...",
        "def f(a: Qt.Orientation | None = None): ...",
        "role: Qt.ItemDataRole = role_of(name)",
        "isinstance(x, Qt.Orientation)",
        "isinstance(x, (Qt.Orientation, int))",
        "for one in Qt.Orientation: print(one)",
        "done = pyqtSignal(str, Qgis.MessageLevel)",
        "log.messageReceived[str, str, Qgis.MessageLevel].connect(hear)",
        "mode = QgsFileWidget.StorageMode\nwidget.setStorageMode(mode.GetFile)",
        "x = QgsProcessing.TEMPORARY_OUTPUT\ny = Qgis.QGIS_VERSION_INT",
        "options = QgsVectorLayer.LayerOptions()",
        "class Tree(QTreeWidget):\n    Picked = 3\n    def f(self):\n        return self.Picked",
        "Qt.CheckState(2)\nQEvent.Type(QEvent.Type.User + 1)",
        "int(Qt.AlignmentFlag.AlignCenter)\nint(Qt.ItemDataRole.UserRole)\nint(QStyle.StandardPixmap.SP_DirIcon)",
        "box.checkState() == Qt.CheckState.Checked",
        "text.flags(1)\nint(re.compile('a').flags)",
        "QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)",
        "QDesktopServices.openUrl(url)",
        "def mousePressEvent(self, e):\n    e.pos()\n    e.position()",
        "def contextMenuEvent(self, e):\n    e.globalPos()",
        "def resizeEvent(self, e):\n    rectangle.width()\n    rectangle.x()",
        "picture = QgsLayoutItemPicture(layout)\npicture.setResizeMode(mode)",
        "menu.addAction(action)\nmenu.addAction('Go', go)",
        "combo.activated.connect(f)\ncalls: dict[str, int] = activated\nlog[str]",
        "from qgis.PyQt.QtWidgets import QAction, QActionGroup, QShortcut",
        "try:\n    from qgis.PyQt.QtGui import QUndoStack\n"
        "except ImportError:\n    from qgis.PyQt.QtWidgets import QUndoStack",
        "from .qt import QRegularExpression\nfrom . import Qt",
        "QVariant(3)\nvalue = NULL\ntype_of(QMetaType.Type.Int)",
        "QDateTime(QDate(2026, 1, 1), QTime(0, 0))",
        "Quarter.First\nQueue.Empty",
    ],
)
def test_code_that_both_versions_run_has_no_finding(code: str) -> None:
    assert found(code) == []


def test_a_finding_names_file_and_line_and_the_exit_code_tells(tmp_path: Path) -> None:
    bad, good = tmp_path / "room" / "bad.py", tmp_path / "good.py"
    bad.parent.mkdir()
    bad.write_text("'''Dialog.'''\n\ndialog.exec_()\n", encoding="utf-8")
    good.write_text("dialog.exec()\n", encoding="utf-8")
    script = str(ROOT / "development" / "qt6_check.py")
    run = subprocess.run([sys.executable, script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, f"{bad}:3: .exec_ is gone; write exec()\n")
    run = subprocess.run([sys.executable, script, str(good)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.long
def test_the_plugin_its_tests_and_its_tools_have_no_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert qt6_check.main([]) == 0, capsys.readouterr().out


def test_all_python_of_the_repository_is_checked() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    checked = {str(path.relative_to(ROOT)) for path in qt6_check.python_files(qt6_check.folders())}
    there = {line for line in listed.stdout.splitlines() if "/" in line and (ROOT / line).exists()}
    assert there <= checked


def test_what_the_tables_call_gone_is_gone_from_qgis_too() -> None:
    """A name that a class of QGIS has would be found where nothing is wrong."""
    core, gui = (pytest.importorskip(f"qgis.{name}") for name in ("core", "gui"))
    own = {
        name
        for module in (core, gui)
        for thing in vars(module).values()
        if isinstance(thing, type) and thing.__module__.startswith("qgis.")
        for name in vars(thing)
    }
    assert set(qt6_names.METHODS) & own <= {"exec_", "viewOptions"}
