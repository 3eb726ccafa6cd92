"""A map with further statistics: its run once more, out of the point store, and the file rewritten.

    remake = plan_remake(MapFile.of(layer), ("tti",), locations.run_store())      # main thread
    new = carry_out(remake, locations.run_store(), on_status, is_cancelled)       # any thread
    replace_map_file(new, remake.file.path, layers_of(remake.file.path))          # main thread

The points of the map's trips are in the point store, so no trip is read again; where that is not so, the map
stays as it is and a `RunError` says why. Roads are those of the map file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional
from uuid import uuid4

from qgis.core import QgsMapLayerStyle, QgsProject, QgsVectorLayer, QgsWkbTypes

from ..aggregation.contract.errors import Cancelled, RunError
from ..aggregation.contract.json_text import JsonFault
from ..aggregation.contract.link_ids import LinkId
from ..aggregation.contract.manifest import check_manifest, fingerprint
from ..aggregation.contract.run_state import RunState
from ..aggregation.contract.spec import RunSpec
from ..aggregation.contract.statistic import in_column_order, statistic
from ..aggregation.inventory import TripCount
from ..cluster_client.postgis.link_geometry import LinkGeometry
from ..cluster_client.postgis.link_ids import LinkIds
from ..cluster_client.runs.records import Run, RunStore
from ..cluster_client.runs.results import read_manifest
from ..mapping.errors import MapError, OutputInUse
from ..mapping.file_kinds import MAP
from ..mapping.foreign_style import bare_layer
from ..mapping.map_file import MapFile
from ..mapping.output_file import remove, written_whole
from ..mapping.writer.geopackage import LINKS_TABLE
from ..mapping.writer.kept_styles import keep_styles
from . import steps
from .backends import probe_for
from .credentials import read_credentials
from .roads import Cancelled as IsCancelled
from .roads import Progress, Roads, roads_of_layer

if TYPE_CHECKING:
    from ..cluster_client.profiles.credentials import ProfileKeys

_PLUS = " + "


@dataclass(frozen=True)
class MapRoads:
    """The roads of a map file; `duplicates` and `missing_geometry` are those of their source."""

    roads: Roads
    duplicates: int
    missing_geometry: int

    def check(self, cancelled: IsCancelled) -> None:
        """Raise the errors of the roads."""
        self.roads.check(cancelled)

    def read(self, ids: LinkIds, progress: Progress, cancelled: IsCancelled) -> LinkGeometry:
        """Return the geometry of the links `ids`."""
        found = self.roads.read(ids, progress, cancelled)
        return replace(found, duplicates=self.duplicates, missing_geometry=self.missing_geometry)

    def every_id(self, cancelled: IsCancelled) -> set[LinkId]:
        """Return the ids of the links of the map."""
        return self.roads.every_id(cancelled)


@dataclass(frozen=True)
class Remake:
    """A map file to be made again, with its manifest, run and roads, and the specification of the new run."""

    file: MapFile
    manifest: Mapping[str, Any]
    run: Run
    spec: RunSpec
    roads: Roads
    keys: ProfileKeys

    @property
    def added(self) -> tuple[str, ...]:
        """Keys of the statistics that the map lacks."""
        return tuple(key for key in self.spec.statistics if key not in self.file.spec.statistics)

    @property
    def name(self) -> str:
        """Name of the new run, distinct in the list of runs from the others of its trips."""
        return name_with(self.run.name, self.added, self.file.spec.statistics)


def name_with(name: str, keys: Sequence[str], earlier: Sequence[str]) -> str:
    """Return the name of a run with further statistics: `2019 + travel-time index`.

    Those that an `earlier` run of the same kind was named after are left out.
    """
    first, plus, last = name.rpartition(_PLUS)
    labels = {statistic(key).label.lower() for key in earlier}
    kept = first if plus and set(last.split(", ")) <= labels else name
    return kept + _PLUS + ", ".join(statistic(key).label.lower() for key in keys)


def names_of(keys: Sequence[str]) -> str:
    """Return statistics as a sentence names them: `travel-time index (tti), delay (delay)`."""
    return ", ".join(f"{statistic(key).label.lower()} ({key})" for key in keys)


def plan_remake(file: MapFile, keys: Sequence[str], run_store: RunStore) -> Remake:
    """Find the run of a map file and what is needed to run it with further statistics; for the main thread.

    Raises `RunError`.
    """
    spec = replace(file.spec, statistics=in_column_order((*file.spec.statistics, *keys)))
    run = _run_of(file, run_store)
    if run is None:
        raise MapError(
            f"The map file {file.path} holds no {names_of(keys)}, and its run is not in the list of runs, so "
            "it is not known where its points are. Run again with these statistics."
        )
    return Remake(file, _manifest_of(file), run, spec, _roads_of(file), read_credentials(run.profile))


def carry_out(
    remake: Remake,
    run_store: RunStore,
    on_status: steps.OnStatus,
    is_cancelled: steps.IsCancelled,
    progress: Optional[steps.OnProgress] = None,
) -> Path:
    """Run again with the further statistics and write the new map beside the old one; return its path.

    In any thread. Raises `RunError`, after which nothing of the new map is left.
    """
    _check_store(remake, is_cancelled)
    folder = steps.run_aggregation(
        remake.run.profile, remake.spec, run_store, on_status, is_cancelled,
        name=remake.name, credentials=remake.keys,
    )  # fmt: skip
    _check_same(remake, folder)
    new = remake.file.path.with_name(f".roadpulse-{uuid4().hex[:12]}.part{MAP.ending}")
    try:
        steps.make_map(folder, remake.roads, new, progress or (lambda percent: None), is_cancelled)
    except BaseException:
        remove(new)
        raise
    return new


def replace_map_file(
    new: Path, path: Path, layers: Sequence[QgsVectorLayer], keep: bool = False
) -> tuple[str, ...]:
    """Replace the map file at `path` by the new one, which takes over the styles that people saved.

    `layers` are all that read the file: they let go of it meanwhile, and read the new one then. For the main
    thread. Returns the names of the styles that are left out, with the reasons. Raises `MapError`,
    `OutputInUse` or `StorageError`, after which the earlier file is as it was and the new one gone, except
    after `OutputInUse` if `keep`.
    """
    try:
        with _released(layers), written_whole(path, MAP) as aside:
            new.replace(aside)
            left_out = keep_styles(path, aside)
    except OutputInUse:
        if not keep:
            remove(new)
        raise
    except BaseException:
        remove(new)
        raise
    return left_out


def layers_of(path: Path) -> list[QgsVectorLayer]:
    """Return the layers of the project that come from a map file."""
    found = []
    for layer in QgsProject.instance().mapLayers().values():
        file = Path(layer.source().split("|", maxsplit=1)[0]) if isinstance(layer, QgsVectorLayer) else None
        if file is not None and layer.providerType() == "ogr" and _is_same(file, path):
            found.append(layer)
    return found


def check_edits(path: Path) -> None:
    """Raise `MapError` where a layer of a map file has edits, which would be lost."""
    for layer in layers_of(path):
        if layer.isEditable():
            raise MapError(
                f"The layer {layer.name()} is being edited, and its file is to be made again. Save or "
                "discard the edits first."
            )


# -- the run ------------------------------------------------------------------------------------------


def _run_of(file: MapFile, run_store: RunStore) -> Optional[Run]:
    """Return the recorded run of a map: the one of its fingerprint, else one of the same specification."""
    alike = [
        run for run in run_store.runs().runs if run.state is RunState.FINISHED and _asks_the_same(run, file)
    ]
    return next((run for run in alike if _fingerprint(run) == file.fingerprint), alike[0] if alike else None)


def _asks_the_same(run: Run, file: MapFile) -> bool:
    try:
        return run.read_spec() == file.spec
    except RunError:  # of a later version
        return False


def _manifest_of(file: MapFile) -> Mapping[str, Any]:
    try:
        return check_manifest(file.entries.get("manifest", {}), f"The table 'run' of {file.path}")
    except JsonFault as error:
        raise MapError(f"{error}. Make the map anew with 'Join links'.") from error


def _fingerprint(run: Run) -> str:
    try:
        return fingerprint(read_manifest(run.local_folder or run.folder).values)
    except RunError:
        return ""


def _check_store(remake: Remake, is_cancelled: steps.IsCancelled) -> None:
    """Raise `RunError` if trips of the map are gone, or would have to be read."""

    def check() -> None:
        if is_cancelled():
            raise Cancelled

    profile, spec = remake.run.profile, remake.spec
    probe = probe_for(profile, remake.keys)
    try:
        found = probe.trips(spec.trips).count(
            spec.trips, spec.store, spec.decode_rules, check, lambda n_files: None
        )
    finally:
        probe.close()
    fault = _fault_of(found, int(remake.manifest["files"]["named"]))
    if fault:
        raise MapError(
            f"The map was not made again, as {fault}. It stays as it is. Run again to have a map of the "
            "trips as they are now."
        )


def _fault_of(found: TripCount, named: int) -> str:
    if found.new_files:
        return (
            f"{found.new_files:,} of {found.files:,} trip files are new, changed or no longer in the point "
            "store and would have to be read"
        )
    if not found.more and found.files != named:
        return f"there are {found.files:,} trip files now, and the map is of {named:,}"
    return ""


def _check_same(remake: Remake, folder: Path) -> None:
    """Raise `MapError` if the run did not count the points of the map."""
    before, now = remake.manifest["points"], read_manifest(folder).values["points"]
    if (now["read"], now["counted"]) != (before["read"], before["counted"]):
        raise MapError(
            f"The trips have changed since the map was made: the run counted {now['counted']:,} points, and "
            f"the map {before['counted']:,}. The map stays as it is; the new run is in the list of runs."
        )


# -- the file -----------------------------------------------------------------------------------------


def _roads_of(file: MapFile) -> MapRoads:
    layer = bare_layer(f"{file.path}|layername={LINKS_TABLE}", file.path.stem)
    if not layer.isValid():
        raise MapError(f"The map file {file.path} cannot be opened by QGIS.")
    fields = layer.fields()
    names = [name if fields.lookupField(name) >= 0 else "" for name in ("name", "road_class")]
    roads = roads_of_layer(layer, "link_id", *names)
    return MapRoads(roads, file.matched("duplicates"), file.matched("missing_geometry"))


@contextmanager
def _released(layers: Sequence[QgsVectorLayer]) -> Iterator[None]:
    """Have layers read nothing meanwhile, since a file that is open is not replaced; their styles stay."""
    given = []
    for layer in layers:
        style = QgsMapLayerStyle()
        style.readFromLayer(layer)
        given.append((layer, layer.source(), layer.crs(), style))
        kind = QgsWkbTypes.displayString(layer.wkbType())
        layer.setDataSource(f"{kind}?crs={layer.crs().authid()}", layer.name(), "memory")
    try:
        yield
    finally:
        for layer, source, crs, style in given:
            layer.setDataSource(source, layer.name(), "ogr")
            layer.setCrs(crs)
            style.writeToLayer(layer)
            layer.triggerRepaint()


def _is_same(file: Path, path: Path) -> bool:
    try:
        return file.samefile(path)
    except OSError:
        return False
