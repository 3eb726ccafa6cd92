"""The Python packages of the steps, which travel with the job to the nodes.

The head node gets them once, as wheels for its own Python and architecture, into a folder that all nodes
share (see `wheelhouse`). Each node unpacks them once into a cache of its own, under a name that carries their
content, and imports them from there (`provide`). Nothing is installed, and no step needs root.

Users who can write the shared folder could put other wheels there: the SHA-256s reach a node with the tasks,
and it unpacks only wheels that match.

Imports nothing but Python's own library, since it runs before the packages are there.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess  # nosec B404  # pip, without a shell
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contract.errors import StorageError
from ..storage import disk_errors
from .write_access import make_own_folder, other_writers

REQUIREMENTS = ("msgspec>=0.18", "numpy>=1.24", "duckdb>=2.0")
"""Packages that the steps import, for pip; any of these versions computes the same result."""

MODULES = ("msgspec", "numpy", "duckdb")

FOR_S3 = ("obstore>=0.8", "obstore")
"""The package that a run with a bucket needs as well: for pip, and its module."""

PIP_SECONDS = 900
"""Most seconds for what is done with packages outside of this process."""
BLOCK = 1 << 20


class PackagesMissing(StorageError):
    """The packages cannot be had, or do not fit a node."""


@dataclass(frozen=True)
class Packages:
    """Wheels in a folder that every node sees: `files` are their names and SHA-256.

    Where there is no such folder they are `shipped`: each node gets them from Spark's driver.
    """

    folder: str
    platform: str
    files: tuple[tuple[str, str], ...]
    shipped: bool = False

    @property
    def name(self) -> str:
        """A name for just these wheels: versions, Python and architecture, and a hash of their content."""
        digest = hashlib.sha256(repr(self.files).encode()).hexdigest()[:12]
        versions = "-".join("".join(file.split("-")[:2]) for file, _ in self.files)
        return f"{self.platform}-{versions}-{digest}"


def platform_tag() -> str:
    """This Python and architecture, such as `cpython-311-linux-aarch64`."""
    system = sysconfig.get_platform().replace(".", "_")
    return f"{sys.implementation.cache_tag}-{system}"


def missing(s3: bool = False) -> list[str]:
    """Return the packages that this Python cannot import; with `s3` those for buckets too."""
    names = (*MODULES, FOR_S3[1]) if s3 else MODULES
    return [name for name in names if importlib.util.find_spec(name) is None]


def provide(packages: Packages) -> None:
    """Make the packages importable in this process, unpacking them where this node has not yet.

    Raises `PackagesMissing`.
    """
    if packages.platform != platform_tag():
        raise PackagesMissing(
            f"The node {platform.node()} has {platform_tag()}, while the head node's packages are for "
            f"{packages.platform}. Use nodes of one architecture, with the same version of Python."
        )
    folder = str(_unpacked(packages))
    if folder not in sys.path:
        sys.path.insert(0, folder)
        importlib.invalidate_caches()


def damaged(error: ImportError) -> PackagesMissing:
    """Return the error for a package that is there and cannot be imported."""
    return PackagesMissing(
        f"The Python packages cannot be loaded on {platform.node()}: {error}. Where they lie in "
        f"{cache_folder()}, delete that folder; the next run makes it anew.",
        repr(error),
    )


def cache_folder() -> Path:
    """Return this node's folder of packages: ROADPULSE_CACHE, else the user's cache, else below /var/tmp."""
    named = os.environ.get("ROADPULSE_CACHE")
    if named:
        return Path(named)
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "roadpulse"
        make_own_folder(folder, 0o700)
    except (OSError, RuntimeError):  # a user without a home
        return Path(f"/var/tmp/roadpulse-{os.getuid()}")  # noqa: S108  # nosec B108  # checked below
    return folder


def not_private(folder: Path) -> PackagesMissing:
    return PackagesMissing(
        f"Packages cannot be kept on {platform.node()}: {other_writers(folder)}. Have it belong to "
        "the user of the run and take that right away, or name another folder as ROADPULSE_CACHE."
    )


def _unpacked(packages: Packages) -> Path:
    cache = cache_folder()
    folder = cache / packages.name
    with disk_errors("unpack the Python packages", cache):
        if other_writers(folder):
            raise not_private(folder)
        if folder.is_dir():
            return folder
        make_own_folder(cache, 0o700)
        if other_writers(cache):
            raise not_private(cache)
        with locked(cache):
            if not folder.is_dir():
                aside = Path(tempfile.mkdtemp(dir=cache, prefix=".new-"))
                try:
                    for name, digest in packages.files:
                        _unpack(_wheel(packages, name), digest, aside)
                    _compile(aside)
                    if not folder.is_dir():  # again: not every file system knows locks
                        os.replace(aside, folder)  # noqa: PTH105
                finally:
                    shutil.rmtree(aside, ignore_errors=True)
    return folder


def _wheel(packages: Packages, name: str) -> Path:
    """Return the path of a wheel on this node."""
    if packages.shipped:
        from pyspark import SparkFiles  # noqa: PLC0415  (only where Spark ships them)

        return Path(SparkFiles.get(name))
    return Path(packages.folder) / name


def _unpack(wheel: Path, digest: str, folder: Path) -> None:
    """Unpack one wheel; those of the packages hold nothing that would have to be installed.

    It is copied first, so that what is unpacked is what was looked at.
    """
    try:
        with tempfile.TemporaryFile(dir=folder.parent) as copy:
            found = hashlib.sha256()
            with wheel.open("rb") as source:
                while block := source.read(BLOCK):
                    found.update(block)
                    copy.write(block)
            if found.hexdigest() != digest:
                raise PackagesMissing(
                    f"{wheel} is damaged or was replaced, seen from {platform.node()}: it is not the file "
                    "that the head node has put there, and was not unpacked. Delete its folder; the next "
                    "run makes it anew."
                )
            with zipfile.ZipFile(copy) as archive:
                archive.extractall(folder)
    except (FileNotFoundError, zipfile.BadZipFile) as error:
        raise PackagesMissing(
            f"{wheel} cannot be read on {platform.node()}. The folder of the point store has to be shared by "
            "all nodes, under the same path.",
            repr(error),
        ) from error


def _compile(folder: Path) -> None:
    """Compile the modules in a folder, where possible: else every process that imports them does so.

    In a process of its own, as it takes memory that a node's worker does not have.
    """
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(  # nosec B603
            [sys.executable, "-I", "-m", "compileall", "-q", "-x", "/tests/", "."],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=PIP_SECONDS, check=False,
        )  # fmt: skip


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one process at a time, of this node; where the file system knows no locks, all at once."""
    import fcntl  # noqa: PLC0415  (nodes run Linux; there is none on Windows)

    with (folder / ".lock").open("w") as lock:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def facts() -> dict[str, Any]:
    """Return facts of this node, for the diagnosis."""
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "platform": platform_tag(),
        "cache": str(cache_folder()),
        "packages": sorted(path.name for path in cache_folder().glob("cpython-*")),
        "missing": missing(),
    }
