"""Answers of programs on other computers: one line of JSON in their output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...aggregation.contract.json_text import JsonFault, decode

if TYPE_CHECKING:
    from ..ssh.connection import Connection

MARK = "roadpulse-answer "


class NoAnswer(Exception):
    """A program has ended without an answer; the message is the end of its output."""


def answer(printed: str) -> dict[str, Any]:
    """Return the last answer in a program's output; raises `NoAnswer`."""
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
    """Run a program on another computer with the job importable, and return its answer.

    Raises `NoAnswer` and the errors of `scripts.run`.
    """
    from ..ssh import scripts  # noqa: PLC0415  (this module is also used without SSH)

    values = {"python": python, "program": program, "argument": argument, "job_zip": job_zip}
    return answer(scripts.run(connection, "ask", values)[1])
