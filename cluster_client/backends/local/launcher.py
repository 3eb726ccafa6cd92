"""Launcher of one command for a run folder, in the background: `python -m …launcher FOLDER GRACE COMMAND…`.

It leads the process group (on POSIX), so that `pid` in the run folder identifies the whole group. It writes
`pid` first and `rc` last, the exit code in a shell's notation (128 + n after signal n), and kills all
processes of the group that outlive the command. When terminated, it gives the command GRACE seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess  # nosec B404  # a fixed command, no shell
import sys
from collections.abc import Sequence
from pathlib import Path

from ....aggregation.storage.local.files import keep_private, opener
from ...processes import end_group, start_mark
from ...shared_files import write_atomically

POLL_SECONDS = 0.3


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    keep_private()
    folder, grace, command = Path(arguments[0]), float(arguments[1]), list(arguments[2:])
    write_atomically(folder / "pid", f"{os.getpid()}\n{start_mark(os.getpid())}\n")
    if sys.platform == "win32":
        code = _run_windows(folder, grace, command)
    else:
        code = _run_posix(folder, grace, command)
    _write_code(folder, code)
    if code != 0 and sys.platform != "win32":
        end_group(os.getpgrp(), by_force=True)  # remaining children of a killed command, and this process
    return code


def _run_posix(folder: Path, grace: float, command: Sequence[str]) -> int:
    def on_grace_expired(_number: int, _frame: object) -> None:
        _write_code(folder, 128 + signal.SIGTERM)
        end_group(os.getpgrp(), by_force=True)

    def asked_to_end(_number: int, _frame: object) -> None:
        # The signal goes to the group, so the command has it already.
        if signal.getitimer(signal.ITIMER_REAL)[0] == 0:
            signal.setitimer(signal.ITIMER_REAL, max(grace, 0.001))

    # Handlers, as ignored signals would stay ignored in the command.
    signal.signal(signal.SIGALRM, on_grace_expired)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, asked_to_end)
    code = subprocess.Popen(command).wait()  # noqa: S603  # nosec B603
    return 128 - code if code < 0 else code


def _run_windows(folder: Path, grace: float, command: Sequence[str]) -> int:
    if sys.platform != "win32":
        raise OSError("only for Windows")
    child = subprocess.Popen(command, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)  # noqa: S603  # nosec B603
    left = grace
    while True:
        try:
            return child.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if not (folder / "cancel").exists():
                continue
        if left == grace:
            child.send_signal(signal.CTRL_BREAK_EVENT)
        elif left <= 0:
            end_group(child.pid, by_force=True)
        left -= POLL_SECONDS


def _write_code(folder: Path, code: int) -> None:
    aside = folder / "rc.tmp"
    with open(aside, "w", encoding="ascii", newline="\n", opener=opener) as file:
        file.write(f"{code}\n")
    aside.replace(folder / "rc")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
