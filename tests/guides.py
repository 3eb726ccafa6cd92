"""Pages of the documentation, followed to the letter: their blocks are run in order."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

import pytest

from tests.terminal import environment

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def follow(page: str, folder: Path, instead: Optional[Mapping[str, str]] = None) -> list[str]:
    """Run the blocks of a page in a new folder, with a QGIS profile beside it; returns what each printed.

    A block of text is compared with what the one before it prints. `instead` has texts that take the place
    of others on the page, such as the start of a cluster that a test has already.
    """
    if shutil.which("qgis_process") is None:
        pytest.skip("there is no qgis_process; install QGIS's command line tools")
    home = folder.with_name(f"{folder.name}-home")
    variables = environment(home)
    folder.mkdir()
    printed: list[str] = []
    page_text = (DOCS / page).read_text(encoding="utf-8")
    for text, other in (instead or {}).items():
        page_text = page_text.replace(text, other)
    for language, block in _BLOCK.findall(page_text):
        if language == "text":
            assert printed[-1] == block
            continue
        program = ["bash", "-e", "-c"] if language == "sh" else [sys.executable, "-c"]
        done = subprocess.run(
            [*program, block], cwd=folder, env=variables, capture_output=True, text=True, timeout=400,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, block + done.stderr + done.stdout
        printed.append(done.stdout)
    return printed
