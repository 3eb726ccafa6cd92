"""Files and folders of a run on local disks and shared folders."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Optional

from ...contract.json_text import first_bytes
from ...contract.trip_files import printable
from ..base.place import Place
from ..base.traffic import TRAFFIC
from . import files

if sys.platform == "win32":
    from pathlib import WindowsPath as _SystemPath
else:
    from pathlib import PosixPath as _SystemPath


class LocalPath(_SystemPath, Place):
    """A `pathlib.Path` with the interface of `Place`."""

    __slots__ = ()

    is_local = True
    status_seconds = 1.0

    def reach(self) -> None:
        """See `Place.reach`; does nothing, as reading and writing report errors."""

    # -- one file -----------------------------------------------------------------------------------

    def read_first(self, most: int) -> bytes:
        """Return the first `most` bytes; raises `OSError`."""
        return first_bytes(self, most)

    def put(self, content: bytes) -> None:
        """See `Place.put`."""
        files.write_bytes(self, content)

    def put_json(self, values: Any) -> None:
        """See `Place.put_json`."""
        files.write_json(self, values)

    def publish_json(self, values: Any) -> bool:
        """See `Place.publish_json`; a launcher ensures that only one process carries out a run."""
        files.write_json(self, values)
        return True

    def claim_json(self, values: Any) -> bool:
        """See `Place.claim_json`."""
        with files.disk_errors(f"write {self.name}", self.parent):
            return files.write_once(self, values)

    def written_aside(self) -> AbstractContextManager[Path]:
        """See `Place.written_aside`."""
        return files.written_aside(self)

    def at_hand(self) -> AbstractContextManager[Path]:
        """See `Place.at_hand`."""
        return contextlib.nullcontext(self)

    def silent_for(self, now: Optional[float] = None) -> Optional[float]:
        """See `Place.silent_for`."""
        now = time.time() if now is None else now
        try:
            return now - self.stat().st_mtime
        except OSError:
            return None

    # -- a folder -----------------------------------------------------------------------------------

    def disk_errors(self, doing: str) -> AbstractContextManager[None]:
        """See `Place.disk_errors`."""
        return files.disk_errors(doing, self)

    def now(self) -> float:
        """See `Place.now`; this computer's time if the folder is not writable."""
        return files.now_at(self)

    def remove_clock(self) -> None:
        """See `Place.remove_clock`."""

    @contextmanager
    def all_at_hand(self, names: Sequence[str]) -> Iterator[list[Path]]:
        """See `Place.all_at_hand`."""
        yield [self / name for name in names]

    @contextmanager
    def rows_at_hand(self, names: Sequence[str], first_bucket: int, end_bucket: int) -> Iterator[list[Path]]:
        """See `Place.rows_at_hand`; what is read in the block is counted."""
        with TRAFFIC.of_files(len(names)), self.all_at_hand(names) as found:
            yield found

    def bytes_below(self) -> int:
        """See `Place.bytes_below`."""
        return sum(path.lstat().st_size for path in self.rglob("*") if path.is_file())

    def folder_names(self) -> list[str]:
        """See `Place.folder_names`."""
        return sorted(path.name for path in self.glob("*") if path.is_dir())

    def file_names(self) -> list[str]:
        """See `Place.file_names`."""
        return [path.name for path in self.iterdir()]

    def folders_with(self, name: str) -> list[str]:
        """See `Place.folders_with`."""
        found = [(path.stat().st_mtime_ns, path.parent.name) for path in self.glob(f"*/{name}")]
        return [folder for _, folder in sorted(found)]

    def foreign(self, ours: re.Pattern[str]) -> str:
        """See `Place.foreign`."""
        if not os.path.lexists(self):
            return ""
        if self.is_symlink() or not self.is_dir():
            return "is not a folder that Roadpulse made"
        for path in sorted(self.iterdir()):
            if ours.fullmatch(path.name) is None or (path.is_dir() and not path.is_symlink()):
                return f"holds {printable(path.name)}, which Roadpulse has not written"
        return ""

    def remove_files(self, ours: re.Pattern[str]) -> None:
        """See `Place.remove_files`."""
        files.remove_files(self, ours)
