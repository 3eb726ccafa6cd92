"""Run benchmarks: all of them, or those named.

python -m benchmarks [engine] [postgis] [layer] [frame] [growth] [spark] [s3] …
"""

from __future__ import annotations

import importlib
import sys

NAMES = {
    "engine": "engine",
    "postgis": "postgis_join",
    "layer": "layer",
    "frame": "frame",
    "growth": "growth",
    "spark": "spark_job",
    "s3": "s3_job",
}
MORE = {"spark": ["--growth"]}
"""Arguments of those that measure more than the usual only when asked."""


def main(names: list[str]) -> int:
    unknown = set(names) - set(NAMES)
    if unknown or "--help" in names:
        print(__doc__, "known:", ", ".join(NAMES))
        return 2
    for name in names or NAMES:
        print(f"\n== {name}")
        importlib.import_module(f"benchmarks.{NAMES[name]}").main(*([MORE[name]] if name in MORE else []))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
