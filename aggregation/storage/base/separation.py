"""Checks that trips and the folders that a run writes to do not contain each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from ...contract.errors import RunError
from ...contract.trip_files import printable


class Own(NamedTuple):
    """A folder that a run writes to: its role for messages, such as "run folder", and its path."""

    what: str
    path: str


def check_base(trips: str, base: str, own: Sequence[Own]) -> None:
    """Raise `RunError` if `base`, the folder of all trips, is in a folder of `own`."""
    for folder in own:
        if is_inside(base, folder.path):
            raise RunError(
                f"The trips, {printable(trips)!r}, lie in the {folder.what} {printable(folder.path)}, where "
                f"the run writes its own files. Choose another {folder.what}."
            )


def check_folder(trips: str, found: str, own: Sequence[Own]) -> None:
    """Raise `RunError` if `found`, a folder with trips, is one of `own` or in one."""
    for folder in own:
        if is_inside(found, folder.path):
            raise RunError(
                f"The {folder.what} {printable(folder.path)} lies among the trips, {printable(trips)!r}, so "
                f"that files of the run would be read as trips. Choose a {folder.what} outside of them."
            )


def check_around(trips: str, folder: str, own: Sequence[Own]) -> None:
    """Raise `RunError` if a folder of `own` is in `folder`, all of which is read as trips."""
    for each in own:
        if is_inside(each.path, folder):
            check_folder(trips, each.path, [each])


def is_inside(path: str, folder: str) -> bool:
    """Return True if `path` is `folder` or in it; both are absolute, without symlinks."""
    return path == folder or path.startswith(
        folder.rstrip("/" + os.sep) + ("/" if "://" in folder else os.sep)
    )
