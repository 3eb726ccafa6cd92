"""The job for clusters: a zip file of the aggregation package and the plugin's metadata.

The same sources give the same bytes on every computer, so that the file is named by its SHA-256 and sent
once.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PACKAGE = __name__.split(".", maxsplit=1)[0]
_ROOT = Path(__file__).absolute().parents[2]
MAIN = f"""from {_PACKAGE}.aggregation.__main__ import leave

if __name__ == "__main__":
    leave()
"""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class JobZip:
    """A job's zip and its SHA-256 in hexadecimal."""

    content: bytes
    sha256: str


@cache
def job_zip() -> JobZip:
    """Return the zip of this plugin's aggregation, which Python can run directly."""
    files = {"__main__.py": MAIN.encode()}
    paths = [_ROOT / "__init__.py", _ROOT / "metadata.txt", *(_ROOT / "aggregation").rglob("*.py")]
    for path in paths:
        # Line ends may differ in a checkout on Windows.
        files[f"{_PACKAGE}/{path.relative_to(_ROOT).as_posix()}"] = path.read_bytes().replace(b"\r\n", b"\n")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # zlib's output depends on its version
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    content = stream.getvalue()
    return JobZip(content, hashlib.sha256(content).hexdigest())
