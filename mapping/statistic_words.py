"""Names of statistics in the person's language; `aggregation.contract.statistic` has the English ones."""

from __future__ import annotations

import re

from ..aggregation.contract.statistic import STATISTICS, Statistic
from .language import digits, tr

_ORDINAL = re.compile(r"\b(\d{1,2})(st|nd|rd|th)\b(?= percentile\b)")


def label(entry: Statistic) -> str:
    """Return the beginning of a legend: `Mean speed`."""
    return _translated(entry.label)


def estimator(entry: Statistic) -> str:
    """Return how the value is computed: `mean of points`."""
    return _translated(entry.estimator)


def subtitle(entry: Statistic) -> str:
    """Return the subtitle of the statistic's map: `How fast traffic moves`."""
    return _translated(entry.subtitle)


def unit(entry: Statistic, speed_unit: str) -> str:
    """Return the unit: `mph`, `s/km`; empty for numbers without one."""
    return _translated(entry.unit_text(speed_unit))


def title(entry: Statistic, speed_unit: str) -> str:
    """Return the heading of a legend: `Mean speed (mph)`. A share has the word in its label."""
    with_unit = entry.title(speed_unit) != entry.label
    return f"{label(entry)} ({unit(entry, speed_unit)})" if with_unit else label(entry)


def alias(entry: Statistic, speed_unit: str) -> str:
    """Return the name of a column: `Mean speed (mph), mean of points`."""
    return tr(", ").join(filter(None, (title(entry, speed_unit), estimator(entry))))


def registry_texts() -> list[str]:
    """Return all texts that are translated here, as a translation has them; percentiles as `{ordinal}`."""
    texts = [
        text
        for entry in STATISTICS
        for text in (entry.label, entry.estimator, entry.subtitle, entry.unit_text(""))
    ]
    texts += ["mph", "km/h", "m/s", "knots", *(f"{{number}}{ending}" for ending in ("st", "nd", "rd", "th"))]
    return sorted({_ORDINAL.sub("{ordinal}", text) for text in texts if text})


def _translated(text: str) -> str:
    """Return a text of the registry; that of a percentile by its pattern, as there are 99 of each."""
    found = _ORDINAL.search(text)
    if not found:
        return digits(tr(text)) if text else ""
    ordinal = tr("{number}" + found[2]).format(number=found[1])
    return digits(tr(_ORDINAL.sub("{ordinal}", text)).format(ordinal=ordinal))
