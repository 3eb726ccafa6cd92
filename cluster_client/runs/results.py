"""Reading of a run's result tables, verified against its manifest."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from ...aggregation.contract import data_package, statistic
from ...aggregation.contract.json_text import LARGEST, Entries, JsonFault, shown
from ...aggregation.contract.manifest import OtherVersion, check_manifest
from ...aggregation.contract.spec import SCHEMA
from ...aggregation.contract.tables import (
    BIN,
    DAYS,
    LINK_ID,
    LINK_SPEEDS,
    LINK_SPEEDS_BY_PERIOD,
    LINK_SPEEDS_BY_TIME,
    PERIOD,
    has_text_ids,
    is_whole,
)
from ...aggregation.storage.local.files import sha256
from ..errors import ResultError
from ..shared_files import read_json

if TYPE_CHECKING:
    import pandas as pd

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"results/(?:[0-9a-f]{8}/)?(?P<stem>[A-Za-z0-9_][A-Za-z0-9_-]{0,99})\.csv")
"""Path of a part: in `results`, or in the subfolder of an attempt, for runs in buckets."""
_SIDECAR = re.compile(rf"results/(?:[0-9a-f]{{8}}/)?{re.escape(data_package.FILE_NAME)}")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)
"""File names that are devices on Windows, with any suffix."""
_READERS = 4


@dataclass(frozen=True)
class Part:
    """One file of a result; `path` is relative to the run folder, `rows` 0 for what is no table."""

    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Table:
    """One result table: columns in order, parts, and the number of rows of all parts."""

    columns: tuple[str, ...]
    rows: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Manifest:
    """A run's manifest: `values` is its decoded JSON, `tables` the verified description of the tables.

    `sidecar` is the Data Package beside the tables (`contract.data_package`); None for a run of an earlier
    version.
    """

    folder: Path
    values: Mapping[str, Any]
    tables: Mapping[str, Table]
    sidecar: Optional[Part] = None

    @property
    def files(self) -> list[Part]:
        """All files of the result."""
        parts = [part for table in self.tables.values() for part in table.parts]
        return parts + ([self.sidecar] if self.sidecar else [])

    @property
    def speed_unit(self) -> str:
        """Unit of every speed in the result."""
        return str(self.values.get("speed_unit", ""))

    @property
    def has_text_ids(self) -> bool:
        """True if link ids are texts in the tables."""
        return has_text_ids(self.values)


def read_manifest(folder: Union[str, Path]) -> Manifest:
    """Read the manifest of a run folder; raises `ResultError` that names the file."""
    path = Path(folder) / "manifest.json"
    try:
        values = Entries.of(read_json(path, LARGEST), str(path))
    except FileNotFoundError as error:
        raise _fault(
            path, f"The run in {folder} has no result: manifest.json is not there. Wait for the run's end, "
            "or start it again."
        ) from error  # fmt: skip
    except OSError as error:
        raise _fault(path, f"The file {path} cannot be read: {error.strerror}.") from error
    except JsonFault as error:
        raise _damaged(path, error.fault) from error
    try:
        check_manifest(values.values, str(path))
        results = values.part("results")
        tables = {name: _table(name, results.part(name)) for name in results}
        sidecar = _sidecar(values.part(data_package.ENTRY)) if data_package.ENTRY in values else None
        _check_names(part for table in tables.values() for part in table.parts)
    except OtherVersion as error:
        raise _fault(
            path, f"The result in {folder} has the version {shown(error.schema)}, and this Roadpulse "
            f"reads version {SCHEMA}. Update Roadpulse, or start the run again."
        ) from error  # fmt: skip
    except (JsonFault, ValueError) as error:
        raise _damaged(path, error.fault if isinstance(error, JsonFault) else str(error)) from error
    for name in (LINK_SPEEDS, LINK_SPEEDS_BY_TIME):
        if name not in tables:
            raise _damaged(path, f"it lists no table {name!r}")
    return Manifest(Path(folder), values.values, tables, sidecar)


_TEXTS = (DAYS, BIN, PERIOD)
_REQUIRED = {
    LINK_SPEEDS: (LINK_ID, *statistic.ALWAYS),
    LINK_SPEEDS_BY_TIME: (LINK_ID, BIN, *statistic.ALWAYS),
    LINK_SPEEDS_BY_PERIOD: (LINK_ID, PERIOD, *statistic.ALWAYS),
}
"""Columns that each table has, whatever a run computes."""


def read_speeds(folder: Union[str, Path]) -> pd.DataFrame:
    """Return the speeds by link of a finished run, as in the result CSV.

    `link_id` is int64, or str if the run has link ids that are texts. `n_points` and `n_trips` are int64,
    the rest float64 in the manifest's unit (`std` is NaN for one point). Size, SHA-256 and rows of each part
    are verified; raises `ResultError`.
    """
    return read_table(read_manifest(folder), LINK_SPEEDS)


def read_speeds_by_time(folder: Union[str, Path]) -> pd.DataFrame:
    """Return the speeds by link and bin, as `read_speeds`, with `bin` as local `HH:MM` strings."""
    return read_table(read_manifest(folder), LINK_SPEEDS_BY_TIME)


def read_table(manifest: Manifest, name: str) -> pd.DataFrame:
    """Return all parts of one table of a result; raises `ResultError`."""
    import pandas as pd  # noqa: PLC0415  (the rest of the module works without it)

    table = manifest.tables[name]
    with ThreadPoolExecutor(_READERS) as pool:  # pandas releases the interpreter's lock while it parses
        frames = list(pool.map(lambda part: _read_part(manifest, table, part), table.parts))
    rows = sum(map(len, frames))
    if rows != table.rows or not frames:
        raise _damaged(
            manifest.folder / "manifest.json", f"its table {name!r} has {table.rows} rows, its parts {rows}"
        )
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True, copy=False)


def _read_part(manifest: Manifest, table: Table, part: Part) -> pd.DataFrame:
    path = manifest.folder / PurePosixPath(part.path)
    try:
        size = path.stat().st_size
        if size != part.bytes:
            raise _damaged(path, f"it has {size} bytes, and the manifest says {part.bytes}")
        # Both release the interpreter's lock: on two cores the check takes no additional time.
        with ThreadPoolExecutor(1) as pool:
            digest = pool.submit(sha256, path)
            frame = _parse(path, table.columns, manifest.has_text_ids)
            if digest.result() != part.sha256:
                raise _damaged(path, "its SHA-256 is not the manifest's")
    except FileNotFoundError as error:
        raise _damaged(path, "it is not there, and the manifest lists it") from error
    except OSError as error:
        raise _fault(path, f"The file {path} cannot be read: {error.strerror}.", str(error)) from error
    if len(frame) != part.rows:
        raise _damaged(path, f"it has {len(frame)} rows, and the manifest says {part.rows}")
    return frame


def _parse(path: Path, names: tuple[str, ...], text_ids: bool) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  (the rest of the module works without it)

    whole = [name for name in names if is_whole(name, text_ids)]
    texts = (*_TEXTS, LINK_ID)
    kinds: dict[Hashable, type] = {
        name: np.int64 if name in whole else str if name in texts else np.float64 for name in names
    }
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header = file.readline().rstrip("\r\n").split(",")
        if tuple(header) != names:
            raise _damaged(path, f"its columns are {', '.join(header)[:200]}")
        with np.errstate(invalid="ignore"):  # a fraction in an integer column raises below instead of warning
            frame = pd.read_csv(
                path, dtype=kinds, encoding="utf-8", keep_default_na=False, na_values=[""],
                float_precision="round_trip",  # pandas' default is wrong in the last digit of some
            )  # fmt: skip
        if any(frame[name].dtype != np.int64 for name in whole):  # pandas then chose uint64
            raise _damaged(path, "a number in it is above 2^63-1")
        return frame
    except (ValueError, OverflowError) as error:  # pandas' own errors are ValueErrors too
        raise _damaged(path, str(error)) from error


def _table(name: str, entry: Entries) -> Table:
    """Return a table as described in the manifest; raises `JsonFault` or `ValueError`."""
    found = entry.texts("columns")
    missing = [column for column in _REQUIRED.get(name, ()) if column not in found]
    if missing:
        raise ValueError(f"its table {shown(name)} lacks {', '.join(missing)}")
    return Table(found, entry.whole("rows"), tuple(map(_part, entry.parts("parts"))))


def _part(entry: Entries) -> Part:
    path = entry.text("path")
    match = _PART.fullmatch(path)
    if not match or _DEVICES.fullmatch(match["stem"]):
        raise entry.fault(
            "path", "and a part is results/NAME.csv, with a name of at most 100 letters, digits, - and _"
        )
    return Part(path, entry.whole("rows"), entry.whole("bytes"), _digest(entry))


def _sidecar(entry: Entries) -> Part:
    path = entry.text("path")
    if not _SIDECAR.fullmatch(path):
        raise entry.fault("path", f"and the sidecar is results/{data_package.FILE_NAME}")
    return Part(path, 0, entry.whole("bytes"), _digest(entry))


def _digest(entry: Entries) -> str:
    digest = entry.text("sha256").lower()
    if not _SHA256.fullmatch(digest):
        raise entry.fault("sha256", "and a SHA-256 has 64 hexadecimal digits")
    return digest


def _check_names(parts: Iterable[Part]) -> None:
    """Raise an error for a file that is listed twice, ignoring case as some file systems do."""
    seen: set[str] = set()
    for part in parts:
        name = part.path.casefold()
        if name in seen:
            raise ValueError(f"it lists the file {part.path} twice")
        seen.add(name)


def _damaged(path: Path, what: str) -> ResultError:
    return _fault(
        path, f"The result file {path} is damaged: {what}. Fetch it again, or start the run again; trips "
        "that are in the point store are not read again."
    )  # fmt: skip


def _fault(path: Path, message: str, detail: str = "") -> ResultError:
    return ResultError(str(path), message, detail)
