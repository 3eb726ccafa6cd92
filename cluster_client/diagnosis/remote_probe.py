"""What programs on other computers look at. Sent as text and run by their own Python: nothing but its
library is imported, and nothing newer than Python 3.6 is written here, so that an old one can say so.
"""

import glob
import json
import os
import socket
import sys
import time
import urllib.request
from typing import Any


def look_at_trips(path: str, longest: float = 3.0, most: int = 10000) -> Any:
    """Count trip files below a folder, or of a pattern, for a few seconds at most.

    Packed copies (`x.json.gz` beside `x.json`) do not count, as in a run.
    """
    end = time.time() + longest
    found = set()  # type: Any
    try:
        if os.path.isfile(path):  # noqa: PTH113  (no time to make a Path of each)
            return {"count": 1}
        pattern = any(c in path for c in "*?[") and not os.path.isdir(path)  # noqa: PTH112
        if not pattern and not os.path.isdir(path):  # noqa: PTH112
            return {"error": "there is no such folder"}

        names = _named_by(path) if pattern else _below(path)
        for name in names:
            if name.lower().endswith((".json", ".json.gz")):
                found.add(name)
            if len(found) >= most or time.time() > end:
                return {"count": _without_copies(found), "more": True}
    except OSError as error:
        return {"error": error.strerror or str(error)}
    return {"count": _without_copies(found)}


def _without_copies(found: Any) -> int:
    return sum(not (path.lower().endswith(".gz") and path[:-3] in found) for path in found)


def _named_by(pattern: str) -> Any:
    """The paths that a glob names; folders that exist under the name given are no patterns, as in a run."""
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


def look_at_master(address: str, page: str) -> Any:
    """Whether a Spark master answers at host:port, and what its page says."""
    found = {}  # type: Any
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        found["answers"] = True
    except (OSError, ValueError) as error:
        found["error"] = str(error)
    try:
        # No proxy: the master is near.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        found["page"] = json.loads(opener.open(page, timeout=5).read(1 << 22).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        found["page_error"] = str(error)
    return found


def cores() -> Any:
    """How many cores this computer has for us."""
    try:
        return {"cores": len(os.sched_getaffinity(0))}
    except AttributeError:
        return {"cores": os.cpu_count() or 1}


def version() -> Any:
    """This Python."""
    return {"version": sys.version.split()[0], "path": sys.executable, "time": time.time()}


def main() -> None:
    """Call one of the above by name with JSON arguments; print its answer as JSON."""
    call = json.loads(sys.argv[1])
    print("roadpulse-answer " + json.dumps(globals()[call[0]](*call[1:])))


if __name__ == "__main__":
    main()
