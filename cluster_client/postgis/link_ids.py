"""Conversion of values of the roads' id column to link ids, equal for layers and PostGIS.

A link id is a 64-bit integer. As text it may have surrounding blanks, a sign, leading zeros, and zeros after
a decimal point (` 0101 `, `101.0`), as exports and spreadsheets write it. A floating-point number is an id
only if its type can distinguish it from neighbouring integers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from psycopg import sql

_BLANKS = r"[ \t\r\n\f\v]*"
ID_TEXT = rf"^{_BLANKS}[+-]?[0-9]+(\.0*)?{_BLANKS}$"
"""Regular expression of a link id as text, valid in Python and PostgreSQL."""

SMALLEST, LARGEST = -(2**63), 2**63 - 1
EXACT_DOUBLE, EXACT_REAL = 2**53 - 1, 2**24 - 1
"""The largest integers that floating-point numbers of 8 and 4 bytes distinguish from both neighbours."""

MAX_DIGITS = 400
"""Maximum length of a link id as text."""

_ID_TEXT = re.compile(ID_TEXT[:-1] + r"\Z")


def link_id(value: Any) -> Optional[int]:
    """Return the link id of `value` (text, integer or floating-point number); None if it is not one."""
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
    """Return SQL that is true if `column` is the bigint `wanted` by the rule of `link_id`.

    `is_text` is True if the column has text. A numeric column is compared directly, so that an index on it
    is used.
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
