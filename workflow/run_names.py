"""Names of runs."""

from __future__ import annotations


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
