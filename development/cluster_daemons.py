"""Background programs in a folder: started once, found again, and ended exactly.

A program's `<name>.pid` holds its process id and start time and is written by the program's own process
before it begins, so that whatever runs is known even when the one who started it was killed meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

_NOTE = 'echo $$ $(cut -d" " -f22 /proc/$$/stat) > "$0.tmp" && mv "$0.tmp" "$0" && exec "$@"'
_PATIENCE = 10.0


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same id."""

    pid: int
    began: int

    @property
    def alive(self) -> bool:
        found = _stat(self.pid)
        return found is not None and found[1] == self.began

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

    def process(self) -> Optional[Process]:
        """The running program, if it runs."""
        try:
            pid, began = self.pid_file.read_text(encoding="ascii").split()
        except (OSError, ValueError):
            return None
        process = Process(int(pid), int(began))
        return process if process.alive else None

    def start(self, command: Sequence[str], environment: Optional[Mapping[str, str]] = None) -> None:
        """Start the program in a session of its own, unless it runs."""
        if self.process():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pid_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            subprocess.Popen(
                ["/bin/sh", "-c", _NOTE, str(self.pid_file), *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **(environment or {})}, cwd="/",
            )  # fmt: skip
        for _ in range(500):
            if self.pid_file.exists():
                return
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} did not start; see {self.log}")

    def stop(self) -> None:
        """End the program and all that it started; does nothing where it does not run."""
        process = self.process()
        if process:
            family = [process, *descendants(process.pid)]
            process.send(signal.SIGTERM)
            _wait_for([process], _PATIENCE)
            for member in family[1:]:
                member.send(signal.SIGTERM)
            _wait_for(family, _PATIENCE / 2)
            for member in family:
                member.send(signal.SIGKILL)
            _wait_for(family, _PATIENCE)
        self.pid_file.unlink(missing_ok=True)

    def said(self, size: int = 2000) -> str:
        """The end of its log."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")[-size:]
        except OSError:
            return ""


def descendants(pid: int) -> list[Process]:
    """All processes that a process started, and those that they started."""
    children: dict[int, list[Process]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            found = _stat(int(entry.name))
            if found:
                children.setdefault(found[0], []).append(Process(int(entry.name), found[1]))
    family, waiting = [], [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            family.append(child)
            waiting.append(child.pid)
    return family


def _stat(pid: int) -> Optional[tuple[int, int]]:
    """A process's parent and start time; None where there is none, or only its remains."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else (int(fields[1]), int(fields[19]))


def _wait_for(processes: Sequence[Process], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(process.alive for process in processes):
        time.sleep(0.05)
