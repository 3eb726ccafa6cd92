"""Abilities of this computer that tests need: what is left out is printed once, with a remedy.

    python development/machine.py       prints what is left out here, a line for each kind

Containers and chroots often forbid mounting, and tests that need it are skipped there.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACK = ROOT.parent / "shared" / "data" / "belfast.tar.xz"

BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"] if os.geteuid() == 0 else []
"""Words before a command that is to be bound by file permissions, as root is not; its user stays the same."""


@dataclass(frozen=True)
class Ability:
    """Something that a computer may or may not let tests do.

    `lack` says what cannot be done and which tests are left out, `way` how to have it.
    """

    lack: str
    way: str
    check: Callable[[], bool]

    @property
    def sentence(self) -> str:
        return f"{self.lack}. {self.way}."


def _works(*command: str) -> bool:
    """Return True if a program is there and succeeds."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=60, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def own_mounts() -> Sequence[str]:
    """Words before a command that give it mounts of its own; empty where that is not allowed."""
    for words in (["unshare", "-m"], ["unshare", "-r", "-m"]):  # the second for others than root
        if _works(*words, "mount", "--bind", "/etc/hosts", "/etc/hosts"):
            return words
    return []


def _disks() -> bool:
    with tempfile.TemporaryDirectory(prefix="roadpulse-disk-") as folder:
        found = os.geteuid() == 0 and _works("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder)
        if found:
            subprocess.run(["umount", "-l", folder], check=True)
    return found


def _users() -> bool:
    return os.geteuid() == 0 and all(map(shutil.which, ("useradd", "userdel", "usermod", "chpasswd")))


ABILITIES = {
    "mounts": Ability(
        "No process may have mounts of its own here, so tests of hosts' names and of nodes that see other "
        "files are left out",
        "In a chroot make its folder a mount point first (mount --bind TREE TREE); a container needs "
        "CAP_SYS_ADMIN",
        lambda: bool(own_mounts()),
    ),
    "disks": Ability(
        "No disk can be mounted here, so tests of full disks are left out",
        "Run as root; a container needs CAP_SYS_ADMIN",
        _disks,
    ),
    "hostname": Ability(
        "No process may have a host name of its own here, so tests of runs on two computers are left out",
        "Run as root; a container needs CAP_SYS_ADMIN",
        lambda: os.geteuid() == 0 and _works("unshare", "--uts", "hostname", "another"),
    ),
    "users": Ability(
        "No user can be made here, so tests with two users are left out",
        "Run as root, with Debian's package passwd",
        _users,
    ),
    "permissions": Ability(
        "Root cannot be bound by file permissions here, so tests of read-only folders are left out",
        "A container needs CAP_SETPCAP; other users than root need nothing",
        lambda: _works(*BOUND, "true"),
    ),
    "belfast": Ability(
        f"The Belfast pack is not at {PACK}, so tests with its trips are left out",
        "Put the file there",
        PACK.exists,
    ),
}


@functools.cache
def lack(name: str) -> str:
    """Return what is left out for want of an ability, and the remedy; empty if the computer has it."""
    ability = ABILITIES[name]
    return "" if ability.check() else ability.sentence


def main() -> int:
    """Print what is left out on this computer."""
    for sentence in filter(None, map(lack, ABILITIES)):
        print(f"== left out here: {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
