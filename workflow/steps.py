"""The steps from trips to a map, without widgets: what the algorithms and the windows both call.

    profile = resolve_profile("local")
    spec = RunSpec(trips=…, store=locations.point_store(profile), …)
    folder = run_aggregation(profile, spec, locations.run_store(), on_status=…, is_cancelled=…)
    roads = roads_of_layer(layer, "link_id", "name", "highway")        # in the main thread
    report = make_map(folder, roads, "speeds.gpkg", progress=…, is_cancelled=…)

All but `roads_of_layer` may run in any thread, and none waits in an event loop. Errors are of the trees
in `aggregation.contract.errors`, `cluster_client.errors` and `mapping.errors`: all are a `RunError`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from ..aggregation.contract.errors import Cancelled, RunError
from ..aggregation.contract.run_state import RunState
from ..aggregation.contract.s3_access import is_s3
from ..aggregation.contract.spec import RunSpec
from ..aggregation.contract.tables import LINK_SPEEDS, LINK_SPEEDS_BY_TIME
from ..aggregation.run_folder import RunFolder
from ..aggregation.storage.local.path import LocalPath
from ..aggregation.storage.local.trips import check_there
from ..cluster_client.backends.base.backend import Backend, follow
from ..cluster_client.errors import ProfileError
from ..cluster_client.postgis.link_geometry import LinkGeometry
from ..cluster_client.postgis.link_ids import LinkIds, with_roads_of_opposites
from ..cluster_client.profiles.profile import LOCAL_NAME, Profile
from ..cluster_client.runs.folder import give_back, has_result
from ..cluster_client.runs.records import Run, RunStore
from ..cluster_client.runs.results import Manifest, read_manifest, read_table
from ..cluster_client.runs.status import RunStatus
from ..cluster_client.s3.client import access_of_runs
from ..mapping.errors import MapError
from ..mapping.file_kinds import MAP
from ..mapping.foreign_style import bare_layer
from ..mapping.output_file import check_output
from ..mapping.style.options import StyleOptions
from ..mapping.style.saved_styles import save_style
from ..mapping.style.symbology import style_layer
from ..mapping.writer.geopackage import LINKS_TABLE, MatchReport, write_geopackage
from ..mapping.writer.opposite_links import with_opposites
from . import locations, requirements
from .backends import backend_for
from .credentials import read_credentials
from .roads import Roads
from .run_names import name_of_trips

if TYPE_CHECKING:
    from ..cluster_client.profiles.credentials import ProfileKeys

OnStatus = Callable[[RunStatus], None]
OnProgress = Callable[[float], None]
IsCancelled = Callable[[], bool]
OnFetch = Callable[[int, int], None]
OnStart = Callable[[Backend, Run], None]


class RunFailed(RunError):
    """A run that was started and came to an end without a result."""

    def __init__(self, message: str, detail: str = "", retry: bool = False) -> None:
        super().__init__(message, detail)
        self.retry = retry


class RunGone(RunFailed):
    """A run whose files are not there any more: deleted, here or where it was carried out."""


def _nothing(_: Any) -> None:
    """Default of `on_status` and `on_progress`."""


def _never() -> bool:
    return False


def _nowhere(_backend: Backend, _run: Run) -> None:
    """Default of `on_start`."""


def _silently(_done: int, _total: int) -> None:
    """Default of `on_fetch`."""


def resolve_profile(text: str, agreed: bool = False) -> Profile:
    """Return the stored profile of that name, the profile in that file, or `local`; raises `ProfileError`.

    `agreed` says that the programs which a file names may be run.
    """
    return locations.profile_store().find(text.strip() or LOCAL_NAME, agreed)


def with_bucket(spec: RunSpec, profile: Profile, keys: ProfileKeys) -> RunSpec:
    """The specification of a profile's run with the way to the buckets that it names; raises `ProfileError`.

    It says who has the keys and not what they are.
    """
    if not any(map(is_s3, (spec.trips, spec.store, profile.folders.runs))):
        return spec
    lacking = requirements.missing(("obstore",)) if profile.runs_here else []
    if lacking:
        raise ProfileError("s3", requirements.install_text(lacking))
    return replace(spec, s3=access_of_runs(profile, keys.s3))


def run_aggregation(
    profile: Profile,
    spec: RunSpec,
    run_store: RunStore,
    on_status: OnStatus = _nothing,
    is_cancelled: IsCancelled = _never,
    *,
    name: str = "",
    folder: str = "",
    credentials: Optional[ProfileKeys] = None,
    on_start: OnStart = _nowhere,
    on_fetch: OnFetch = _silently,
    is_withdrawn: Optional[IsCancelled] = None,
) -> Path:
    """Run one aggregation to its end and return its run folder on this computer.

    `name` is the run's name in the list of runs (empty: that of the trips), `folder` the new run folder on
    this computer (empty: one is made). `on_start` is called with the backend and the run once it is started,
    `on_fetch` with bytes done and total. `is_withdrawn` is called instead of `is_cancelled` until the run is
    started. Raises `Cancelled`, `RunFailed` or a `ClientError`; the record of the run stays.
    """
    keys = credentials or read_credentials(profile)
    spec = with_bucket(spec, profile, keys)
    backend = backend_for(profile, run_store, keys)
    folders = {"folder": folder} if profile.runs_here else {"local_folder": folder}
    try:
        run = Run.new(name or run_name(spec), profile, spec, **folders)
        run = backend.submit(run, is_withdrawn or is_cancelled)
        on_start(backend, run)
        return _result_of(backend, run, on_status, is_cancelled, on_fetch)
    finally:
        backend.close()


def rejoin(
    run: Run,
    run_store: RunStore,
    on_status: OnStatus = _nothing,
    is_cancelled: IsCancelled = _never,
    *,
    credentials: Optional[ProfileKeys] = None,
    on_start: OnStart = _nowhere,
    on_fetch: OnFetch = _silently,
) -> Path:
    """Follow a run that was started before, by another QGIS perhaps; otherwise as `run_aggregation`."""
    backend = backend_for(run.profile, run_store, credentials)
    try:
        on_start(backend, run)
        return _result_of(backend, run, on_status, is_cancelled, on_fetch)
    finally:
        backend.close()


def forget(run: Run, run_store: RunStore) -> None:
    """Take a run of which nothing is left off the list, with the folder that waits for its result."""
    if run.local_folder and not has_result(Path(run.local_folder), run):
        give_back(Path(run.local_folder), run)
    run_store.delete(run.id)


def _result_of(
    backend: Backend, run: Run, on_status: OnStatus, is_cancelled: IsCancelled, on_fetch: OnFetch
) -> Path:
    status = follow(backend, run, on_status=on_status, cancelled=is_cancelled)
    if status.state is RunState.CANCELLED:
        raise Cancelled
    if status.state is not RunState.FINISHED:
        log = "" if status.gone else backend.log(run)
        fault = status.error
        if fault is None:
            raise RunFailed(f"The run {run.name!r} ended without a result. Look at its log.", log)
        kind = RunGone if status.gone else RunFailed
        raise kind(fault.message, "\n".join(filter(None, (fault.detail, log))), fault.retry)
    return backend.fetch(run, progress=on_fetch, cancelled=is_cancelled)


def run_name(spec: RunSpec) -> str:
    """Return a run's name for people: that of its trips."""
    return name_of_trips(spec.trips)


@dataclass(frozen=True)
class RunResult:
    """A finished run, read and checked."""

    manifest: Manifest
    spec: RunSpec

    @property
    def name(self) -> str:
        """The run's name."""
        return run_name(self.spec)

    @classmethod
    def read(cls, folder: Union[str, Path]) -> RunResult:
        """Read the run in `folder`; raises `ResultError` or `SpecError`."""
        manifest = read_manifest(folder)
        return cls(manifest, RunFolder(LocalPath(folder)).read_spec())

    def part_paths(self, table: str) -> list[str]:
        """Return paths of a table's CSV files."""
        return [str(self.manifest.folder / part.path) for part in self.manifest.tables[table].parts]


def link_geometry(
    roads: Roads, ids: LinkIds, progress: OnProgress = _nothing, is_cancelled: IsCancelled = _never
) -> LinkGeometry:
    """Return the geometry of the links `ids`, from a layer or from PostGIS.

    A link in the opposite direction of a road has the road's, the other way round, where the roads do not
    have it themselves.
    """
    found = roads.read(with_roads_of_opposites(ids), progress, is_cancelled)
    return with_opposites(found, ids)


def check_trips(profile: Profile, spec: RunSpec) -> None:
    """Raise `RunError` where the trips of a run on this computer are not there."""
    if profile.runs_here and not is_s3(spec.trips):
        check_there(spec.trips)


def check_map_file(output: Union[str, Path]) -> None:
    """Raise `MapError` or `StorageError` where `make_map` could not write its file."""
    check_output(Path(output), (MAP,))


def check_roads(roads: Roads, is_cancelled: IsCancelled = _never) -> None:
    """Raise the errors of reading roads that can be found before the run."""
    roads.check(is_cancelled)


def make_map(
    run_folder: Union[str, Path],
    roads: Roads,
    output: Union[str, Path],
    progress: OnProgress = _nothing,
    is_cancelled: IsCancelled = _never,
) -> MatchReport:
    """Join a run's result to its roads and write the GeoPackage `output`, with its style.

    Raises `ResultError`, `LinksError`, `MapError`, `StorageError` or `Cancelled`; an earlier file is then
    as it was.
    """
    result = RunResult.read(run_folder)
    progress(1)
    speeds = read_table(result.manifest, LINK_SPEEDS)
    progress(5)
    by_time = read_table(result.manifest, LINK_SPEEDS_BY_TIME)
    progress(20)
    if is_cancelled():
        raise Cancelled
    links = link_geometry(
        roads, speeds["link_id"].to_numpy(), lambda percent: progress(20 + 0.3 * percent), is_cancelled
    )
    return write_geopackage(
        output, speeds, by_time, links, dict(result.manifest.values), result.spec,
        progress=lambda percent: progress(50 + 0.5 * percent), cancelled=is_cancelled,
        finish=lambda path: _save_first_style(path, Path(output).stem),
    )  # fmt: skip


def _save_first_style(path: Path, name: str) -> None:
    """Keep the style of a new map in its GeoPackage, as the default of its table; raises `MapError`.

    Every QGIS that opens the file then shows it styled, one without Roadpulse too.
    """
    layer = bare_layer(f"{path}|layername={LINKS_TABLE}", name)
    if not layer.isValid():
        raise MapError(f"The new map file {path} cannot be opened by QGIS. Make it again.")
    style_layer(layer, StyleOptions.from_run_table(layer))
    save_style(layer)


def link_ids(result: RunResult) -> LinkIds:
    """Ids of the links that a run found; raises `ResultError`."""
    return read_table(result.manifest, LINK_SPEEDS)["link_id"].to_numpy()
