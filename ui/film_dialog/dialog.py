"""The dialog of a film: what it shows and how, and the film while it is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import Qgis, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QHBoxLayout, QMessageBox, QPushButton, QStackedWidget, QVBoxLayout

from ...mapping.language import number_text, tr
from ..background.algorithm_process import AlgorithmProcess
from ..manual.window import PUBLISH, HelpButton
from ..widgets.banner import Banner
from ..widgets.messages import log_error, show_error, show_message
from ..widgets.notes import Note
from ..widgets.number_format import duration, size
from ..widgets.plain_text import message_box
from ..widgets.screen_fit import OnScreenDialog
from ..widgets.scroll_area import Scrolled
from .form import FilmForm
from .progress import FilmProgress

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile


class FilmDialog(OnScreenDialog):
    """Makes a film of a map in a process of its own; may be closed meanwhile."""

    def __init__(self, iface: Any, layer: QgsVectorLayer, file: MapFile) -> None:
        super().__init__(iface.mainWindow())
        self.iface, self._layer = iface, layer
        self.setObjectName("film_dialog")
        self.setWindowTitle(tr("Film of “{layer}”").format(layer=layer.name()))
        self.resize(560, 560)
        self.form = FilmForm(iface.mapCanvas(), layer, file)
        self.progress = FilmProgress()
        self.banner = Banner()
        self.pages = QStackedWidget()
        self.pages.addWidget(Scrolled(self.form))
        self.pages.addWidget(self.progress)
        self.note = Note()
        self.note.setObjectName("film_note")
        self.note.clicked.connect(self._open)
        self.process = AlgorithmProcess(self)
        self.written = ""
        """Path of the film that was made last."""
        self._lay_out()
        self._connect()
        self._show()

    @property
    def can_go(self) -> bool:
        """True if nothing would be lost with the dialog: no film is being made."""
        return not self.process.going and not self.isVisible()

    def leave(self) -> None:
        """Cancel the film, and close."""
        self.process.cancel()
        self.close()

    # -- parts --------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.make, self.cancel, self.again, self.shut = (
            self._button(name, text)
            for name, text in (
                ("film_make", tr("Make the film")), ("film_cancel", tr("Cancel")),
                ("film_again", tr("New film")), ("film_close", tr("Close")),
            )
        )  # fmt: skip
        self.make.setDefault(True)
        line = QHBoxLayout()
        line.setContentsMargins(12, 6, 12, 12)
        line.addWidget(HelpButton(PUBLISH, "a-film"))
        line.addWidget(self.note, 1)
        for button in (self.shut, self.again, self.cancel, self.make):
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.banner)
        column.addWidget(self.pages, 1)
        column.addLayout(line)

    @staticmethod
    def _button(name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.setMinimumWidth(88)
        return button

    def _connect(self) -> None:
        self.form.changed.connect(self._show)
        self.make.clicked.connect(lambda _checked=False: self._ask())
        self.cancel.clicked.connect(lambda _checked=False: self._cancel())
        self.again.clicked.connect(lambda _checked=False: self._back())
        self.shut.clicked.connect(lambda _checked=False: self.close())
        self.process.reported.connect(self.progress.hear)
        self.process.done.connect(self._done)
        self.process.failed.connect(self._failed)
        self.process.stopped.connect(self._stopped)
        self._layer.willBeDeleted.connect(self._gone)

    # -- states -------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Show the buttons of the present state, and in the form what is missing or what will come out."""
        going, form = self.process.going, self.pages.currentIndex() == 0
        self.make.setVisible(form)
        self.cancel.setVisible(going)
        self.cancel.setEnabled(True)
        self.again.setVisible(not form and not going)
        if not form:
            return
        problem = self.form.problem()
        self.make.setEnabled(not problem)
        if problem:
            self.note.show_warning(problem[:1].upper() + problem[1:])
            return
        pictures = self.form.pictures
        self.note.show_text(
            tr("{pictures} pictures, {time} long").format(
                pictures=number_text(pictures), time=duration(pictures / self.form.rate.value())
            )
        )

    def _ask(self) -> None:
        """Start the film; where it would take the place of what is there, ask first."""
        self.banner.hide()
        there = self.form.replaced()
        if not there:
            self._start()
            return
        yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
        text = tr("Replace {there}?").format(there=there)
        more = tr("The earlier film stays until the new one is whole.")
        box = message_box(QMessageBox.Icon.Question, tr("Film"), text, more, self)
        box.setObjectName("film_replace")
        box.setStandardButtons(yes | no)
        box.setDefaultButton(no)
        box.button(yes).setText(tr("Replace"))
        box.button(no).setText(tr("Cancel"))
        box.button(yes).clicked.connect(lambda _checked=False: self._start())
        box.open()

    def _start(self) -> None:
        if sip.isdeleted(self._layer):
            return
        try:
            self.process.start("exportanimation", self.form.parameters(), self.form.layers())
        except Exception as error:  # noqa: BLE001  (shown to the person)
            self._failed(error)
            return
        self.progress.begin(self.form.pictures)
        self.pages.setCurrentIndex(1)
        self.note.show_text(tr("You can close this window; the film goes on."))
        self._show()

    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.note.show_text(tr("Cancelling…"))
        self.process.cancel()

    def _done(self, results: dict[str, Any]) -> None:
        self.written = str(results.get("OUTPUT", ""))
        path = Path(self.written)
        self.progress.bar.setValue(self.progress.bar.maximum())
        pictures = number_text(int(results.get("FRAME_COUNT", 0)))
        if path.is_dir():
            words = tr("{pictures} pictures in the folder {name}.").format(pictures=pictures, name=path.name)
        else:
            words = tr("{name}, {size}, {pictures} pictures.").format(
                name=path.name, size=size(path.stat().st_size if path.exists() else 0), pictures=pictures
            )
        self.progress.words.show_text(words)
        if not self.isVisible():
            show_message(self.iface.messageBar(), words, Qgis.MessageLevel.Success)
        self.note.show_text("", tr("Show the film"), "film")
        self._show()

    def _failed(self, error: Exception) -> None:
        log_error(error)
        self._back()
        self.banner.show_error(error)
        if not self.isVisible():
            show_error(self.iface.messageBar(), error)

    def _stopped(self) -> None:
        self._back()
        self.note.show_text(tr("Cancelled; nothing was written."))

    def _back(self) -> None:
        self.pages.setCurrentIndex(0)
        self._show()

    def _open(self, _name: str) -> None:
        if self.written:
            QDesktopServices.openUrl(QUrl.fromLocalFile(self.written))

    def _gone(self) -> None:
        """The layer leaves the project; a film that is being made has all it needs."""
        if self.process.going:
            return
        self.close()
        self.make.setEnabled(False)
