"""Lists of holidays, as a text of dates or a file with a date in each line."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from ..aggregation.contract.days import MOST_DATES
from ..aggregation.contract.errors import SpecError
from ..aggregation.contract.json_text import first_bytes, shown

LARGEST = 1 << 20
"""Bytes of a file of holidays."""

_IS_FILE = re.compile(r"[/\\]|\.(csv|txt|tsv)$", re.IGNORECASE)
_CELLS = re.compile("[,;\t]")


def read_holidays(text: str, name: str = "holidays") -> tuple[date, ...]:
    """Return the dates of a text such as `2025-12-25, 2025-12-26`, or of the file whose path it is.

    In a file each line begins with a date (ISO 8601), which a comma, semicolon or tab may follow. Blank
    lines, lines that begin with `#`, and a first line of column names are passed over. Raises `SpecError` for
    the entry `name`, with the line, and for a file without a date.
    """
    text = text.strip()
    if not text:
        return ()
    path = Path(text).expanduser()
    if _IS_FILE.search(text) or _is_file(path):
        found = _of_file(path, name)
    else:
        found = [_date(word.strip(), name, "holds") for word in text.split(",") if word.strip()]
    if len(found) > MOST_DATES:
        raise SpecError(name, f"names {len(found):,} dates; at most {MOST_DATES:,}")
    return tuple(sorted(set(found)))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text that no path may be
        return False


def _of_file(path: Path, name: str) -> list[date]:
    try:
        content = first_bytes(path, LARGEST + 1)
        if len(content) > LARGEST:
            raise SpecError(name, f"is the file {path}, which has more than {LARGEST >> 20} MiB")
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SpecError(name, f"is the file {path}, which is not text in UTF-8") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or getattr(error, "fault", "") or str(error)
        raise SpecError(name, f"is the file {path}, which cannot be read: {why}") from error
    found, is_first = list[date](), True
    for number, line in enumerate(lines, start=1):
        word = _CELLS.split(line, maxsplit=1)[0].strip().strip('"')
        if not line.strip() or word.startswith("#"):
            continue
        is_first, may_be_name = False, is_first
        if may_be_name and not any(map(str.isdigit, word)):
            continue  # the name of the column
        found.append(_date(word, name, f"is the file {path}, whose line {number} begins with"))
    if not found:
        raise SpecError(name, f"is the file {path}, which holds no date such as 2025-12-25")
    return found


def _date(word: str, name: str, what: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise SpecError(name, f"{what} {shown(word)}, which is no date such as 2025-12-25") from error
