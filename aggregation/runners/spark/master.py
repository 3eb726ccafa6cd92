"""Checks of a standalone master before Spark connects: whether it answers, and its version.

Spark itself would try for a minute in either case, without naming the cause.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import urllib.request
from typing import Optional

from .errors import NoSpark, SparkLost

_CONNECT_SECONDS = 5.0
_PAGE_SECONDS = 10.0
_PAGE_PORT = "8080"
_PAGE_BYTES = 1 << 16
_SCHEME = "spark://"


class VersionDiffers(NoSpark):
    """The master's version of Spark does not accept applications of this one."""


def check_reachable(master: str) -> None:
    """Raise `SparkLost` if no standalone master answers."""
    reasons = []
    for host, port, address in _addresses(master):
        try:
            socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
        except (OSError, ValueError) as error:
            reasons.append(f"{address}: {error}")
        else:
            return
    if reasons:
        raise SparkLost(
            f"The Spark master {master} does not answer. Check that it runs (sbin/start-master.sh) and that "
            "the profile names the same address as its page at port 8080.",
            "; ".join(reasons),
        )


class MasterVersion:
    """Spark version of a master, read from its web page in the background; `own` is the driver's."""

    def __init__(self, master: str, own: str) -> None:
        self.own, self.reported = own, ""
        self._master = master
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    @property
    def problem(self) -> Optional[VersionDiffers]:
        """Error if the versions are incompatible, as Spark 3 and 4 are; None otherwise or until known."""
        if not self.reported or self.reported.split(".")[0] == self.own.split(".")[0]:
            return None
        return VersionDiffers(
            f"The Spark master {self._master} is Spark {self.reported}, and the run was started with Spark "
            f"{self.own}; they do not understand each other. Name the folder of Spark {self.reported} in the "
            "profile (Spark's folder)."
        )

    @property
    def description(self) -> str:
        """Sentence on both versions, for an error that their difference may have caused."""
        self._thread.join(1)
        theirs = f"the master's is {self.reported}" if self.reported else "the master's is not known"
        return f"The run's Spark is {self.own}, {theirs}."

    def _ask(self) -> None:
        page_port = os.environ.get("SPARK_MASTER_WEBUI_PORT", _PAGE_PORT)  # from Spark's conf/spark-env.sh
        for host, port, _ in _addresses(self._master):
            name = f"[{host}]" if ":" in host else host
            try:
                # No proxy: the master is in the same network. The page names its master.
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(f"http://{name}:{page_port}/", timeout=_PAGE_SECONDS) as answer:
                    page = answer.read(_PAGE_BYTES).decode("utf-8", "replace")
            except (OSError, ValueError):
                continue  # the page is elsewhere or unreachable: the versions are probably the same
            match = re.search(r'class="version[^>]*>\s*(\d+\.\d+[\w.-]*)', page)
            if match and port in re.findall(_SCHEME + r"[^\s<]+:(\d+)", page):
                self.reported = match[1]
                return


def _addresses(master: str) -> list[tuple[str, str, str]]:
    """Return host, port and `host:port` as written, for each master of a standalone cluster."""
    if not master.startswith(_SCHEME):
        return []
    parts = [(address.rpartition(":"), address) for address in master[len(_SCHEME) :].split(",")]
    return [(host.strip("[]"), port, address) for (host, _, port), address in parts]
