"""A profile: where and how runs execute. Never a secret: those stay in QGIS's authentication database.

    {"schema": 1, "kind": "ssh", "name": "Belfast Pi cluster", "host": "pi0.example.org", "user": "pi",
     "authcfg": "a1b2c3d", "spark_master": "spark://pi0:7077", "folders": {"runs": "/data/runs", …}}

A profile can be written to and read from such a file, so a team shares one and a headless call names it.
Reading is strict: what is not understood is refused and named, and so is whatever looks like a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .errors import ProfileError
from .files import read_text, write_atomically

SCHEMA = 1
KINDS = ("local", "ssh", "livy")
LOCAL_NAME = "local"
LONGEST_NAME = 100

_SECRET = re.compile(
    r"passw|passphrase|pwd|secret|token|credential|private_?key|access_?key|api_?key", re.IGNORECASE
)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?")
_JUMP = re.compile(r"(?:(?P<user>[^@\s:/]+)@)?(?P<host>[^@\s:/]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?")
_AUTHCFG = re.compile(r"[A-Za-z0-9]{7}")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_MEMORY = re.compile(r"[1-9]\d*[mg]")


@dataclass(frozen=True)
class Resources:
    """What a run may use of the cluster. 0 or empty leaves it to Spark's own configuration.

    `cores` is the total over the cluster (`spark.cores.max`); memories are written as `470m` or `2g`.
    """

    cores: int = 0
    executor_cores: int = 0
    executor_memory: str = ""
    driver_memory: str = ""


@dataclass(frozen=True)
class Folders:
    """Folders (or `s3://bucket/prefix`) as the place of execution sees them; empty means its default.

    `runs` holds the run folders, `store` the point store.
    """

    runs: str = ""
    store: str = ""


@dataclass(frozen=True)
class Profile:
    """Where and how runs execute; see the module's text.

    `authcfg` is the id of an entry in QGIS's authentication database, `key_path` a file with an SSH key,
    `host_key` the fingerprint of the host's key as OpenSSH shows it (`SHA256:…`; empty: the known hosts of
    this computer decide), `jump_host` is `[user@]host[:port]`, `python` the interpreter where the run
    executes (empty: found there), `workers` the number of processes of a run on one computer (0: as many
    as it has cores).
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
    s3_endpoint: str = ""
    livy_url: str = ""
    workers: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise _fault("kind", self.kind, f"choose one of {', '.join(KINDS)}")
        _check_name(self.name)
        if self.name == LOCAL_NAME and self.kind != "local":
            raise ProfileError("name", f"The name {LOCAL_NAME!r} belongs to this computer; choose another.")
        for entry, text in _texts(self):
            _check_text(entry, text)
        if self.kind == "ssh" and not self.host:
            raise ProfileError("host", "The profile's entry 'host' is empty; name the computer to log in to.")
        if self.kind == "livy" and not self.livy_url:
            raise ProfileError("livy_url", "The profile's entry 'livy_url' is empty; name Livy's address.")
        _check_pattern("host", self.host, _HOST, "a host name or address")
        _check_pattern("user", self.user, _USER, "a user name")
        _check_pattern("authcfg", self.authcfg, _AUTHCFG, "the 7 letters and digits of a QGIS authentication")
        _check_pattern("host_key", self.host_key, _FINGERPRINT, "a fingerprint as ssh shows it, SHA256:…")
        _check_jump(self.jump_host)
        for entry in ("livy_url", "s3_endpoint"):
            _check_url(entry, getattr(self, entry))
        for entry in ("executor_memory", "driver_memory"):
            value = getattr(self.resources, entry)
            _check_pattern(f"resources.{entry}", value, _MEMORY, "a size such as 470m or 2g")
        _check_range("port", self.port, 1, 65535)
        _check_range("workers", self.workers, 0, 1024)
        _check_range("resources.cores", self.resources.cores, 0, 100_000)
        _check_range("resources.executor_cores", self.resources.executor_cores, 0, 1024)

    def to_json(self) -> dict[str, Any]:
        """The profile as JSON-ready values."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, values: object) -> Profile:
        """Read a profile from decoded JSON; raises `ProfileError` that names the entry."""
        entries = dict(_object("", values, {"schema", *(f.name for f in fields(cls))}))
        if "schema" in entries and entries["schema"] != SCHEMA:
            raise _fault("schema", entries["schema"], f"this Roadpulse reads version {SCHEMA}")
        entries.pop("schema", None)
        for name in ("kind", "name"):
            if name not in entries:
                raise ProfileError(name, f"The profile's entry {name!r} is missing.")
        for name, kind in (("resources", Resources), ("folders", Folders)):
            if name in entries:
                part = _object(name, entries[name], {f.name for f in fields(kind)})
                entries[name] = kind(**_typed(name + ".", part, kind))
        return cls(**_typed("", entries, cls))

    @classmethod
    def read(cls, path: Path) -> Profile:
        """Read a profile file; raises `ProfileError` that names the file and the entry."""
        try:
            return cls.from_json(json.loads(read_text(path)))
        except OSError as error:
            raise ProfileError(
                "", f"The profile {path} cannot be read: {error.strerror}.", str(error)
            ) from error
        except ValueError as error:  # UnicodeDecodeError is one too
            raise ProfileError("", f"The profile {path} is not valid JSON: {error}.", str(error)) from error
        except ProfileError as error:
            raise ProfileError(error.entry, f"The profile {path} cannot be used. {error.message}") from error

    def write(self, path: Path) -> None:
        """Write a profile file, whole or not at all; raises `ProfileError`."""
        try:
            write_atomically(path, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise ProfileError("", f"The profile cannot be written to {path}: {error.strerror}.") from error


def looks_secret(entry: str) -> bool:
    """Whether an entry's name suggests a secret."""
    return _SECRET.search(entry) is not None


def _texts(profile: Profile) -> list[tuple[str, str]]:
    parts: list[tuple[str, object]] = [("", profile)]
    parts += [("resources.", profile.resources), ("folders.", profile.folders)]
    return [
        (prefix + entry, value)
        for prefix, part in parts
        for entry, value in vars(part).items()
        if isinstance(value, str)
    ]


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise _fault("name", name, f"a name has 1 to {LONGEST_NAME} characters")


def _check_text(entry: str, text: str) -> None:
    if any(not (c.isprintable() or c == " ") for c in text):
        raise _fault(entry, text, "it holds a line break or another character that cannot be printed")
    if "-----BEGIN" in text:
        raise _secret(entry)
    if "://" in text:
        try:
            secret = urlsplit(text).password is not None
        except ValueError as error:
            raise _fault(entry, text, "it is not a valid address") from error
        if secret:
            raise _secret(entry)


def _check_pattern(entry: str, text: str, pattern: re.Pattern[str], what: str) -> None:
    if text and not pattern.fullmatch(text):
        raise _fault(entry, text, f"it should be {what}")


def _check_jump(jump: str) -> None:
    found = _JUMP.fullmatch(jump)
    if not jump:
        return
    if (
        not found
        or not _HOST.fullmatch(found["host"].strip("[]"))
        or int(found["port"] or 22) not in range(1, 65536)
    ):
        raise _fault("jump_host", jump, "it should be [user@]host[:port]")
    _check_pattern("jump_host", found["user"] or "", _USER, "[user@]host[:port]")


def _check_url(entry: str, text: str) -> None:
    if not text:
        return
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise _fault(entry, text, "it should be an address such as https://pi0.example.org:8998")


def _check_range(entry: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise _fault(entry, value, f"it lies between {low} and {high}")


def _object(entry: str, values: object, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise ProfileError(entry, f"{_named(entry)} is not a JSON object.")
    for key in values:
        path = f"{entry}.{key}" if entry else str(key)
        if key in known:
            continue
        if looks_secret(str(key)):
            raise _secret(path)
        raise ProfileError(
            path, f"The profile's entry {path!r} is not known; known are {', '.join(sorted(known))}."
        )
    return values


def _typed(prefix: str, values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    wanted = {f.name: str(f.type) for f in fields(kind)}
    for key, value in values.items():
        if wanted[key] == "str" and not isinstance(value, str):
            raise _fault(prefix + key, value, "it is a text")
        if wanted[key] == "int" and (isinstance(value, bool) or not isinstance(value, int)):
            raise _fault(prefix + key, value, "it is a whole number")
    return dict(values)


def _named(entry: str) -> str:
    return f"The profile's entry {entry!r}" if entry else "The profile"


def _fault(entry: str, value: object, what: str) -> ProfileError:
    return ProfileError(entry, f"{_named(entry)} is {value!r}: {what}.")


def _secret(entry: str) -> ProfileError:
    return ProfileError(
        entry,
        f"{_named(entry)} holds a secret, and a profile is shared. Remove it, store it in QGIS's "
        "authentication database and name that entry's id as 'authcfg'.",
    )


LOCAL = Profile(kind="local", name=LOCAL_NAME)
"""This computer, with its defaults."""
