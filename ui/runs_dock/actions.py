"""Actions on a run of the list: map, follow, cancel, again, log, folder, id, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QGuiApplication
from qgis.PyQt.QtWidgets import QMenu, QPushButton, QWidget

from ...aggregation.contract.run_state import RunState
from ...cluster_client.runs.records import Run
from ...mapping.language import tr
from ..runs import pending, run_texts
from ..runs.catalogue import result_folder
from ..runs.poller import RunsPoller
from ..runs.reattach import Offer
from ..runs.run_from_record import settings_of
from ..widgets.messages import log_error, show_text
from ..widgets.plain_text import tip
from . import deletion
from .feedback import ActionFeedback
from .model import RunsModel
from .row import Row
from .run_on_map import RunMaps

if TYPE_CHECKING:
    from ..run_dialog.dialog import RunDialog

_LOG_LINES = 500
WithDialog = Callable[[Callable[["RunDialog"], None]], None]


class RunActions(QObject):
    """Actions on rows of `model`; `with_dialog` opens the Run dialog and does something with it."""

    def __init__(
        self, iface: Any, poller: RunsPoller, model: RunsModel, with_dialog: WithDialog, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.iface, self.poller = iface, poller
        self._with_dialog, self._window = with_dialog, parent
        self._feedback = ActionFeedback(iface, model)
        self._maps = RunMaps(iface, poller, model, self._feedback, self._ask_for_roads, self)

    def fill(self, menu: QMenu, rows: Sequence[Row]) -> None:
        """Fill a menu for the selected rows; what cannot be done with them is grey or not there."""
        menu.setToolTipsVisible(True)
        if len(rows) == 1 and rows[0].run is not None:
            self._add_for_one(menu, rows[0], rows[0].run)
        delete = self._add(menu, tr("Delete…"), "/mActionDeleteSelected.svg", lambda: self.delete(rows))
        delete.setEnabled(all(not row.going for row in rows))
        if not delete.isEnabled():
            delete.setToolTip(tr("Only runs that have ended can be deleted. Cancel the others first."))

    def _add_for_one(self, menu: QMenu, row: Row, run: Run) -> None:
        if row.going:
            menu.setDefaultAction(
                self._add(menu, tr("Follow"), "/mTaskRunning.svg", lambda: self.follow(row))
            )
            self._add(menu, tr("Look now"), "/mActionRefresh.svg", lambda: self.poller.poll(run))
            self._add(menu, tr("Cancel the run"), "/mTaskCancel.svg", lambda: self.cancel(row))
        elif row.state is RunState.FINISHED:
            show = self._add(menu, tr("Show on the map"), "/mActionZoomToLayer.svg", lambda: self.show(row))
            show.setEnabled(not row.entry.gone)
            menu.setDefaultAction(show)
            other = self._add(
                menu,
                tr("Show other statistic…"),
                "/propertyicons/symbology.svg",
                lambda: self.show_other(run),
            )
            other.setEnabled(self._maps.layer_of(run) is not None)
            if not other.isEnabled():
                other.setToolTip(tr("Show the run on the map first."))
        menu.addSeparator()
        self._add(menu, tr("Run again…"), "/mActionRefresh.svg", lambda: self.again(row))
        menu.addSeparator()
        self._add(menu, tr("Log"), "/mIconHistory.svg", lambda: self.log(row))
        folder = self._add(menu, tr("Open run folder"), "/mIconFolderOpen.svg", lambda: self.open_folder(row))
        folder.setEnabled(_is_folder(run))
        if not folder.isEnabled():
            away = tr("Nothing of this run is on this computer. It lies in {folder}, {location}.")
            location = run_texts.location_name(run.profile)
            folder.setToolTip(tip(away.format(folder=run.folder or "…", location=location)))
        self._add(menu, tr("Copy run id"), "/mActionEditCopy.svg", lambda: self.copy_id(row))
        menu.addSeparator()

    @staticmethod
    def _add(menu: QMenu, text: str, icon: str, do: Callable[[], None]) -> Any:
        action = menu.addAction(QgsApplication.getThemeIcon(icon), text)
        action.triggered.connect(lambda _checked=False: do())
        return action

    def open(self, row: Row) -> None:
        """Open the map of a finished run, or else its progress; the action of a double click."""
        if row.run is None:
            show_text(self._window, tr("Damaged record"), row.entry.fault)
        elif row.going:
            self.follow(row)
        elif row.state is RunState.FINISHED and not row.entry.gone:
            self.show(row)
        else:
            self.log(row)

    def show(self, row: Row) -> None:
        """Put a finished run on the map."""
        if row.run is not None:
            self._maps.show(row.run)

    def show_other(self, run: Run) -> None:
        """Choose another statistic for the layer of a run's map."""
        layer = self._maps.layer_of(run)
        if layer is not None:
            from ..other_statistic.dialog import offer  # noqa: PLC0415

            offer(self.iface, layer)

    def _ask_for_roads(self, run: Run) -> None:
        text = tr(
            "Choose the roads for the map of “{name}”, then press Run. Trips that were read for it are not "
            "read again."
        )
        self._fill_dialog(run, text.format(name=run.name))

    # -- the run ------------------------------------------------------------------------------------

    def follow(self, row: Row) -> None:
        """Follow a run that goes on, in the Run dialog."""
        if row.run is not None:
            offer = Offer(row.run, pending.note_of(row.run))
            self._with_dialog(lambda dialog: dialog.rejoin(offer))

    def cancel(self, row: Row) -> None:
        """Ask a run to stop."""
        run = row.run
        if run is None:
            return
        self._feedback.show_activity(run, tr("Stopping…"))

        def stopped(_nothing: object) -> None:
            self._feedback.show_activity(run, "")
            self.poller.poll(run)

        def refused(error: Exception) -> None:
            self._feedback.show_activity(run, "")
            self._feedback.show_error(error)

        self.poller.call(run, lambda backend, known: backend.cancel(known), stopped, refused)

    def again(self, row: Row) -> None:
        """Open the Run dialog with what the run was asked for."""
        if row.run is not None:
            self._fill_dialog(row.run, "")

    def _fill_dialog(self, run: Run, note: str) -> None:
        def fill(dialog: RunDialog) -> None:
            if dialog.running:
                return
            try:
                settings = settings_of(run)
            except Exception as error:  # noqa: BLE001  (shown to the person)
                log_error(error)
                dialog.banner.show_error(error)
                return
            dialog.show_form()
            dialog.form.show_settings(settings)
            if note:
                dialog.banner.show_note(note)

        self._with_dialog(fill)

    # -- what there is of it ------------------------------------------------------------------------

    def log(self, row: Row) -> None:
        """Show the last lines of a run's log, wherever it lies."""
        run = row.run
        if run is None:
            return
        title = tr("Log of {name}").format(name=run.name)
        head = f"{run.message}\n\n" if run.message else ""

        def got(text: str) -> None:
            self._feedback.show_activity(run, "")
            show_text(self._window, title, head + (text or tr("The run has written no log.")))

        def refused(error: Exception) -> None:
            self._feedback.show_activity(run, "")
            self._feedback.show_error(error)

        self._feedback.show_activity(run, tr("Reading the log…"))
        self.poller.call(run, lambda backend, known: backend.log(known, _LOG_LINES), got, refused)

    def open_folder(self, row: Row) -> None:
        """Show the run folder in the system's file manager."""
        if row.run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(result_folder(row.run)))

    @staticmethod
    def copy_id(row: Row) -> None:
        """Put the run's id into the clipboard."""
        QGuiApplication.clipboard().setText(row.entry.key)

    def delete(self, rows: Sequence[Row]) -> None:
        """Delete runs that have ended, after a yes."""
        ended = [row for row in rows if not row.going]
        if ended:
            deletion.confirm(ended, self._window, lambda: self._delete(ended))

    def _delete(self, rows: Sequence[Row]) -> None:
        for row in rows:
            run = row.run
            if run is None:
                self._strike(row.entry.key)
                continue
            self._feedback.show_activity(run, tr("Deleting…"))
            self.poller.call(
                run,
                lambda backend, known: backend.discard(known),
                partial(self._deleted, run),
                partial(self._not_deleted, run),
            )

    def _deleted(self, run: Run, _nothing: object) -> None:
        note = pending.note_of(run)
        if note is not None:
            pending.forget(note.folder)
        self.poller.read()

    def _not_deleted(self, run: Run, error: Exception) -> None:
        self._feedback.show_activity(run, "")
        item = self._feedback.show_error(error)
        button = QPushButton(tr("Only take it off the list"))
        button.clicked.connect(lambda _checked=False: self._strike(run.id))
        item.layout().addWidget(button)

    def _strike(self, key: str) -> None:
        """Delete a record alone."""
        try:
            self.poller.store.delete(key)
        except Exception as error:  # noqa: BLE001  (shown to the person)
            self._feedback.show_error(error)
        self.poller.read()


def _is_folder(run: Run) -> bool:
    folder = result_folder(run)
    return bool(folder) and Path(folder).is_dir()
