"""Execution of a run, from its specification to its manifest, on any runner."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Optional

from . import report, storage
from .contract import data_package
from .contract.errors import Cancelled, RunError
from .contract.run_state import RunState
from .contract.spec import RunSpec
from .contract.trip_files import may_be_cut
from .run_folder import (
    AlreadyPublished,
    RunFolder,
    Status,
)
from .runners import Runner
from .runners.plan import decode_tasks, summary_tasks
from .runners.selection import Selection, select, superseded
from .store.compaction import merge, remove_replaced, worth_merging
from .store.cut_files import CutFiles
from .store.decode import DecodeContext, stopped_at
from .store.point_store import FileRecord, NewRecords, PointStore
from .store.readers import Reader, reading
from .store.recovery import Notes, clean_up
from .summary import result_tables
from .summary.counts import SummaryReport
from .summary.summarise import SummaryContext, save_trips

log = logging.getLogger(__name__)
KEEP_ALIVE = 20.0


def run(
    folder: RunFolder, runner: Runner, is_cancelled: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Carry out the run in `folder` and return its manifest.

    Raises `RunError` after writing the error to status.json; results exist if and only if the manifest does.
    """
    folder.path.reach()
    if folder.manifest.exists():  # its status stays as it is
        raise RunError(f"The run in {folder.path} has ended already. Start another run in a new folder.")
    status = Status(folder, workers=runner.workers)
    claimed = False
    try:
        folder.claim()
        claimed = True
        return _Run(folder, runner, is_cancelled, status).carry_out()
    except Cancelled as error:
        _end(status, runner, RunState.CANCELLED, error, claimed)
        raise
    except AlreadyPublished:
        runner.close()
        status.enter(RunState.FINISHED)  # this process may have overwritten the other's final status
        _quietly(folder.remove_work, folder.remove_results)
        raise
    except RunError as error:
        _end(status, runner, RunState.FAILED, error, claimed)
        raise
    except Exception as error:
        log.exception("The run failed")
        wrapped = RunError(f"The run stopped at an error that Roadpulse does not know: {error}", repr(error))
        _end(status, runner, RunState.FAILED, wrapped, claimed)
        raise wrapped from error


def _end(status: Status, runner: Runner, state: RunState, error: RunError, claimed: bool) -> None:
    """End a run without a result: stop all writers, write the final status, remove all other files.

    If the folder was not `claimed`, nothing is removed. Results stay if their manifest may have been written
    although the response was lost.
    """
    runner.close()
    status.state, status.waiting = state, ""  # no longer waiting
    status.error = {"message": error.message, "detail": error.detail, "retry": error.retry}
    try:
        status.write(force=True)
    except (OSError, RunError):  # the disk may be full; log and exit code still report
        log.exception("status.json could not be written")
    if claimed:
        _quietly(status.folder.remove_work)
        if not status.folder.may_be_published():
            _quietly(status.folder.remove_results)


def _quietly(*steps: Callable[[], None]) -> None:
    """Call functions that remove files, and log their failures."""
    for step in steps:
        try:
            step()
        except RunError as error:
            log.warning("Files of the run could not be removed: %s", error.message)


class _Run:
    """The state of one run while it goes on."""

    def __init__(
        self, folder: RunFolder, runner: Runner, is_cancelled: Callable[[], bool], status: Status
    ) -> None:
        storage.check_name(folder.path)
        self.folder, self.runner, self.status = folder, runner, status
        self.is_cancelled = is_cancelled
        self.spec: RunSpec = folder.read_spec()
        self.timings: dict[str, float] = {}
        self.reused = self.decoded = 0
        self._alive = 0.0
        self._points_before = 0
        self.reader: Optional[Reader] = None
        self.sizes: dict[str, int] = {}
        """Number of points of the ingests that the run has looked at."""

    def carry_out(self) -> dict[str, Any]:
        self.status.enter(RunState.LISTING)
        for place in (self.spec.trips, self.spec.store):
            storage.check_reach(place, self.spec.s3)
        own = [storage.Own("run folder", str(self.folder.path))]
        storage.check_apart(self.spec.trips, own)
        store = PointStore.open(self.spec.store, self.spec.decode_rules, self.spec.s3)
        with self._timed("list"):
            self._clean_up(store)
        with reading(store) as self.reader:
            files, manifest = self._with_store(store, own)
        try:
            self._compact(store, files)
        except Cancelled:
            log.info("Small parts of the point store are merged by a later run")
        except Exception as error:  # noqa: BLE001  (the result stands)
            log.warning("Small parts of the point store could not be merged: %s", error)
        return manifest

    def _with_store(
        self, store: PointStore, own: list[storage.Own]
    ) -> tuple[storage.TripFiles, dict[str, Any]]:
        """Carry out the run while it holds a claim on the store; return the trip files and the manifest."""
        with self._timed("list"):
            own.append(storage.Own("point store", str(store.root)))
            files, copies = storage.find_trips(self.spec.trips, self._found, self.spec.s3, store.root, own)
            selection = select(files, store, self._check, self.spec.max_trip_megabytes << 20)
            bad = selection.tally.bad
            if bad and self.spec.bad_files == "stop":
                raise stopped_at(bad[0].path, bad[0].message)
        self.reused = len(files) - len(selection.new)
        self.sizes = selection.sizes
        log.info("%d trip files, %d of them new", len(files), len(selection.new))
        if copies:
            log.info("%d packed copies of them are left out", len(copies))
        with self._timed("decode"):
            self._decode(store, selection, len(files))
        problem = selection.tally.unusable(self.spec.mapping)
        if problem:
            raise RunError(problem)
        with self._timed("summarise"):
            summaries = self._summarise(store, selection)
        with self._timed("publish"):
            self.status.enter(RunState.PUBLISHING)
            results = result_tables.merge(
                self.folder.work,
                self.folder.results,
                [s.number for s in summaries],
                self.spec,
                self._check,
                self.folder.results_name,
            )
        self.timings["total"] = self.status.elapsed
        manifest = report.manifest(
            report.RunFacts(
                self.spec,
                files,
                copies,
                selection.tally,
                selection.n_trips,
                summaries,
                results,
                self.decoded,
                self.timings,
                self.runner.workers,
                self.runner.describe(),
                self.status.started,
                self._earlier_store(),
            )
        )
        manifest[data_package.ENTRY] = self._describe(manifest)
        with self.folder.path.disk_errors("write the manifest"):
            self.folder.write_manifest(manifest)
        _quietly(self.folder.remove_work)  # the result stands even if this fails
        self.status.warnings = manifest["warnings"]
        self.status.enter(RunState.FINISHED)
        return files, manifest

    def _describe(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Write the sidecar of the tables; return its entry of the manifest."""
        content = data_package.content(self.spec, manifest)
        file = self.folder.results / data_package.FILE_NAME
        with file.disk_errors("write the result"), file.written_aside() as aside:
            aside.write_bytes(content)
        path = f"{self.folder.results_name}/{data_package.FILE_NAME}"
        return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    # -- the store ----------------------------------------------------------------------------------

    def _clean_up(self, store: PointStore) -> None:
        """Remove what earlier runs left unfinished, and what a compaction has replaced."""
        for ingest in clean_up(store, self._check):
            log.info("Removed points that an earlier run left unfinished: %s", ingest)
        for ingest in remove_replaced(store, self._check):
            log.info("Removed points that lie in a larger part of the store now: %s", ingest)

    def _compact(self, store: PointStore, files: storage.TripFiles) -> None:
        """Merge small ingests after the run if there are many."""
        ingests = worth_merging(self.sizes)
        if not ingests:
            return
        merged = merge(store, ingests, superseded(files), self._unless_cancelled)
        if merged is not None:
            log.info("Merged %d small parts of the point store: %s", len(ingests), merged.ingest)

    # -- steps --------------------------------------------------------------------------------------

    def _decode(self, store: PointStore, selection: Selection, n_files: int) -> None:
        new = selection.new
        self.status.files = {"done": self.reused, "total": n_files}
        self.status.bytes = {"done": 0, "total": sum(file.size for file in new)}
        self.status.points = selection.tally.counted
        self._points_before = self.status.points
        has_trip_ids = bool(self.spec.mapping.trip_id)
        left = self._ingest(store, selection, new, lambda path: may_be_cut(path, has_trip_ids))
        if left:
            log.info("%d large files are read whole, as their trips do not lie together", len(left))
            self._ingest(store, selection, left)

    def _ingest(
        self,
        store: PointStore,
        selection: Selection,
        files: Sequence[storage.TripFile],
        may_be_cut: Callable[[str], bool] = lambda path: False,
    ) -> list[storage.TripFile]:
        """Decode files to an ingest; return those that were to be cut, and have to be read whole."""
        if not files:
            return []
        ingest = store.new_name()
        store.begin(ingest)
        limit = self.spec.max_trip_megabytes << 20
        stop = self.spec.bad_files == "stop"
        context = DecodeContext(store, ingest, self.spec.decode_rules, limit, stop, s3=self.spec.s3)
        tasks = decode_tasks(files, self.runner.workers, self.runner.task_bytes, may_be_cut)
        cut = CutFiles(task.files[0] for task in tasks if task.stretch)
        self.status.enter(RunState.DECODING, len(tasks))
        notes = Notes(store, ingest)

        def done(read: list[FileRecord]) -> None:
            found = cut.take(read)
            records.add(found)
            selection.take(ingest, found)
            notes.add(found)
            self.status.task_done()

        def tick(n_read: int, n_bytes: int, n_points: int) -> None:
            # A file that is read again does not count twice.
            self.status.files["done"] = min(self.reused + n_read, self.status.files["total"])
            self.status.bytes["done"] = min(n_bytes, self.status.bytes["total"])
            self.status.points = self._points_before + n_points
            notes.tick()
            self._keep_alive(store, ingest)
            self._check()

        with NewRecords() as records:
            try:
                self._alive = time.time()
                self.runner.decode(tasks, context, done, tick)
                self._keep_alive(store, ingest)
                if records.n:
                    store.commit(ingest, records)
                else:
                    store.discard(ingest)
            except RunError:
                self._keep_what_is_done(store, ingest, records)
                raise
            self.decoded += records.files
            self.sizes[ingest] = records.counted
        return cut.to_read_whole

    def _earlier_store(self) -> str:
        """Return a sentence on the store of an earlier Roadpulse, if all trips were read anew."""
        if self.reused or not self.decoded:
            return ""
        earlier = PointStore.earlier(self.spec.store, self.spec.decode_rules, self.spec.s3)
        size = earlier.bytes_below() / 1e6
        shown = f"{size / 1e3:,.1f} GB" if size >= 1e3 else f"{size:,.1f} MB"
        text = f"An earlier version's point store lies at {earlier}, {shown}; it may be deleted."
        return text if size else ""

    def _keep_alive(self, store: PointStore, ingest: str) -> None:
        """Renew the claim on the ingest if due, by a clock that includes time asleep."""
        if abs(time.time() - self._alive) > KEEP_ALIVE:
            self._alive = time.time()
            store.keep_alive(ingest)

    def _keep_what_is_done(self, store: PointStore, ingest: str, records: NewRecords) -> None:
        """Commit the finished tasks of a run that stops early, so that the next run reuses them."""
        self.runner.close()
        try:
            if store.taken(ingest):
                return
            if records.n:
                store.commit(ingest, records)
        except RunError as error:
            log.warning("The decoded points could not be kept: %s", error.message)
        store.discard(ingest)  # does nothing if it is committed

    def _summarise(self, store: PointStore, selection: Selection) -> list[SummaryReport]:
        tasks = summary_tasks(selection.tally.counted, self.runner.workers, self.runner.task_points)
        self.status.enter(RunState.SUMMARISING, len(tasks))
        work = self.folder.work
        trips_file = work / "trips.npz"
        with work.disk_errors("write to the run folder"):
            if not self.folder.attempt:
                self.folder.remove_work()  # of an earlier, unfinished attempt
                self.folder.remove_results()
            save_trips(trips_file, selection.trips())
        context = SummaryContext(
            store, self.spec, selection.parts(), trips_file, work, text_parts=selection.text_parts()
        )
        reports: list[SummaryReport] = []

        def done(found: SummaryReport) -> None:
            reports.append(found)
            self.status.task_done()

        self.runner.summarise(tasks, context, done, lambda *_: self._check())
        return sorted(reports, key=lambda r: r.number)

    # -- progress and cancellation ------------------------------------------------------------------

    def _check(self) -> None:
        said = (self.runner.waiting, self.runner.remark)
        changed = said != (self.status.waiting, self.status.remark)
        self.status.waiting, self.status.remark = said
        self.status.workers = self.runner.workers
        self.status.runner = self.runner.describe()
        self.status.write(force=changed)
        self._unless_cancelled()
        if self.reader is not None:
            self.reader.keep_alive()
        self.runner.check()

    def _unless_cancelled(self) -> None:
        if self.is_cancelled():
            raise Cancelled

    def _found(self, n_files: int) -> None:
        self.status.files["total"] = n_files
        self._check()

    def _timed(self, name: str) -> _Timer:
        return _Timer(self.timings, name)


class _Timer:
    """Context manager that adds the seconds of a block to an entry of a table."""

    def __init__(self, table: dict[str, float], name: str) -> None:
        self._table, self._name = table, name

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, *exception: object) -> None:
        self._table[self._name] = self._table.get(self._name, 0.0) + time.perf_counter() - self._begin
