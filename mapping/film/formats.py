"""The formats of films, one entry each: ending, what it needs, and what writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Optional

from ..errors import MapError
from ..file_kinds import APNG, GIF, MP4, WEBM, FileKind
from ..language import tr
from ..output_file import check_output, incomplete, refuse_inputs
from . import ffmpeg
from .apng import write_apng
from .frames_folder import check_frames_folder
from .gif import write_gif

Check = Callable[[], None]
Write = Callable[[Sequence[Path], Path, float, Check], None]
"""Writes pictures, which are `00000.png` … of one folder, to a file, so many a second."""


@dataclass(frozen=True)
class FilmFormat:
    """A format: `lacking` returns what this computer lacks, as a sentence, and details; empty for nothing.

    `kind` is None for a folder of pictures.
    """

    key: str
    label: str
    kind: Optional[FileKind]
    lacking: Callable[[], tuple[str, str]]
    write: Optional[Write] = None

    @property
    def ending(self) -> str:
        """Ending of the file's name; empty for a folder."""
        return self.kind.ending if self.kind else ""


def _nothing() -> tuple[str, str]:
    return "", ""


def _pillow() -> tuple[str, str]:
    if find_spec("PIL") is not None:
        return "", ""
    return tr("the Python package Pillow is missing. Install it"), ""


def _by_ffmpeg(encoder: str, ending: str) -> Write:
    """Return a writer that lets ffmpeg write beside the pictures, under a name without traps."""

    def write(pictures: Sequence[Path], path: Path, frames_per_second: float, check: Check) -> None:
        folder = pictures[0].parent
        film = folder / f"film{ending}"
        try:
            ffmpeg.call(ffmpeg.arguments(encoder, frames_per_second, film.name), folder, check)
        except MapError as error:
            raise incomplete(film, path, error.message) from error
        film.replace(path)

    return write


FORMATS = (
    FilmFormat("mp4", "MP4", MP4, lambda: ffmpeg.why_missing("libx264"), _by_ffmpeg("libx264", ".mp4")),
    FilmFormat(
        "webm", "WebM", WEBM, lambda: ffmpeg.why_missing("libvpx-vp9"), _by_ffmpeg("libvpx-vp9", ".webm")
    ),
    FilmFormat("gif", "GIF", GIF, _pillow, write_gif),
    FilmFormat("apng", "APNG", APNG, _nothing, write_apng),
    FilmFormat("frames", "a folder of pictures", None, _nothing),
)
"""All formats; the last two need nothing that QGIS lacks."""


def format_of(path: Path) -> FilmFormat:
    """Return the format that a name's ending stands for; raises `MapError`."""
    for each in FORMATS:
        if path.suffix.lower() == each.ending:
            return each
    endings = ", ".join(each.ending for each in FORMATS if each.ending)
    raise MapError(
        f"A film cannot be written as {path.name}. Let its name end in {endings}, or in none of them for a "
        "folder of pictures."
    )


def check_film(path: Path, inputs: Optional[Mapping[Path, str]] = None) -> FilmFormat:
    """Return the format of the film that is to be written to `path`.

    Nothing is changed. Raises `MapError` or `StorageError` for what `export_film` cannot write: it says what
    this computer lacks and which formats work.
    """
    film = format_of(path)
    if film.kind is None:
        refuse_inputs(path, inputs or {})
        check_frames_folder(path)
        return film
    check_output(path, (film.kind,), inputs)
    check_lacking(film)
    return film


def check_lacking(film: FilmFormat) -> None:
    """Raise `MapError` with what this computer lacks for a format, and which formats it can write."""
    why, detail = film.lacking()
    if why:
        *others, last = [each.label for each in FORMATS if not each.lacking()[0]]
        raise MapError(
            f"A film as {film.label} cannot be written: {why}, or choose {', '.join(others)} or {last}.",
            detail,
        )
