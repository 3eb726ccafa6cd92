"""Run benchmarks: all but the longest, or those named, each with arguments of its own after its name.

python -m benchmarks [NAME [ARGUMENT …]] …
python -m benchmarks growth "run panel" preview spark --trips 400
"""

from __future__ import annotations

import importlib
import sys

NAMES = {
    "engine": "engine",
    "forms": "forms",
    "postgis": "postgis_join",
    "roads": "roads",
    "layer": "layer",
    "frame": "frame",
    "film": "film",
    "page": "page",
    "growth": "growth",
    "country": "country",
    "spark": "spark_job",
    "s3": "s3_job",
    "clients": "s3_clients",
    "head": "head",
    "costs": "costs",
    "projection": "projection",
    "scale": "scale",
}
MORE = {"spark": ["--workers"]}
"""Arguments of those that measure more than the usual only when asked."""

LONG = ("country", "scale")
"""Those that take long and many gigabytes, which run only when named."""


def wanted(words: list[str]) -> list[tuple[str, list[str]]]:
    """Benchmarks and their arguments, which are the words up to the next benchmark's name.

    Raises `ValueError` for words before the first name.
    """
    if not words:
        return [(name, MORE.get(name, [])) for name in NAMES if name not in LONG]
    if words[0] not in NAMES:
        raise ValueError(words[0])
    found: list[tuple[str, list[str]]] = []
    for word in words:
        if word in NAMES:
            found.append((word, []))
        else:
            found[-1][1].append(word)
    return [(name, arguments or MORE.get(name, [])) for name, arguments in found]


def main(words: list[str]) -> int:
    try:
        chosen = wanted(words)
    except ValueError as error:
        print(__doc__)
        print(f"{error} is no benchmark; known are {', '.join(NAMES)}")
        return 2
    for name, arguments in chosen:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.{NAMES[name]}").main(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
