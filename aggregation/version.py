"""The plugin's version, read from metadata.txt, and those of the libraries that made a result."""

from __future__ import annotations

import configparser
import pkgutil
import platform

import duckdb
import msgspec
import numpy as np

from .contract.time_zones import data_version


def software() -> dict[str, str]:
    """Names and versions of what computed a result, for the manifest."""
    return {
        "roadpulse": plugin_version(),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "msgspec": msgspec.__version__,
        "numpy": np.__version__,
        "tzdata": data_version() or "unknown",
        "machine": f"{platform.system()} {platform.machine()}",
    }


def plugin_version() -> str:
    """The version that metadata.txt gives."""
    metadata = pkgutil.get_data(__name__.split(".", 1)[0], "metadata.txt") or b""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(metadata.decode("utf-8"))
    return parser.get("general", "version", fallback="unknown")
