"""Numbers as a person reads them: thousands separators, units, no false precision."""

from __future__ import annotations

import re
from typing import Optional

from ...mapping.language import many, number_text, percent, tr

__all__ = [
    "about", "count", "counted", "duration", "left", "many", "rate", "share", "size", "slug",
    "tr",
]  # fmt: skip


def count(number: int) -> str:
    """`12,345`."""
    return number_text(number)


def counted(number: int, one: str, many: str) -> str:
    """`1 file`, `12,345 files`; the words come translated."""
    return f"{number_text(number)} {one if number == 1 else many}"


def size(n_bytes: float) -> str:
    """`812 kB`, `138 MB`, `22.4 GB`, in decimal units as disks are sold."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9)):
        if n_bytes >= scale:
            return f"{number_text(n_bytes / scale, 1)} {unit}"
    if n_bytes >= 1e6:
        return f"{number_text(n_bytes / 1e6, 0)} MB"
    return f"{number_text(max(n_bytes, 0) / 1e3, 0)} kB"


def duration(seconds: float) -> str:
    """`8 s`, `2 min`, `1 h 20 min`."""
    if seconds < 90:
        return tr("{n} s").format(n=max(1, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 60:
        return tr("{n} min").format(n=minutes)
    return tr("{h} h {m} min").format(h=minutes // 60, m=minutes % 60)


def about(seconds: float) -> str:
    """Return a duration that is only an estimate: rounded to what it can promise."""
    step = 1 if seconds < 10 else 5 if seconds < 60 else 10
    return duration(max(step, round(seconds / step) * step))


def share(part: float) -> str:
    """`97.4 %`, and never a full hundred that is not one."""
    if 0 < part < 0.001:
        return tr("less than {share}").format(share=percent(0.001))
    return percent(part)


def rate(bytes_per_second: float) -> str:
    """`82 MB/s`."""
    return f"{size(bytes_per_second)}/s"


def left(seconds: Optional[float]) -> str:
    """`12 s left`, empty where it is not known."""
    if seconds is None:
        return ""
    return tr("{time} left").format(time=duration(seconds))


def slug(name: str) -> str:
    """Return a name for files, readable in every file system: letters of any script, digits and hyphens."""
    return re.sub(r"[\W_]+", "-", name).strip("-")[:40] or "run"
