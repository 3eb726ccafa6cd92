"""Claims of readers of a point store, so that nothing is removed that one of them may still need.

A run that reads the store has a claim from before it lists the ingests until it needs them no more:

    <store>/<digest>/claims/reader-<id>.json   as those of writers (see owners)
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from uuid import uuid4

from ..contract.errors import StorageError
from ..contract.own_files import CLAIM_FILES
from ..storage import Place
from . import owners
from .point_store import PointStore, names_in

log = logging.getLogger(__name__)

KEEP_ALIVE = 20.0
_READER = "reader-"


class Reader:
    """The claim of a run that reads; None where it cannot be written, as in a store that may only be read."""

    def __init__(self, claim: Place) -> None:
        self._claim = claim
        self._alive = time.time()
        try:
            with claim.parent.parent.disk_errors("say that this run reads the point store"):
                claim.put_json(owners.claim())
            self._is_written = True
        except (OSError, StorageError) as error:
            self._is_written = False
            log.info("The claim of this run on the point store cannot be written: %s", error)

    def keep_alive(self) -> None:
        """Renew the claim if due, by a clock that counts time asleep; raises `StorageError` if it is gone."""
        if not self._is_written or abs(time.time() - self._alive) <= KEEP_ALIVE:
            return
        self._alive = time.time()
        if not self._claim.exists():
            raise StorageError(
                "This run was silent for so long that another one took it for gone, and points that it reads "
                "may have been removed. Run again.",
                str(self._claim),
            )
        self._claim.touch()

    def end(self) -> None:
        """Withdraw the claim."""
        if self._is_written:
            with contextlib.suppress(OSError, StorageError):
                self._claim.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(store: PointStore) -> Iterator[Reader]:
    """Hold a claim on a store while the block reads it."""
    reader = Reader(store.claims / f"{_READER}{uuid4().hex}.json")
    try:
        yield reader
    finally:
        reader.end()


def has_readers(store: PointStore) -> bool:
    """Return True if a run may be reading the store; claims of ended runs are removed."""
    for name in sorted(names_in(store.claims)):
        claim = store.claims / name
        if name.startswith(_READER):
            if not owners.abandoned(claim):
                return True
            claim.unlink(missing_ok=True)
        elif CLAIM_FILES.fullmatch(name) and owners.silent(claim.parent):
            claim.unlink(missing_ok=True)
    return False
