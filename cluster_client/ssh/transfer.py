"""Files to the cluster and back: whole or not at all, checked, and resumed after a cut."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import posixpath
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, Optional

import paramiko

from ...aggregation.errors import Cancelled
from ..errors import BackendError, ResultError
from .connection import Connection
from .errors import RemoteFault
from .scripts import call

WINDOW = 2 << 20
"""Bytes that are asked for at once: a round trip for each, and little is lost with a cut."""

Progress = Callable[[int], None]
IsCancelled = Callable[[], bool]


def put(connection: Connection, path: str, content: bytes) -> None:
    """Write a file there, whole or not at all: aside first, read back, then renamed.

    Raises `RemoteFault` or `ConnectionLost`.
    """
    _put(connection, path, content, lambda sftp, aside: sftp.posix_rename(aside, path))


def put_new(connection: Connection, path: str, content: bytes) -> bool:
    """As `put`, but nothing is done where there is a file; of two who try at once, one is told False."""
    taken = False

    def rename(sftp: paramiko.SFTPClient, aside: str) -> None:
        nonlocal taken
        try:
            sftp.rename(aside, path)  # unlike posix_rename this refuses to replace
        except OSError as error:
            taken = not connection.broke(error) and size(connection, path) is not None
            if not taken:
                raise
            sftp.remove(aside)

    if size(connection, path) is None:
        _put(connection, path, content, rename)
    else:
        taken = True
    return not taken


def _put(
    connection: Connection, path: str, content: bytes, rename: Callable[[paramiko.SFTPClient, str], None]
) -> None:
    sftp = connection.sftp()
    aside = f"{path}.{uuid.uuid4().hex[:8]}.part"
    with connection.guarded():
        try:
            with sftp.open(aside, "wb") as file:
                file.set_pipelined(True)
                for start in range(0, len(content), 1 << 15):
                    file.write(content[start : start + (1 << 15)])
            if read(connection, aside, len(content) + 1) != content:
                raise OSError(errno.EIO, "what was read back differs from what was written")
            rename(sftp, aside)
        except OSError as error:
            if not connection.broke(error):
                with contextlib.suppress(OSError):
                    sftp.remove(aside)
            raise fault(connection, "written", path, error) from error


def put_once(connection: Connection, path: str, content: bytes) -> bool:
    """As `put`, unless a file of that size is there under this name, which is that of its content.

    Returns whether it was sent.
    """
    if size(connection, path) == len(content):
        return False
    put(connection, path, content)
    return True


def make_folders(connection: Connection, folder: str) -> None:
    """Make a folder and those above it; raises `RemoteFault`."""
    sftp = connection.sftp()
    with connection.guarded():
        missing = []
        while not _is_folder(connection, folder):
            missing.append(folder)
            folder = posixpath.dirname(folder)
        for path in reversed(missing):
            try:
                sftp.mkdir(path)
            except OSError as error:  # somebody else may have made it meanwhile
                if connection.broke(error) or not _is_folder(connection, path):
                    raise fault(connection, "made", path, error) from error


def size(connection: Connection, path: str) -> Optional[int]:
    """Bytes of a file there; None without one."""
    with connection.guarded():
        try:
            return connection.sftp().stat(path).st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise fault(connection, "examined", path, error) from error


def read(connection: Connection, path: str, most: int = 16 << 20) -> Optional[bytes]:
    """The first `most` bytes of a file there; None without one."""
    with connection.guarded():
        try:
            with connection.sftp().open(path, "rb") as file:
                return bytes(file.read(most))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise fault(connection, "read", path, error) from error


def tail(connection: Connection, path: str, lines: int, longest: int = 1 << 18) -> str:
    """The last lines of a text file there, looking at its last `longest` bytes; empty without a file."""
    length = size(connection, path)
    if not length:
        return ""
    with connection.guarded():
        try:
            with connection.sftp().open(path, "rb") as file:
                file.seek(max(0, length - longest))
                text = bytes(file.read(longest)).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise fault(connection, "read", path, error) from error
    return "\n".join(text.splitlines()[-lines:])


def get(
    connection: Connection,
    path: str,
    local: Path,
    length: int,
    sha256: str,
    progress: Progress = lambda size: None,
    cancelled: IsCancelled = lambda: False,
) -> None:
    """Fetch a file of known length and SHA-256; goes on where an earlier call was cut off.

    The file lies at `local` when it is whole and right, and beside it as `.part` until then. `progress`
    gets the bytes that are here. Raises `ResultError`, `RemoteFault`, `ConnectionLost` or `Cancelled`.
    """
    if local.is_file() and local.stat().st_size == length and _digest(local) == sha256:
        progress(length)
        return
    part = local.with_name(local.name + ".part")
    with here(local):
        local.parent.mkdir(parents=True, exist_ok=True)
        resumed = part.is_file() and 0 < part.stat().st_size <= length
        if not resumed:
            part.write_bytes(b"")
    _append(connection, path, part, length, progress, cancelled)
    if _digest(part) != sha256 and resumed:
        # What an earlier call left was of another file: once more, from the start.
        part.write_bytes(b"")
        _append(connection, path, part, length, progress, cancelled)
    if part.stat().st_size != length or _digest(part) != sha256:
        part.unlink()
        raise ResultError(
            path, f"The result file {path} on {connection.login} does not have the size and SHA-256 that its "
            "manifest says: it was changed after the run. Start the run again; trips that are in the point "
            "store are not read again."
        )  # fmt: skip
    with here(local):
        part.replace(local)


def fault(connection: Connection, what: str, path: str, error: OSError) -> BackendError:
    """The error that says why a file there could not be `what`; a full disk looks like any failure."""
    if connection.broke(error):
        return connection.lost(error)
    where = f"{path} on {connection.login}"
    if isinstance(error, PermissionError):
        return RemoteFault(
            f"{where} cannot be {what}: the user may not. Choose another folder in the profile, or have its "
            "permissions changed.",
            repr(error),
        )
    if isinstance(error, FileNotFoundError):
        return RemoteFault(f"{where} cannot be {what}: its folder is not there (any more).", repr(error))
    free = free_kilobytes(connection, posixpath.dirname(path))
    if free is not None and free < 1024:
        return RemoteFault(
            f"{where} cannot be {what}: the disk is full there, {free} kB are left. Free some space and try "
            "again.",
            repr(error),
        )
    reason = str(error.strerror or error)
    return RemoteFault(
        f"{where} cannot be {what}"
        + (f": {reason}" if reason not in ("", "Failure") else "")
        + ". Check that its folder can be written there.",
        repr(error),
    )


def free_kilobytes(connection: Connection, folder: str) -> Optional[int]:
    """Free space on the disk of a folder there, kB; None where it cannot be told."""
    answer = call(connection, "space", {"folder": folder})
    return int(answer[0]) if answer[0].isdigit() else None


@contextlib.contextmanager
def here(path: Path) -> Iterator[None]:
    """Turn errors of this computer's disk into words."""
    try:
        yield
    except OSError as error:
        raise BackendError(
            f"The fetched file {path} cannot be written on this computer: {error.strerror or error}. Free "
            "some space or choose another run folder; what is here already is not fetched again.",
            repr(error),
        ) from error


def _append(
    connection: Connection, path: str, part: Path, length: int, progress: Progress, cancelled: IsCancelled
) -> None:
    start = part.stat().st_size
    progress(start)
    if start >= length:
        return
    with here(part):
        sink = part.open("ab", buffering=0)
    with sink, connection.guarded():
        try:
            source = connection.sftp().open(path, "rb")
        except OSError as error:
            raise fault(connection, "read", path, error) from error
        with source:
            while start < length:
                if cancelled():
                    raise Cancelled
                block = b"".join(source.readv([(start, min(WINDOW, length - start))]))
                if not block:
                    return
                with here(part):
                    sink.write(block)
                start += len(block)
                progress(start)


def _is_folder(connection: Connection, path: str) -> bool:
    try:
        return stat.S_ISDIR(connection.sftp().stat(path).st_mode or 0)
    except FileNotFoundError:
        return False
    except OSError as error:
        if connection.broke(error):
            raise
        return False


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
