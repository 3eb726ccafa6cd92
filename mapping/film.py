"""The day as a film: frames through the page's layout, then GIF, MP4 or single pictures."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from qgis.core import QgsLayoutExporter
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QImage

from ..aggregation.errors import Cancelled
from .errors import MapError
from .layout import SpeedPage, clock_text

FORMATS = (".gif", ".mp4", ".png")
GIF_COLOURS = 128


@dataclass(frozen=True)
class Frame:
    """One frame to be drawn: the bin `number` on `page`."""

    page: SpeedPage
    number: int
    size: tuple[int, int]

    @property
    def name(self) -> str:
        """`frame_0008_0800.png`: sorts by time."""
        clock = clock_text(self.number, self.page.style.bin_minutes).replace(":", "")
        return f"frame_{self.number:04d}_{clock}.png"

    def render(self) -> QImage:
        """Draw the frame; clock, track and map show its bin."""
        self.page.show_bin(self.number)
        return QgsLayoutExporter(self.page.layout).renderPageToImage(0, QSize(*self.size))


def frames(
    page: SpeedPage, size: tuple[int, int] = (1920, 1080), bins: Optional[Sequence[int]] = None
) -> Iterator[Frame]:
    """The frames of the day, or of `bins`; `size` in pixels, cut to even sides as films want them."""
    even = (size[0] - size[0] % 2, size[1] - size[1] % 2)
    for number in range(page.style.n_bins) if bins is None else bins:
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
    ending = path.suffix.lower()
    if ending not in (".gif", ".mp4", ""):
        raise MapError(
            f"A film cannot be written as {path.name}. Let the name end in .gif or .mp4, or name a folder."
        )
    ffmpeg = find_ffmpeg() if ending == ".mp4" else None
    numbers = list(range(page.style.n_bins)) if bins is None else list(bins)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".film-", dir=path.parent) as aside:
        pictures: list[Path] = []
        for i, frame in enumerate(frames(page, size, numbers)):
            if cancelled():
                raise Cancelled
            picture = Path(aside) / (f"{i:05d}.png" if ending else frame.name)
            if not frame.render().save(str(picture), "PNG"):
                raise MapError(f"The frame {picture.name} cannot be written. Free some space and try again.")
            pictures.append(picture)
            progress(90.0 * (i + 1) / len(numbers))
        if not ending:
            path.mkdir(exist_ok=True)
            written = [picture.replace(path / picture.name) for picture in pictures]
        else:
            film = Path(aside) / f"film{ending}"
            if ending == ".gif":
                write_gif(pictures, film, frames_per_second)
            else:
                run_ffmpeg(ffmpeg_arguments(str(ffmpeg), Path(aside), film, frames_per_second), cancelled)
            written = [film.replace(path)]
    progress(100.0)
    return written


def write_gif(pictures: Sequence[Path], path: Path, frames_per_second: float) -> None:
    """A looping GIF; one palette for all frames, so that nothing flickers but what changes."""
    try:
        from PIL import Image  # noqa: PLC0415  (not in every QGIS)
    except ImportError as error:
        raise MapError(
            "A GIF cannot be written: the Python package Pillow is missing. "
            "Install it, or choose MP4 or a folder."
        ) from error
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
    """The path of ffmpeg; raises `MapError` where there is none."""
    found = shutil.which("ffmpeg")
    if not found:
        raise MapError(
            "A film as MP4 cannot be written: the program ffmpeg is not on this computer. Install it "
            "(ffmpeg.org), or choose GIF or a folder of pictures."
        )
    return found


def ffmpeg_arguments(ffmpeg: str, folder: Path, path: Path, frames_per_second: float) -> list[str]:
    """The call that makes `path` from the pictures `00000.png` … in `folder`.

    H.264 in 4:2:0, which every player shows; every picture is held, so that seeking lands on it.
    """
    return [
        ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
        "-framerate", f"{frames_per_second:g}", "-i", str(folder / "%05d.png"),
        "-c:v", "libx264", "-preset", "medium", "-crf", "18", "-tune", "animation",
        "-pix_fmt", "yuv420p", "-r", "24", "-movflags", "+faststart", str(path),
    ]  # fmt: skip


def run_ffmpeg(arguments: Sequence[str], cancelled: Callable[[], bool] = lambda: False) -> None:
    """Run ffmpeg to its end; raises `MapError` with its last words, or `Cancelled`."""
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603  # nosec B603  (a list of arguments, no shell)
            list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words
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
