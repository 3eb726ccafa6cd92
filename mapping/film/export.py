"""The day as a film: pictures through the page's layout, then a file of one of the formats, or a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from ...aggregation.contract.days import clock
from ...aggregation.contract.errors import Cancelled
from ...aggregation.storage.local.files import disk_errors
from ..errors import MapError
from ..layout.page import SpeedPage
from ..output_file import real, written_whole
from .drawing import Drawing, draw, workers_for
from .formats import FilmFormat, check_film
from .frames_folder import into_folder
from .moments import Moment, moments
from .pictures import FAST, QUALITY

_DRAWN = 90.0
"""Progress when all pictures are drawn, in per cent."""


@dataclass(frozen=True)
class FilmOptions:
    """Size, time and contents of a film.

    `size` is in pixels, cut to even sides as films want them. `bins` are the frames of the timeline that are
    shown, in order, each once (None: all). With `steps` of two or more there are pictures between the bins,
    whose values are interpolated. `workers` is the number of processes that draw (None: by cores and memory).
    """

    size: tuple[int, int] = (1920, 1080)
    frames_per_second: float = 2.0
    bins: Optional[Sequence[int]] = None
    steps: int = 1
    workers: Optional[int] = None

    @property
    def even_size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        return self.size[0] - self.size[0] % 2, self.size[1] - self.size[1] % 2


@dataclass(frozen=True)
class Listener:
    """Functions that are called while a film is made.

    `progress` gets per cent, `drawn` the path of each picture that is done, which is there until the film is,
    `said` a sentence that the person should read. `cancelled` is asked ten times a second.
    """

    progress: Callable[[float], None] = lambda percent: None
    cancelled: Callable[[], bool] = lambda: False
    drawn: Callable[[Path], None] = lambda path: None
    said: Callable[[str], None] = lambda words: None

    def check(self) -> None:
        """Raise `Cancelled` once the film is cancelled."""
        if self.cancelled():
            raise Cancelled


def export_film(
    page: SpeedPage, path: Path, options: Optional[FilmOptions] = None, listener: Optional[Listener] = None
) -> list[Path]:
    """Write a film to `path`, in the format of its ending, or a folder of PNGs where it has none.

    Returns the files written. Raises `RunError`, or `Cancelled`; then an earlier file is as it was.
    """
    options, listener = options or FilmOptions(), listener or Listener()
    film = check_film(path)
    if not page.style.plays:
        raise MapError(
            f"No film can be made of {page.style.title}: the map file holds no values of it by bin. Choose a "
            "statistic that plays, or export a page."
        )
    wanted = moments(page.style.timeline, options.bins, options.steps)
    folder = real(path).parent
    with disk_errors(f"write {path.name}", folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".film-", dir=folder) as aside:
            drawing = Drawing(
                page, wanted, options.even_size, Path(aside), path, QUALITY.get(film.ending, FAST)
            )
            _draw_all(drawing, options, listener)
            written = _put_together(drawing, film, options, listener)
    listener.progress(100.0)
    return written


def _draw_all(drawing: Drawing, options: FilmOptions, listener: Listener) -> None:
    number = len(drawing.moments)
    workers = workers_for(number, drawing.size) if options.workers is None else options.workers
    for done, at in enumerate(draw(drawing, workers, listener.check, listener.said), start=1):
        listener.drawn(drawing.path(at))
        listener.progress(_DRAWN * done / number)


def _put_together(drawing: Drawing, film: FilmFormat, options: FilmOptions, listener: Listener) -> list[Path]:
    pictures = [drawing.path(at) for at in range(len(drawing.moments))]
    if film.kind is None or film.write is None:
        names = [frame_name(drawing.page, moment, options.steps) for moment in drawing.moments]
        return into_folder(pictures, names, drawing.target)
    with written_whole(drawing.target, film.kind) as aside:
        film.write(pictures, aside, options.frames_per_second, listener.check)
    return [drawing.target]


def frame_name(page: SpeedPage, moment: Moment, steps: int = 1) -> str:
    """Return the name of a picture, `frame_0008_0800.png`: sorts by time."""
    number = round((moment.number + moment.share) * steps)
    return f"frame_{number:04d}_{clock(moment.minute(page.style.timeline)).replace(':', '')}.png"
