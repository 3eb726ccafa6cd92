"""Names: tests, tools and benchmarks use ones that exist, and a word means one thing in the code."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import symtable
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = ("roadpulse", "tests", "development", "benchmarks")
DOTTED = re.compile(r"roadpulse(\.(?!(py|zip)$)\w+)+")


def _tracked(folder: str) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", f"{folder}/*.py"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).exists()]


def _file(module: str) -> Path | None:
    """Return the file or, for a package without `__init__.py`, the folder of a module of the project."""
    path = ROOT.joinpath(*module.removeprefix("roadpulse").strip(".").split("."))
    found = (path.with_suffix(".py"), path / "__init__.py", path)
    return next((file for file in found if file.exists()), None)


@functools.cache
def _bound(file: Path) -> set[str]:
    """Names that a module assigns, defines or imports at its top."""
    if file.is_dir():
        return set()
    top = symtable.symtable(file.read_text(encoding="utf-8"), str(file), "exec")
    return {
        name.get_name()
        for name in top.get_symbols()
        if name.is_assigned() or name.is_imported() or name.is_namespace()
    } | {"__file__", "__name__", "__path__", "__doc__"}


def _has(module: str, name: str) -> bool:
    file = _file(module)
    return file is not None and (name in _bound(file) or _file(f"{module}.{name}") is not None)


def _resolves(dotted: str) -> bool:
    """Return True if a dotted name leads to a module, or to a name in one (of which more may be asked)."""
    if _file(dotted) is not None:
        return True
    module, _, name = dotted.rpartition(".")
    return _has(module, name) if _file(module) is not None else bool(module) and _resolves(module)


def missing(source: str) -> Iterator[str]:
    """Yield the project's names that a program imports, replaces or writes with dots, that do not exist."""
    modules: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] in OWN
            and not node.level
        ):
            for alias in node.names:
                if not _has(node.module, alias.name):
                    yield f"{node.module}.{alias.name}"
                elif _file(f"{node.module}.{alias.name}") is not None:
                    modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and DOTTED.fullmatch(node.value):
            if not _resolves(node.value):
                yield node.value
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "setattr"
        ):
            module, name = [*node.args, None, None][:2]
            if not isinstance(module, ast.Name) or not isinstance(name, ast.Constant):
                continue
            if module.id in modules and not _has(modules[module.id], str(name.value)):
                yield f"{modules[module.id]}.{name.value}"


@pytest.mark.parametrize("folder", ["tests", "development", "benchmarks"])
def test_names_of_the_project_exist(folder: str) -> None:
    found = {
        name: list(missing((ROOT / name).read_text(encoding="utf-8")))
        for name in _tracked(folder)
        if ROOT / name != Path(__file__)
    }
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from roadpulse.aggregation import run, lost", ["roadpulse.aggregation.lost"]),
        ("import lost\nfrom lost import more", []),
        ("p.setattr('roadpulse.aggregation.run.LOST', 1)", ["roadpulse.aggregation.run.LOST"]),
        ("from tests import waiting\np.setattr(waiting, 'LOST', 1)", ["tests.waiting.LOST"]),
        ("from tests import waiting\np.setattr(waiting, 'until', 1)", []),
    ],
)
def test_a_name_that_is_gone_is_found(source: str, names: list[str]) -> None:
    assert list(missing(source)) == names


# -- words ----------------------------------------------------------------------------------------------

HELD = (
    "aggregation",
    "cluster_client",
    "mapping",
    "workflow",
    "algorithms",
    "ui",
    "democity",
    "development",
    "plugin.py",
)
NOT_USED = {"told", "tell", "whoever", "nobody", "somebody", "patience", "lookout", "glance"}
"""Parts of names that say nothing of what they hold."""

ONE_MEANING = {
    "place": (
        "aggregation/",  # `storage.base.Place`, a file or folder behind a path
        "development/qt6_",  # where a name stands in a file
        "ui/run_dialog/",  # `_placed`, `_fit_to_place`, of a window and of a profile
        "mapping/",  # where a value stands in an array, or an item on a page
        "cluster_client/postgis/link_geometry.py",  # of a shape in an array
        "workflow/roads.py",  # of a name in a list
    ),
    "watch": ("ui/run_dialog/",),  # `BackendWatch`, which probes the place of the chosen profile
    "outcome": (  # `diagnosis.checks.Outcome`, the result of a check
        "cluster_client/diagnosis/", "algorithms/diagnose.py", "ui/diagnosis/",
    ),
    "share": (  # a fraction
        "aggregation/report.py", "aggregation/contract/statistic.py", "ui/widgets/number_format.py",
        "ui/runs/phases.py", "mapping/language.py", "algorithms/aggregate_trips.py",
        "algorithms/speed_map.py", "mapping/", "democity/", "development/",
    ),
    "look": ("ui/run_dialog/", "cluster_client/postgis/links.py"),  # a probe in the background
    "pace": ("aggregation/contract/", "aggregation/summary/"),  # time a length
}  # fmt: skip
"""Words by the files in whose names they may stand; elsewhere there is a more exact one."""

AS_SUCH = {"look_up", "_look_up", "looks_secret", "addInPlace"}
"""Names of the language and of libraries, and the verb of tables."""


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of what a module assigns, defines or takes as an argument."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.lineno, node.name


def parts_of(name: str) -> set[str]:
    """Return the words of a name, in lower case and in the singular: `RunsWatch`, `_LOOK_SECONDS`."""
    words = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower().split("_")
    return {word for part in words for word in (part, part.removesuffix("s"), part.removesuffix("ed"))}


def misnamed(source: str, file: str) -> list[str]:
    """Return the names of a file that hold a word that is not used, or not for what they are."""
    found = []
    for line, name in bound_names(ast.parse(source)):
        parts = set() if name in AS_SUCH else parts_of(name)
        wrong = {word for word in ONE_MEANING if word in parts and not file.startswith(ONE_MEANING[word])}
        if wrong | (parts & NOT_USED):
            found.append(f"{file}:{line}: {name}")
    return found


@pytest.mark.parametrize("room", HELD)
def test_names_say_what_they_hold_and_words_mean_one_thing(room: str) -> None:
    files = [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py"))
    found = [
        name
        for path in files
        for name in misnamed(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("told = 1\n", ["told"]),
        ("def f(outcomes): ...\n", ["outcomes"]),
        ("class RunsWatch: ...\n", ["RunsWatch"]),
        ("self._PLACES = 2\n", ["_PLACES"]),
        ("for watched in a: ...\n", ["watched"]),
        ("told(outcome)\n", []),
        ("replaced, spaces, looked_up, retold = 1, 2, 3, 4\n", ["looked_up"]),
        ("def look_up(shared): ...\n", []),
    ],
)
def test_a_word_is_found_in_whatever_is_bound(source: str, names: list[str]) -> None:
    assert [name.split(": ")[1] for name in misnamed(source, "ui/x.py")] == names
