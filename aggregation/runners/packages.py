"""Python packages of the steps, shipped to the nodes with the job.

The head node fetches them once, as wheels for its Python and architecture, into a folder that all nodes
share (see `wheelhouse`). Each node unpacks them once into its own cache, in a folder named by their content,
and imports them from there (`provide`). Nothing is installed, and root is not required.

As others may be able to write the shared folder, the tasks carry the wheels' SHA-256s, and a node unpacks
only wheels that match.

Imports only the standard library, as it runs before the packages are available.
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

from ..contract import requirements
from ..contract.errors import StorageError
from ..storage.local.files import disk_errors
from .write_access import make_own_folder, other_writers

PIP_SECONDS = 900
"""Timeout in seconds of subprocesses that handle packages."""
BLOCK = 1 << 20


class PackagesMissing(StorageError):
    """The packages are unavailable, or do not fit a node."""


@dataclass(frozen=True)
class Packages:
    """Wheels in a folder that all nodes share: `files` are their names and SHA-256s.

    If `shipped`, there is no such folder, and each node gets them from Spark's driver.
    """

    folder: str
    platform: str
    files: tuple[tuple[str, str], ...]
    shipped: bool = False

    @property
    def name(self) -> str:
        """Unique name of these wheels: Python and architecture, versions, and a hash of their content."""
        digest = hashlib.sha256(repr(self.files).encode()).hexdigest()[:12]
        versions = "-".join("".join(file.split("-")[:2]) for file, _ in self.files)
        return f"{self.platform}-{versions}-{digest}"


def platform_tag() -> str:
    """Return this Python and architecture, such as `cpython-311-linux-aarch64`."""
    system = sysconfig.get_platform().replace(".", "_")
    return f"{sys.implementation.cache_tag}-{system}"


def missing(s3: bool = False) -> list[str]:
    """Return the packages that this Python cannot import; with `s3` including those for buckets."""
    names = requirements.names(s3)
    return [name for name in names if importlib.util.find_spec(name) is None]


def provide(packages: Packages) -> None:
    """Make the packages importable in this process; unpack them if this node has not yet.

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
    """Return the error for a package that is present and cannot be imported."""
    return PackagesMissing(
        f"The Python packages cannot be loaded on {platform.node()}: {error}. Where they lie in "
        f"{cache_folder()}, delete that folder; the next run makes it anew.",
        repr(error),
    )


def cache_folder() -> Path:
    """Return this node's folder for packages: ROADPULSE_CACHE, else in the user's cache, else in /var/tmp."""
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
                    if not folder.is_dir():  # again, as not every file system supports locks
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
    """Unpack one wheel if its SHA-256 is `digest`; the packages' wheels need no installation.

    It is copied first, so that the content that was checked is unpacked.
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
    """Compile the modules in a folder, if possible, so that not every process has to.

    A subprocess does it, as it takes more memory than a node's worker has.
    """
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(  # nosec B603
            [sys.executable, "-I", "-m", "compileall", "-q", "-x", "/tests/", "."],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=PIP_SECONDS, check=False,
        )  # fmt: skip


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Exclude other processes of this node, unless the file system does not support locks."""
    import fcntl  # noqa: PLC0415  (absent on Windows; nodes run Linux)

    with (folder / ".lock").open("w") as lock:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def facts() -> dict[str, Any]:
    """Return facts about this node, for the diagnosis."""
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "platform": platform_tag(),
        "cache": str(cache_folder()),
        "packages": sorted(path.name for path in cache_folder().glob("cpython-*")),
        "missing": missing(),
    }
