"""A profile: where and how runs execute, without secrets, which stay in QGIS's authentication database.

    {"schema": 1, "kind": "ssh", "name": "Belfast Pi cluster", "host": "pi0.example.org", "user": "pi",
     "authcfg": "a1b2c3d", "spark_master": "spark://pi0:7077", "folders": {"runs": "/data/runs", …}}

Profiles can be stored in such files, shared by a team, and named in headless calls. Unknown entries, and
entries that look like secrets, raise an error that names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any, Optional, Protocol

from ...aggregation.contract.errors import SpecError
from ...aggregation.contract.json_text import JsonFault
from ...aggregation.contract.s3_access import S3Access
from ...aggregation.runners.head_capacity import MOST_HEAD_WORKERS
from ...aggregation.runners.worker_memory import SIZE_WHAT, megabytes_of
from ..errors import ProfileError
from ..shared_files import read_json, write_atomically
from .checks import (
    AUTHCFG,
    AUTHCFG_WHAT,
    FINGERPRINT,
    HOST,
    MEMORY,
    USER,
    check_jump,
    check_name,
    check_pattern,
    check_range,
    check_text,
    check_url,
    fault,
    object_of,
    sentence,
    typed,
)
from .entries import OwnEntry, OwnValues

SCHEMA = 1
LOCAL_NAME = "local"


class _Type(Protocol):
    """The part of a backend's type that profiles use; see `backends.base.backend_type.BackendType`."""

    runs_here: bool
    url_entry: str

    @property
    def own_entries(self) -> tuple[OwnEntry, ...]:
        """Entries that profiles of this type alone have."""

    def check(self, profile: Profile) -> None:
        """Raise `ProfileError` if the entries are not a valid profile of this type."""


def _types() -> Mapping[str, _Type]:
    """Return the backend types by key; imported by name, as backends depend on profiles."""
    types: Mapping[str, _Type] = import_module("..backends.registry", __package__).TYPES
    return types


@dataclass(frozen=True)
class Resources:
    """Resources of the cluster for a run. 0 or empty leaves it to Spark's own configuration.

    `cores` is the total over the cluster (`spark.cores.max`); memories are written as `470m` or `2g`.
    `worker_memory` is the most that a Python process of a run may take (empty: what its computer has for it).
    `head_workers` processes of the driver's computer work as long as Spark is not worth its start: None for
    as many as there is room for, 0 for none, so that Spark starts at once.
    """

    cores: int = 0
    executor_cores: int = 0
    executor_memory: str = ""
    driver_memory: str = ""
    head_workers: Optional[int] = None
    worker_memory: str = ""


@dataclass(frozen=True)
class Folders:
    """Folders (or `s3://bucket/prefix`) as the place of execution sees them; empty means its default.

    `runs` holds the run folders, `store` the point store, `jobs` what is sent to run there (empty: `jobs`
    in `runs`; for Livy a folder that its `livy.file.local-dir-whitelist` names).
    """

    runs: str = ""
    store: str = ""
    jobs: str = ""


@dataclass(frozen=True)
class Profile:
    """Place and settings of the execution of runs; see the module's text.

    `authcfg` is the id of an entry in QGIS's authentication database, `key_path` a file with an SSH key,
    `host_key` the fingerprint of the host's key as OpenSSH shows it (`SHA256:…`; empty: the known hosts of
    this computer decide), `jump_host` is `[user@]host[:port]`, `python` the interpreter where the run
    executes (empty: found there), `workers` the number of processes of a run on one computer (0: as many as
    it has cores).

    Livy answers at `livy_url`, as the host of the SSH connection sees it with `livy_tunnel`, to the user and
    password of the entry `livy_authcfg`. `s3` describes how the computers that run reach a bucket; this
    computer goes to the same service with the keys of the entry `s3_authcfg`. `ca_file` holds certificates
    that this computer trusts, Livy's and S3's, besides the usual ones.

    `own` are the entries that the type of backend declares as its own (see `entries`), complete; in JSON they
    stand beside the others.
    """

    kind: str
    name: str
    host: str = ""
    port: int = 22
    user: str = ""
    authcfg: str = ""
    key_path: str = ""
    host_key: str = ""
    jump_host: str = ""
    spark_master: str = ""
    spark_home: str = ""
    python: str = ""
    resources: Resources = field(default_factory=Resources)
    folders: Folders = field(default_factory=Folders)
    livy_url: str = ""
    livy_tunnel: bool = False
    livy_authcfg: str = ""
    s3: S3Access = field(default_factory=S3Access)
    s3_authcfg: str = ""
    ca_file: str = ""
    workers: int = 0
    own: OwnValues = field(default_factory=OwnValues)

    def __post_init__(self) -> None:
        known = _types()
        if self.kind not in known:
            raise fault("kind", self.kind, f"choose one of {', '.join(known)}")
        check_name(self.name)
        if self.name == LOCAL_NAME and not self.runs_here:
            what = f"The name {LOCAL_NAME!r} belongs to this computer; choose another."
            raise ProfileError("name", what)
        for entry, text in _texts(self):
            check_text(entry, text)
        object.__setattr__(self, "own", OwnValues.of(known[self.kind].own_entries, self.own))
        known[self.kind].check(self)
        check_pattern("host", self.host, HOST, "a host name or address")
        check_pattern("user", self.user, USER, "a user name")
        for entry in ("authcfg", "livy_authcfg", "s3_authcfg"):
            value = getattr(self, entry)
            check_pattern(entry, value, AUTHCFG, AUTHCFG_WHAT)
        check_pattern("host_key", self.host_key, FINGERPRINT, "a fingerprint as ssh shows it, SHA256:…")
        check_jump(self.jump_host)
        check_url("livy_url", self.livy_url)
        for entry in ("executor_memory", "driver_memory"):
            value = getattr(self.resources, entry)
            check_pattern(f"resources.{entry}", value, MEMORY, "a size such as 470m or 2g")
        if self.resources.worker_memory:
            try:
                megabytes_of(self.resources.worker_memory)
            except ValueError as error:
                raise fault("resources.worker_memory", self.resources.worker_memory, SIZE_WHAT) from error
        check_range("port", self.port, 1, 65535)
        check_range("workers", self.workers, 0, 1024)
        check_range("resources.cores", self.resources.cores, 0, 100_000)
        check_range("resources.executor_cores", self.resources.executor_cores, 0, 1024)
        check_range("resources.head_workers", self.resources.head_workers or 0, 0, MOST_HEAD_WORKERS)

    @property
    def runs_here(self) -> bool:
        """Return True if runs execute on this computer."""
        return type_of(self).runs_here

    @property
    def service_url(self) -> str:
        """URL of the service that starts runs; empty if there is none."""
        entry = type_of(self).url_entry
        if entry in self.own:
            return str(self.own[entry])
        return str(getattr(self, entry)) if entry else ""

    def to_json(self) -> dict[str, Any]:
        """Return the profile as JSON-ready values."""
        values = asdict(self)
        own = values.pop("own")
        return {"schema": SCHEMA, **values, **own}

    @classmethod
    def from_json(cls, values: object) -> Profile:
        """Create a profile from decoded JSON; raises `ProfileError` that names the entry."""
        # First, as other entries of a later schema are unknown.
        _check_schema(values.get("schema", SCHEMA) if isinstance(values, Mapping) else SCHEMA)
        own = {entry.name for entry in _own_entries(values)}
        shared = {f.name for f in fields(cls)} - {"own"}
        entries = dict(object_of("", values, {"schema", *shared, *own}))
        entries.pop("schema", None)
        for name in ("kind", "name"):
            if name not in entries:
                raise ProfileError(name, f"The profile's entry {name!r} is missing.")
        for name, kind in (("resources", Resources), ("folders", Folders)):
            if name in entries:
                part = object_of(name, entries[name], {f.name for f in fields(kind)})
                entries[name] = kind(**typed(name + ".", part, kind))
        if "s3" in entries:
            part = object_of("s3", entries["s3"], {f.name for f in fields(S3Access)})
            entries["s3"] = _s3_access(part)
        own_values = OwnValues({name: entries.pop(name) for name in tuple(entries) if name in own})
        return cls(**typed("", entries, cls), own=own_values)

    @classmethod
    def read(cls, path: Path) -> Profile:
        """Read a profile file; raises `ProfileError` that names the file and the entry."""
        try:
            return cls.from_json(read_json(path))
        except OSError as error:
            raise ProfileError(
                "", f"The profile {path} cannot be read: {error.strerror}.", str(error)
            ) from error
        except JsonFault as error:
            what = f"The profile {path} cannot be used: {error.fault}."
            raise ProfileError("", what, str(error)) from error
        except ProfileError as error:
            message = f"The profile {path} cannot be used. {error.message}"
            raise ProfileError(error.entry, message, what=error.what) from error

    def write(self, path: Path) -> None:
        """Write a profile file atomically; raises `ProfileError`."""
        try:
            write_atomically(path, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise ProfileError("", f"The profile cannot be written to {path}: {error.strerror}.") from error


def type_of(profile: Profile) -> _Type:
    """Return the type of a profile's backend, as far as profiles use it."""
    return _types()[profile.kind]


def _own_entries(values: object) -> tuple[OwnEntry, ...]:
    """Return the entries that the type of decoded JSON declares; none for an unknown one."""
    kind = values.get("kind") if isinstance(values, Mapping) else None
    found = _types().get(kind) if isinstance(kind, str) else None
    return found.own_entries if found is not None else ()


def _s3_access(part: Mapping[str, Any]) -> S3Access:
    for entry, value in part.items():
        if isinstance(value, str):
            check_text(f"s3.{entry}", value)  # here, as its error says where secrets belong
    try:
        return S3Access.from_json(part)
    except SpecError as error:
        entry, _, what = error.message.partition(": ")
        message = f"The profile's entry {entry!r} {what}."
        raise ProfileError(error.field, message, what=sentence(f"it {what}")) from error


def _check_schema(schema: object) -> None:
    if isinstance(schema, bool):
        raise fault("schema", schema, f"this Roadpulse reads version {SCHEMA}")
    if isinstance(schema, int) and schema > SCHEMA:
        raise fault(
            "schema", schema, f"a newer Roadpulse wrote it; this one reads version {SCHEMA}. Update Roadpulse"
        )
    if schema != SCHEMA:
        raise fault("schema", schema, f"this Roadpulse reads version {SCHEMA}")


def _texts(profile: Profile) -> list[tuple[str, str]]:
    parts: list[tuple[str, object]] = [("", profile)]
    parts += [("resources.", profile.resources), ("folders.", profile.folders), ("s3.", profile.s3)]
    return [
        (prefix + entry, value)
        for prefix, part in parts
        for entry, value in vars(part).items()
        if isinstance(value, str)
    ]


LOCAL = Profile(kind="local", name=LOCAL_NAME)
"""Profile of this computer, with defaults."""
