"""The pictures of a film, several at once in processes of their own, or one after the other in this one."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess  # nosec B404  # a fixed command, no shell
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QLocale

from ...aggregation.contract.errors import RunError
from ...aggregation.contract.json_text import decode
from ...aggregation.runners.head_capacity import free_megabytes, usable_cores
from ...cluster_client.backends.local.python_path import child_environment, find_python
from ...cluster_client.errors import StartError
from ..language import clock
from ..layout.page import SpeedPage
from ..output_file import write_picture
from ..style.temporal import value_expression
from .moments import Moment
from .pictures import Painter, links_of, picture_at
from .snapshot import only_here, write_snapshot
from .worker import MARK

MOST_WORKERS = 8
WORTH_IT = 8
"""Pictures from which on processes are started: each takes a second to begin."""

START_SECONDS = 60.0
WORKER_MEGABYTES = 400.0
"""Memory of QGIS in a process; to it comes that of a picture."""

_PIXEL_BYTES = 24
_KEPT = 0.7
"""Share of the free memory that the processes may fill."""

_TICK = 0.1
_ATTEMPTS = 2
"""Processes that a picture may bring down before the film is given up."""

_PACKAGE = __name__.split(".", maxsplit=1)[0]
_PACKAGE_PARENT = Path(__file__).absolute().parents[3]


@dataclass(frozen=True)
class Drawing:
    """Moments of a page that are drawn as `00000.png` … in `folder`, for a film at `target`."""

    page: SpeedPage
    moments: Sequence[Moment]
    size: tuple[int, int]
    folder: Path
    target: Path
    quality: int = -1

    def path(self, at: int) -> Path:
        """Return the path of the picture of a moment."""
        return self.folder / f"{at:05d}.png"


def workers_for(pictures: int, size: tuple[int, int]) -> int:
    """Return how many processes draw so many pictures: by cores and memory; 1 is this process alone."""
    if pictures < WORTH_IT:
        return 1
    most = min(usable_cores(), MOST_WORKERS, pictures // 4)
    free = free_megabytes()
    if free:  # known on Linux alone
        most = min(most, int(free * _KEPT / (WORKER_MEGABYTES + size[0] * size[1] * _PIXEL_BYTES / 1e6)))
    return max(most, 1)


def draw(
    drawing: Drawing,
    workers: int,
    check: Callable[[], None],
    say: Callable[[str], None],
) -> Iterator[int]:
    """Draw all pictures; yield the number of each as it is done, in any order.

    `check` is called ten times a second and may raise. If no process can be started, or all of them end, the
    rest is drawn here, and `say` gets the reason.
    """
    left = deque(range(len(drawing.moments)))
    here = only_here(drawing.page.layout)
    if workers > 1 and here:
        say(f"The pictures are drawn one after the other, as “{here}” can be read by this process alone.")
    elif workers > 1:
        crew = _Crew(drawing, left)
        try:
            crew.start(workers)
            yield from crew.work(check)
        except (StartError, OSError) as error:
            crew.why = str(error)
        finally:
            crew.end()
        if left:
            say(f"The pictures are drawn one after the other, as no other process draws: {crew.why}")
    if left:
        yield from _draw_here(drawing, left, check)


def _draw_here(drawing: Drawing, left: deque[int], check: Callable[[], None]) -> Iterator[int]:
    page = drawing.page
    painter = Painter(page.layout, links_of(page), drawing.size)
    try:
        while left:
            check()
            at = left.popleft()
            image = painter.draw(picture_at(page, drawing.moments[at]))
            write_picture(image, drawing.path(at), drawing.target, drawing.quality)
            yield at
    finally:
        painter.restore()


class _Worker:
    """A process that draws; its answers come into a queue, None once it has ended."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path, answers: Any) -> None:
        self.job: Optional[int] = None
        self.ready = False
        self._log = log
        with log.open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603  # nosec B603  # a list of arguments, no shell
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=environment,
                text=True, encoding="utf-8", **_in_the_background(),
            )  # fmt: skip
        threading.Thread(target=self._listen, args=(answers,), daemon=True).start()

    def send(self, job: int, words: dict[str, Any]) -> None:
        """Give the process a picture to draw; one that has ended is noticed by its answers."""
        self.job = job
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(words) + "\n")  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]

    def last_words(self) -> str:
        """Return the end of what the process wrote to its log."""
        with contextlib.suppress(OSError):
            return self._log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
        return ""

    def end(self) -> None:
        """End the process, and wait for that."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]

    def _listen(self, answers: Any) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in self._process.stdout or ():
                if line.startswith(MARK):
                    answers.put((self, decode(line[len(MARK) :], "a process that draws")))
        answers.put((self, None))


def _in_the_background() -> dict[str, Any]:
    """Return arguments of `Popen` for a process without a window that gives way to others."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"start_new_session": True}


class _Crew:
    """Processes that share the pictures in `left`; one that is not drawn stays there, or comes back."""

    def __init__(self, drawing: Drawing, left: deque[int]) -> None:
        self._drawing, self._left = drawing, left
        self._workers: list[_Worker] = []
        self._answers: queue.Queue[tuple[_Worker, Optional[dict[str, str]]]] = queue.Queue()
        self._fallen: dict[int, int] = {}
        self.why = ""

    def start(self, number: int) -> None:
        """Start so many processes; raises `StartError` or `OSError`."""
        drawing = self._drawing
        snapshot = drawing.folder / "snapshot.xml"
        write_snapshot(drawing.page.layout, snapshot)
        words = {
            "prefix": QgsApplication.prefixPath(), "locale": QLocale().name(), "snapshot": str(snapshot),
            "layer": links_of(drawing.page).id(), "size": list(drawing.size),
            "target": str(drawing.target), "quality": drawing.quality,
            "usual": value_expression(drawing.page.style),
        }  # fmt: skip
        command = [find_python(), "-m", f"{_PACKAGE}.mapping.film.worker", json.dumps(words)]
        environment = child_environment(_PACKAGE_PARENT)
        if sys.platform.startswith("linux"):
            environment["QT_QPA_PLATFORM"] = "offscreen"
        for each in range(number):
            log = drawing.folder / f"worker-{each}.log"
            self._workers.append(_Worker(command, environment, log, self._answers))

    def work(self, check: Callable[[], None]) -> Iterator[int]:
        """Let the processes draw until nothing is left, or none of them is; yield each picture that is done.

        Raises what went wrong with a picture, and what `check` raises.
        """
        begun = time.monotonic()
        while self._workers and (self._left or any(each.job is not None for each in self._workers)):
            check()
            try:
                worker, answer = self._answers.get(timeout=_TICK)
            except queue.Empty:
                if time.monotonic() - begun > START_SECONDS:
                    self._leave_late()
                continue
            if answer is None:
                self._lose(worker)
                continue
            done, worker.job = worker.job, None
            if "error" in answer:
                if done is None:  # it cannot begin
                    self.why = answer["error"]
                    self._lose(worker)
                    continue
                raise RunError(answer["error"], answer.get("detail", ""))
            worker.ready = True
            if self._left:
                self._give(worker)
            if done is not None:
                yield done

    def _give(self, worker: _Worker) -> None:
        at = self._left.popleft()
        picture = picture_at(self._drawing.page, self._drawing.moments[at])
        worker.send(at, {
            "number": picture.moment.number, "share": picture.moment.share, "items": picture.items,
            "value": picture.value, "path": str(self._drawing.path(at)),
        })  # fmt: skip

    def _lose(self, worker: _Worker) -> None:
        """Let the others draw what a process that ended had begun."""
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        worker.end()
        words = worker.last_words()
        self.why = self.why or (words.splitlines()[-1] if words else "it ended without a word")
        if worker.job is None:
            return
        self._fallen[worker.job] = self._fallen.get(worker.job, 0) + 1
        if self._fallen[worker.job] >= _ATTEMPTS:
            raise RunError(
                f"The picture of {self._clock(worker.job)} "
                "cannot be drawn: the processes that tried ended. Choose a smaller size, or close other "
                "programs.",
                words,
            )
        self._left.appendleft(worker.job)
        for other in self._workers:
            if other.ready and other.job is None and self._left:
                self._give(other)

    def _clock(self, at: int) -> str:
        return clock(self._drawing.moments[at].minute(self._drawing.page.style.timeline))

    def _leave_late(self) -> None:
        for worker in [each for each in self._workers if not each.ready]:
            self.why = self.why or "it did not start in time."
            self._lose(worker)

    def end(self) -> None:
        """End all processes; what they had begun is left."""
        for worker in self._workers:
            if worker.job is not None:
                self._left.appendleft(worker.job)
                worker.job = None
            worker.end()
        self._workers.clear()
