"""Write access of other users to folders of executable code, on POSIX systems, as all nodes are.

Code is run only from folders that this user and root alone may change.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def other_writers(folder: Path, inside: bool = False) -> str:
    """Return a text on the other users who may replace a folder; empty if only this user and root may.

    Checks the folder with symlinks resolved, all folders above it, and with `inside` its files. A sticky
    folder above may be writable by others, as they cannot replace this user's entries in it.
    """
    real = folder.resolve()
    contents = sorted(real.iterdir()) if inside and real.is_dir() else []
    for path in (*contents, real, *real.parents):
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue
        if facts.st_uid not in (0, os.geteuid()):
            return f"{path} belongs to the user {_user_name(facts.st_uid)}"
        sticky = path in real.parents and facts.st_mode & stat.S_ISVTX
        if facts.st_mode & stat.S_IWOTH and not sticky:
            return f"everybody may write {path}"
        if facts.st_mode & stat.S_IWGRP and not sticky and not _is_own_group(facts.st_gid):
            return f"the group {_group_name(facts.st_gid)} may write {path}"
    return ""


def make_own_folder(folder: Path, mode: int) -> None:
    """Create a folder and missing parents, all with at most the rights of `mode`, unless it exists.

    It is for code: rights of a shared folder above are not inherited, as in
    `storage.local.files.make_folder` does.
    `Path.mkdir` would create parents by the umask, which a run that shares its folders with a group sets so
    that the group may write.
    """
    try:
        folder.mkdir(mode=mode)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_own_folder(folder.parent, mode)
        folder.mkdir(mode=mode, exist_ok=True)
    except OSError:
        if not folder.is_dir():
            raise


def _user_name(number: int) -> str:
    import pwd  # noqa: PLC0415  (there is none on Windows)

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group_name(number: int) -> str:
    import grp  # noqa: PLC0415  (there is none on Windows)

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _is_own_group(number: int) -> bool:
    """Return True if a group is root's or has no member but this user, as private groups on many systems."""
    import grp  # noqa: PLC0415  (there is none on Windows)

    if number == 0:
        return True
    try:
        group = grp.getgrgid(number)
    except KeyError:
        return False
    name = _user_name(os.geteuid())
    return group.gr_name == name and set(group.gr_mem) <= {name}
