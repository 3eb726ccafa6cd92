"""Download of a finished run's files to a folder of this computer that equals a local run's."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Callable, Optional

from ...aggregation.contract.errors import Cancelled
from ...aggregation.contract.json_text import LARGEST, LARGEST_NOTE
from ...aggregation.contract.tables import LINK_SPEEDS, LINK_SPEEDS_BY_TIME
from ...aggregation.storage.local.files import make_folder, write_bytes
from ..errors import BackendError, ResultError
from .files import LONGEST_FILE, RunFiles, here
from .results import Manifest, Part, read_manifest

_BESIDE = {"spec.json": LARGEST_NOTE, "status.json": LARGEST_NOTE, "log.txt": LONGEST_FILE, "rc": 20}
"""Files that are fetched beside the manifest and its parts, with the maximum number of bytes."""
_ASIDE = ".fetched"


def fetch_run(
    files: RunFiles,
    folder: str,
    local: Path,
    progress: Optional[Callable[[int, int], None]] = None,
    cancelled: Optional[Callable[[], bool]] = None,
) -> None:
    """Download the results, then the manifest: here, too, the result exists if and only if the manifest does.

    Files and folders are private to their owner, unless the folder is shared
    (`aggregation.storage.local.files.is_shared`). `progress` gets bytes done and total; `cancelled` is
    polled.

    Raises `ResultError`, with all downloaded parts removed, and `BackendError` or `Cancelled`, after which
    the next call resumes.
    """
    aside = local / _ASIDE
    stop = cancelled or (lambda: False)
    parts: list[Part] = []
    try:
        with here(local):
            make_folder(aside)
            write_bytes(aside / "manifest.json", _needed(files, f"{folder}/manifest.json", LARGEST + 1))
        parts += _files(read_manifest(aside))
        _check_space(local, parts)
        _fetch_parts(files, folder, local, parts, progress, stop)
        for name, most in _BESIDE.items():
            content = files.read(f"{folder}/{name}", most)
            if content is not None:
                with here(local):
                    write_bytes(local / name, content)
        if stop():
            raise Cancelled
        with here(local):
            (aside / "manifest.json").replace(local / "manifest.json")
    except ResultError:
        _remove_parts(local, parts)
        raise
    finally:
        with contextlib.suppress(OSError):
            (aside / "manifest.json").unlink(missing_ok=True)
            aside.rmdir()


def _fetch_parts(
    files: RunFiles,
    folder: str,
    local: Path,
    parts: Sequence[Part],
    progress: Optional[Callable[[int, int], None]],
    cancelled: Callable[[], bool],
) -> None:
    total = sum(part.bytes for part in parts)
    done = 0
    for part in parts:
        before = done

        def report(size: int, before: int = before) -> None:
            if progress is not None:
                progress(before + size, total)

        files.get(f"{folder}/{part.path}", local / part.path, part.bytes, part.sha256, report, cancelled)
        done += part.bytes


def _check_space(local: Path, parts: Sequence[Part]) -> None:
    """Raise `ResultError` if the disk has no room for the parts that are not downloaded yet."""
    here_already = 0
    for part in parts:
        for path in (local / part.path, _unfinished(local, part)):
            with contextlib.suppress(OSError):
                here_already += path.stat().st_size
    with here(local):
        free = shutil.disk_usage(local).free
    needed = sum(part.bytes for part in parts) - here_already
    if needed > free:
        raise BackendError(
            f"The result does not fit on this computer: {needed / 1e6:,.0f} MB are to be fetched into "
            f"{local}, and {free / 1e6:,.0f} MB are free there. Free some space or choose another run folder."
        )


def _remove_parts(local: Path, parts: Sequence[Part]) -> None:
    """Delete downloaded parts of a result that cannot be used."""
    with contextlib.suppress(OSError):
        for part in parts:
            for path in (local / part.path, _unfinished(local, part)):
                path.unlink(missing_ok=True)
        for folder in sorted({(local / part.path).parent for part in parts} | {local / "results"})[::-1]:
            folder.rmdir()


def _unfinished(local: Path, part: Part) -> Path:
    return local / f"{part.path}.part"


def _files(manifest: Manifest) -> list[Part]:
    """Return the files of a result, those that a map needs first."""
    needed = [part for name in (LINK_SPEEDS, LINK_SPEEDS_BY_TIME) for part in manifest.tables[name].parts]
    return needed + [part for part in manifest.files if part not in needed]


def _needed(files: RunFiles, path: str, most: int) -> bytes:
    content = files.read(path, most)
    if content is None:
        raise BackendError(f"{files.name(path)} is gone: the run's folder was changed or deleted.")
    return content
