"""Search for the Python interpreter of child processes that has this process's packages.

Inside QGIS `sys.executable` may not be a Python: on Windows it is `qgis-bin.exe`, on macOS `QGIS`.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import StartError


@dataclass(frozen=True)
class Surroundings:
    """Facts about a process's Python, as a value so that all systems can be tested."""

    platform: str
    executable: str
    prefix: str
    base_prefix: str
    version: tuple[int, int]
    search: str

    @classmethod
    def here(cls) -> Surroundings:
        """Return the facts of this process."""
        return cls(
            platform=sys.platform, executable=sys.executable or "", prefix=sys.prefix,
            base_prefix=sys.base_prefix, version=sys.version_info[:2], search=os.environ.get("PATH", ""),
        )  # fmt: skip


def find_python(preferred: str = "", around: Surroundings | None = None) -> str:
    """Return the path of the Python interpreter to start; `preferred` (from the profile) has precedence.

    Raises `StartError` if there is none.
    """
    around = around or Surroundings.here()
    if preferred:
        found = shutil.which(preferred, path=around.search)
        if found:
            return found
        raise StartError(
            f"There is no Python at {preferred!r}, which the profile names. Correct the profile's entry "
            "'python', or leave it empty."
        )
    tried = []
    for candidate in _candidates(around):
        tried.append(str(candidate))
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    raise StartError(
        "No Python was found to run the aggregation with. Name one in the profile's entry 'python' "
        f"(it should be version {around.version[0]}.{around.version[1]}, as QGIS's own is).",
        "looked for: " + ", ".join(tried),
    )


def child_environment(package_parent: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a Python child with `package_parent` and this process's packages."""
    environment = dict(os.environ if base is None else base)
    paths = [str(package_parent), *_own_paths(sys.path)]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    environment["PYTHONUTF8"] = "1"
    environment["PYTHONUNBUFFERED"] = "1"
    environment["PYTHONFAULTHANDLER"] = "1"  # a crash in a compiled package leaves its place in the log
    environment["PYTHONSAFEPATH"] = "1"  # from 3.11: the working directory cannot shadow packages
    environment.pop("PYTHONSTARTUP", None)
    return environment


def _candidates(around: Surroundings) -> Iterator[Path]:
    major, minor = around.version
    prefixes = list(dict.fromkeys(Path(prefix) for prefix in (around.prefix, around.base_prefix) if prefix))
    if around.platform == "win32":
        folders = [*prefixes, *(prefix / "Scripts" for prefix in prefixes)]
        names: Sequence[str] = ("python.exe", "python3.exe")
    else:
        folders = [prefix / "bin" for prefix in prefixes]
        names = (f"python{major}.{minor}", "python3", "python")
    executable = Path(around.executable) if around.executable else None
    is_python = executable is not None and executable.name.lower().startswith("python")
    own = {os.path.realpath(folder) for folder in folders}
    if executable and is_python and os.path.realpath(executable.parent) in own:
        yield executable
    for folder in folders:
        for name in names:
            yield folder / name
    if executable and is_python:  # inside QGIS, the first Python of PATH may have any version
        yield executable
    if executable:  # beside QGIS itself: OSGeo4W's bin, and Contents/MacOS and Contents/MacOS/bin
        for folder in (executable.parent, executable.parent / "bin"):
            for name in names:
                yield folder / name
    for name in names:
        found = shutil.which(name, path=around.search)
        if found:
            yield Path(found)


def _own_paths(paths: Sequence[str]) -> list[str]:
    """Return the entries of `sys.path` without the standard library, of which the child has its own.

    If the child's Python is another build, this process's standard library would break it.
    """
    ways = sysconfig.get_paths()
    standard = {os.path.realpath(ways[name]) for name in ("stdlib", "platstdlib")}
    standard |= {str(Path(path) / "lib-dynload") for path in standard}
    kept = []
    for path in paths:
        if not path or os.path.realpath(path) in standard or not Path(path).is_dir():
            continue
        kept.append(str(Path(path).absolute()))
    return kept
