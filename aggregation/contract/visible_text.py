"""Control characters in texts that come from outside: shown for what they are, and never acted on."""

from __future__ import annotations

import logging
import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and line feed: escape sequences of terminals
    "\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # breaks, overrides and isolates, what has no width
    "\U000e0000-\U000e007f\ud800-\udfff]"  # tags, halves of pairs
)


def visible(text: str) -> str:
    """A text with its control characters and overrides of direction written out, as `\\x1b` or `\\u202e`.

    Line breaks and tabs stay, and so do the marks and joiners that scripts need; a line break of Windows or
    HTTP is one. A byte that is not UTF-8, which Python keeps in a file name as half of a pair, is written as
    the byte: `\\xe9`.
    """
    return _HIDDEN.sub(_written_out, text.replace("\r\n", "\n"))


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape").decode("ascii")


def untagged(text: str) -> str:
    """As `visible`, for where others choose between plain text and HTML: a tag has another bracket."""
    return visible(text).replace("<", "‹")


class VisibleFormatter(logging.Formatter):
    """A log's lines with control characters written out, so that a terminal does not act on them."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        return visible(super().format(record))
