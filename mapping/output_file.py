"""Outputs: whether a file may be written or replaced, and replacing it once the new one is whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Optional
from uuid import uuid4

from qgis.PyQt.QtGui import QImage

from ..aggregation.contract.errors import StorageError
from ..aggregation.storage.local.files import disk_errors
from .errors import MapError, OutputInUse
from .file_kinds import MAP, PNG, FileKind

_PROBE = 1 << 20
"""Bytes that a disk with room takes at once."""

_BESIDE = ("", "-journal", "-wal", "-shm")
"""Endings of the files that SQLite keeps beside a database, and of the database itself."""


class Incomplete(Exception):
    """A writer's word inside `written_whole` that its file did not become whole; holds the details."""


def check_output(
    path: Path, kinds: Sequence[FileKind], inputs: Optional[Mapping[Path, str]] = None
) -> FileKind:
    """Return the kind of `kinds` that is to be written to `path`, by its ending.

    `inputs` are the files that are read meanwhile, with what each is. Nothing is changed. Raises `MapError`
    or `StorageError` where the ending is none of the kinds', where `path` is a folder, one of the inputs
    (through a link or under another spelling, too) or a file of another kind, and where its folder cannot
    be written.
    """
    with disk_errors(f"look at {path.name}", path.parent):
        if path.is_dir():
            raise MapError(f"{path} is a folder. Name a file in it.")
        kind = kind_of(path, kinds)
        refuse_inputs(path, inputs or {})
        check_target(real(path), kind)
    check_folder(real(path).parent)
    return kind


def kind_of(path: Path, kinds: Sequence[FileKind]) -> FileKind:
    """Return the kind that a name's ending stands for; raises `MapError`."""
    for kind in kinds:
        if path.suffix.lower() in (kind.ending, *kind.other_endings):
            return kind
    *first, last = [kind.ending for kind in kinds]
    endings = f"{', '.join(first)} or {last}" if first else last
    raise MapError(f"The file cannot be written as {path.name}. Let its name end in {endings}.")


def real(path: Path) -> Path:
    """Return the file that is written to: that at the end of all links."""
    return Path(os.path.realpath(path))


def refuse_inputs(path: Path, inputs: Mapping[Path, str]) -> None:
    """Raise `MapError` where `path` is one of the files that are read."""
    for given, what in inputs.items():
        if _is_same(path, given):
            named = "" if path == given else f" ({given})"
            raise MapError(
                f"{path} is the file of “{what}”{named}, and writing would destroy it. Nothing was changed; "
                "choose another name for the result."
            )


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there
        return False


def check_target(path: Path, kind: FileKind) -> None:
    """Raise `MapError` or `OutputInUse` where what is at `path` may not be replaced by a file of a kind.

    An empty file is of any kind.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise MapError(f"{path} is not a file. Choose another name.")
    if not os.access(path, os.W_OK):
        raise MapError(f"{path} may not be written. Choose another name, or change its permissions.")
    why = kind.stranger(path) if path.stat().st_size else ""
    if why:
        raise MapError(f"{path} is not replaced: {why}. Nothing was changed; choose another name.")
    if kind.ending == MAP.ending:
        refuse_open_file(path)


def check_folder(folder: Path) -> None:
    """Raise `StorageError` where a folder, or the one that it would be made in, cannot be written."""
    with disk_errors("write there", folder):
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise MapError(f"{there} is not a folder, so nothing can be written to {folder}.")
        with tempfile.TemporaryFile(prefix=".roadpulse-", dir=there):
            pass


@contextmanager
def written_whole(path: Path, kind: FileKind, inputs: Optional[Mapping[Path, str]] = None) -> Iterator[Path]:
    """Yield a path to write to; what was written takes the place of `path` once it is whole.

    Raises `MapError`, `OutputInUse` or `StorageError`, and passes on what the block raises; an earlier
    file is then as it was. The block may raise `Incomplete`.
    """
    target = real(path)
    check_output(path, (kind,), inputs)
    aside = target.with_name(f".roadpulse-{uuid4().hex[:12]}.part{kind.ending}")
    with disk_errors(f"write {target.name}", target.parent):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                yield aside
            except Incomplete as error:
                raise incomplete(aside, target, str(error)) from error
            if not aside.is_file() or not kind.whole(aside):
                raise incomplete(aside, target)
            _settle(aside)
            check_target(target, kind)
            _move(aside, target)
        finally:
            remove(aside)


def remove(aside: Path) -> None:
    """Remove a file of ours that did not become a result, with what SQLite keeps beside it."""
    for ending in _BESIDE:
        with suppress(OSError):
            aside.with_name(aside.name + ending).unlink()


def _settle(aside: Path) -> None:
    """Have the disk hold every byte: some full disks and shares say so only now."""
    with aside.open("rb+") as file:
        os.fsync(file.fileno())


def _move(aside: Path, target: Path) -> None:
    if target.exists():
        with suppress(OSError):  # a file that another user shares
            shutil.copymode(target, aside)
    try:
        aside.replace(target)
    except PermissionError as error:
        if os.name == "nt" and target.exists():  # Windows keeps files that are open
            raise OutputInUse(in_use(target), str(error)) from error
        raise


def write_picture(picture: QImage, path: Path, target: Path, quality: int = -1) -> None:
    """Write a new PNG to `path`, a part of `target`; raises `StorageError` if it did not become whole.

    `quality` is that of Qt: a PNG of 90 is larger than one of 30 and written faster, of the same pixels.
    """
    if not picture.save(str(path), "PNG", quality) or not PNG.whole(path):
        raise incomplete(path, target)


def incomplete(path: Path, target: Path, detail: str = "") -> StorageError:
    """Return the error of a file at `path` that is not whole, a part of `target` or its later contents.

    The writer gives no reason, so the disk is tested: raises `StorageError` if it takes no more.
    """
    with disk_errors(f"write {target.name}", target.parent), path.open("ab") as file:
        file.write(bytes(_PROBE))
        file.flush()
        os.fsync(file.fileno())
    why = f": {detail}" if detail else ""
    return StorageError(
        f"{target} could not be written whole{why}. What was there before is unchanged; choose another "
        "folder, or try again.",
        detail,
    )


def refuse_open_file(path: Path) -> None:
    """Raise `OutputInUse` where a program holds the file; replacing it would spoil its write-ahead log."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=0)) as database:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise OutputInUse(in_use(path), str(error)) from error
        raise StorageError(f"The map file {path} cannot be replaced: {error}.", repr(error)) from error
    except sqlite3.DatabaseError:
        return  # not a database: replaced like any other file


def in_use(path: Path) -> str:
    """Return the words for a map file that is open."""
    return (
        f"The map file {path} is open, here or in another program. Nothing was changed; "
        "remove its layers from the project, or choose another name."
    )
