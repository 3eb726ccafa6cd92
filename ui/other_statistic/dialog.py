"""The choice of another statistic for a map; what its file lacks comes out of the point store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.core import Qgis, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QDialogButtonBox, QVBoxLayout

from ...aggregation.contract.errors import RunError
from ...aggregation.contract.statistic import STATISTICS, statistic
from ...mapping.language import tr
from ..background.tasks import CallTask, Task
from ..manual.window import RUN, HelpButton
from ..runs.map_view import legend_as_it_is, rename
from ..widgets.messages import log_error, make_message, show_error, show_message
from ..widgets.notes import Note
from ..widgets.plain_text import PlainLabel
from ..widgets.screen_fit import OnScreenDialog
from ..widgets.statistics import StatisticChooser, name_of

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile
    from ...mapping.style.options import StyleOptions
    from ...workflow.more_statistics import Remake

_RETRIES, _PAUSE = 20, 500
"""Times that a file in use is tried again, and ms between them: a map that is being drawn reads it."""


_alive: set[OtherStatisticDialog] = set()
"""Open dialogs: Python's part of a child of QGIS's window is kept by nothing else."""


def offer(iface: Any, layer: QgsVectorLayer) -> Optional[OtherStatisticDialog]:
    """Open the choice for a layer; an error is shown in the message bar if it is no map of Roadpulse."""
    from ...mapping.map_file import MapFile  # noqa: PLC0415

    try:
        dialog = OtherStatisticDialog(iface, layer, MapFile.of(layer))
    except RunError as error:
        show_error(iface.messageBar(), error)
        return None
    _alive.add(dialog)
    dialog.finished.connect(lambda _result: _alive.discard(dialog))
    dialog.open()
    return dialog


class OtherStatisticDialog(OnScreenDialog):
    """Offers every statistic, and says what it takes to show it."""

    def __init__(self, iface: Any, layer: QgsVectorLayer, file: MapFile) -> None:
        super().__init__(iface.mainWindow())
        from ...mapping.style.symbology import drawn_statistic  # noqa: PLC0415

        self.iface, self._layer, self._file = iface, layer, file
        self.setObjectName("other_statistic")
        self.setWindowTitle(tr("Show other statistic"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(420, 160)
        self.chooser = StatisticChooser([*(one.key for one in STATISTICS if one.is_drawn), *file.statistics])
        self.note = Note()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.addButton(HelpButton(RUN, "another-statistic"), QDialogButtonBox.ButtonRole.HelpRole)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        words = PlainLabel(tr("Statistic that “{layer}” shows").format(layer=layer.name()))
        words.setWordWrap(True)
        column.addWidget(words)
        column.addWidget(self.chooser)
        column.addWidget(self.note)
        column.addStretch(1)
        column.addWidget(buttons)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        self.chooser.currentIndexChanged.connect(self._chosen)
        self.chooser.set_key(drawn_statistic(layer) or file.statistic)
        self._chosen()

    def _chosen(self) -> None:
        key = self.chooser.key
        if key in self._file.statistics:
            plays = key in self._file.playing
            held = tr("The map file holds it, and it plays.")
            self.note.show_text(held if plays else tr("The map file holds it for the whole period."))
        else:
            self.note.show_text(
                tr("The map file lacks it: it is made again from the point store, without reading trips.")
            )

    def _accept(self) -> None:
        key = self.chooser.key
        self.accept()
        if not sip.isdeleted(self._layer):
            StatisticSwitch(self.iface, self._layer, self._file, key).start()


class StatisticSwitch:
    """Shows a statistic on a layer: at once if the file holds it, else once the map is made again."""

    def __init__(self, iface: Any, layer: QgsVectorLayer, file: MapFile, key: str) -> None:
        self.iface, self._layer, self._file, self._key = iface, layer, file, key
        self._item: Any = None

    def start(self) -> None:
        """Begin; errors are shown in the message bar."""
        if self._key in self._file.statistics:
            self._try(self._show)
        else:
            self._try(self._make_again)

    def _make_again(self) -> None:
        from ...workflow import locations  # noqa: PLC0415
        from ...workflow.more_statistics import check_edits, plan_remake  # noqa: PLC0415

        check_edits(self._file.path)
        remake = plan_remake(self._file, (self._key,), locations.run_store())
        task = RemakeTask(remake, tr("Roadpulse: {name}").format(name=name_of(statistic(self._key))))
        task.done.connect(lambda new: self._try(lambda: self._put(new)))
        task.failed.connect(self._failed)
        task.stopped.connect(self._over)
        self._item = make_message(
            tr("Computing the {statistic} from the point store…").format(
                statistic=name_of(statistic(self._key))
            )
        )
        self.iface.messageBar().pushWidget(self._item, Qgis.MessageLevel.Info)
        task.start()

    def _put(self, new: Any, tries: int = _RETRIES) -> None:
        from ...mapping.errors import OutputInUse  # noqa: PLC0415
        from ...workflow.more_statistics import layers_of, replace_map_file  # noqa: PLC0415

        self.iface.mapCanvas().stopRendering()
        try:
            with legend_as_it_is(self._layer):
                left_out = replace_map_file(new, self._file.path, layers_of(self._file.path), keep=tries > 0)
        except OutputInUse:
            if not tries or not new.exists():
                raise
            QTimer.singleShot(_PAUSE, lambda: self._try(lambda: self._put(new, tries - 1)))
            return
        self._over()
        self._show()
        if left_out:
            text = tr("Styles of the earlier map that are not in the new one: {styles}")
            show_message(
                self.iface.messageBar(), text.format(styles="; ".join(left_out)), Qgis.MessageLevel.Warning
            )

    def _show(self) -> None:
        """Compute the look that the layer has for the statistic, and show it."""
        from ...mapping.map_file import MapFile  # noqa: PLC0415
        from ...mapping.style.options import StyleOptions  # noqa: PLC0415
        from ...mapping.style.symbology import kept_options  # noqa: PLC0415

        if sip.isdeleted(self._layer):
            return
        file, kept = MapFile.of(self._layer), kept_options(self._layer, self._key)
        task = CallTask(tr("Roadpulse: style"), lambda _task: StyleOptions.of_file(file, **kept))
        task.done.connect(lambda options: self._try(lambda: self._draw(options)))
        task.failed.connect(self._failed)
        task.start()

    def _draw(self, options: StyleOptions) -> None:
        from ...mapping.style.symbology import drawn_statistic, style_layer  # noqa: PLC0415
        from ...mapping.style.temporal import set_project_time  # noqa: PLC0415

        layer = self._layer
        if sip.isdeleted(layer):
            return
        before = drawn_statistic(layer) or self._file.statistic
        with legend_as_it_is(layer):
            style_layer(layer, options)
        set_project_time(QgsProject.instance(), options.timeline)
        rename(layer, before, self._key, self._file.spec.unit)

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001  (shown to the person)
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._over()
        log_error(error)
        show_error(self.iface.messageBar(), error)

    def _over(self) -> None:
        item, self._item = self._item, None
        if item is not None and not sip.isdeleted(item):
            self.iface.messageBar().popWidget(item)


class RemakeTask(Task):
    """Makes the new map file beside the old one; `done` carries its path."""

    def __init__(self, remake: Remake, description: str) -> None:
        super().__init__(description, hidden=False)
        self._remake = remake

    def work(self) -> Any:
        """Run again and write the new map."""
        from ...workflow import locations  # noqa: PLC0415
        from ...workflow.more_statistics import carry_out  # noqa: PLC0415

        return carry_out(self._remake, locations.run_store(), self._on_status, self.isCanceled, self._on_map)

    def _on_status(self, status: Any) -> None:
        self.check()
        self.setProgress(60 * (status.fraction or 0.0))

    def _on_map(self, percent: float) -> None:
        self.setProgress(60 + 0.4 * percent)
