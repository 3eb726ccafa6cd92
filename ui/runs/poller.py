"""Polls runs that have not ended, without opening dialogs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.PyQt.QtCore import QFileSystemWatcher, QObject, QTimer, pyqtSignal

from ...aggregation.contract.errors import RunError
from ...cluster_client.profiles.profile import Profile
from ...cluster_client.runs.records import Run, RunStore
from ...cluster_client.runs.status import RunStatus
from ...mapping.language import tr
from ...workflow.credentials import opens_without_prompt, read_credentials
from ..background.calls import Call, Calls, Done, Failed
from ..widgets.messages import log_error, message_of
from .catalogue import RunCatalogue, RunEntry
from .open_runs import is_remote

if TYPE_CHECKING:
    from ...cluster_client.backends.base.backend import Backend

SHOWN, HIDDEN = 2.0, 60.0
"""Seconds between polls of a place while the list of runs is visible, and while it is hidden."""
_LONGEST = 120.0
_RESCAN = 5.0
_TICK = 500


@dataclass
class PolledBackend:
    """A place where runs execute, with one connection that is used by one poll at a time."""

    profile: Profile
    credentials: Any = None
    known: bool = False
    """True once the credentials have been read."""
    polling: bool = False
    calls: int = 0
    """Number of calls of the person that have not returned."""
    next_poll: float = 0.0
    pause: float = SHOWN
    _backend: Optional[Backend] = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def backend(self, store: RunStore) -> Backend:
        """Return the connection; made on first use, in the thread that uses it. Raises `ProfileError`."""
        from ...workflow.backends import backend_for  # noqa: PLC0415

        with self._lock:
            if self._backend is None:
                self._backend = backend_for(self.profile, store, self.credentials)
            return self._backend

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()


class RunsPoller(QObject):
    """Reads the run store and polls the runs that have not ended.

    `listed` carries every `RunEntry`, `heard` a run's id and `RunStatus`, `hindered` a run's id and why there
    is no status (empty: there is one again). `ended` carries a run that had not ended when the watch began,
    and its last status.
    """

    listed = pyqtSignal(object)
    heard = pyqtSignal(str, object)
    hindered = pyqtSignal(str, str)
    ended = pyqtSignal(object, object)

    def __init__(self, store: RunStore, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self.store = store
        self.entries: tuple[RunEntry, ...] = ()
        self.shown = False
        self._book = RunCatalogue(store)
        self._calls = Calls(self)
        self._backends: dict[Profile, PolledBackend] = {}
        self._reading = self._again = False
        self._next_scan = 0.0
        self._left: Optional[set[str]] = None
        self._files = QFileSystemWatcher(self)
        self._files.directoryChanged.connect(lambda _path: self._changed())
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK)
        self._clock.timeout.connect(self._tick)

    def begin(self) -> None:
        """Read the store for the first time, and poll the runs that have not ended from now on."""
        self._clock.start()
        self.read()

    def show(self, shown: bool) -> None:
        """Poll often while the list of runs is visible."""
        if shown == self.shown:
            return
        self.shown = shown
        for polled in self._backends.values():
            polled.pause, polled.next_poll = SHOWN, 0.0
        if shown:
            self.read()

    def close(self) -> None:
        """Stop polling and close all connections; runs go on."""
        self._clock.stop()
        self._calls.forget()
        for polled in list(self._backends.values()):
            self._leave(polled)

    # -- the store ----------------------------------------------------------------------------------

    def read(self) -> None:
        """Read the store again, in the background."""
        if self._reading:
            self._again = True
            return
        self._reading, self._again = True, False
        self._next_scan = time.monotonic() + _RESCAN
        self._calls.submit(lambda call: self._book.read(call.check), self._read, self._not_read)

    def _read(self, entries: tuple[RunEntry, ...]) -> None:
        self._reading = False
        self.entries = entries
        if self._left is None:
            self._left = {run.id for run in self._going() if is_remote(run)}
        folder = str(self.store.folder)
        if folder not in self._files.directories() and self.store.folder.is_dir():
            self._files.addPath(folder)
        self.listed.emit(entries)
        if self._again:
            self.read()

    def _not_read(self, error: Exception) -> None:
        self._reading = False
        log_error(error)

    def _changed(self) -> None:
        if self.shown or any(True for _ in self._going()):
            self._next_scan = min(self._next_scan, time.monotonic() + 0.3)

    def _going(self) -> Iterable[Run]:
        return (e.run for e in self.entries if e.run is not None and not e.run.state.is_final)

    # -- the runs -----------------------------------------------------------------------------------

    def call(self, run: Run, work: Callable[[Backend, Run], Any], done: Done, failed: Failed) -> None:
        """Call `work` with a run and its backend, in the background, on the person's request."""
        polled = self._backend_of(run.profile)
        try:
            self._read_credentials(polled)
        except RunError as error:
            failed(error)
            return
        polled.calls += 1

        def back(forward: Callable[[Any], None], answer: Any) -> None:
            polled.calls -= 1
            forward(answer)

        self._calls.submit(
            lambda _call: work(polled.backend(self.store), run), partial(back, done), partial(back, failed)
        )

    def poll(self, run: Run) -> None:
        """Poll a run at once, on the person's request: QGIS may ask for a password."""
        before = self._backends.get(run.profile)
        if before is not None and not before.polling and not before.calls:
            self._leave(before)
        polled = self._backend_of(run.profile)
        try:
            self._read_credentials(polled)
        except RunError as error:
            self.hindered.emit(run.id, message_of(error))
            return
        polled.pause, polled.next_poll = SHOWN, 0.0
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        going: dict[Profile, list[Run]] = {}
        for run in self._going():
            going.setdefault(run.profile, []).append(run)
        if now >= self._next_scan and (self.shown or going):
            self.read()
        for profile, runs in going.items():
            polled = self._backend_of(profile)
            if not polled.polling and now >= polled.next_poll:
                self._poll(polled, runs)
        for polled in list(self._backends.values()):
            if polled.profile not in going and not polled.polling and not polled.calls:
                self._leave(polled)

    def _leave(self, polled: PolledBackend) -> None:
        """Close the connection to a place without unfinished runs."""
        self._backends.pop(polled.profile, None)
        threading.Thread(target=polled.close, name="Roadpulse", daemon=True).start()

    def _backend_of(self, profile: Profile) -> PolledBackend:
        return self._backends.setdefault(profile, PolledBackend(profile))

    def _read_credentials(self, polled: PolledBackend) -> None:
        if not polled.known:
            polled.credentials = read_credentials(polled.profile)
            polled.known = True

    def _poll(self, polled: PolledBackend, runs: list[Run]) -> None:
        if not polled.known and not opens_without_prompt(polled.profile):
            self._report_trouble(runs, tr("QGIS's master password is needed to look. Choose “Look now”."))
            polled.next_poll = time.monotonic() + _RESCAN
            return
        try:
            self._read_credentials(polled)
        except RunError as error:
            self._report_trouble(runs, message_of(error))
            polled.next_poll = time.monotonic() + _LONGEST
            return
        polled.polling = True

        def ask_all(call: Call) -> list[tuple[Run, Optional[RunStatus], str]]:
            return _statuses(polled.backend(self.store), runs, call)

        self._calls.submit(
            ask_all,
            lambda heard: self._polled(polled, heard),
            lambda error: self._not_polled(polled, runs, error),
        )

    def _polled(self, polled: PolledBackend, heard: list[tuple[Run, Optional[RunStatus], str]]) -> None:
        hindered = any(trouble for _, _, trouble in heard)
        self._rest(polled, hindered)
        for run, status, trouble in heard:
            if status is not None:
                self.heard.emit(run.id, status)
            self.hindered.emit(run.id, trouble)
            if status is not None and status.is_final:
                self._next_scan = 0.0
                if self._left is not None and run.id in self._left:
                    self._left.discard(run.id)
                    self.ended.emit(run, status)

    def _not_polled(self, polled: PolledBackend, runs: list[Run], error: Exception) -> None:
        self._rest(polled, True)
        self._report_trouble(runs, message_of(error))

    def _rest(self, polled: PolledBackend, hindered: bool) -> None:
        polled.polling = False
        usual = SHOWN if self.shown else HIDDEN
        polled.pause = min(_LONGEST, max(usual, polled.pause * 2)) if hindered else usual
        polled.next_poll = time.monotonic() + polled.pause

    def _report_trouble(self, runs: Iterable[Run], trouble: str) -> None:
        for run in runs:
            self.hindered.emit(run.id, trouble)


def _statuses(backend: Backend, runs: list[Run], call: Call) -> list[tuple[Run, Optional[RunStatus], str]]:
    """Return the status of each run, or why there is none; a place that did not answer is not asked again."""
    from ...aggregation.contract.errors import NoAnswer  # noqa: PLC0415
    from ...aggregation.storage.s3.errors import S3Error  # noqa: PLC0415
    from ...cluster_client.errors import ClientError  # noqa: PLC0415

    heard: list[tuple[Run, Optional[RunStatus], str]] = []
    silence = ""
    for run in runs:
        call.check()
        if silence:
            heard.append((run, None, silence))
            continue
        try:
            heard.append((run, backend.status(run), ""))
        except NoAnswer as error:
            silence = error.message
            heard.append((run, None, silence))
        except (ClientError, S3Error) as error:
            heard.append((run, None, error.message))
    return heard
