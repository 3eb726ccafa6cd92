"""A backend type that the plugin does not have, for tests of the registry: a notebook server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.aggregation.inventory import TripCount
from roadpulse.cluster_client.backends import registry
from roadpulse.cluster_client.backends.base.backend_type import (
    SSH_LOGIN,
    BackendType,
    Credential,
    FormSection,
    Kept,
)
from roadpulse.cluster_client.backends.base.probe import BackendState
from roadpulse.cluster_client.diagnosis.checks import Check, ok
from roadpulse.cluster_client.profiles.checks import empty, fault
from roadpulse.cluster_client.profiles.credentials import ProfileKeys
from roadpulse.cluster_client.profiles.entries import (
    AddressEntry,
    ChoiceEntry,
    LoginEntry,
    NumberEntry,
    OwnSection,
    SwitchEntry,
    TextEntry,
)
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.runs.phases import Phase
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.runs.status import RunStatus

OWN = ("lab_kernel", "lab_start", "lab_url", "lab_authcfg", "lab_cells", "lab_theme", "lab_keep")
VALUES = {"schema": 1, "kind": "notebook", "name": "Lab", "host": "lab.example.org"}


class NotebookBackend:
    """Records runs, which are finished at once."""

    def __init__(self, store: RunStore, folder: Path) -> None:
        self._store, self._folder = store, folder

    def submit(self, run: Run, cancelled: Optional[Callable[[], bool]] = None) -> Run:
        run = replace(
            run, folder=f"/lab/{run.id}", local_folder=str(self._folder / run.id), remote_id="cell 1"
        )
        self._store.record(run)
        return run

    def status(self, run: Run) -> RunStatus:
        status = RunStatus(RunState.FINISHED)
        self._store.note(run, status)
        return status

    def cancel(self, run: Run) -> None: ...

    def fetch(self, run: Run, progress: Any = None, cancelled: Any = None) -> Path:
        return Path(run.local_folder)

    def log(self, run: Run, tail: int = 200) -> str:
        return "In [1]: done"

    def discard(self, run: Run) -> None:
        self._store.delete(run.id)

    def close(self) -> None: ...


class NotebookTrips:
    """No trips."""

    far = True

    def count(
        self,
        trips: str,
        store: str,
        rules: DecodeRules,
        check: Callable[[], None],
        found: Callable[[int], None],
    ) -> TripCount:
        return TripCount(0, 0, None, None, ())

    def first(self, trips: str) -> list[str]:
        return []

    def read(self, path: str, most: int) -> bytes:
        return b""


class NotebookProbe:
    """Sees three cores."""

    def __init__(self, keys: ProfileKeys) -> None:
        login = keys.own.get("lab_authcfg")
        self._user = login.user if login else "nobody"

    def state(self) -> BackendState:
        return BackendState(cores=3, service=f"Notebook 7 for {self._user}")

    def trips(self, trips: str) -> NotebookTrips:
        return NotebookTrips()

    def close(self) -> None: ...


class NotebookChecks:
    """One check."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def checks(self) -> list[Check]:
        return [Check("notebook", "Notebook", lambda: ok(f"{self._profile.host} answers."))]

    def close(self) -> None: ...


class LabDescription:
    """A cluster of cells."""

    kind, name, node, nodes = "lab", "Lab", "cell", "cells"

    def version(self, facts: Mapping[str, Any]) -> str:
        return "7"

    def started(self, facts: Mapping[str, Any]) -> bool:
        return "up" in facts

    def node_count(self, facts: Mapping[str, Any]) -> int:
        return int(facts.get("cells", 0))


class NotebookType(BackendType):
    """See `BackendType`."""

    key = "notebook"
    label = new_label = "A notebook server"
    new_name = "My notebook"
    location = "Notebook: {host}"
    clusters = (LabDescription(),)
    credentials = frozenset({Credential.SSH})
    phases = {Phase.LISTING: 0.1, Phase.READING: 0.6, Phase.FETCHING: 0.1, Phase.MAPPING: 0.2}
    form = {FormSection.SSH: SSH_LOGIN, FormSection.FOLDERS: ("folders.runs",)}
    least = {"host": "localhost"}
    url_entry = "lab_url"
    own_sections = (
        OwnSection("Notebook", (
            TextEntry("lab_kernel", "Kernel", "Runs the cells.", default="python3",
                      pattern=re.compile(r"[a-z0-9-]+"), what="a kernel's name"),
            TextEntry("lab_start", "Program", program=True),
            AddressEntry("lab_url", "Address", placeholder="https://lab.example.org"),
            LoginEntry("lab_authcfg", "Password", service="the notebook"),
        ), intro="A server of notebooks."),
        OwnSection("Cells", (
            NumberEntry("lab_cells", "Cells", low=0, high=64, zero="all"),
            ChoiceEntry("lab_theme", "Theme", choices=(("", "as it is"), ("dark", "dark"))),
            SwitchEntry("lab_keep", "Keep the notebook"),
        ), folded=True),
    )  # fmt: skip

    def check(self, profile: Profile) -> None:
        if not profile.host:
            raise empty("host", "name the notebook server")
        if profile.own["lab_keep"] and not profile.own["lab_cells"]:
            raise fault("lab_cells", 0, "say how many cells are kept")

    def requirements(self, profile: Profile) -> tuple[str, ...]:
        return ("json",)

    def open(self, profile: Profile, keys: ProfileKeys, kept: Kept, run_store: RunStore) -> NotebookBackend:
        return NotebookBackend(run_store, kept.runs)

    def probe(self, profile: Profile, keys: ProfileKeys, kept: Kept) -> NotebookProbe:
        return NotebookProbe(keys)

    def diagnosis(
        self, profile: Profile, keys: ProfileKeys, kept: Kept, *, store: str, trips: str, host_key: str = ""
    ) -> NotebookChecks:
        return NotebookChecks(profile)


def register(monkeypatch: pytest.MonkeyPatch) -> NotebookType:
    """Add the type to the registry for one test: what a line in `registry` does for good."""
    found = NotebookType()
    monkeypatch.setitem(registry.TYPES, found.key, found)
    return found
