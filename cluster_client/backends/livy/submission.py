"""Starting a run through Livy: its files first, then one POST, after which Livy and the folder are asked."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any, Callable, Optional

from ....aggregation.contract.errors import RunError
from ...errors import ClientError, StartError, Unreachable
from ...runs.files import RunFiles
from ...runs.records import Run
from ...runs.submission import claim
from ...ssh.run_paths import RemoteFolders, job_json, json_file, spec_values
from .answers import Batch
from .client import LivyClient
from .errors import DuplicateName, LivyAway, LivyFault, LivyLoginRefused, LivyRefused, NotLivy
from .file_access import FileAccess

log = logging.getLogger(__name__)

SURE_SECONDS = 20.0
"""Seconds of searching for a batch whose POST got no answer, before it counts as never posted."""


def prepare(
    files: RunFiles, folders: RemoteFolders, run: Run, folder: str, check: Callable[[], None] = lambda: None
) -> None:
    """Make the run's folder; raises `AlreadyStarted`. `check` is called on the way, and may raise."""
    files.make_folders(folder, private=True)
    claim(files, folder, run, job_json(run))
    check()
    files.put_once(f"{folder}/spec.json", json_file(spec_values(run.spec, folders.home)))


def withdraw(files: RunFiles, folder: str, run_id: str) -> bool:
    """See to it that a run of which nothing is heard stops at once, should it ever begin.

    False where it has begun after all.
    """
    if not files.holds(folder, run_id):
        return True  # nothing of the run is there
    files.put(f"{folder}/cancel", b"withdrawn\n")
    return files.size(f"{folder}/status.json") is None


class Poster:
    """Posts one batch, once, and finds out what became of it."""

    def __init__(
        self,
        client: LivyClient,
        file_access: FileAccess,
        folder: str,
        run_id: str,
        sure: float = SURE_SECONDS,
    ) -> None:
        self._client, self._file_access, self._folder, self._run_id = client, file_access, folder, run_id
        self._sure = sure

    def post(self, body: dict[str, Any]) -> Optional[Batch]:
        """Post the batch and return it; None if it is not known at the moment whether it exists.

        Raises `StartError` or another `ClientError` if nothing runs, nor will.
        """
        name = str(body["name"])
        try:
            return self._client.submit(body)
        except DuplicateName:
            # The name is unique: the first answer was lost, and this is the second attempt.
            return self._found(name)
        except (LivyRefused, LivyFault, NotLivy) as error:
            self._clear(name, error)
            raise StartError(error.message, error.detail) from error
        except LivyLoginRefused as error:
            self._clear(name, error)  # what refuses may stand before Livy, and only refuse the answer
            raise
        except LivyAway:
            raise  # nothing was sent
        except Unreachable as error:
            log.info("It is not known whether Livy took the batch %s: %s", name, error.message)
            return self._find_out(name, error)

    def _found(self, name: str) -> Optional[Batch]:
        with contextlib.suppress(RunError):
            return self._client.batch(name)
        return None

    def _clear(self, name: str, error: ClientError) -> None:
        """After a refusal Livy keeps the name for a batch that it never starts; after a fault, who knows."""
        try:
            self._client.delete(name)
        except RunError as other:
            log.warning("Livy may keep %s after refusing it: %s", name, other.message)
            if not isinstance(error, LivyRefused):
                self._withdraw()

    def _find_out(self, name: str, error: Unreachable) -> Optional[Batch]:
        """After an answer that was lost: ask for the name until it is sure, and look at the run's folder."""
        end, pause, answered = time.monotonic() + self._sure, 0.2, False
        while True:
            try:
                batch = self._client.batch(name)
                answered = True
                if batch is not None:
                    return batch
            except RunError as other:
                log.info("Livy gave no state of %s: %s", name, other.message)
            if self._begun():
                return None  # Livy was restarted meanwhile, and the run goes on
            if time.monotonic() > end:
                break
            time.sleep(pause)
            pause = min(2.0, pause * 1.5)
        if not answered or not self._withdraw():
            return None
        self._clear(name, error)  # had it come in the meantime
        raise StartError(
            f"Livy did not take the run. {error.message} Start it again.", error.detail
        ) from error

    def _begun(self) -> bool:
        with contextlib.suppress(RunError):
            path = f"{self._folder}/status.json"
            return self._file_access.once(self._folder, lambda files, _: files.size(path)) is not None
        return False

    def _withdraw(self) -> bool:
        """Return True if it is certain that the run has not begun and will not go on if it does."""
        with contextlib.suppress(RunError):
            return self._file_access.once(
                self._folder, lambda files, _: withdraw(files, self._folder, self._run_id)
            )
        return False
