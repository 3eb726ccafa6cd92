"""Write the reference from the code (`make docs`): algorithms.md, and the table in statistics.md.

    build/venv/bin/python development/reference.py

Titles, texts, parameters, defaults and outputs are read from the Processing provider, so each stands in the
code alone; the table of statistics comes from their registry. `tests/qgis/test_docs_reference.py` and
`tests/unit/test_docs.py` hold the files equal to `algorithms_page()` and `statistics_page()`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "algorithms.md"
STATISTICS_PAGE = ROOT / "docs" / "reference" / "statistics.md"
HEAD = """# Algorithms

Every step is an algorithm of QGIS's Processing: in the toolbox, in models and batch runs, in Python as
`processing.run("roadpulse:speedmap", {…})`, and in a shell as `qgis_process run roadpulse:speedmap`
(see [Scripts and models](../how-to/scripts.md)). `make docs` writes this page from the algorithms themselves.

Parameters marked * are required. A parameter that does not exist or has another type is refused by name.
"""
KINDS = {
    "string": "text",
    "file": "path",
    "enum": "choice",
    "number": "number",
    "boolean": "true or false",
    "vector": "line layer",
    "field": "field",
    "crs": "reference system",
    "providerconnection": "connection stored in QGIS",
    "datetime": "date",
    "extent": "extent",
    "folderDestination": "folder",
    "vectorDestination": "GeoPackage",
    "sink": "new layer",
    "fileDestination": "file",
    "outputFile": "file",
    "outputFolder": "folder",
    "outputNumber": "number",
    "outputString": "text",
    "outputVector": "layer",
}
"""Words for QGIS's types of parameters and outputs."""


def algorithms_page() -> str:
    """Return the page as Markdown; needs a running QgsApplication."""
    from roadpulse.algorithms.provider import ALGORITHMS

    parts = [HEAD]
    groups: dict[str, list[Any]] = {}
    for algorithm in ALGORITHMS:
        made = algorithm().create()
        groups.setdefault(made.group(), []).append(made)
    rows = [
        f"| [`{made.id() or made.name()}`](#{made.displayName().lower().replace(' ', '-')}) | {group} |"
        for group, members in groups.items()
        for made in members
    ]
    parts.append("\n".join(["| algorithm | group |", "|---|---|", *rows]) + "\n")
    parts += [_section(made) for members in groups.values() for made in members]
    return "\n".join(parts)


def statistics_page() -> str:
    """Return the page of statistics as it is, with the table anew from the registry."""
    from roadpulse.aggregation.contract.statistic import STATISTICS

    before, table = STATISTICS_PAGE.read_text(encoding="utf-8").split("| key |", 1)
    after = table.split("\n\n", 1)[1]
    rows = [f"| `{entry.key}` | {entry.label} | {_cell(entry.definition)} |" for entry in STATISTICS]
    return before + "\n".join(["| key | name | definition |", "|---|---|---|", *rows]) + f"\n\n{after}"


def _section(made: Any) -> str:
    lines = [f"## {made.displayName()}", "", f"`roadpulse:{made.name()}`", ""]
    for paragraph in made.shortHelpString().split("\n"):
        lines += [f"```sh\n{paragraph}\n```" if paragraph.startswith("qgis_process ") else paragraph, ""]
    lines += ["| parameter | type | default | meaning |", "|---|---|---|---|"]
    lines += [_row(definition) for definition in made.parameterDefinitions()]
    outputs = [one for one in made.outputDefinitions() if made.parameterDefinition(one.name()) is None]
    if outputs:
        lines += ["", "| output | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{one.name()}` | {KINDS.get(one.type(), one.type())} | {_cell(one.description())} |"
            for one in outputs
        ]
    return "\n".join(lines) + "\n"


def _row(definition: Any) -> str:
    from qgis.core import Qgis

    required = "" if definition.flags() & Qgis.ProcessingParameterFlag.Optional else " *"
    default = _default(definition)
    if default:
        required = ""
    text = ": ".join(filter(None, (f"*{_cell(definition.description())}*", _cell(definition.help()))))
    return f"| `{definition.name()}`{required} | {_kind(definition)} | {default} | {text} |"


def _kind(definition: Any) -> str:
    from qgis.core import Qgis

    if definition.type() == "enum":
        words = ", ".join(f"`{option}`" for option in definition.options())
        return f"some of {words}" if definition.allowMultiple() else f"one of {words}"
    if definition.type() == "number":
        low, high = definition.minimum(), definition.maximum()
        known = abs(low) < 1e300 and abs(high) < 1e300
        return f"number, {_number(low)} to {_number(high)}" if known else "number"
    if definition.type() == "vector" and Qgis.ProcessingSourceType.VectorPoint in definition.dataTypes():
        return "point layer or table"
    return KINDS.get(definition.type(), str(definition.type()))


def _default(definition: Any) -> str:
    value = definition.defaultValue()
    if definition.name() == "TIME_ZONE":
        return "the computer's"
    if value is None or value == "":
        return ""
    if definition.type() == "enum" and isinstance(value, list):
        return "all" if len(value) == len(definition.options()) else f"`{value}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{_number(value)}`"
    return f"`{_cell(str(value))}`"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def main() -> int:
    """Write the page; returns the exit code."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path[:0] = [str(ROOT / "build" / "plugins"), "/usr/share/qgis/python/plugins"]
    from qgis.core import QgsApplication

    application = QgsApplication([], False)
    application.initQgis()
    PAGE.write_text(algorithms_page(), encoding="utf-8")
    application.exitQgis()
    STATISTICS_PAGE.write_text(statistics_page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT), STATISTICS_PAGE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
