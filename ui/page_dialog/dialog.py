"""A page of a map: opened as a layout of the project, or exported in one step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from ...algorithms.export_pages import FORMATS, file_paths
from ...mapping.language import number_text, tr
from ...mapping.layout.project_layouts import keep_in_project
from ...mapping.readings import Readings
from ...workflow.run_names import name_of_trips
from ..background.algorithm_process import AlgorithmProcess
from ..background.chunked_job import ChunkedJob
from ..background.tasks import CallTask
from ..manual.window import PAGES, HelpButton
from ..widgets.messages import log_error, message_of
from ..widgets.notes import Note
from ..widgets.plain_text import PlainLabel, message_box
from ..widgets.screen_fit import OnScreenDialog
from ..widgets.scroll_area import Scrolled
from .form import ONE, PageForm

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile

_FILTER = "PDF (*.pdf);;PNG (*.png);;SVG (*.svg);;TIFF (*.tif)"
_RESOLUTIONS = (96, 150, 300, 600)
_MOST_SAID = 3
"""Remarks of the process that the note has room for."""


class PageDialog(OnScreenDialog):
    """Asks for a page, and makes it."""

    def __init__(self, iface: Any, layer: QgsVectorLayer, file: MapFile) -> None:
        super().__init__(iface.mainWindow())
        self.iface, self.layer = iface, layer
        self.setObjectName("page_dialog")
        self.setWindowTitle(tr("Page of “{layer}”").format(layer=layer.name()))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(660, 760)
        self.form = PageForm(iface.mapCanvas(), layer, file, name_of_trips(file.spec.trips))
        self.kind, self.dpi = QComboBox(), QComboBox()
        self.kind.setObjectName("kind")
        self.kind.addItems([each.upper() for each in FORMATS])
        self.dpi.setObjectName("dpi")
        for resolution in _RESOLUTIONS:
            self.dpi.addItem(tr("{n} dpi").format(n=number_text(resolution)), resolution)
        self.dpi.setCurrentIndex(_RESOLUTIONS.index(300))
        self.layers = QCheckBox(tr("Layers in the PDF"))
        self.layers.setObjectName("layers")
        self.note, self.progress = Note(), QProgressBar()
        self.note.setObjectName("note")
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setObjectName("cancel")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.open = QPushButton(tr("Open as layout"))
        self.open.setObjectName("open_layout")
        self.export = QPushButton(tr("Export…"))
        self.export.setObjectName("export")
        self.process = AlgorithmProcess(self)
        self._said: list[str] = []
        self._reading: Optional[CallTask] = None
        self._given_up = False
        self._lay_out()
        self._connect()
        self._running(False)

    def leave(self) -> None:
        """Give up a page that is being laid out or printed, and close."""
        self._give_up()
        self.close()

    def reject(self) -> None:
        """Close; what is being laid out or printed is given up."""
        self._give_up()
        super().reject()

    def _give_up(self) -> None:
        self.process.cancel()
        self._given_up = True
        if self._reading is not None and not sip.isdeleted(self._reading):  # QGIS deletes one that has ended
            self._reading.cancel()

    # -- parts --------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        file_row, progress_row = QHBoxLayout(), QHBoxLayout()
        file_row.addWidget(PlainLabel(tr("File")))
        for part in (self.kind, self.dpi, self.layers):
            file_row.addWidget(part)
        file_row.addStretch(1)
        progress_row.addWidget(self.progress, 1)
        progress_row.addWidget(self.cancel)
        self.buttons.addButton(HelpButton(PAGES), QDialogButtonBox.ButtonRole.HelpRole)
        self.buttons.addButton(self.open, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.addButton(self.export, QDialogButtonBox.ButtonRole.ActionRole)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(Scrolled(self.form), 1)
        column.addLayout(file_row)
        column.addWidget(self.note)
        column.addLayout(progress_row)
        column.addWidget(self.buttons)

    def _connect(self) -> None:
        self.buttons.rejected.connect(self.reject)
        self.open.clicked.connect(lambda _checked=False: self._try(self.open_layout))
        self.export.clicked.connect(lambda _checked=False: self._try(self._ask_where))
        self.cancel.clicked.connect(lambda _checked=False: self._give_up())
        self.process.reported.connect(self._heard)
        self.process.done.connect(self._done)
        self.process.failed.connect(self._print_failed)
        self.process.stopped.connect(self._stopped)
        self.form.changed.connect(self._changed)
        self.kind.currentIndexChanged.connect(lambda _row: self._changed())
        self.layer.willBeDeleted.connect(self.leave)

    def _changed(self) -> None:
        one = self.form.each.currentData() == ONE
        self.open.setEnabled(one and not self.laying_out)
        self.open.setToolTip("" if one else tr("Several pages are exported into a folder."))
        self.layers.setEnabled(self.kind.currentText() == "PDF")
        if not self.process.going and not self.laying_out:
            self.note.show_text("")

    def _running(self, runs: bool) -> None:
        self.progress.setVisible(runs)
        self.cancel.setVisible(runs)
        self.export.setEnabled(not runs)
        self.open.setEnabled(not runs and self.form.each.currentData() == ONE)
        self.progress.setRange(0, 0)

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001  (shown to the person)
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        log_error(error)
        self.note.show_warning(message_of(error))

    # -- the page -----------------------------------------------------------------------------------------

    @property
    def laying_out(self) -> bool:
        """True while a page becomes a layout of the project."""
        return self._reading is not None

    def open_layout(self) -> None:
        """Add the page to the project's layouts, and open it in QGIS's window. Raises `RunError`.

        A task reads and computes what the page says; only the layout is made in the event loop.
        """
        contents = self.form.contents()
        read, readings = self.form.template().reader(contents), contents.readings
        task = CallTask(tr("Page of “{layer}”").format(layer=self.layer.name()), lambda it: read(it.check))
        task.done.connect(lambda _nothing: self._lay_page_out(task, readings))
        task.failed.connect(lambda error: self._not_laid_out(task, error))
        task.stopped.connect(lambda: self._not_laid_out(task, None))
        self._reading, self._given_up = task, False
        self._running(True)
        self.form.setEnabled(False)
        self.note.show_text(tr("The page is being laid out…"))
        task.start()

    def _lay_page_out(self, task: CallTask, readings: Readings) -> None:
        if not sip.isdeleted(self):
            steps = self._layout_steps(task, readings)
            ChunkedJob(steps, lambda: None, lambda error: self._not_laid_out(task, error), self)

    def _layout_steps(self, task: CallTask, readings: Readings) -> Iterator[None]:
        """Make the layout, in turns of the event loop; QGIS's own window is a turn that cannot be split."""
        # Asked for again, since a layer may have gone while the task read.
        contents = replace(self.form.contents(), readings=readings)
        yield
        page = self.form.template().build(contents)
        yield
        if self._given_up:
            self._not_laid_out(task, None)
            return
        layout = keep_in_project(QgsProject.instance(), page)
        self._laid_out()
        yield
        self.iface.openLayoutDesigner(layout)
        words = tr("The page is the layout “{name}” of the project.").format(name=layout.name())
        self.note.show_text(" ".join(filter(None, (words, page.nothing, _lost(page.left_out)))))

    def _not_laid_out(self, task: CallTask, error: Optional[Exception]) -> None:
        """Say why there is no layout: an error, or None where it was cancelled."""
        if sip.isdeleted(self) or task is not self._reading:
            return
        self._laid_out()
        if error is None:
            self.note.show_text(tr("Cancelled; the project has no new layout."))
        else:
            self._failed(error)

    def _laid_out(self) -> None:
        self._reading = None
        self._running(False)
        self.form.setEnabled(True)
        self._changed()

    def _ask_where(self) -> None:
        kind = self.kind.currentText().lower()
        self.form.call(Path(), kind)  # faults come before the question
        dialog = QFileDialog(self)
        if self.form.each.currentData() == ONE:
            dialog.setWindowTitle(tr("Export the page"))
            filters = _FILTER.split(";;")
            dialog.setNameFilters(filters)
            dialog.selectNameFilter(filters[FORMATS.index(kind)])
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(kind)
            dialog.selectFile(file_paths(Path(), [self.form.words()], kind)[0].name)
        else:
            dialog.setWindowTitle(tr("Folder of the pages"))
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self._try(lambda: self._print_into(Path(path))))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _print_into(self, path: Path) -> None:
        """Print; files in a folder are replaced once the person agrees."""
        taken = sorted(each.name for each in path.glob(f"*.{self.kind.currentText().lower()}"))
        if not path.is_dir() or not taken:
            self.print_to(path)
            return
        files = ", ".join(taken[:5]) + (", …" if len(taken) > 5 else "")
        box = message_box(
            QMessageBox.Icon.Question, tr("Export pages"),
            tr("Replace files of the same names in {folder}?").format(folder=path.name),
            tr("It has {files}.").format(files=files), self,
        )  # fmt: skip
        box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel)
        box.accepted.connect(lambda: self._try(lambda: self.print_to(path)))
        box.open()

    def print_to(self, path: Path) -> None:
        """Print to a file, or several pages into a folder, in a process of its own. Raises `RunError`."""
        algorithm, parameters = self.form.call(path, self.kind.currentText().lower())
        parameters["DPI"] = int(self.dpi.currentData())
        parameters["LAYERS"] = self.layers.isChecked()
        self._said = []
        self.process.start(algorithm, parameters, self.form.layers())
        self._running(True)
        self.note.show_text(tr("The page is being printed…"))

    def _heard(self, values: dict[str, Any]) -> None:
        if "percent" in values and self.form.each.currentData() != ONE:
            self.progress.setRange(0, 100)
            self.progress.setValue(int(values["percent"]))
        if "said" in values:
            self._said.append(str(values["said"]))

    def _done(self, results: dict[str, Any]) -> None:
        self._running(False)
        failed = int(results.get("FAILED_COUNT", 0))
        if "PAGE_COUNT" in results:
            words = tr("{n} pages are in {folder}.").format(
                n=number_text(int(results["PAGE_COUNT"])), folder=results["OUTPUT"]
            )
            said = [each for each in self._said if ": " in each][:_MOST_SAID] if failed else []
        else:
            words, said = tr("Written to {file}.").format(file=results["OUTPUT"]), self._said[:_MOST_SAID]
        text = " ".join([words, *said])
        if failed:
            self.note.show_warning(text)
        else:
            self.note.show_text(text)

    def _print_failed(self, error: Exception) -> None:
        self._running(False)
        self._failed(error)

    def _stopped(self) -> None:
        self._running(False)
        self.note.show_text(tr("Cancelled. Pages that were finished stay."))


def _lost(left_out: tuple[str, ...]) -> str:
    """Return what a template lost, in a sentence; empty for nothing."""
    if not left_out:
        return ""
    return tr("Left out of the template, as it may be another person's: {parts}.").format(
        parts="; ".join(left_out[:3])
    )
