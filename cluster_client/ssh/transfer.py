"""Remote files over SFTP, with atomic and verified writes, and fast reads."""

from __future__ import annotations

import contextlib
import errno
import posixpath
import stat
import uuid
from collections.abc import Generator, Sequence
from typing import Any, Callable, Optional

import paramiko
from paramiko.sftp import CMD_DATA, CMD_READ, int64

from ...aggregation.contract import tables
from ...aggregation.contract.own_files import IN_RUN_FOLDER
from ...aggregation.storage.local.files import shared_rights
from ..errors import BackendError
from ..runs.files import LONGEST_FILE, RunFiles
from .connection import Connection
from .errors import RemoteFault
from .scripts import call

OWN_FILES = {"own_files": " ".join(IN_RUN_FOLDER), "tables": " ".join(tables.TABLES)}
"""Parameters of the script `remove`: the names of the files to delete."""

WINDOW = 2 << 20
"""Bytes that are requested at once, with a round trip each; few are lost if the connection breaks."""


class SftpFiles(RunFiles):
    """Remote files as a connection's user sees them. Raises `RemoteFault` and `ConnectionLost`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._modes: dict[str, int] = {}

    def name(self, path: str) -> str:
        """Return the path with the login."""
        return f"{path} on {self._connection.login}"

    def size(self, path: str) -> Optional[int]:
        """Return a file's size in bytes; None if it does not exist."""
        with self._connection.guarded():
            try:
                return self._connection.sftp().stat(path).st_size
            except FileNotFoundError:
                return None
            except OSError as error:
                raise self._fault("examined", path, error) from error

    def read(self, path: str, most: int = LONGEST_FILE) -> Optional[bytes]:
        """Return the first `most` bytes of a file; None if it does not exist."""
        with self._connection.guarded():
            try:
                with self._connection.sftp().open(path, "rb") as file:
                    return bytes(file.read(most))
            except FileNotFoundError:
                return None
            except OSError as error:
                raise self._fault("read", path, error) from error

    def read_last(self, path: str, most: int) -> Optional[bytes]:
        """Return the last `most` bytes of a file; None if it does not exist."""
        length = self.size(path)
        if length is None:
            return None
        with self._connection.guarded():
            try:
                with self._connection.sftp().open(path, "rb") as file:
                    file.seek(max(0, length - most))
                    return bytes(file.read(most))
            except FileNotFoundError:
                return None
            except OSError as error:
                raise self._fault("read", path, error) from error

    def blocks(self, path: str, start: int, length: int) -> Generator[bytes, None, None]:
        """Yield the bytes from `start` to `length` in blocks; fewer if the file is shorter."""
        with self._connection.guarded():
            sftp = self._connection.sftp()
            try:
                source = sftp.open(path, "rb")
            except OSError as error:
                raise self._fault("read", path, error) from error
            with source:
                while start < length:
                    block = read_at_once(sftp, source, start, min(WINDOW, length - start))
                    if not block:
                        return
                    start += len(block)
                    yield block

    def put(self, path: str, content: bytes) -> None:
        """Write a file atomically: to a temporary file, which is read back and renamed."""
        self._put(path, content, lambda sftp, aside: sftp.posix_rename(aside, path))

    def put_new(self, path: str, content: bytes) -> bool:
        """Write a file atomically only if absent; return whether it was written."""
        taken = False

        def rename(sftp: paramiko.SFTPClient, aside: str) -> None:
            nonlocal taken
            try:
                sftp.rename(aside, path)  # unlike posix_rename it does not replace
            except OSError as error:
                taken = not self._connection.broke(error) and self.size(path) is not None
                if not taken:
                    raise
                sftp.remove(aside)

        if self.size(path) is None:
            self._put(path, content, rename)
        else:
            taken = True
        return not taken

    def make_folders(self, folder: str, private: bool = False) -> None:
        """Create a folder and its parents; a `private` one is readable by its owner only unless shared."""
        sftp = self._connection.sftp()
        with self._connection.guarded():
            missing = []
            while not self._is_folder(folder):
                missing.append(folder)
                folder = posixpath.dirname(folder)
            for path in reversed(missing):
                try:
                    sftp.mkdir(path)
                    if not self._give_access(sftp, path) and private and path == missing[0]:
                        sftp.chmod(path, stat.S_IRWXU)
                except OSError as error:  # another process may have created it meanwhile
                    if self._connection.broke(error) or not self._is_folder(path):
                        raise self._fault("made", path, error) from error

    def make_own_folder(self, parent: str, names: Sequence[str] = ()) -> str:
        """See `RunFiles.make_own_folder`; raises `RemoteFault`."""
        answer = call(self._connection, "own", {"parent": parent, "names": " ".join(names)})
        if answer[0] == "failed":
            raise RemoteFault(
                f"Livy is not to start programs from {self.name(parent)}, where others could replace them: "
                f"{' '.join(answer[1:])}. Have the folder and those above writable for you or root alone "
                "(chmod go-w) or, where a group shares them, sticky (chmod +t), or name another one as "
                "'folders.jobs' in the profile."
            )
        return f"{parent}/{answer[1]}"

    @staticmethod
    def _give_access(sftp: paramiko.SFTPClient, folder: str) -> bool:
        """Share a new folder as its parent is; return True if the parent is shared with a group or all.

        Another user of the group can then carry out runs in it.
        """
        above = sftp.stat(posixpath.dirname(folder)).st_mode or 0
        rights = shared_rights(above)
        if rights:
            sftp.chmod(folder, stat.S_IMODE(sftp.stat(folder).st_mode or 0) | rights)
        return bool(rights)

    def remove(self, folder: str, run_id: str) -> None:
        """See `RunFiles.remove`; raises `RemoteFault`, also if processes of the run are alive."""
        answer = call(self._connection, "remove", {"folder": folder, "run": run_id, **OWN_FILES})
        if answer[0] == "failed":
            raise RemoteFault(
                f"The run's folder {self.name(folder)} cannot be deleted: {' '.join(answer[1:])}."
            )

    def _put(self, path: str, content: bytes, rename: Callable[[paramiko.SFTPClient, str], None]) -> None:
        sftp = self._connection.sftp()
        aside = f"{path}.{uuid.uuid4().hex[:8]}.part"
        with self._connection.guarded():
            try:
                with sftp.open(aside, "wb") as file:
                    with contextlib.suppress(OSError):
                        file.chmod(self._mode_in(sftp, posixpath.dirname(path)))
                    file.set_pipelined(True)
                    for start in range(0, len(content), 1 << 15):
                        file.write(content[start : start + (1 << 15)])
                if self.read(aside, len(content) + 1) != content:
                    raise OSError(errno.EIO, "what was read back differs from what was written")
                rename(sftp, aside)
            except OSError as error:
                if not self._connection.broke(error):
                    with contextlib.suppress(OSError):
                        sftp.remove(aside)
                raise self._fault("written", path, error) from error

    def _mode_in(self, sftp: paramiko.SFTPClient, folder: str) -> int:
        """Return the mode of a new file: others have the read and write access of its folder."""
        if folder not in self._modes:
            theirs = (stat.S_IRWXG | stat.S_IRWXO) & ~(stat.S_IXGRP | stat.S_IXOTH)
            self._modes[folder] = 0o600 | ((sftp.stat(folder).st_mode or 0) & theirs)
        return self._modes[folder]

    def _is_folder(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(self._connection.sftp().stat(path).st_mode or 0)
        except FileNotFoundError:
            return False
        except OSError as error:
            if self._connection.broke(error):
                raise
            return False

    def _fault(self, what: str, path: str, error: OSError) -> BackendError:
        """Return the error for a file that could not be `what`; SFTP reports a full disk as any failure."""
        if self._connection.broke(error):
            return self._connection.lost(error)
        where = self.name(path)
        if isinstance(error, PermissionError):
            return RemoteFault(
                f"{where} cannot be {what}: the user may not. Choose another folder in the profile, or have "
                "its permissions changed.",
                repr(error),
            )
        if isinstance(error, FileNotFoundError):
            return RemoteFault(f"{where} cannot be {what}: its folder is not there (any more).", repr(error))
        free = free_kilobytes(self._connection, posixpath.dirname(path))
        if free is not None and free < 1024:
            return RemoteFault(
                f"{where} cannot be {what}: the disk is full there, {free} kB are left. Free some space and "
                "try again.",
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
    """Return the free space of a remote folder's disk in kB; None if unknown."""
    answer = call(connection, "space", {"folder": folder})
    return int(answer[0]) if answer[0].isdigit() else None


LARGEST_REQUEST = paramiko.SFTPFile.MAX_REQUEST_SIZE


def read_at_once(sftp: paramiko.SFTPClient, file: paramiko.SFTPFile, start: int, length: int) -> bytes:
    """Read `length` bytes of an open file from `start`, or fewer (at least one) before the file's end.

    All requests are sent before the first answer is awaited; requests and answers must fit into memory
    and into the connection's window. paramiko's own `SFTPFile.readv` sends from a thread of its own, and
    takes the whole for done if the answers to all sent requests come before the next request (paramiko's
    pull request 2519): it then reads the rest again, block after block, which takes ten times as long.
    Raises the errors of `SFTPFile.read`.
    """
    answers = _Answers(sftp, file)
    whole = answers.until_a_gap(start, length)
    if whole:
        return whole
    file.seek(start)
    return bytes(file.read(min(length, LARGEST_REQUEST)))  # raises the reason for an empty answer


class _Answers:
    """The answers to the requests of one `read_at_once`; paramiko calls `_async_response` for each."""

    def __init__(self, sftp: paramiko.SFTPClient, file: paramiko.SFTPFile) -> None:
        self._sftp: Any = sftp  # its type stubs omit `_async_request` and `_read_response`
        self._file = file
        self._offsets: dict[int, int] = {}
        self._blocks: dict[int, bytes] = {}

    def until_a_gap(self, start: int, length: int) -> bytes:
        """Return the blocks before the first gap, which a refused request or a short block leaves."""
        end = start + length
        for offset in range(start, end, LARGEST_REQUEST):
            number = self._sftp._async_request(
                self, CMD_READ, self._file.handle, int64(offset), min(LARGEST_REQUEST, end - offset)
            )
            self._offsets[number] = offset
        while self._offsets:
            self._sftp._read_response()
        whole = []
        while block := self._blocks.pop(start, b""):
            whole.append(block)
            start += len(block)
        return b"".join(whole)

    def _async_response(self, kind: int, message: Any, number: int) -> None:
        offset = self._offsets.pop(number)
        if kind == CMD_DATA:
            self._blocks[offset] = message.get_string()
