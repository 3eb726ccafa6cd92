"""Escaping of control characters in untrusted text."""

from __future__ import annotations

import logging
import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls except tab and line feed: escape sequences of terminals
    "\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # breaks, overrides, isolates, zero-width ones
    "\U000e0000-\U000e007f\ud800-\udfff]"  # tags, lone surrogates
)


def visible(text: str) -> str:
    """Return a text with control characters and direction overrides escaped, as `\\x1b` or `\\u202e`.

    Line breaks and tabs stay, as do the marks and joiners that scripts need; CR LF becomes LF. A byte that
    is not UTF-8, which Python keeps in a file name as a lone surrogate, is written as the byte: `\\xe9`.
    """
    return _HIDDEN.sub(_written_out, text.replace("\r\n", "\n"))


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return match[0].encode("unicode_escape").decode("ascii")


def untagged(text: str) -> str:
    """Return `visible(text)` with `<` replaced, for widgets that detect HTML automatically."""
    return visible(text).replace("<", "‹")


class VisibleFormatter(logging.Formatter):
    """Log formatter that escapes control characters, so that a terminal does not act on them."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        return visible(super().format(record))
