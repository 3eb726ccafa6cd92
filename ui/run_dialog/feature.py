"""The Run dialog in QGIS: its button, its menu entry, and its making in short steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis
from qgis.PyQt import sip
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from ...mapping.language import tr
from ...workflow import requirements
from ..background.chunked_job import ChunkedJob
from ..widgets.feature import add_to_tool_bar, remove_from_tool_bar

if TYPE_CHECKING:
    from .dialog import RunDialog

_MODULES = (
    "..runs.run_task",
    ".sections.roads",
    ".sections.trips",
    ".form",
    ".progress_page",
    ".dialog",
)
"""Modules of the Run dialog, each with what those before it have not loaded."""

ICON = Path(__file__).absolute().parents[2] / "resources" / "icons" / "roadpulse.svg"


class RunDialogFeature:
    """The button “Run Roadpulse…” and its dialog."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.action: Optional[QAction] = None
        self._dialog: Optional[RunDialog] = None

    @property
    def dialog(self) -> Optional[RunDialog]:
        """The dialog; None before it is first opened and once Qt has deleted it."""
        if self._dialog is not None and sip.isdeleted(self._dialog):
            return None
        return self._dialog

    def load(self) -> None:
        """Add button and menu entry."""
        self.action = QAction(QIcon(str(ICON)), tr("Run Roadpulse…"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_run")
        self.action.setToolTip(tr("Speeds per road link from GPS trips, as a map that plays through the day"))
        self.action.triggered.connect(lambda _checked: self.open())
        add_to_tool_bar(self.iface, self.action)

    def leave(self) -> None:
        """End the tasks of the dialog; the runs that they follow go on."""
        if self.dialog is not None:
            self.dialog.leave()
        if self._dialog is not None:
            from ..background.tasks import leave_all  # noqa: PLC0415

            leave_all()

    def unload(self) -> None:
        """Remove dialog, button and menu entry."""
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.deleteLater()
        self._dialog = None
        action, self.action = self.action, None
        remove_from_tool_bar(self.iface, action)

    def open(self, then: Optional[Callable[[RunDialog], None]] = None) -> None:
        """Open the dialog and call `then` with it, or name the packages that are missing."""
        lacking = requirements.missing((*requirements.RUNS, *requirements.MAPS))
        if lacking:
            from ..widgets.messages import show_message  # noqa: PLC0415

            text = requirements.install_text(lacking)
            show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Warning)
            return
        if self.action is not None:
            ChunkedJob(self._opening(then), lambda: None, self._not_opened, self.action)

    def choose_profile(self, name: str) -> None:
        """Read the stored profiles again and choose the one of that name; without a dialog, do nothing."""
        if self.dialog is not None:
            self.dialog.form.where.offer(name)

    def followed_run(self) -> str:
        """Return the id of the run that the dialog follows; empty for none."""
        dialog = self.dialog
        known = dialog.task.job.known if dialog is not None and dialog.task is not None else None
        return known.id if known is not None else ""

    def _opening(self, then: Optional[Callable[[RunDialog], None]]) -> Iterator[None]:
        """Load, make and show the dialog in steps of 50 ms at most."""
        for module in _MODULES:
            import_module(module, __package__)
            yield
        from .dialog import RunDialog  # noqa: PLC0415

        if self.action is None:  # unloaded meanwhile
            return
        if self.dialog is None:
            self._dialog = RunDialog(self.iface)
        yield
        dialog = self.dialog
        if dialog is None:
            return
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        if then is not None:
            then(dialog)

    def _not_opened(self, error: Exception) -> None:
        from ..widgets.messages import log_error, show_error  # noqa: PLC0415

        log_error(error)
        show_error(self.iface.messageBar(), error)
