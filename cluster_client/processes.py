"""Processes of runs on this computer: identification and termination of process groups.

As process ids are reused, a process is identified by its id and its start time. If these come from a file
that others may have written, the process itself is checked for the run (`is_of_run`).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess  # nosec B404  # a fixed command, no shell
import sys
from pathlib import Path
from typing import Optional

RUN_VARIABLE = "ROADPULSE_RUN"
"""Environment variable with the run's id in all its processes."""


def start_mark(pid: int) -> str:
    """Return a string that identifies a process among all with its id; empty if it has ended.

    Zombies count as ended.
    """
    if pid <= 0:
        return ""
    if sys.platform == "win32":
        return _windows_mark(pid)
    if sys.platform.startswith("linux"):
        found = _linux_stat(Path(f"/proc/{pid}/stat"))
        return f"{_boot()}-{found[1]}" if found else ""
    line = _ps("-p", str(pid), "-o", "stat=,lstart=").strip()
    return "" if not line or line.startswith("Z") else " ".join(line.split()[1:])


def group_alive(group: int) -> bool:
    """Return True if a process group has a running member (zombies do not count); False on Windows."""
    if sys.platform == "win32" or group <= 1:
        return False
    if sys.platform.startswith("linux"):
        stats = (_linux_stat(path / "stat") for path in Path("/proc").iterdir() if path.name.isdigit())
        return any(stat is not None and stat[0] == group for stat in stats)
    lines = (line.split() for line in _ps("-A", "-o", "pgid=,stat=").splitlines())
    return any(line[0] == str(group) and not line[1].startswith("Z") for line in lines if len(line) > 1)


def is_of_run(pid: int, run_id: str, launched: str) -> bool:
    """Return True if a process is this user's and the run's, by evidence that others cannot forge.

    That is its environment on Linux (`RUN_VARIABLE`), elsewhere its command line, which must contain
    `launched`. False on Windows, where only the run's record identifies it.
    """
    if sys.platform == "win32" or pid <= 1 or not run_id:
        return False
    if sys.platform.startswith("linux"):
        return _names_run(Path(f"/proc/{pid}"), run_id)
    owner, _, command = _ps("-p", str(pid), "-o", "uid=,command=").strip().partition(" ")
    return owner == str(os.geteuid()) and bool(launched) and launched in command


def run_alive(group: int, run_id: str) -> bool:
    """Return True if a process group has a running member of the run, or any if that cannot be checked."""
    if not sys.platform.startswith("linux"):
        return group_alive(group)
    members = (path for path in Path("/proc").iterdir() if path.name.isdigit())
    return any(
        (_linux_stat(path / "stat") or (0,))[0] == group and _names_run(path, run_id) for path in members
    )


def end_group(group: int, *, by_force: bool) -> None:
    """Terminate a process group, or kill it `by_force`; does nothing if it has ended already.

    On Windows, where groups cannot be signalled from another console, the launcher terminates it, and this
    function only kills the process tree by force.
    """
    if group <= 1:
        return
    if sys.platform == "win32":
        if by_force:
            subprocess.run(  # noqa: S603  # nosec B603
                [str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "taskkill.exe"),
                 "/PID", str(group), "/T", "/F"],
                capture_output=True, check=False, timeout=30, creationflags=subprocess.CREATE_NO_WINDOW,
            )  # fmt: skip
        return
    try:
        os.killpg(group, signal.SIGKILL if by_force else signal.SIGTERM)
    except ProcessLookupError:
        return


def _names_run(process: Path, run_id: str) -> bool:
    """Return True if a process of /proc is this user's and has the run in its environment."""
    if sys.platform == "win32":
        return False
    try:
        if process.stat().st_uid != os.geteuid():
            return False
        return f"{RUN_VARIABLE}={run_id}".encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _linux_stat(path: Path) -> Optional[tuple[int, str]]:
    """Return process group and start (clock ticks since boot) from /proc; None if ended or a zombie."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    # The second field is the program's name in brackets and may contain anything, including brackets.
    values = content[content.rindex(b")") + 2 :].split()
    if values[0] in (b"Z", b"X"):
        return None
    return int(values[2]), values[19].decode()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "boot"


def _ps(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603  # nosec B603
        ["/bin/ps", *arguments], capture_output=True, check=False, text=True, timeout=10,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return done.stdout


def _windows_mark(pid: int) -> str:
    if sys.platform != "win32":
        return ""
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel.OpenProcess(0x1000, False, pid))  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return ""
    try:
        times = [ctypes.c_uint64() for _ in range(4)]
        code = ctypes.c_uint32()
        known = kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        still_active = 259
        return str(times[0].value) if known and code.value == still_active else ""
    finally:
        kernel.CloseHandle(handle)
