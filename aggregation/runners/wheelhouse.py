"""Collection of the steps' wheels on the head node: fetched once, into a folder that all nodes share.

As others may be able to write the shared folder, a list of wheels is trusted only in a folder that this user
and root alone may write; otherwise it is kept in the user's cache. The list with its SHA-256s reaches the
nodes with the tasks (see `packages`).

Imports only the standard library, as it runs before the packages are available.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import re
import shutil
import stat
import subprocess  # nosec B404  # pip, without a shell
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Optional

from ..contract import json_text, requirements
from ..storage.local import files as storage_local
from ..storage.local.files import disk_errors, sha256, write_json
from .packages import (
    BLOCK,
    PIP_SECONDS,
    Packages,
    PackagesMissing,
    cache_folder,
    locked,
    not_private,
    platform_tag,
)
from .write_access import make_own_folder, other_writers

log = logging.getLogger(__name__)

_LIST = "packages.json"
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+!-]{0,199}\.whl")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def collect(shared: Path, wheels: Optional[Path] = None, s3: bool = False) -> Packages:
    """Return the wheels for this Python in a folder below `shared`; fetch them with pip if absent.

    If `wheels`, a folder of wheels, is given, the network is not used; `s3` includes the packages for
    buckets. Raises `PackagesMissing`.
    """
    if wheels is not None:
        why = other_writers(wheels, inside=True)
        if why:
            raise PackagesMissing(f"The wheels in {wheels} are not used: {why}. {_own_wheels()}")
    folder = folder_in(shared, s3)
    with disk_errors("store the Python packages", shared):
        real = folder.resolve()  # a symlink above may change meanwhile
        if _made_for_us(real):
            return replace(_collected(real, wheels, s3), folder=str(folder))
    own = folder_in(own_folder(), s3)
    with disk_errors("store the Python packages", own):
        if not _made_for_us(own):
            raise not_private(own)
        packages = _collected(own, wheels, s3)
    with disk_errors("store the Python packages", shared):
        return _copied(packages, shared)


def kept(shared: Path, s3: bool = False) -> Optional[Packages]:
    """Return the wheels that an earlier `collect` has left for this computer; None if there are none."""
    for folder in (folder_in(shared, s3).resolve(), folder_in(own_folder(), s3)):
        found = None if other_writers(folder) else _read_list(folder)
        if found:
            return found
    return None


def own_folder() -> Path:
    """Return this user's folder of wheels, writable by the user and root only."""
    return cache_folder() / "wheels"


def offline_wheels(shared: Path) -> Optional[Path]:
    """Return a prepared folder of wheels for computers without a network; None if there is none.

    That is `offline` in this user's cache, or `wheels` in `shared` unless others may write it.
    """
    own = cache_folder() / "offline"
    if own.is_dir():
        return own
    wheels = shared / "wheels"
    if not wheels.is_dir():
        return None
    why = other_writers(wheels, inside=True)
    if why:
        log.warning("The wheels in %s are not used: %s. %s", wheels, why, _own_wheels())
        return None
    return wheels


def _made_for_us(folder: Path) -> bool:
    """Create a folder unless it exists; return False if others may write it or one above."""
    if other_writers(folder):
        return False
    make_own_folder(folder, 0o755)
    return not other_writers(folder)


def _collected(folder: Path, wheels: Optional[Path], s3: bool) -> Packages:
    """Return the wheels in a folder that only the user and root may write; fetch them if absent."""
    known = _read_list(folder)
    if known:
        return known
    with locked(folder):
        known = _read_list(folder)
        if known:
            return known
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as aside:
            _fetch(Path(aside), wheels, _wanted(s3))
            found = sorted(Path(aside).glob("*.whl"))
            files = [(wheel.name, sha256(wheel)) for wheel in found]
            for wheel in found:
                os.replace(wheel, folder / wheel.name)  # noqa: PTH105
        write_json(folder / _LIST, {"platform": platform_tag(), "files": files})
    return Packages(str(folder), platform_tag(), tuple(files))


def _copied(packages: Packages, shared: Path) -> Packages:
    """Copy the wheels to a folder below `shared`, which all nodes share; replace files that differ."""
    folder = shared / packages.name
    storage_local.make_folder(folder)
    for name, digest in packages.files:
        source, target = Path(packages.folder) / name, folder / name
        if _is_copy(target, source.stat().st_size, digest):
            continue
        number, aside = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with source.open("rb") as wheel, os.fdopen(number, "wb") as copy:
                shutil.copyfileobj(wheel, copy, BLOCK)
            Path(aside).chmod(0o644)
            os.replace(aside, target)  # noqa: PTH105
        finally:
            Path(aside).unlink(missing_ok=True)
    return Packages(str(folder), packages.platform, packages.files)


def _is_copy(target: Path, size: int, digest: str) -> bool:
    """Return True if a wheel exists already; files that others own are compared by content."""
    try:
        facts = target.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(facts.st_mode) or facts.st_size != size:
        return False
    ours = facts.st_uid == os.geteuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return ours or sha256(target) == digest


def _wanted(s3: bool) -> tuple[str, ...]:
    return requirements.for_pip(s3)


def folder_in(shared: Path, s3: bool = False) -> Path:
    wanted = hashlib.sha256(" ".join(_wanted(s3)).encode()).hexdigest()[:8]
    return shared / f"{platform_tag()}-{wanted}"


def _read_list(folder: Path) -> Optional[Packages]:
    """Return the list in a folder that no others may write; None if it or a wheel is missing or damaged."""
    try:
        entries = json_text.Entries.read(folder / _LIST, json_text.LARGEST_NOTE)
        made_for, files = entries.text("platform"), tuple(map(_listed, entries.array("files")))
    except (OSError, ValueError):
        return None  # absent or damaged: the list is created again
    whole = all((folder / name).is_file() for name, _ in files)
    return Packages(str(folder), made_for, files) if whole else None


def _listed(entry: object) -> tuple[str, str]:
    """Return name and digest of a wheel in a list of packages; raises `ValueError`."""
    if isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
        name, digest = entry
        if _WHEEL.fullmatch(name) and _SHA256.fullmatch(digest):
            return name, digest
    raise ValueError(f"{json_text.shown(entry)} is not a wheel with its SHA-256")


def _fetch(folder: Path, wheels: Optional[Path], wanted: tuple[str, ...]) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "-q"]
    source = ["--no-index", "--find-links", str(wheels)] if wheels else ["--retries", "2", "--timeout", "20"]
    command = [*pip, *source, "--only-binary=:all:", "-d", str(folder), *wanted]
    try:
        done = subprocess.run(  # noqa: S603  # nosec B603
            command, capture_output=True, text=True, errors="replace", timeout=PIP_SECONDS, check=False,
            cwd=folder,  # Python imports modules from its working directory
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackagesMissing(_refusal(wheels), repr(error)) from error
    if done.returncode:
        raise PackagesMissing(_refusal(wheels), done.stderr.strip()[-2000:])


def _refusal(wheels: Optional[Path]) -> str:
    names = ", ".join(requirements.STEPS)
    where = f"in {wheels}" if wheels else "from the network"
    return (
        f"The Python packages {names} could not be had {where} for {platform_tag()} on {platform.node()}. "
        f"Give that computer access to a package index and pip (python3-pip), or put wheels for it into "
        f"{cache_folder() / 'offline'} there."
    )


def _own_wheels() -> str:
    return f"Copy them into {cache_folder() / 'offline'}, which nobody else may write."
