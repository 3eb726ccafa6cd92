"""A finished run's files, from where it ran into a folder of this computer that looks like a local run's."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Callable, Optional

from ..aggregation.errors import Cancelled
from .errors import BackendError
from .results import LINK_SPEEDS, LINK_SPEEDS_BY_TIME, Part, Table, read_manifest
from .run_files import RunFiles, here

_BESIDE = ("spec.json", "status.json", "log.txt", "rc")
_ASIDE = ".fetched"


def fetch_run(
    files: RunFiles,
    folder: str,
    local: Path,
    progress: Optional[Callable[[int, int], None]] = None,
    cancelled: Optional[Callable[[], bool]] = None,
) -> None:
    """Bring the results, then the manifest: here, too, the result exists if and only if that file does.

    Raises `ResultError`, `BackendError` or `Cancelled`; what is here by then is kept.
    """
    aside = local / _ASIDE
    with here(local):
        aside.mkdir(parents=True, exist_ok=True)
        (aside / "manifest.json").write_bytes(_needed(files, f"{folder}/manifest.json"))
    manifest = read_manifest(aside)
    parts = _parts(manifest.tables)
    total = sum(part.bytes for part in parts)
    done = 0
    for part in parts:
        before = done

        def tell(size: int, before: int = before) -> None:
            if progress is not None:
                progress(before + size, total)

        files.get(
            f"{folder}/{part.path}", local / part.path, part.bytes, part.sha256, tell,
            cancelled or (lambda: False),
        )  # fmt: skip
        done += part.bytes
    for name in _BESIDE:
        content = files.read(f"{folder}/{name}")
        if content is not None:
            with here(local):
                (local / name).write_bytes(content)
    if cancelled is not None and cancelled():
        raise Cancelled
    with here(local):
        (aside / "manifest.json").replace(local / "manifest.json")
        shutil.rmtree(aside)


def _parts(tables: Mapping[str, Table]) -> list[Part]:
    known = (LINK_SPEEDS, LINK_SPEEDS_BY_TIME)
    names = [*known, *(name for name in tables if name not in known)]
    return [part for name in names for part in tables[name].parts]


def _needed(files: RunFiles, path: str) -> bytes:
    content = files.read(path)
    if content is None:
        raise BackendError(f"{files.name(path)} is gone: the run's folder was changed or deleted.")
    return content
