"""Parts that are fetched or built once, on first use, and kept in the build folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Optional

BUILD = Path(__file__).resolve().parents[1] / "build"
_WAIT_SECONDS = 1200.0
_asked: set[str] = set()


class Unavailable(RuntimeError):
    """A part cannot be had on this computer; the text says why and what to do."""


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time work on the part of that name."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(name: str, make: Callable[[Path], None]) -> Path:
    """Folder `name` in the build folder; where it is missing, `make` fills one aside.

    It is renamed when whole, and two processes that want it at once get the same one.
    Raises what `make` raises.
    """
    folder = BUILD / name
    if not folder.exists():
        with locked(name):
            if not folder.exists():
                aside = BUILD / f".{name}.part"
                shutil.rmtree(aside, ignore_errors=True)
                aside.mkdir()
                make(aside)
                aside.rename(folder)
    return folder


def anyone_may_enter(folder: Path) -> bool:
    """Return True if every user may go into a folder; into one below root's home only root may."""
    ways = {folder, *folder.parents, folder.resolve(), *folder.resolve().parents}
    return all(path.stat().st_mode & 0o001 for path in ways)


def for_anyone(source: Path, aside: Path) -> Path:
    """Return a folder that every user may read: `source` itself, or a copy of it that is made at `aside`.

    The copy consists of hard links where that is possible.
    """
    if anyone_may_enter(source):
        return source

    def copy(file: str, target: str) -> None:
        mode = Path(file).stat().st_mode
        if mode & 0o004:
            with contextlib.suppress(OSError):  # another disk
                os.link(file, target)
                return
        shutil.copyfile(file, target)
        Path(target).chmod(0o755 if mode & 0o100 else 0o644)

    shutil.copytree(source, aside, symlinks=True, copy_function=copy)
    for folder in (aside, *(path for path in aside.rglob("*") if path.is_dir() and not path.is_symlink())):
        folder.chmod(0o755)
    return aside


def packages() -> Path:
    """Return the folder of the packages that runs fetch for a cluster's nodes; made where it is missing.

    Tests and benchmarks share it, so that each version is fetched once.
    """
    folder = BUILD / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def link_packages(store: Path) -> None:
    """Let the point store in a folder, made where it is missing, have these packages as its own."""
    store.mkdir(parents=True, exist_ok=True)
    link = store / "packages"
    if link.is_symlink() and not link.exists():  # of a clone that has moved
        link.unlink()
    if not link.exists():
        link.symlink_to(packages())


def left_behind(prefix: str) -> list[Path]:
    """Folders `<prefix>…<process id>` in the build folder whose test sessions were killed.

    Ids repeat, in containers at once: one with the id of this process is left behind too, unless this
    process has asked before and made it since.
    """
    ours = str(os.getpid()) if prefix in _asked else ""
    _asked.add(prefix)
    alive = {entry.name for entry in Path("/proc").iterdir()} - {str(os.getpid())} | {ours}
    return [folder for folder in BUILD.glob(f"{prefix}*") if folder.name.rpartition("-")[2] not in alive]


def run(command: Sequence[str], what: str, environment: Optional[Mapping[str, str]] = None) -> None:
    """Run a program that fetches or builds; raises `Unavailable` with the end of what it said."""
    program = shutil.which(command[0])
    if not program:
        raise Unavailable(f"{what} needs {command[0]}, which is not installed; development/system.sh does it")
    try:
        done = subprocess.run(
            [program, *command[1:]], capture_output=True, text=True, errors="replace", env=environment,
            stdin=subprocess.DEVNULL, timeout=_WAIT_SECONDS, cwd=BUILD, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{what} was not there after {_WAIT_SECONDS:.0f} s; check the network") from error
    if done.returncode:
        said = (done.stderr + done.stdout).strip()[-1500:]
        raise Unavailable(f"{what} cannot be had; check the network and call again.\n{said}")
