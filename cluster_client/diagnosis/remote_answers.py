"""The answers of programs that run on other computers: one line of JSON among whatever else is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...aggregation.contract.json_text import JsonFault, decode

if TYPE_CHECKING:
    from ..ssh.connection import Connection

MARK = "roadpulse-answer "


class NoAnswer(Exception):
    """A program ended without an answer; its last words."""


def answer(printed: str) -> dict[str, Any]:
    """The last answer in what was printed; raises `NoAnswer`."""
    lines = printed.splitlines()
    for line in reversed(lines):
        if line.startswith(MARK):
            try:
                values = decode(line[len(MARK) :], "the answer")
            except JsonFault as error:
                raise NoAnswer(f"its answer cannot be used: {error.fault}") from error
            if isinstance(values, dict):
                return values
    said = [line for line in lines if line.strip() and not line.startswith("roadpulse-")]
    raise NoAnswer(said[-1].strip()[:300] if said else "it said nothing")


def ask(connection: Connection, python: str, job_zip: str, program: str, argument: str) -> dict[str, Any]:
    """Run a program there, which sees the job; raises `NoAnswer` and the errors of `scripts.run`."""
    from ..ssh import scripts  # noqa: PLC0415  (this module serves places without SSH too)

    values = {"python": python, "program": program, "argument": argument, "job_zip": job_zip}
    return answer(scripts.run(connection, "ask", values)[1])
