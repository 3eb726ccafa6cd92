"""What a value of the roads' id column means as a link id: one rule for layers and for PostGIS.

A link id is a whole number of 64 bits. As text it may have blanks around it, a sign, zeros in front and
zeros after a decimal point (` 0101 `, `101.0`), as exports and spreadsheets write it. As a floating number
it counts only while that can tell neighbouring whole numbers apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from psycopg import sql

_BLANKS = r"[ \t\r\n\f\v]*"
ID_TEXT = rf"^{_BLANKS}[+-]?[0-9]+(\.0*)?{_BLANKS}$"
"""Pattern of a link id as text, for Python and PostgreSQL alike."""

SMALLEST, LARGEST = -(2**63), 2**63 - 1
EXACT_DOUBLE, EXACT_REAL = 2**53 - 1, 2**24 - 1
"""The largest whole numbers that floating numbers of 8 and 4 bytes tell from both neighbours."""

MAX_DIGITS = 400
"""A text longer than this is no link id."""

_ID_TEXT = re.compile(ID_TEXT[:-1] + r"\Z")


def link_id(value: Any) -> Optional[int]:
    """Return the link id that `value` (text, whole or floating number) stands for; None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if len(value) > MAX_DIGITS or not _ID_TEXT.match(value):
            return None
        number = int(value.strip().partition(".")[0])
    elif isinstance(value, float):
        if not value.is_integer() or abs(value) > EXACT_DOUBLE:
            return None
        number = int(value)
    elif isinstance(value, int):
        number = value
    else:
        return None
    return number if SMALLEST <= number <= LARGEST else None


def same_id(column: sql.Composable, wanted: sql.Composable, is_text: bool) -> sql.Composed:
    """SQL that is true where `column` stands for the bigint `wanted`, by the rule of `link_id`.

    `is_text` says that the column holds text. A column of numbers is compared as it is, so that an index on
    it serves.
    """
    from psycopg import sql  # noqa: PLC0415  (an optional package)

    if is_text:
        return sql.SQL(
            "CASE WHEN length({column}::text) <= {digits} AND {column}::text ~ {pattern} "
            "THEN trunc({column}::text::numeric) END = {wanted}"
        ).format(column=column, wanted=wanted, pattern=sql.Literal(ID_TEXT), digits=MAX_DIGITS)
    return sql.SQL(
        "{column} = {wanted} AND ({wanted} BETWEEN -{real} AND {real} "
        "OR pg_typeof({column}) <> 'real'::regtype AND ({wanted} BETWEEN -{double} AND {double} "
        "OR pg_typeof({column}) <> 'double precision'::regtype))"
    ).format(column=column, wanted=wanted, real=EXACT_REAL, double=EXACT_DOUBLE)
