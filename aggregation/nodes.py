"""What the nodes need: the Python packages of the steps, which travel with the job.

The head node gets them once, as wheels for its own Python and architecture, into a folder that all nodes
share (`collect`). Each node unpacks them once into a cache of its own, under a name that carries their
content, and imports them from there (`provide`). Nothing is installed, and nobody needs to be root.

Imports nothing but Python's own library, since it runs before the packages are there.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess  # nosec B404  (pip, without a shell)
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from . import json_text
from .errors import StorageError
from .storage import disk_errors, sha256, write_json

REQUIREMENTS = ("msgspec>=0.18", "numpy>=1.24", "duckdb>=2.0")
"""What the steps import, for pip; any of these versions computes the same result."""

MODULES = ("msgspec", "numpy", "duckdb")

FOR_S3 = ("obstore>=0.8", "obstore")
"""What the steps import as well where a run uses a bucket: for pip, and the module."""

_PIP_SECONDS = 900
_LIST = "packages.json"


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


def here() -> str:
    """This Python and architecture, such as `cpython-311-linux-aarch64`."""
    system = sysconfig.get_platform().replace(".", "_")
    return f"{sys.implementation.cache_tag}-{system}"


def missing(s3: bool = False) -> list[str]:
    """Which of the packages this Python cannot import; with `s3` those for buckets too."""
    names = (*MODULES, FOR_S3[1]) if s3 else MODULES
    return [name for name in names if importlib.util.find_spec(name) is None]


# -- on the head node -------------------------------------------------------------------------------


def collect(shared: Path, wheels: Optional[Path] = None, s3: bool = False) -> Packages:
    """The wheels for this Python in a folder below `shared`; fetched by pip where they are not there.

    With `wheels`, a folder of wheels, the network is not used; with `s3` there are those for buckets too.
    Raises `PackagesMissing`.
    """
    folder = _folder_in(shared, s3)
    with disk_errors("store the Python packages", shared):
        known = _read_list(folder)
        if known:
            return known
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            known = _read_list(folder)
            if known:
                return known
            with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as aside:
                _fetch(Path(aside), wheels, _wanted(s3))
                found = sorted(Path(aside).glob("*.whl"))
                files = [(wheel.name, sha256(wheel)) for wheel in found]
                for wheel in found:
                    os.replace(wheel, folder / wheel.name)  # noqa: PTH105
            write_json(folder / _LIST, {"platform": here(), "files": files})
    return Packages(str(folder), here(), tuple(files))


def kept(shared: Path, s3: bool = False) -> Optional[Packages]:
    """The wheels that an earlier `collect` left in `shared`; None where there are none."""
    return _read_list(_folder_in(shared, s3))


def _wanted(s3: bool) -> tuple[str, ...]:
    return (*REQUIREMENTS, FOR_S3[0]) if s3 else REQUIREMENTS


def _folder_in(shared: Path, s3: bool = False) -> Path:
    wanted = hashlib.sha256(" ".join(_wanted(s3)).encode()).hexdigest()[:8]
    return shared / f"{here()}-{wanted}"


def _read_list(folder: Path) -> Optional[Packages]:
    try:
        entries = json_text.Entries.read(folder / _LIST, json_text.LARGEST_NOTE)
        made_for, files = entries.text("platform"), tuple(map(_listed, entries.array("files")))
    except (OSError, ValueError):
        return None  # not there yet, or damaged: the list is made anew
    whole = all((folder / name).is_file() for name, _ in files)
    return Packages(str(folder), made_for, files) if whole else None


def _listed(entry: object) -> tuple[str, str]:
    """Name and digest of a wheel from a list of packages; raises `ValueError`."""
    if isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
        name, digest = entry
        if name.endswith(".whl") and not set(name) & set("/\\:\0"):
            return name, digest
    raise ValueError(f"{json_text.shown(entry)} is not a wheel with its SHA-256")


def _fetch(folder: Path, wheels: Optional[Path], wanted: tuple[str, ...]) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "-q"]
    source = ["--no-index", "--find-links", str(wheels)] if wheels else ["--retries", "2", "--timeout", "20"]
    command = [*pip, *source, "--only-binary=:all:", "-d", str(folder), *wanted]
    try:
        done = subprocess.run(  # noqa: S603  # nosec B603
            command, capture_output=True, text=True, errors="replace", timeout=_PIP_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackagesMissing(_refusal(wheels), repr(error)) from error
    if done.returncode:
        raise PackagesMissing(_refusal(wheels), done.stderr.strip()[-2000:])


def _refusal(wheels: Optional[Path]) -> str:
    names = ", ".join(MODULES)
    where = f"in {wheels}" if wheels else "from the network"
    return (
        f"The Python packages {names} could not be had {where} for {here()} on {platform.node()}. "
        f"Give that computer access to a package index and pip (python3-pip), or put wheels for it into "
        "the folder 'wheels' beside the point store."
    )


# -- on every node ----------------------------------------------------------------------------------


def provide(packages: Packages) -> None:
    """Make the packages importable in this process, unpacking them where this node has not yet.

    Raises `PackagesMissing`.
    """
    if packages.platform != here():
        raise PackagesMissing(
            f"The node {platform.node()} has {here()}, while the head node's packages are for "
            f"{packages.platform}. Use nodes of one architecture, with the same version of Python."
        )
    folder = str(_unpacked(packages))
    if folder not in sys.path:
        sys.path.insert(0, folder)
        importlib.invalidate_caches()


def damaged(error: ImportError) -> PackagesMissing:
    """What it means that one of the packages is there and cannot be imported."""
    return PackagesMissing(
        f"The Python packages cannot be loaded on {platform.node()}: {error}. Where they lie in "
        f"{cache_folder()}, delete that folder; the next run makes it anew.",
        repr(error),
    )


def cache_folder() -> Path:
    """Where this node keeps packages: ROADPULSE_CACHE, else the user's cache, else below /var/tmp."""
    named = os.environ.get("ROADPULSE_CACHE")
    if named:
        return Path(named)
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "roadpulse"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # a user without a home
        return Path(f"/var/tmp/roadpulse-{os.getuid()}")  # noqa: S108  # nosec B108  (checked below)
    return folder


def _unpacked(packages: Packages) -> Path:
    cache = cache_folder()
    folder = cache / packages.name
    if folder.is_dir() and _is_ours(cache):
        return folder
    with disk_errors("unpack the Python packages", cache):
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_ours(cache):
            raise PackagesMissing(f"The folder {cache} on {platform.node()} belongs to somebody else.")
        with _locked(cache):
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
    """Where a wheel lies for this node."""
    if packages.shipped:
        from pyspark import SparkFiles  # noqa: PLC0415  (only where Spark ships them)

        return Path(SparkFiles.get(name))
    return Path(packages.folder) / name


def _is_ours(folder: Path) -> bool:
    return folder.stat().st_uid == os.getuid()


def _unpack(wheel: Path, digest: str, folder: Path) -> None:
    """Unpack one wheel; those of the packages hold nothing that would have to be installed."""
    try:
        if sha256(wheel) != digest:
            raise PackagesMissing(
                f"{wheel} is damaged, seen from {platform.node()}. Delete its folder; the next run "
                "makes it anew."
            )
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)  # nosec B202  (zipfile keeps names inside the folder)
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
            timeout=_PIP_SECONDS, check=False,
        )  # fmt: skip


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Only one process at a time, of this node; where the file system knows no locks, all at once."""
    import fcntl  # noqa: PLC0415  (nodes run Linux; there is none on Windows)

    with (folder / ".lock").open("w") as lock:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def facts() -> dict[str, Any]:
    """What a node is, for the diagnosis."""
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "platform": here(),
        "cache": str(cache_folder()),
        "packages": sorted(path.name for path in cache_folder().glob("cpython-*")),
        "missing": missing(),
    }
