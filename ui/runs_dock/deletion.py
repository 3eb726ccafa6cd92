"""The question before runs are deleted, with what is removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from qgis.PyQt.QtWidgets import QMessageBox, QWidget

from ...aggregation.contract.run_state import RunState
from ...mapping.language import tr
from ..runs import run_texts
from ..runs.catalogue import result_folder
from ..widgets.number_format import count
from ..widgets.plain_text import message_box
from .row import Row

_NAMED = 5


def deletion_text(row: Row) -> str:
    """Return what is removed and what stays when one run is deleted."""
    run = row.run
    if run is None:
        return tr(
            "The damaged record {key} is deleted. The run's own files, wherever they are, stay."
        ).format(key=row.entry.key)
    if run.profile.runs_here:
        return tr(
            "Deleted are the record and what the run wrote into its folder {folder}: result, log and "
            "status. Maps that were made of it stay, and so do trips and the points read from them."
        ).format(folder=run.folder)
    text = tr(
        "Deleted are the record and the run's folder {folder} on {location}, with result, log and status. "
        "Trips and the points read from them stay."
    ).format(folder=run.folder, location=run_texts.location_name(run.profile))
    if row.entry.facts is not None:
        here = tr("The result that was fetched to {folder} stays.").format(folder=result_folder(run))
        return f"{text} {here}"
    if row.state is RunState.FINISHED:
        return f"{text} {tr('The result has not been fetched: it is lost.')}"
    return text


def confirm(rows: Sequence[Row], parent: QWidget, then: Callable[[], None]) -> QMessageBox:
    """Ask whether to delete these runs; `then` is called on a yes."""
    if len(rows) == 1:
        name = rows[0].run.name if rows[0].run is not None else rows[0].entry.key
        question = tr("Delete the run “{name}”?").format(name=name)
        text = deletion_text(rows[0])
    else:
        question = tr("Delete {n} runs?").format(n=count(len(rows)))
        text = "\n".join(f"• {_line(row)}" for row in rows[:_NAMED])
        if len(rows) > _NAMED:
            text += "\n" + tr("… and {n} more").format(n=count(len(rows) - _NAMED))
        text += "\n\n" + tr(
            "Deleted are their records and their folders where they were carried out, with results and "
            "logs. Maps, trips and the points read from them stay."
        )
    more = text + "\n\n" + tr("This cannot be undone.")
    box = message_box(QMessageBox.Icon.Warning, tr("Delete runs"), question, more, parent)
    box.setObjectName("delete_runs")
    delete = box.addButton(tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
    delete.setObjectName("delete")
    keep = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    delete.clicked.connect(lambda _checked=False: then())
    box.open()
    return box


def _line(row: Row) -> str:
    if row.run is None:
        return tr("damaged record {key}").format(key=row.entry.key)
    return f"{row.run.name}, {run_texts.location_name(row.run.profile)}, {run_texts.exact(row.run.created)}"
