"""The day as a film: frames through the page's layout, then GIF, MP4 or single pictures."""

from __future__ import annotations

import re
import shutil
import subprocess  # nosec B404  # a fixed command, no shell
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Optional

from qgis.core import QgsLayoutExporter
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QImage

from ...aggregation.contract.days import clock
from ...aggregation.contract.errors import Cancelled
from ...aggregation.storage.local.files import disk_errors
from ..errors import MapError
from ..file_kinds import GIF, MP4, FileKind
from ..output_file import (
    check_folder,
    check_output,
    incomplete,
    real,
    refuse_inputs,
    write_picture,
    written_whole,
)
from .page import SpeedPage

GIF_COLOURS = 128
FRAME_NAME = re.compile(r"frame_\d{4}_\d{4}\.png")
NO_PILLOW = (
    "A GIF cannot be written: the Python package Pillow is missing. Install it, or choose MP4 or a folder."
)
_FILM = "film.mp4"
"""Name of the film in the folder of its pictures."""
_OF_WINDOWS = ("Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Frame:
    """One frame to be drawn: the `number` of the timeline on `page`."""

    page: SpeedPage
    number: int
    size: tuple[int, int]

    @property
    def name(self) -> str:
        """`frame_0008_0800.png`: sorts by time."""
        timeline = self.page.style.timeline
        begin = clock(self.number % timeline.n_bins * timeline.bin_minutes).replace(":", "")
        return f"frame_{self.number:04d}_{begin}.png"

    def render(self) -> QImage:
        """Draw the frame; clock, track and map show its bin."""
        self.page.show_frame(self.number)
        return QgsLayoutExporter(self.page.layout).renderPageToImage(0, QSize(*self.size))


def frames(
    page: SpeedPage, size: tuple[int, int] = (1920, 1080), bins: Optional[Sequence[int]] = None
) -> Iterator[Frame]:
    """All frames, or those numbered `bins`; `size` in pixels, cut to even sides as films want them."""
    even = (size[0] - size[0] % 2, size[1] - size[1] % 2)
    for number in range(len(page.style.timeline)) if bins is None else bins:
        yield Frame(page, number, even)


def export_film(
    page: SpeedPage,
    path: Path,
    size: tuple[int, int] = (1920, 1080),
    frames_per_second: float = 2.0,
    bins: Optional[Sequence[int]] = None,
    progress: Callable[[float], None] = lambda percent: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Path]:
    """Write a film to `path`: `.gif`, `.mp4` (needs ffmpeg), or a folder of PNGs where it has no ending.

    Returns the files written. Raises `MapError`, or `Cancelled`; then an earlier file is as it was.
    """
    kind = check_film(path)
    if not page.style.plays:
        raise MapError(
            f"No film can be made of {page.style.title}: the map file holds no values of it by bin. Choose a "
            "statistic that plays, or export a page."
        )
    numbers = list(range(len(page.style.timeline))) if bins is None else list(bins)
    folder = real(path).parent
    with disk_errors(f"write {path.name}", folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".film-", dir=folder) as aside:
            pictures: list[Path] = []
            for i, frame in enumerate(frames(page, size, numbers)):
                if cancelled():
                    raise Cancelled
                picture = Path(aside) / (f"{i:05d}.png" if kind else frame.name)
                write_picture(frame.render(), picture, path)
                pictures.append(picture)
                progress(90.0 * (i + 1) / len(numbers))
            if kind is None:
                written = _into_folder(pictures, real(path))
            else:
                with written_whole(path, kind) as film:
                    if kind is GIF:
                        write_gif(pictures, film, frames_per_second)
                    else:
                        call = ffmpeg_arguments(find_ffmpeg(), frames_per_second)
                        try:
                            run_ffmpeg(call, Path(aside), cancelled)
                        except MapError as error:
                            raise incomplete(Path(aside) / _FILM, path, error.message) from error
                        (Path(aside) / _FILM).replace(film)
                written = [path]
    progress(100.0)
    return written


def check_film(path: Path, inputs: Optional[Mapping[Path, str]] = None) -> Optional[FileKind]:
    """Return the kind of film that is to be written to `path`, None for a folder of pictures.

    Nothing is changed. Raises `MapError` or `StorageError` for what `export_film` cannot write.
    """
    if not path.suffix:
        refuse_inputs(path, inputs or {})
        check_frames_folder(real(path))
        return None
    kind = check_output(path, (GIF, MP4), inputs)
    if kind is MP4:
        find_ffmpeg()
    elif find_spec("PIL") is None:
        raise MapError(NO_PILLOW)
    return kind


def check_frames_folder(folder: Path) -> None:
    """Raise `MapError` or `StorageError` where a folder holds other files than frames, or is none."""
    with disk_errors("look into the folder of the pictures", folder):
        if folder.exists() and not folder.is_dir():
            raise MapError(
                f"{folder} is a file. Name a folder for the pictures, or let the name end in .gif or .mp4."
            )
        others = [each.name for each in _held(folder) if not FRAME_NAME.fullmatch(each.name)]
        if others:
            raise MapError(
                f"The folder {folder} holds other files ({', '.join(sorted(others)[:3])}). Nothing was "
                "changed; choose a new or empty folder for the pictures."
            )
    check_folder(folder)


def _held(folder: Path) -> list[Path]:
    """Return the contents of a folder, without the files of file managers."""
    if not folder.exists():
        return []
    return [each for each in folder.iterdir() if each.name[0] != "." and each.name not in _OF_WINDOWS]


def _into_folder(pictures: Sequence[Path], folder: Path) -> list[Path]:
    """Move the pictures of a film into its folder, in place of those of an earlier film."""
    check_frames_folder(folder)
    folder.mkdir(exist_ok=True)
    earlier = _held(folder)
    written = [picture.replace(folder / picture.name) for picture in pictures]
    for left in set(earlier) - set(written):
        left.unlink()
    return written


def write_gif(pictures: Sequence[Path], path: Path, frames_per_second: float) -> None:
    """A looping GIF; one palette for all frames, so that nothing flickers but what changes."""
    try:
        from PIL import Image  # noqa: PLC0415  (not in every QGIS)
    except ImportError as error:
        raise MapError(NO_PILLOW) from error
    with (
        Image.open(pictures[len(pictures) // 2]) as middle,
        Image.open(pictures[len(pictures) // 3]) as third,
    ):
        both = Image.new("RGB", (middle.width, middle.height * 2))
        both.paste(middle.convert("RGB"), (0, 0))
        both.paste(third.convert("RGB"), (0, middle.height))
        palette = both.quantize(GIF_COLOURS, method=Image.Quantize.MEDIANCUT)

    def indexed(picture: Path) -> Image.Image:
        with Image.open(picture) as image:
            return image.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)

    first, rest = pictures[0], pictures[1:]
    indexed(first).save(
        path, save_all=True, append_images=(indexed(picture) for picture in rest),
        duration=round(1000 / frames_per_second), loop=0, optimize=False,
    )  # fmt: skip


def find_ffmpeg() -> str:
    """Return the path of an ffmpeg that writes H.264; raises `MapError` where there is none."""
    found = shutil.which("ffmpeg")
    if not found:
        raise MapError(
            "A film as MP4 cannot be written: the program ffmpeg is not on this computer. Install it "
            "(ffmpeg.org), or choose GIF or a folder of pictures."
        )
    try:
        done = subprocess.run(  # noqa: S603  # nosec B603  # a list of arguments, no shell
            [found, "-hide_banner", "-encoders"],
            check=False, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MapError(
            f"A film as MP4 cannot be written: {found} does not start ({error}). Install ffmpeg again, or "
            "choose GIF or a folder of pictures.",
            repr(error),
        ) from error
    if b"libx264" not in done.stdout:
        raise MapError(
            f"A film as MP4 cannot be written: {found} has no encoder libx264. Install an ffmpeg that has "
            "it, or choose GIF or a folder of pictures.",
            done.stdout.decode(errors="replace"),
        )
    return str(Path(found).absolute())


def ffmpeg_arguments(ffmpeg: str, frames_per_second: float) -> list[str]:
    """The call that makes `film.mp4` from the pictures `00000.png` … in the folder where it is started.

    No name of a person's is among the arguments: ffmpeg would take a per cent sign in it for a pattern and
    a colon for an address. H.264 in 4:2:0, which every player shows; every picture is held, so that seeking
    lands on it.
    """
    return [
        ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
        "-f", "image2", "-framerate", f"{frames_per_second:g}", "-i", "%05d.png",
        "-c:v", "libx264", "-preset", "medium", "-crf", "18", "-tune", "animation",
        "-pix_fmt", "yuv420p", "-r", "24", "-movflags", "+faststart", _FILM,
    ]  # fmt: skip


def run_ffmpeg(arguments: Sequence[str], folder: Path, cancelled: Callable[[], bool] = lambda: False) -> None:
    """Run ffmpeg in `folder` to its end; raises `MapError` with its last words, or `Cancelled`."""
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603  # nosec B603  # a list of arguments, no shell
            list(arguments), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words
        )
        try:
            while process.poll() is None:
                if cancelled():
                    raise Cancelled
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            words.seek(0)
            said = words.read().decode(errors="replace").strip()
            raise MapError(
                f"ffmpeg could not write the film: {said.splitlines()[-1] if said else 'it gave no reason'}. "
                "Try GIF or a folder of pictures.",
                said,
            )
