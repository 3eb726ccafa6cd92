"""Start of a run through Livy: its files, one POST, and a search for the batch if the answer was lost."""

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
"""Seconds to search for a batch after a POST without answer, until it counts as never posted."""


def prepare(
    files: RunFiles, folders: RemoteFolders, run: Run, folder: str, check: Callable[[], None] = lambda: None
) -> None:
    """Create the run's folder; raises `AlreadyStarted`. `check` is called in between, and may raise."""
    files.make_folders(folder, private=True)
    claim(files, folder, run, job_json(run))
    check()
    files.put_once(f"{folder}/spec.json", json_file(spec_values(run.spec, folders.home)))


def withdraw(files: RunFiles, folder: str, run_id: str) -> bool:
    """Make a run with unknown state stop immediately if it ever begins.

    Return False if it has begun already.
    """
    if not files.holds(folder, run_id):
        return True  # the run has no files there
    files.put(f"{folder}/cancel", b"withdrawn\n")
    return files.size(f"{folder}/status.json") is None


class Poster:
    """Posts one batch once, and determines whether Livy has it."""

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
        """Post the batch and return it; None if it is unknown whether it exists.

        Raises `StartError` or another `ClientError` if nothing runs or will run.
        """
        name = str(body["name"])
        try:
            return self._client.submit(body)
        except DuplicateName:
            # The name is unique: the first answer was lost, and this is a second attempt.
            return self._found(name)
        except (LivyRefused, LivyFault, NotLivy) as error:
            self._clear(name, error)
            raise StartError(error.message, error.detail) from error
        except LivyLoginRefused as error:
            self._clear(name, error)  # a proxy may have refused only the answer
            raise
        except LivyAway:
            raise  # nothing was sent
        except Unreachable as error:
            log.info("It is unknown whether Livy has accepted the batch %s: %s", name, error.message)
            return self._find_out(name, error)

    def _found(self, name: str) -> Optional[Batch]:
        with contextlib.suppress(RunError):
            return self._client.batch(name)
        return None

    def _clear(self, name: str, error: ClientError) -> None:
        """Delete the batch after a refusal or fault, as Livy may keep its name without starting it."""
        try:
            self._client.delete(name)
        except RunError as other:
            log.warning("Livy may keep %s after refusing it: %s", name, other.message)
            if not isinstance(error, LivyRefused):
                self._withdraw()

    def _find_out(self, name: str, error: Unreachable) -> Optional[Batch]:
        """Search for the batch by name and for the run's files after a lost answer, until it is certain."""
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
