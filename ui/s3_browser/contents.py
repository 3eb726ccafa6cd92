"""Contents of an address in a bucket: number and size of the trip files, and the fields of the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.spec import FieldMapping
from ...mapping.language import tr
from ..background.latest_call import LatestCall
from ..widgets.messages import message_of
from ..widgets.notes import Note
from ..widgets.number_format import counted, size
from ..widgets.plain_text import PlainLabel, visible
from .level import name_of

if TYPE_CHECKING:
    from ...cluster_client.backends.base.bucket_probe import BucketTrips
    from ...cluster_client.s3.listing import Counted
    from ..background.calls import Call
    from ..trip_fields.sample import Preview

_MOST_FIELDS = 60
_LONGEST_EXAMPLE = 80


class S3Contents(QWidget):
    """Shows one address at a time. `known` is emitted when the count is complete, `refused` with an error.

    Without a `mapping` the address is a folder to work in, and not of trips.
    """

    known = pyqtSignal(object)
    refused = pyqtSignal(object)

    def __init__(
        self,
        trips: Callable[[], BucketTrips],
        mapping: Optional[FieldMapping],
        parent: Optional[QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self._trips, self._mapping = trips, mapping
        self._counter, self._reader = LatestCall(self), LatestCall(self)
        self.address = ""
        self.counted: Optional[Counted] = None
        self.title = PlainLabel()
        self.title.setObjectName("s3_title")
        self.title.setWordWrap(True)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.numbers = PlainLabel()
        self.numbers.setObjectName("s3_numbers")
        large = self.numbers.font()
        large.setPointSizeF(large.pointSizeF() * 1.35)
        self.numbers.setFont(large)
        self.numbers.setWordWrap(True)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(4)
        policy = self.busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(policy)
        self.note = Note()
        self.fields_title = PlainLabel()
        self.fields_title.setWordWrap(True)
        self.fields = self._table()
        self.fields_note = Note()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.title, self.numbers, self.busy, self.note, self.fields_title):
            column.addWidget(widget)
        column.addWidget(self.fields, 1)
        column.addWidget(self.fields_note)
        column.addStretch(0)
        self._counter.done.connect(self._counted)
        self._counter.failed.connect(self._not_counted)
        self._reader.done.connect(self._read)
        self._reader.failed.connect(lambda error: self.fields_note.show_warning(message_of(error)))
        self.show_nothing()

    def _table(self) -> QTableWidget:
        table = QTableWidget(0, 3)
        table.setObjectName("s3_fields")
        table.setHorizontalHeaderLabels([tr("Field"), tr("Example"), tr("Read as")])
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setAlternatingRowColors(True)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(22)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        for at in (0, 2):
            table.horizontalHeader().setSectionResizeMode(at, QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        return table

    # -- looking ------------------------------------------------------------------------------------

    def show_nothing(self, text: str = "") -> None:
        """No address: say what to do."""
        self.forget()
        self.address, self.counted = "", None
        self.title.setText(text or tr("Choose a bucket or a folder, or type its address."))
        self.numbers.clear()
        self.busy.hide()
        self.note.show_text("")
        self._show_fields(None)

    def look_up(self, address: str) -> None:
        """Count the files of an address and read the first; drop the look-up before."""
        self.show_nothing(address)
        self.address = address
        self.numbers.setText(tr("Counting…"))
        self.busy.show()
        trips, mapping, counter = self._trips, self._mapping, self._counter

        def count_them(call: Call) -> Any:
            from ...cluster_client.s3.listing import count  # noqa: PLC0415  (boto3 loads in the thread)

            return count(
                trips().s3, address, lambda sofar: counter.report(call, self._so_far, sofar),
                lambda: call.cancelled,
            )  # fmt: skip

        self._counter.submit(count_them)
        if mapping is None:
            return

        def read_first(call: Call) -> Any:
            from ..trip_fields.sample import preview  # noqa: PLC0415  (numpy loads in the thread)

            return preview(trips(), address, mapping, call.check)

        self._reader.submit(read_first)

    def forget(self) -> None:
        """Stop looking."""
        self._counter.forget()
        self._reader.forget()

    def _so_far(self, found: Counted) -> None:
        if self._counter.busy:
            self._show_numbers(found)
            self.note.show_text(tr("Still counting"))

    def _counted(self, found: Counted) -> None:
        self.busy.hide()
        self.counted = found
        self._show_numbers(found)
        self._show_contents(found)
        self.known.emit(found)

    def _show_contents(self, found: Counted) -> None:
        others = counted(found.others, tr("other file"), tr("other files"))
        if self._mapping is None:
            self._show_folder(found)
        elif found.files and found.others:
            self.note.show_text(tr("Beside them lie {others}, not read").format(others=others))
        elif found.files:
            self.note.show_text(tr("In this folder and those in it"))
        elif found.others:
            text = tr("There are no trip files (JSON, CSV, Parquet …) here, only {others}.")
            self.note.show_warning(text.format(others=others))
        else:
            self.note.show_warning(tr("Nothing has a name that begins so. Check the address."))

    def _show_folder(self, found: Counted) -> None:
        if found.files + found.others:
            self.note.show_text(tr("In this folder and those in it. Runs leave them as they are."))
        else:
            self.note.show_text(tr("Nothing lies here yet. The first run makes the folder."))

    def _not_counted(self, error: Exception) -> None:
        self._reader.forget()
        self._show_fields(None)
        self.busy.hide()
        self.numbers.clear()
        self.note.show_warning(message_of(error))
        self.refused.emit(error)

    def _show_numbers(self, found: Counted) -> None:
        if self._mapping is None:
            self.numbers.setText(counted(found.files + found.others, tr("file"), tr("files")))
            return
        files = counted(found.files, tr("trip file"), tr("trip files"))
        self.numbers.setText(f"{files}, {size(found.bytes)}" if found.files else files)

    # -- the first file -----------------------------------------------------------------------------

    def _read(self, found: Preview) -> None:
        self._show_fields(found if found.file else None)

    def _show_fields(self, found: Optional[Preview]) -> None:
        self.fields.setVisible(found is not None and bool(found.fields))
        self.fields_title.setVisible(found is not None)
        self.fields_note.show_text("")
        if found is None:
            return
        self.fields_title.setText(tr("The first file: {name}").format(name=name_of(found.file)))
        if found.problem:
            self.fields_note.show_warning(tr("In this file {problem}.").format(problem=found.problem))
        mapping = self._mapping or FieldMapping()
        uses = {mapping.link_id: tr("link id"), mapping.speed: tr("speed"), mapping.time: tr("time")}
        shown = found.fields[:_MOST_FIELDS]
        self.fields.setRowCount(len(shown))
        for row, field in enumerate(shown):
            example = str(field.example)[:_LONGEST_EXAMPLE]
            for at, text in enumerate((field.path, example, uses.get(field.path, ""))):
                self.fields.setItem(row, at, QTableWidgetItem(visible(text)))
        if shown and len(found.found) < len(uses):
            self.fields_note.show_warning(
                tr("{n} of 3 fields recognised. Choose them in the Run dialog, under Fields.").format(
                    n=len(found.found)
                )
            )
        elif shown:
            self.fields_note.show_text(tr("3 of 3 fields recognised"))
