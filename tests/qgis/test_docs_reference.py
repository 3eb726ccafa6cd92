"""The reference of the algorithms, and every call in the documentation, against the algorithms themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsApplication

from development.reference import PAGE, algorithms_page

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
CALL = re.compile(r"qgis_process run (roadpulse:\w+)((?:[^\n]*\\\n)*[^\n]*)")


def test_the_page_is_what_the_algorithms_say(qgis_app: Any) -> None:
    assert PAGE.read_text(encoding="utf-8") == algorithms_page(), "write it anew with: make docs"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_calls_in_the_documentation_name_parameters_that_there_are(processing: Any, path: Path) -> None:
    for name, words in CALL.findall(path.read_text(encoding="utf-8")):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(name)
        assert algorithm is not None, name
        for parameter in re.findall(r"--([A-Z][A-Z_]*)=", words):
            assert algorithm.parameterDefinition(parameter) is not None, f"{name} has no {parameter}"
