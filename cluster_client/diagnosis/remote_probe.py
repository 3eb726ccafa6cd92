"""Probes of other computers, sent as text and run by their Python.

Only the standard library is imported, and the syntax is that of Python 3.6, so that an old one can report
its version.
"""

import glob
import json
import os
import socket
import sys
import time
import urllib.request
from typing import Any


def count_trips(path: str, longest: float = 3.0, most: int = 10000) -> Any:
    """Count trip files below a folder, or matching a pattern, for at most `longest` seconds.

    Packed copies (`x.json.gz` beside `x.json`) do not count, as in a run.
    """
    end = time.time() + longest
    plain = (".json", ".geojson", ".jsonl", ".ndjson", ".csv", ".tsv")
    suffixes = (*plain, *(suffix + ".gz" for suffix in plain), ".parquet")
    found = set()  # type: Any
    try:
        if os.path.isfile(path):  # noqa: PTH113  (creating a Path for each takes too long)
            return {"count": 1}
        pattern = any(c in path for c in "*?[") and not os.path.isdir(path)  # noqa: PTH112
        if not pattern and not os.path.isdir(path):  # noqa: PTH112
            return {"error": "there is no such folder"}

        names = _named_by(path) if pattern else _below(path)
        for name in names:
            if name.lower().endswith(suffixes):
                found.add(name)
            if len(found) >= most or time.time() > end:
                return {"count": _without_copies(found), "more": True}
    except OSError as error:
        return {"error": error.strerror or str(error)}
    return {"count": _without_copies(found)}


def _without_copies(found: Any) -> int:
    return sum(not (path.lower().endswith(".gz") and path[:-3] in found) for path in found)


def _named_by(pattern: str) -> Any:
    """Yield the paths that match a glob; leading folders that exist literally are not patterns."""
    folder = pattern
    while folder.count(os.sep) > 1:
        folder = folder[: folder.rindex(os.sep)]
        if os.path.isdir(folder):  # noqa: PTH112
            pattern = glob.escape(folder) + pattern[len(folder) :]
            break
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207


def _below(folder: str) -> Any:
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _below(entry.path)
        else:
            yield entry.path


def probe_master(address: str, page: str) -> Any:
    """Return whether a Spark master answers at host:port, and facts from its web page."""
    found = {}  # type: Any
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        found["answers"] = True
    except (OSError, ValueError) as error:
        found["error"] = str(error)
    try:
        # No proxy: the master is in the same network.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        found["page"] = json.loads(opener.open(page, timeout=5).read(1 << 22).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        found["page_error"] = str(error)
    return found


def cores() -> Any:
    """Return the number of cores that this process may use."""
    try:
        return {"cores": len(os.sched_getaffinity(0))}
    except AttributeError:
        return {"cores": os.cpu_count() or 1}


def version() -> Any:
    """Return the version of this Python."""
    return {"version": sys.version.split()[0], "path": sys.executable, "time": time.time()}


def main() -> None:
    """Call one of these functions by name with JSON arguments; print its result as JSON."""
    call = json.loads(sys.argv[1])
    print("roadpulse-answer " + json.dumps(globals()[call[0]](*call[1:])))


if __name__ == "__main__":
    main()
