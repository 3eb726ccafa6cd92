"""Tests, tools and benchmarks, which mypy does not check, use names that exist."""

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
