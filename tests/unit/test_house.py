"""The rules of the house, held: imports run one way, facts stand in one place."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from development import house
from roadpulse.aggregation.contract import requirements

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "aggregation": set(),
    "democity": set(),
    "cluster_client": {"aggregation"},
    "mapping": {"aggregation", "cluster_client"},
    "workflow": {"aggregation", "cluster_client", "mapping"},
    "algorithms": {"aggregation", "cluster_client", "mapping", "workflow", "democity"},
    "ui": {"aggregation", "cluster_client", "mapping", "workflow", "algorithms"},
}
WITHOUT_QGIS = ("aggregation", "democity", "cluster_client")
SHIPPED = [
    path
    for room in MAY_IMPORT
    for path in sorted((ROOT / room).rglob("*.py"))
    if "__pycache__" not in path.parts
] + [ROOT / "__init__.py", ROOT / "plugin.py"]


def imported(path: Path) -> set[str]:
    """Absolute names of the modules that a file imports, `roadpulse.…` for the plugin's own."""
    package = ["roadpulse", *path.relative_to(ROOT).parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *([node.module] if node.module else [])]
            found.add(".".join(module))
            if not node.module:
                found |= {".".join([*base, alias.name]) for alias in node.names}
    return found


def rooms_used(path: Path) -> set[str]:
    names = {name.split(".")[1] for name in imported(path) if name.startswith("roadpulse.")}
    return names & set(MAY_IMPORT)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    if room in MAY_IMPORT:
        assert rooms_used(path) <= MAY_IMPORT[room] | {room}


@pytest.mark.parametrize(
    "path", [p for p in SHIPPED if p.relative_to(ROOT).parts[0] in WITHOUT_QGIS], ids=lambda p: p.name
)
def test_what_runs_beside_the_data_needs_no_qgis(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)}
    assert not tops & {"qgis", "PyQt5", "PyQt6", "osgeo", "processing"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: str(p.relative_to(ROOT)))
def test_qt_is_reached_through_qgis_so_that_both_versions_work(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & {"PyQt5", "PyQt6", "sip"}


def test_no_folder_imports_itself_through_others() -> None:
    assert house.circles(house.graph()) == []
    assert house.circles(house.rooms(house.graph())) == []


def test_map_files_are_opened_in_one_place_for_reading_and_by_their_writers() -> None:
    """Other ways leave journals behind, or fail on shares that may only be read."""
    writers = {"geopackage.py", "output_file.py", "kept_styles.py"}
    found = {path.name for path in SHIPPED if "sqlite3.connect(" in path.read_text(encoding="utf-8")}
    assert found <= {"sqlite_file.py", *writers}


def test_layers_are_opened_in_one_place_without_the_style_that_comes_with_them() -> None:
    """A style in a file may hold actions, code of forms and expressions of others."""
    found = {path.name for path in SHIPPED if "QgsVectorLayer(" in path.read_text(encoding="utf-8")}
    assert found == {"foreign_style.py"}


def test_the_aggregation_loads_without_qgis_and_without_the_rest_of_the_plugin() -> None:
    script = (
        "import sys, roadpulse.aggregation.__main__\n"
        "loaded = [m for m in sys.modules if m.startswith(('qgis', 'PyQt', 'osgeo'))\n"
        "          or (m.startswith('roadpulse.') and not m.startswith('roadpulse.aggregation'))]\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, env={"PYTHONPATH": "build/plugins"})


def test_metadata_has_what_the_plugin_repository_requires() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "metadata.txt", encoding="utf-8")
    facts = parser["general"]
    required = "name description version qgisMinimumVersion author email about tracker repository homepage"
    for name in required.split():
        assert facts[name].strip(), name
    assert (ROOT / facts["icon"]).exists()
    assert facts["qgisMaximumVersion"] == "4.99"


def test_the_version_stands_in_metadata_and_in_the_changelog_only() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "metadata.txt", encoding="utf-8")
    version = parser["general"]["version"]
    assert f"## [{version}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for path in SHIPPED:
        assert f'"{version}"' not in path.read_text(encoding="utf-8"), path


def test_no_root_folder_shadows_a_package_of_qgis() -> None:
    assert not {p.name for p in ROOT.iterdir()} & {"processing", "qgis", "console", "db_manager"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: str(p.relative_to(ROOT)))
def test_shipped_code_holds_no_assert_no_silent_except_and_no_nested_event_loop(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            silent = all(isinstance(step, ast.Pass) for step in node.body)
            assert not silent, f"line {node.lineno}"
    assert not re.search(r"processEvents|QEventLoop", text)
    assert not re.search(r"\btr\(\s*f[\"']", text), "a text with values in it cannot be translated"


def test_packages_of_the_steps_are_listed_with_the_same_lowest_versions() -> None:
    listed = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert set(requirements.for_pip(s3=True)) <= set(listed)


def test_buckets_are_asked_by_their_clients_alone() -> None:
    of_boto = r"\.client\.(list_|get_|head_|put_|delete_|copy_|generate_|upload|download)"
    of_obstore = r"^\s*(import obstore|from obstore)|= library\(\)"
    found: dict[str, set[str]] = {of_boto: set(), of_obstore: set()}
    for path in SHIPPED:
        for request, senders in found.items():
            if re.search(request, path.read_text(encoding="utf-8"), re.MULTILINE):
                senders.add(str(path.relative_to(ROOT)))
    below = "aggregation/storage/s3/"
    assert found[of_boto] == {"cluster_client/s3/boto_client.py"}
    assert found[of_obstore] <= {
        below + name for name in ("object.py", "obstore_client.py", "obstore_store.py", "parquet.py")
    }
