"""Access control lists of POSIX.1e, as Linux keeps them, for tests."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

OTHER_USER = 54_321
"""The user who shares the folders; need not exist."""

_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFF_FFFF


def share_by_default(folder: Path) -> None:
    """Share all that is made in a folder with `OTHER_USER`, and nobody else; skips the test if it cannot.

    As `setfacl -d -m u:54321:rwx,g::-,o::-` does.
    """
    entries = [(_OWNER, 7, _NO_ID), (_USER, 7, OTHER_USER), (_GROUP, 0, _NO_ID), (_MASK, 7, _NO_ID),
               (_OTHERS, 0, _NO_ID)]  # fmt: skip
    content = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    if not hasattr(os, "setxattr"):
        pytest.skip("Access control lists are of Linux")
    try:
        os.setxattr(folder, "system.posix_acl_default", content)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        pytest.skip("This file system has no access control lists")


def is_theirs(path: Path) -> bool:
    """Return True if `OTHER_USER` may read and write a file, and search a folder too."""
    try:
        content = os.getxattr(path, "system.posix_acl_access")
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        return False
    given = {(tag, user): rights for tag, rights, user in struct.iter_unpack("<HHI", content[4:])}
    wanted = 7 if path.is_dir() else 6
    return given.get((_USER, OTHER_USER), 0) & given.get((_MASK, _NO_ID), 0) & wanted == wanted
