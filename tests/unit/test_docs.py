"""The documentation: links lead somewhere, tables agree with the code, examples are accepted."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from development.reference import STATISTICS_PAGE, statistics_page
from roadpulse.aggregation.contract.days import ALL_WEEKDAYS, Days, periods_from_json
from roadpulse.aggregation.contract.spec import FieldMapping, FreeFlow, RunSpec, Trim
from roadpulse.aggregation.contract.statistic import default_keys
from roadpulse.cluster_client.backends.registry import TYPES
from roadpulse.cluster_client.profiles.profile import SCHEMA, Profile
from tests.plain_language import NARRATED
from tests.unit.test_house import MAY_IMPORT

COLUMNS = (
    "n_points", "n_trips", "n_traversals", "mean", "std", "min", "max", "p05", "p15", "p50", "p85", "p95",
    "weighted_mean", "trip_mean", "trip_hmean", "trip_p50", "trip_p85", "ci95", "free_flow",
    "free_flow_share", "tti", "pti", "bti", "reliability", "delay", "stopped_share", "brakes",
)  # fmt: skip

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXTS = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
ROOMS = ("aggregation", "cluster_client", "mapping", "workflow", "algorithms", "ui", "democity")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NONE = {"none": None, "null": None, "empty": ""}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def table(page: str, heading: str) -> dict[str, dict[str, str]]:
    """The first table below a heading, by what its first column has in code marks; a row may name several."""
    text = (DOCS / page).read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[-1]
    lines = text.split("\n\n|", 1)[1].split("\n\n")[0].splitlines()
    titles, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]
    found = {}
    for row in rows[1:]:
        for key in re.findall(r"`([^`]+)`", row[0]):
            found[key] = dict(zip(titles, row))
    return found


def defaults(kind: Any, prefix: str = "", nested: bool = True) -> dict[str, Any]:
    """Entries of a dataclass with their defaults (`required`: none), those of nested ones after a dot."""
    found: dict[str, Any] = {}
    for f in fields(kind):
        made = f.default_factory() if f.default_factory is not MISSING else f.default
        if is_dataclass(made):
            found |= defaults(type(made), f"{prefix}{f.name}.") if nested else {f.name: made}
        else:
            found[prefix + f.name] = "required" if made is MISSING else made
    return found


def read(cell: str) -> Any:
    text = cell.strip("`")
    if text in NONE:
        return NONE[text]
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_links_lead_to_files(path: Path) -> None:
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (path.parent / link.partition("#")[0]).exists() or link.startswith("#"), link


def test_every_page_is_reached_from_the_contents() -> None:
    linked = {
        (DOCS / link.partition("#")[0]).resolve() for link in LINK.findall((DOCS / "index.md").read_text())
    }
    assert set(PAGES) - {DOCS / "index.md"} <= linked


def test_every_picture_is_on_a_page() -> None:
    shown = {
        (path.parent / link).resolve()
        for path in TEXTS
        for link in LINK.findall(path.read_text(encoding="utf-8"))
    }
    assert set((DOCS / "images").iterdir()) <= shown


def test_the_profile_table_has_every_entry_with_its_default() -> None:
    rows = table("reference/profile.md", "# Profile")
    expected = {"schema": SCHEMA, **defaults(Profile)}
    del expected["own"]  # which stands for those that a single type has
    expected |= {entry.name: entry.usual for kind in TYPES.values() for entry in kind.own_entries}
    assert {key: read(row["default"]) for key, row in rows.items()} == expected
    assert {kind for row in rows.values() for kind in row["kinds"].split(", ")} <= {
        "", "all", "local", "ssh", "livy",
    }  # fmt: skip


def test_the_table_of_the_specification_has_every_entry_with_its_default() -> None:
    rows = table("reference/formats.md", "### spec.json")
    expected = defaults(RunSpec, nested=False)
    expected["weekdays"], expected["statistics"] = list(ALL_WEEKDAYS), list(default_keys())
    expected |= {"days": "all", "periods": {}, "holidays": []}
    expected |= {"free_flow": FreeFlow().to_json(), "trim": asdict(Trim())}
    found = {key: read(row["default"]) for key, row in rows.items()}
    del expected["mapping"], expected["s3"], found["mapping"], found["s3"]
    assert found == expected


def test_the_examples_of_days_and_periods_are_accepted() -> None:
    text = (DOCS / "reference" / "formats.md").read_text(encoding="utf-8")
    part = text.split("\n### Days and periods\n", 1)[1].split("\n### ", 1)[0]
    days, periods = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", part, re.DOTALL))
    assert [one.name for one in Days.from_json(days).sets] == ["Term", "Sundays", "Fair"]
    assert [one.name for one in periods_from_json(periods)] == ["AM peak", "Night"]


def test_the_table_of_the_mapping_has_every_entry_with_its_default() -> None:
    rows = table("reference/formats.md", "## Trip files")
    assert {key: read(row["default"]) for key, row in rows.items()} == defaults(FieldMapping)


def test_the_table_of_statistics_has_every_column_in_order() -> None:
    rows = table("reference/statistics.md", "# Statistics")
    assert tuple(rows) == COLUMNS
    assert STATISTICS_PAGE.read_text(encoding="utf-8") == statistics_page(), "write it anew with: make docs"


EXAMPLES = [
    (path, block)
    for path in PAGES
    for block in re.findall(r'```json\n(\{\s*"kind".*?)```', path.read_text(encoding="utf-8"), re.DOTALL)
]


@pytest.mark.parametrize(("path", "text"), EXAMPLES, ids=[name_of(path) for path, _ in EXAMPLES])
def test_an_example_of_a_profile_is_accepted(path: Path, text: str) -> None:
    values = json.loads(text)
    if "host_key" in values:
        values["host_key"] = "SHA256:" + "A" * 43  # written as SHA256:…
    Profile.from_json(values)


def test_profiles_of_every_kind_have_an_example() -> None:
    assert {json.loads(text)["kind"] for _, text in EXAMPLES} == {"local", "ssh", "livy"}


def test_the_changelog_has_the_form_of_keep_a_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", version) for version in versions[1:])
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]:
        found = re.findall(r"^### (.+)$", part, re.MULTILINE)
        assert set(found) <= kinds and len(set(found)) == len(found)
    named = set(re.findall(r"^\[(.+)\]: https://", text, re.MULTILINE))
    assert named == {version.split("]")[0].lstrip("[") for version in versions}


@pytest.mark.parametrize("path", TEXTS[:-1], ids=name_of)
def test_the_words_are_those_of_the_field(path: Path) -> None:
    assert NARRATED.findall(path.read_text(encoding="utf-8")) == []


OF_QGIS = {
    "Add Layer", "Add PostGIS Layers…", "Apply", "Authentication", "AWS S3", "OK", "Reset", "Basic",
    "Identify Features",
    "Install from ZIP", "Keyboard Shortcuts", "Layer", "Layer Properties", "Manage and Install Plugins",
    "New", "Options", "Panels",
    "Plugins", "Processing", "Set to full range", "Settings", "Source", "Swap X and Y coordinates",
    "Temporal Controller", "Toolbars", "Toolbox", "Vector", "View", "qpip", "Europe/London",
}  # fmt: skip
"""Labels of QGIS's own windows, of plugins and of lists."""


@pytest.mark.parametrize("path", TEXTS[:-1], ids=name_of)
def test_labels_of_windows_are_called_as_they_are_there(path: Path) -> None:
    """What stands between asterisks is the text of a button, menu or field."""
    code = "".join(
        file.read_text(encoding="utf-8")
        for room in ("ui", "algorithms", "cluster_client/backends")
        for file in (ROOT / room).rglob("*.py")
    )
    code = re.sub(r'"\s*\n\s*"', "", code)
    text = re.sub(r"```.*?```|`[^`]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    labels = re.findall(r"(?<![*\\])\*([A-Za-z][^*]*?)\*(?!\*)", text)
    parts = {part for label in labels for part in re.split(r" → |, (?=[A-Z])", " ".join(label.split()))}
    if path.name != "algorithms.md":  # written from the labels
        assert {
            part for part in parts - OF_QGIS if f'"{part}"' not in code and f'"{part}…"' not in code
        } == set()


def test_the_architecture_names_files_that_there_are_and_every_folder() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    roots = "|".join((*ROOMS, "tests", "development", "benchmarks", "docs"))
    named = set(re.findall(rf"`((?:{roots})/[\w/]*(?:[\w.]+)?)`", text))
    assert {path for path in named if not (ROOT / path).exists()} == set()
    folders = {
        f"{file.parent.relative_to(ROOT).as_posix()}/"
        for room in ROOMS
        for file in (ROOT / room).rglob("__init__.py")
    }
    assert folders - named == set()


def test_the_architecture_says_what_a_room_may_import() -> None:
    rows = table("architecture.md", "## The house")
    found = {key.rstrip("/"): set(re.findall(r"`(\w+)`", row["may import"])) for key, row in rows.items()}
    assert found == MAY_IMPORT and set(found) == set(ROOMS)
