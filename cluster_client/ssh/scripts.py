"""Remote shell scripts: sending them with parameters, and parsing their answers.

A script is sent to `/bin/sh -s` after its parameters as quoted assignments; see remote/common.sh.
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
    """Return the text of a script in remote/."""
    return (_FOLDER / f"{name}.sh").read_text(encoding="utf-8")


def assignments(values: Mapping[str, str]) -> str:
    """Return lines of POSIX sh that set variables to values of any characters."""
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a variable's name")
        if "\0" in value:
            raise ValueError(f"the value of {name} holds a NUL")
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def call(connection: Connection, name: str, values: Mapping[str, str], timeout: float = 0) -> list[str]:
    """Run a script on the cluster; return the words of its last answer, at least one.

    Raises `ConnectionLost`, after which the script may or may not have run, and `BackendError`.
    """
    return run(connection, name, values, timeout)[0]


def run(
    connection: Connection, name: str, values: Mapping[str, str], timeout: float = 0
) -> tuple[list[str], str]:
    """Run a script as `call` does; return the answer and all other output."""
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
    """Return the words after the nonce in the last line that has it; a login may print other lines."""
    for line in reversed(done.out.splitlines()):
        mark, _, rest = line.partition(" ")
        if mark == nonce and rest:
            return rest.split(" ")
    return []
