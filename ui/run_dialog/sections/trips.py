"""The trips: their place, how many there are, how many are new, and the first points.

The path is the place's own: a folder of this computer, one that the cluster sees, or a bucket.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from qgis.core import QgsMapLayerProxyModel, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QSignalBlocker, Qt
from qgis.PyQt.QtWidgets import QFileDialog, QMenu, QWidget

from ....aggregation.contract.errors import RunError
from ....aggregation.contract.s3_access import S3Access, is_s3
from ....aggregation.contract.spec import DecodeRules, FieldMapping, Trim
from ....aggregation.storage.s3.errors import S3Error
from ....cluster_client.errors import ClientError
from ....mapping.language import tr
from ....workflow import locations
from ...background.latest_call import LatestCall
from ...background.tasks import LatestTask
from ...runs.run_texts import location_name
from ...runs.settings import RunSettings
from ...widgets.messages import log_error, message_of
from ...widgets.number_format import count, counted, size
from .backend_watch import BackendWatch
from .trips_controls import TripsControls

if TYPE_CHECKING:
    from ....aggregation.inventory import TripCount
    from ....cluster_client.backends.base.probe import TripSource
    from ...background.calls import Call
    from ...trip_fields.sample import Preview


class TripsSection(TripsControls):
    """Folder, glob or bucket of the trips at the place of `watch`, with count, preview and field mapping."""

    def __init__(self, watch: BackendWatch, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.watch = watch
        self.count: Optional[TripCount] = None
        self.trim = Trim()
        self._fault, self._sure = "", False
        self._counter = LatestCall(self)
        self._previewer = LatestCall(self, wait=150)
        self._layer_writer = LatestTask(tr("Writing the points of a layer"), self, wait=0)
        self.folder.textChanged.connect(self._folder_changed)
        self.browse.clicked.connect(self._browse)
        self.note.clicked.connect(lambda _name: self.refresh())
        self._counter.done.connect(self._counted)
        self._counter.failed.connect(self._not_counted)
        self._layer_writer.done.connect(self._use_file)
        self._layer_writer.failed.connect(lambda error: self._not_written(message_of(error)))
        QgsProject.instance().layersAdded.connect(self._offer_layers)
        QgsProject.instance().layersRemoved.connect(self._offer_layers)
        self._previewer.done.connect(self._previewed)
        self._previewer.failed.connect(self._not_previewed)
        self.rules_changed.connect(self.refresh)
        watch.changed.connect(self._place_changed)
        self._fit_to_place()

    # -- settings -----------------------------------------------------------------------------------

    def show_settings(self, settings: RunSettings) -> None:
        """Show the remembered folder and mapping, and look them up."""
        self.mapping = settings.mapping
        self.zone, self.trim = settings.time_zone, settings.trim
        with QSignalBlocker(self.units):  # the trips are looked up below
            self.units.setCurrentIndex(max(0, self.units.findData(settings.speed_unit)))
        if self.folder.text() == settings.trips:
            self.refresh()
        else:
            self.folder.setText(settings.trips)

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with this folder and mapping."""
        return replace(settings, trips=self.trips, mapping=self.mapping, speed_unit=self.unit)

    @property
    def trips(self) -> str:
        """The text of the field, without blanks around it."""
        return self.folder.text().strip()

    @property
    def source(self) -> Optional[TripSource]:
        """The reader of the trips; None while the place does not answer."""
        probe = self.watch.probe
        if probe is None or self.watch.state is None:
            return None
        try:
            return probe.trips(self.trips)
        except RunError as error:
            self._not_counted(error)
            return None

    def problem(self) -> str:
        """Return what is missing. Trips elsewhere that could not be looked at do not prevent a run."""
        if self._layer_writer.busy:
            return tr("Writing the points of the layer…")
        if not self.trips:
            return tr("Choose the folder of the trips.")
        if self._fault and self._sure:
            return self._fault
        if not self.preview or self.preview.content is None:
            return ""
        if "link_id" not in self.preview.found:
            return self.preview.faults.get("link_id") or tr("Say which field of the trips holds the link id.")
        if "speed" not in self.preview.found:
            return self.preview.faults.get("speed") or tr("Say which field of the trips holds the speed.")
        return ""

    def go_to(self) -> None:
        """Focus the folder, or the fields if these are the problem."""
        target = self.fields if self.trips and not self._fault else self.folder
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_mapping(self, mapping: FieldMapping) -> None:
        """Use another field mapping and count again: points decoded under another one do not count."""
        if mapping != self.mapping:
            self.mapping = mapping
            self.changed.emit()
            self.refresh()

    def set_trim(self, trim: Trim) -> None:
        """Count again by another rule of trimming: points decoded under another one do not count."""
        if trim != self.trim:
            self.trim = trim
            self.refresh()

    # -- looking ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Count and preview again, in the background, once the place answers."""
        trips, mapping, zone, unit = self.trips, self.mapping, self.zone, self.unit
        rules = DecodeRules(mapping, unit, self.trim, zone)
        self.count = self.preview = None
        self._fault = ""
        self._counter.forget()
        self._previewer.forget()
        self.show_preview()
        source = self.source if trips else None
        if source is not None:
            self.note.show_text(tr("Counting…"))
            store = locations.point_store(self.watch.profile)

            def count_them(call: Call) -> TripCount:
                return source.count(
                    trips, store, rules, call.check, lambda n: counter.report(call, self._counted_so_far, n)
                )

            def look_at_them(call: Call) -> object:
                from ...trip_fields.sample import preview  # noqa: PLC0415  (numpy loads in the thread)

                return preview(source, trips, mapping, call.check, zone, unit)

            counter = self._counter
            counter.submit(count_them)
            self._previewer.submit(look_at_them)
        elif not trips:
            self.note.show_text("")
        elif not self._fault:
            waiting = tr("Counted as soon as {place} answers.") if self.watch.busy else ""
            unknown = tr("How many there are is not known: {place} was not asked.")
            if self.watch.error is not None:
                unknown = tr("How many there are is not known while {place} cannot be asked.")
            self.note.show_text((waiting or unknown).format(place=location_name(self.watch.profile)))
        self.updated.emit()

    @property
    def busy(self) -> bool:
        """True while a count or preview is outstanding."""
        return self._counter.busy or self._previewer.busy or self._layer_writer.busy

    def forget(self) -> None:
        """End all look-ups."""
        self._counter.forget()
        self._previewer.forget()
        self._layer_writer.forget()

    def _is_near(self) -> bool:
        return not self.watch.remote and not is_s3(self.trips)

    def _place_changed(self) -> None:
        self._fit_to_place()
        self.refresh()

    def _fit_to_place(self) -> None:
        """Show texts and buttons for a folder of this computer, or of another one."""
        profile = self.watch.profile
        if self.watch.remote:
            text = tr("Folder as {place} sees it, such as /mnt/shared/trips, or s3://bucket/prefix")
            self.folder.setPlaceholderText(text.format(place=location_name(profile)))
        elif self._browses_buckets():
            self.folder.setPlaceholderText(tr("Folder of trip files, or s3://bucket/folder"))
        else:
            text = tr("Folder of trip files (JSON, CSV, Parquet …), or a pattern such as /data/2019/*.json")
            self.folder.setPlaceholderText(text)
        self.browse.setVisible(not self.watch.remote or self._browses_buckets())
        self._offer_layers()

    def _offer_layers(self, *_: object) -> None:
        """Give *Browse…* a menu with the point layers of the project, if there are any."""
        before = self.browse.menu()
        layers = [] if self.watch.remote else _point_layers()
        menu = QMenu(self.browse) if layers else None
        if menu is not None:
            menu.addAction(tr("Bucket…") if self._browses_buckets() else tr("Folder…"), self._browse)
            of_layers = menu.addMenu(tr("Layer of the project"))
            for layer in layers:
                of_layers.addAction(layer.name().replace("&", "&&"), partial(self.use_layer, layer.id()))
        self.browse.setMenu(menu)
        if before is not None:
            before.deleteLater()

    def use_layer(self, layer_id: str) -> None:
        """Write the points of a layer to a file, and use that as the trips."""
        from ....workflow.layer_trips import trips_of_layer  # noqa: PLC0415

        project = QgsProject.instance()
        layer = project.mapLayer(layer_id)
        if not isinstance(layer, QgsVectorLayer):
            return
        try:
            trips = trips_of_layer(layer, None, project.transformContext())
        except RunError as error:
            self._not_written(error.message)
            return
        folder, runs = locations.layers_folder(), locations.run_store()
        self._layer_writer.submit(
            lambda task: str(trips.write(folder, task.setProgress, task.isCanceled, runs))
        )
        self.note.show_text(tr("Writing the points of the layer {name}…").format(name=layer.name()))
        self.updated.emit()

    def _use_file(self, path: str) -> None:
        if self.folder.text() == path:
            self.refresh()  # instead of the note that it is being written
        else:
            self.folder.setText(path)

    def _not_written(self, message: str) -> None:
        self.note.show_warning(message)
        self.updated.emit()

    def _browses_buckets(self) -> bool:
        return is_s3(self.trips) or self.watch.profile.s3 != S3Access() or bool(self.watch.profile.s3_authcfg)

    def _folder_changed(self) -> None:
        self._layer_writer.forget()
        self._fit_to_place()
        self.changed.emit()
        self.refresh()

    def _browse(self) -> None:
        if is_s3(self.trips) or (self._browses_buckets() and (self.watch.remote or not self.trips)):
            from ...s3_browser.browser import S3Browser  # noqa: PLC0415

            browser = S3Browser(self.watch.profile, self.trips if is_s3(self.trips) else "", self.window())
            browser.chosen.connect(self.folder.setText)
            browser.open()
            return
        dialog = QFileDialog(self, tr("Folder of the trips"), self.trips or str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()

    # -- found --------------------------------------------------------------------------------------

    def _counted_so_far(self, n_files: int) -> None:
        if self.count is None and self._counter.busy:
            files = counted(n_files, tr("file"), tr("files"))
            self.note.show_text(tr("Counting… {files}").format(files=files))

    def _counted(self, found: TripCount) -> None:
        self.count = found
        self.note.show_text(count_text(found))
        self.updated.emit()

    def _not_counted(self, error: Exception) -> None:
        self._fault = message_of(error)
        # What a place says of its folders is so; that it could not be asked says nothing of the trips.
        # This computer's own run gets the same answer from a bucket, unless waiting mends it.
        lasting = not self.watch.remote and not getattr(error, "retry", False)
        self._sure = self._is_near() or lasting or not isinstance(error, (ClientError, S3Error))
        if self._is_near():
            self.note.show_warning(self._fault)
        else:
            self.note.show_warning(self._fault, tr("Look again"), "look")
        self.updated.emit()

    def _previewed(self, found: Optional[Preview]) -> None:
        self.preview = found
        self.show_preview()
        self.updated.emit()

    def _not_previewed(self, error: Exception) -> None:
        if not isinstance(error, RunError):  # the count of files reports a place that cannot be read
            log_error(error)
        self._previewed(None)


def _point_layers() -> list[QgsVectorLayer]:
    """Return the layers of the project that may be trips, by name."""
    layers = QgsProject.instance().mapLayers().values()
    points = QgsMapLayerProxyModel.Filter.PointLayer
    found = [layer for layer in layers if QgsMapLayerProxyModel.layerMatchesFilters(layer, points)]
    return sorted(found, key=lambda layer: layer.name().casefold())


def count_text(found: TripCount) -> str:
    """`49,998 files, 22.4 GB, 1,204 new, 3 packed copies left out`; less where less is known."""
    if found.more:
        return tr("at least {files}; there was no time to count them all").format(
            files=counted(found.files, tr("file"), tr("files"))
        )
    parts = [counted(found.files, tr("file"), tr("files")), size(found.bytes)]
    if found.new_files is None:
        pass
    elif found.new_files == found.files:
        parts.append(tr("all new"))
    else:
        parts.append(tr("{n} new").format(n=count(found.new_files)) if found.new_files else tr("none new"))
    if found.copies:
        copies = counted(found.copies, tr("packed copy"), tr("packed copies"))
        parts.append(tr("{copies} left out").format(copies=copies))
    return ", ".join(parts)
