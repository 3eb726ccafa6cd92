"""Fetch what the stand-in cluster consists of, all at once: both Sparks and their Java, Livy, the S3 server.

    python development/parts.py        nothing to do where they are there; several minutes where not

A part is also fetched when it is first needed; this fetches all beside other work.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from development import cluster_spark, livy  # noqa: E402
from development.installed import Unavailable  # noqa: E402
from development.s3 import versitygw  # noqa: E402


def main() -> int:
    """Fetch all parts; the exit code is the number of those that cannot be had."""
    missing: list[str] = []

    def fetch(part: Callable[..., Any], *arguments: str) -> None:
        try:
            part(*arguments)
        except (Unavailable, OSError, subprocess.CalledProcessError) as error:
            missing.append(part.__name__)
            print(f"{' '.join([part.__name__, *arguments])}: {error}", file=sys.stderr)

    parts = [(versitygw,), *((livy.livy_jars, version) for version in livy.versions())]
    parts += [(cluster_spark.java_home, version) for version in cluster_spark.VERSIONS]
    threads = [threading.Thread(target=fetch, args=part) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(missing)


if __name__ == "__main__":
    sys.exit(main())
