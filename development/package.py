"""Builds build/roadpulse-<version>.zip: the plugin as QGIS installs it, byte for byte the same every time.

What goes in is what git tracks (and what is new and not ignored), without what only development needs.
Times and rights of the files are fixed, and their order is that of their names.
"""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "roadpulse"

SHIPPED_FOLDERS = (
    "aggregation",
    "algorithms",
    "cluster_client",
    "democity",
    "docs",
    "mapping",
    "resources",
    "ui",
    "workflow",
)
SHIPPED_FILES = (
    "__init__.py",
    "plugin.py",
    "metadata.txt",
    "requirements.txt",
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
)
REQUIRED_FILES = ("__init__.py", "plugin.py", "metadata.txt", "requirements.txt", "LICENSE")
REFUSED_SUFFIXES = (".pyc", ".so", ".dll", ".pyd", ".exe", ".zip", ".gpkg", ".parquet")
LARGEST = 25_000_000
"""plugins.qgis.org takes no larger file."""

_TIME = (2020, 1, 1, 0, 0, 0)


def version() -> str:
    """Return the plugin's version, from metadata.txt."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "metadata.txt", encoding="utf-8")
    return parser.get("general", "version")


def shipped() -> list[PurePosixPath]:
    """Paths, relative to the root, of the files that the zip holds, in order."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode("utf-8")  # fmt: skip
    found = set()
    for name in filter(None, listed.split("\0")):
        path = PurePosixPath(name)
        wanted = path.parts[0] in SHIPPED_FOLDERS or name in SHIPPED_FILES
        hidden = any(part.startswith((".", "__pycache__")) for part in path.parts)
        if wanted and not hidden and (ROOT / path).is_file():
            found.add(path)
    return sorted(found)


def build(target: Path) -> list[PurePosixPath]:
    """Write the zip; returns what it holds."""
    files = shipped()
    missing = [name for name in REQUIRED_FILES if PurePosixPath(name) not in files]
    if missing:
        raise SystemExit(f"The package would lack {', '.join(missing)}.")
    refused = [str(path) for path in files if path.suffix in REFUSED_SUFFIXES]
    if refused:
        raise SystemExit(f"plugins.qgis.org takes no such files: {', '.join(refused)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(".part")
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(f"{PACKAGE}/{path}", _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (ROOT / path).read_bytes())
    if aside.stat().st_size > LARGEST:
        raise SystemExit(f"The package has {aside.stat().st_size:,} bytes; {LARGEST:,} are allowed.")
    aside.replace(target)
    return files


def main() -> int:
    """Build the zip and say where it is."""
    target = ROOT / "build" / f"{PACKAGE}-{version()}.zip"
    files = build(target)
    print(f"{target.relative_to(ROOT)}: {len(files)} files, {target.stat().st_size / 1e3:,.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
