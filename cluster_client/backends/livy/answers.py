"""Parsing of Livy's answers, tolerant of any shape; no answer of a server raises an error."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ....aggregation.contract.json_text import JsonFault, decode

ENDED = frozenset({"success", "dead", "error", "killed"})
"""Final states of a batch; in all others, including unknown ones, it may be running."""

_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Batch:
    """A batch as described by Livy; `log` has some of its lines."""

    name: str
    state: str
    number: int = -1
    log: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """True once the batch's process has ended."""
        return self.state in ENDED

    @property
    def may_be_ghost(self) -> bool:
        """True if the batch looks like one that Livy refused and yet keeps: it will never start.

        Of real ones the log has its headings from the first answer on.
        """
        return self.state == "starting" and not self.log


def read_batch(values: Mapping[str, Any]) -> Optional[Batch]:
    """Return the batch in a decoded answer; None if it is not one."""
    name, state, number, log = (values.get(key) for key in ("name", "state", "id", "log"))
    if not isinstance(name, str) or not isinstance(state, str):
        return None
    lines = tuple(line for line in log if isinstance(line, str)) if isinstance(log, list) else ()
    return Batch(name, state, number if type(number) is int else -1, lines)


def read_json(content: bytes) -> Any:
    """Return an answer's decoded content; None if it is not JSON."""
    try:
        return decode(content, "Livy's answer")
    except JsonFault:
        return None


def is_missing(content: bytes) -> bool:
    """Return True if the content of a 404 is Livy's own message that it knows no such batch."""
    return isinstance(read_json(content), dict) and "not found" in said(content).lower()


def said(content: bytes) -> str:
    """Return the message of an answer on one line: `{"msg"}`, a JSON string, or a page's text; or empty."""
    values = read_json(content)
    if isinstance(values, Mapping):
        values = next((values[key] for key in ("msg", "message", "error") if values.get(key)), values)
    if values is None:
        page = content.decode("utf-8", "replace")
        text = html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", page[:100_000])))
    else:
        text = values if isinstance(values, str) else json.dumps(values)
    plain = "".join(c if c.isprintable() else " " for c in text[: 4 * _LONGEST_TEXT])
    return " ".join(plain.split())[:_LONGEST_TEXT]
