"""Background programs in a folder: started once, found again, and ended exactly.

A program's `<name>.pid` holds its process id and start time and is written by the program's own process
before it begins, so that a running program is known even when its starter was killed meanwhile. Each program
has a session of its own, by which its children are found when it died before them; `<name>.former` names the
sessions of earlier starts that children live on in.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Optional

_NOTE = 'echo $$ $(cut -d" " -f22 /proc/$$/stat) > "$0.tmp" && mv "$0.tmp" "$0" && exec "$@"'
_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same id."""

    pid: int
    began: int

    @property
    def alive(self) -> bool:
        found = _stat(self.pid)
        return found is not None and found.began == self.began

    def send(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(frozen=True)
class Daemon:
    """One program that runs in the background; its files lie in `folder` under its name."""

    folder: Path
    name: str

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def _former_file(self) -> Path:
        return self.folder / f"{self.name}.former"

    def process(self) -> Optional[Process]:
        """Return the running program, if it runs."""
        return next((process for process in _noted(self.pid_file) if process.alive), None)

    def orphans(self) -> list[Process]:
        """Return the live children of the program and its earlier starts that died."""
        dead = [leader for leader in (*_noted(self._former_file), *_noted(self.pid_file)) if not leader.alive]
        return [member for leader in dead for member in _session(leader)]

    def start(self, command: Sequence[str], environment: Optional[Mapping[str, str]] = None) -> None:
        """Start the program in a session of its own, unless it runs."""
        if self.process():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.orphans():
            with self._former_file.open("a", encoding="ascii") as former:
                former.writelines(f"{leader.pid} {leader.began}\n" for leader in _noted(self.pid_file))
        self.pid_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            subprocess.Popen(
                ["/bin/sh", "-c", _NOTE, str(self.pid_file), *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **(environment or {})}, cwd="/",
            )  # fmt: skip
        for _ in range(6000):
            if self.pid_file.exists():
                return
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} did not start; see {self.log}")

    def stop(self) -> None:
        """End the program and all that it ever started; does nothing where none of that runs."""
        process, family = self.process(), self.orphans()
        if process:
            family += [*descendants(process.pid), process]
            process.send(signal.SIGTERM)
            _wait_for([process], _WAIT_SECONDS)
        family += [member for member in self.orphans() if member not in family]
        for number, seconds in ((signal.SIGTERM, _WAIT_SECONDS / 2), (signal.SIGKILL, 6 * _WAIT_SECONDS)):
            for member in family:
                member.send(number)
            _wait_for(family, seconds)
        self.pid_file.unlink(missing_ok=True)
        self._former_file.unlink(missing_ok=True)

    def said(self, size: int = 2000) -> str:
        """Return the end of its log."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")[-size:]
        except OSError:
            return ""


def at_once(parts: Sequence[Callable[[], Any]]) -> None:
    """Call functions at the same time; raises the first error when all have ended."""
    errors: list[BaseException] = []

    def call(part: Callable[[], Any]) -> None:
        try:
            part()
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    threads = [threading.Thread(target=call, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def descendants(pid: int) -> list[Process]:
    """Return all processes that a process started, and those that they started."""
    children: dict[int, list[Process]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            found = _stat(int(entry.name))
            if found:
                process = Process(int(entry.name), found.began)
                children.setdefault(found.parent, []).append(process)
    family, waiting = [], [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            family.append(child)
            waiting.append(child.pid)
    return family


def _session(leader: Process) -> list[Process]:
    """Return the live processes of a dead program's session, whose number is not reused while it lives."""
    if _stat(leader.pid):
        return []  # a later program has the number, so nothing is left
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    found = [(number, _stat(number)) for number in numbers]
    return [Process(number, stat.began) for number, stat in found if stat and stat.session == leader.pid]


def _noted(file: Path) -> list[Process]:
    """Return the processes that a file names, one in a line, alive or not."""
    try:
        lines = [line.split() for line in file.read_text(encoding="ascii").splitlines()]
        return [Process(int(pid), int(began)) for pid, began in lines]
    except (OSError, ValueError):
        return []


class _Stat(NamedTuple):
    parent: int
    session: int
    began: int


def _stat(pid: int) -> Optional[_Stat]:
    """A living process's parent, session and start time; None where there is none, or only its remains."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else _Stat(int(fields[1]), int(fields[3]), int(fields[19]))


def _wait_for(processes: Sequence[Process], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(process.alive for process in processes):
        time.sleep(0.05)
