"""Users who may replace a file: code that is run has to be writable by this user and root alone.

For systems with users and modes as POSIX has them, which all nodes are.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def other_writers(folder: Path, inside: bool = False) -> str:
    """Return a text on users besides this one and root who may replace a folder; empty if there are none.

    Checks the folder, the targets of links, and all folders above, and with `inside` the files in it too. In
    a sticky folder that others may write, they cannot replace what is ours.
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
    """Make a folder and what is missing above it, all with these rights at most, unless it is there.

    It is for code: rights of a shared folder above are not passed on, as
    `storage.local.files.make_folder` does.
    `Path.mkdir` gives those above what the umask leaves, and a run that shares its folders with a group
    leaves the group's right to write.
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
    """Return True if a group is that of root or of this user alone, as many systems give each user one."""
    import grp  # noqa: PLC0415  (there is none on Windows)

    if number == 0:
        return True
    try:
        group = grp.getgrgid(number)
    except KeyError:
        return False
    name = _user_name(os.geteuid())
    return group.gr_name == name and set(group.gr_mem) <= {name}
