"""The scripts that run on the cluster, and their answers.

A script is sent to `/bin/sh -s` with its parameters as quoted assignments before it; see remote/common.sh.
"""

from __future__ import annotations

import re
import shlex
import uuid
from collections.abc import Mapping
from pathlib import Path

from .connection import Connection, Done
from .errors import NoShell

_FOLDER = Path(__file__).absolute().parent / "remote"
_NAME = re.compile(r"[a-z_]+")


def source(name: str) -> str:
    """The text of one of the scripts."""
    return (_FOLDER / f"{name}.sh").read_text(encoding="utf-8")


def assignments(values: Mapping[str, str]) -> str:
    """Lines of POSIX sh that set variables to these values, whatever characters they hold."""
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a variable's name")
        if "\0" in value:
            raise ValueError(f"the value of {name} holds a NUL")
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def call(connection: Connection, name: str, values: Mapping[str, str], timeout: float = 0) -> list[str]:
    """Run a script on the cluster; returns the words of its last answer, at least one.

    Raises `ConnectionLost`, after which it is not known whether the script ran, and `BackendError`.
    """
    return run(connection, name, values, timeout)[0]


def run(
    connection: Connection, name: str, values: Mapping[str, str], timeout: float = 0
) -> tuple[list[str], str]:
    """As `call`; returns what was printed besides the answer, too."""
    nonce = f"roadpulse-{uuid.uuid4().hex}"
    parts = ("common", "job", name) if "job_zip" in values else ("common", name)
    text = assignments({"nonce": nonce, **values}) + "".join(map(source, parts)) + "main\n"
    done = connection.run(text, timeout or None)
    answer = last_answer(done, nonce)
    if not answer:
        words = " ".join(done.out.split())[-300:]
        raise NoShell(
            f"The user of {connection.login} cannot run scripts: the shell answered {words!r} with exit code "
            f"{done.code}. Log in there once with ssh and look, or choose another user.",
            done.out,
        )
    return answer, "\n".join(line for line in done.out.splitlines() if not line.startswith(nonce))


def last_answer(done: Done, nonce: str) -> list[str]:
    """The words after the nonce in the last line that has it; a log-in may print other lines."""
    for line in reversed(done.out.splitlines()):
        mark, _, rest = line.partition(" ")
        if mark == nonce and rest:
            return rest.split(" ")
    return []
