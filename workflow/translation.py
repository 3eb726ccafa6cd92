"""Words for people."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication


def tr(text: str) -> str:
    """Return the text in the person's language. Put values in with `.format` afterwards."""
    return QCoreApplication.translate("Roadpulse", text)


def many(number: int) -> str:
    """Large numbers as one says them: `9,412`, `1.1 million`, `85.1 million`."""
    return (
        f"{number:,}" if number < 1_000_000 else tr("{number} million").format(number=f"{number / 1e6:,.1f}")
    )


def percent(share: float) -> str:
    """`97.4 %` of 0.974; a whole hundred only of 1."""
    value = share * 100
    return f"{min(value, 99.9) if share < 1 else value:.1f}".rstrip("0").rstrip(".") + " %"


def name_of_trips(trips: str) -> str:
    """Return a name for what lies in a folder or behind a pattern: the path's last part that says something.

    Numbers alone say little: `2019/06` is called after what it lies in, too. Folders may have brackets in
    their names.
    """
    parts = [part for part in trips.replace("\\", "/").split("/") if part and not set(part) & set("*?")]
    named = [part for part in parts if part.lower() != "trips" and not part.endswith(":")] or ["trips"]
    first = len(named) - 1
    while first and not any(map(str.isalpha, named[first])):
        first -= 1
    return " ".join(named[first:])[-100:].strip()
