"""A folder of the pictures of a film, which holds nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...aggregation.storage.local.files import disk_errors
from ..errors import MapError
from ..output_file import check_folder, real

FRAME_NAME = re.compile(r"frame_\d{4,}_\d{4,6}\.png")
_OF_WINDOWS = ("Thumbs.db", "desktop.ini")


def check_frames_folder(path: Path) -> None:
    """Raise `MapError` or `StorageError` where a folder holds other files than frames, or is none."""
    folder = real(path)
    with disk_errors("look into the folder of the pictures", folder):
        if folder.exists() and not folder.is_dir():
            raise MapError(
                f"{folder} is a file. Name a folder for the pictures, or let the name end as that of a film "
                "does, such as .mp4."
            )
        others = [each.name for each in _held(folder) if not FRAME_NAME.fullmatch(each.name)]
        if others:
            raise MapError(
                f"The folder {folder} holds other files ({', '.join(sorted(others)[:3])}). Nothing was "
                "changed; choose a new or empty folder for the pictures."
            )
    check_folder(folder)


def into_folder(pictures: Sequence[Path], names: Sequence[str], path: Path) -> list[Path]:
    """Move the pictures of a film into its folder under `names`, in place of those of an earlier film."""
    check_frames_folder(path)
    folder = real(path)
    folder.mkdir(exist_ok=True)
    earlier = _held(folder)
    written = [picture.replace(folder / name) for picture, name in zip(pictures, names)]
    for left in set(earlier) - set(written):
        left.unlink()
    return written


def _held(folder: Path) -> list[Path]:
    """Return the contents of a folder, without the files of file managers."""
    if not folder.exists():
        return []
    return [each for each in folder.iterdir() if each.name[0] != "." and each.name not in _OF_WINDOWS]
