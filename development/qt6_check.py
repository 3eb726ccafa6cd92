"""Find what PyQt 6 refuses, or silently does otherwise, in Python files.

    build/venv/bin/python development/qt6_check.py            the plugin, its tests and its tools
    build/venv/bin/python development/qt6_check.py ui x.py    these folders and files

One line a finding: file:line: what, and what to write instead. The exit code is 1 with findings, 0 without.
Read from the syntax tree; nothing is imported or executed. Types are known where a constructor, an
annotation or the name of an event handler gives them. `flake8-qgis` has the rules on QVariant, exec_ and
QRegExp that are here, too, but none on enumerations without their scope, static classes, events or
integers. Tables: `qt6_names.py`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from development import qt6_names as names  # noqa: E402

BUILT = "build"
"""The folder that holds nothing of the repository."""
_QT_CLASS = re.compile(r"Qt|Qgis|Q[A-Z]\w*|Qgs\w+")
_QT_MODULE = re.compile(r"(?:qgis\.PyQt|PyQt[56])(?:\.|$)")
_TYPE_READERS = {"isinstance", "issubclass", "iter", "len", "list", "pyqtSignal", "set", "sorted", "tuple"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, order=True)
class Finding:
    """One place: the line, what is there, and what to write instead."""

    line: int
    what: str
    instead: str


def check(text: str) -> list[Finding]:
    """Findings in the text of one module, by line."""
    return sorted(set(_Module(ast.parse(text)).findings()))


def python_files(places: Iterable[Path]) -> list[Path]:
    """Files of Python at and below the places, sorted."""
    found: set[Path] = set()
    for place in places:
        found |= {place} if place.is_file() else set(place.rglob("*.py"))
    return sorted(path for path in found if "__pycache__" not in path.parts)


def folders(root: Path = ROOT) -> list[Path]:
    """Folders of the repository that may hold Python: all but hidden ones and what was built."""
    return [at for at in sorted(root.iterdir()) if at.is_dir() and at.name[0] != "." and at.name != BUILT]


def dotted(node: ast.AST) -> str:
    """`self.layout` of a chain of names; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        start = dotted(node.value)
        return f"{start}.{node.attr}" if start else ""
    return ""


class _Module:
    """One module: its imports, the types that can be known in it, and the rules."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self.imported: dict[str, str] = {}
        self.bases: dict[str, str] = {}
        self.types: dict[ast.AST, dict[str, str]] = {}
        self.enumeration_aliases: set[str] = set()
        self._read_imports()
        self._read_types()

    def findings(self) -> Iterator[Finding]:
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from self._of_import(node)
            elif isinstance(node, ast.Call):
                yield from self._of_call(node)
            elif isinstance(node, ast.Attribute):
                yield from self._of_attribute(node)
            elif isinstance(node, ast.Name):
                yield from self._of_name(node)
            elif isinstance(node, ast.Compare):
                yield from self._of_comparison(node)
            elif isinstance(node, ast.Subscript):
                yield from self._of_subscript(node)

    def _read_imports(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = alias.name
            elif isinstance(node, ast.ClassDef):
                self.bases[node.name] = next((name for name in map(dotted, node.bases) if name), "")

    def _read_types(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, _FUNCTIONS):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                for argument in arguments:
                    self._is(node, argument.arg, self._of_annotation(argument.annotation))
                event = names.HANDLERS.get(node.name)
                if event and len(arguments) > 1:
                    self._is(node, arguments[1].arg, event)
            elif isinstance(node, ast.AnnAssign):
                self._is(node, dotted(node.target), self._of_annotation(node.annotation))
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                for target in node.targets:
                    self._is(node, dotted(target), self.qt_class(node.value.func))
            if isinstance(node, ast.Attribute) and node.attr[:1].isupper():
                self.enumeration_aliases.add(dotted(node.value))

    def _is(self, at: ast.AST, name: str, kind: str) -> None:
        if name and kind:
            scope = (
                self._scope(at, ast.ClassDef) if name.startswith("self.") else self._scope(at, *_FUNCTIONS)
            )
            self.types.setdefault(scope, {})[name] = kind

    def _scope(self, node: ast.AST, *kinds: type) -> ast.AST:
        while not isinstance(node, kinds) and node in self.parents:
            node = self.parents[node]
        return node

    def _of_annotation(self, node: Optional[ast.AST]) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._of_annotation(ast.parse(node.value, mode="eval").body) if node.value.strip() else ""
        if isinstance(node, ast.Subscript) and dotted(node.value).endswith("Optional"):
            return self._of_annotation(node.slice)
        if isinstance(node, ast.BinOp):
            return self._of_annotation(node.left)
        return self.qt_class(node) if node is not None else ""

    def qt_class(self, node: ast.AST) -> str:
        """The class of Qt or QGIS that is named, or that a class of this module derives from; or empty."""
        if isinstance(node, ast.Attribute):
            in_module = isinstance(node.value, ast.Name) and re.fullmatch(
                r"Qt[A-Z]\w*|core|gui", node.value.id
            )
            return node.attr if in_module and _QT_CLASS.fullmatch(node.attr) else ""
        if not isinstance(node, ast.Name):
            return ""
        name, seen = node.id, set()
        while name in self.bases and name not in seen:
            seen.add(name)
            name = self.bases[name].rpartition(".")[2]
        name = self.imported.get(name, name)
        return name if _QT_CLASS.fullmatch(name) else ""

    def type_of(self, node: ast.AST) -> str:
        """Return the class of Qt that a value is known to be of, or empty."""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr == "fontMetrics":
                return "QFontMetrics"
            return self.qt_class(node.func)
        name, scope = dotted(node), node
        while name and scope in self.parents:
            scope = self.parents[scope]
            if name == "self" and isinstance(scope, ast.ClassDef):
                return self.qt_class(ast.Name(scope.name))
            if name in self.types.get(scope, {}):
                return self.types[scope][name]
        return ""

    def _of_import(self, node: ast.Import | ast.ImportFrom) -> Iterator[Finding]:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        if isinstance(node, ast.ImportFrom) and node.level:
            modules = []
        for module in modules:
            if module.split(".")[0] in ("PyQt5", "PyQt6", "sip"):
                yield Finding(node.lineno, f"import of {module}", "the same from qgis.PyQt")
            last = module.rpartition(".")[2]
            if _QT_MODULE.match(module) and last in names.MODULES:
                yield Finding(node.lineno, f"{last} is gone", names.MODULES[last])
        for alias in node.names:
            if alias.name == "resources_rc" or alias.name.endswith(".resources_rc"):
                yield Finding(node.lineno, "compiled resources are gone", "the path of the file")
            if isinstance(node, ast.ImportFrom) and _QT_MODULE.match(node.module or "") and not node.level:
                yield from self._of_imported(node, alias.name)

    def _of_imported(self, node: ast.ImportFrom, name: str) -> Iterator[Finding]:
        module = (node.module or "").rpartition(".")[2]
        if name in names.CLASSES:
            yield Finding(node.lineno, f"{name} is gone", names.CLASSES[name])
        if name in names.MODULES and module == "PyQt":
            yield Finding(node.lineno, f"{name} is gone", names.MODULES[name])
        if name in names.SHIMMED and module == "QtGui":
            instead = f"from qgis.PyQt.QtWidgets import {name}, which every version has"
            yield Finding(node.lineno, f"{name} is not in QtGui of Qt 5", instead)
        handled = isinstance(self.parents.get(node), (ast.Try, ast.ExceptHandler))
        if name in names.MOVED and not handled:
            instead = "an import from QtGui that falls back to QtWidgets on ImportError"
            yield Finding(node.lineno, f"{name} is in QtGui in Qt 6, in QtWidgets in Qt 5", instead)

    def _of_call(self, node: ast.Call) -> Iterator[Finding]:
        made = self.qt_class(node.func)
        if made in names.STATIC and not node.args and not self._derives(node.func):
            yield Finding(node.lineno, f"{made}() makes an object of a static class", f"{made}.<function>()")
        if made == "QVariant" and not (node.args and not self._is_variant_type(node.args[0])):
            yield Finding(node.lineno, "QVariant() is no NULL in PyQt 6", "NULL of qgis.core")
        if made == "QDateTime" and len(node.args) == 8:
            yield Finding(node.lineno, "QDateTime of eight values", "QDateTime(QDate(...), QTime(...), spec)")
        if made == "QDateTime" and len(node.args) == 1 and self.type_of(node.args[0]) == "QDate":
            yield Finding(node.lineno, "QDateTime of a QDate alone", "QDateTime(date, QTime(0, 0))")
        if isinstance(node.func, ast.Name) and node.func.id == "int" and len(node.args) == 1:
            yield from self._of_int(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "addAction" and len(node.args) >= 3:
            instead = "action = QAction(...), action.triggered.connect(...), then addAction(action)"
            yield Finding(node.lineno, "addAction with text and slot has another order in Qt 6", instead)
        if isinstance(node.func, ast.Attribute) and dotted(node.func).endswith(".stateChanged.connect"):
            yield Finding(
                node.lineno, "stateChanged gives a number, which equals no Qt.CheckState", "toggled"
            )

    def _derives(self, func: ast.AST) -> bool:
        return isinstance(func, ast.Name) and func.id in self.bases

    def _is_variant_type(self, node: ast.AST) -> bool:
        return dotted(node).startswith("QVariant.")

    def _of_int(self, node: ast.Call) -> Iterator[Finding]:
        what = self._no_integer(node.args[0])
        if what:
            instead = "the enumeration itself, compared with and combined from its members"
            yield Finding(node.lineno, f"int({what}) fails: it is no integer in PyQt 6", instead)

    def _no_integer(self, node: ast.AST) -> str:
        """Return the name of a value that is an enumeration without being an integer, or empty."""
        if isinstance(node, ast.BinOp):
            return self._no_integer(node.left) or self._no_integer(node.right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method = node.func.attr
            return f"{method}()" if method in names.NO_INTEGER_FROM and self._without_own(node) else ""
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Attribute):
            return ""
        owner, enumeration = self.qt_class(node.value.value), node.value.attr
        known = owner and not owner.startswith("Qg") and enumeration[:1].isupper() and node.attr[:1].isupper()
        if not known or owner == "QStyle" or f"{owner}.{enumeration}" in names.INTEGERS:
            return ""
        return f"{owner}.{enumeration}.{node.attr}"

    def _without_own(self, call: ast.Call) -> bool:
        return not call.keywords and all(not isinstance(a, ast.Constant) or a.value == 0 for a in call.args)

    def _of_comparison(self, node: ast.Compare) -> Iterator[Finding]:
        sides = [node.left, *node.comparators]
        number = any(isinstance(side, ast.Constant) and type(side.value) is int for side in sides)
        what = next(filter(None, map(self._no_integer, sides)), "") if number else ""
        if what:
            yield Finding(
                node.lineno, f"{what} never equals a number in PyQt 6", "the member of the enumeration"
            )

    def _of_subscript(self, node: ast.Subscript) -> Iterator[Finding]:
        if isinstance(node.value, ast.Attribute) and isinstance(node.slice, ast.Name):
            signal, kind = node.value.attr, node.slice.id
            if (signal, kind) in names.OVERLOADS:
                yield Finding(node.lineno, f"{signal}[{kind}] is gone", names.OVERLOADS[signal, kind])

    def _of_name(self, node: ast.Name) -> Iterator[Finding]:
        if node.id in names.CLASSES and isinstance(node.ctx, ast.Load) and node.id not in self.bases:
            yield Finding(node.lineno, f"{node.id} is gone", names.CLASSES[node.id])

    def _of_attribute(self, node: ast.Attribute) -> Iterator[Finding]:
        owner = self.qt_class(node.value)
        kind = owner or self.type_of(node.value)
        if isinstance(node.value, ast.Attribute):
            yield from self._of_member(node, self.qt_class(node.value.value), node.value.attr)
        if node.attr in names.METHODS:
            yield Finding(node.lineno, f".{node.attr} is gone", names.METHODS[node.attr])
        elif node.attr in names.METHODS_OF.get(kind, {}):
            yield Finding(node.lineno, f"{kind}.{node.attr} is gone", names.METHODS_OF[kind][node.attr])
        called = self._is_called(node)
        if owner and called and node.attr in names.STATIC_IN_QT6_ALONE.get(owner, ()):
            what = f"{owner}.{node.attr}() is called on an object in PyQt 5 and on the class in PyQt 6"
            yield Finding(node.lineno, what, "QgsFontUtils")
        if owner == "QVariant" and node.attr[:1].isupper():
            member = "<type>" if node.attr == "Type" else node.attr
            yield Finding(node.lineno, f"QVariant.{node.attr} is gone", f"QMetaType.Type.{member}")
        elif node.attr in names.FLAGS.get(owner, {}):
            instead = f"{owner}.{names.FLAGS[owner][node.attr]}"
            yield Finding(node.lineno, f"{owner}.{node.attr} is no type in PyQt 6", instead)
        elif kind and not called and self._is_unscoped(node, kind):
            yield Finding(node.lineno, f"{kind}.{node.attr} without its enumeration", scoped(kind, node.attr))

    def _of_member(self, node: ast.Attribute, owner: str, enumeration: str) -> Iterator[Finding]:
        name = f"{owner}.{enumeration}.{node.attr}"
        if name in names.MEMBERS:
            yield Finding(node.lineno, f"{name} is gone", names.MEMBERS[name])

    def _is_called(self, node: ast.AST) -> bool:
        parent = self.parents.get(node)
        return isinstance(parent, ast.Call) and parent.func is node

    def _is_unscoped(self, node: ast.Attribute, kind: str) -> bool:
        """Return True if a name is read that only a member of an enumeration can have here."""
        if kind == "Qt" and node.attr in names.COLOURS:
            return True
        if not node.attr[:1].isupper() or not isinstance(node.ctx, ast.Load):
            return False
        if kind.startswith("Qg") and re.fullmatch(r"[A-Z0-9]+(_[A-Z0-9]+)+|[A-Z]+", node.attr):
            return False  # a constant, such as QgsProcessing.TEMPORARY_OUTPUT
        if self.type_of(node.value) and self._own(node):
            return False
        return not self._is_read_as_type(node)

    def _own(self, node: ast.Attribute) -> bool:
        """Return True if a class of this module defines the name itself."""
        for owner in ast.walk(self.tree):
            for step in owner.body if isinstance(owner, ast.ClassDef) else ():
                targets = step.targets if isinstance(step, ast.Assign) else [getattr(step, "target", None)]
                if getattr(step, "name", None) == node.attr or node.attr in map(
                    dotted, filter(None, targets)
                ):
                    return True
        return False

    def _is_read_as_type(self, node: ast.AST) -> bool:
        parent = self.parents[node]
        while isinstance(parent, (ast.Tuple, ast.List)) or (
            isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.BitOr) and self._in_annotation(parent)
        ):
            node, parent = parent, self.parents[parent]
        if isinstance(parent, (ast.Attribute, ast.ClassDef)) or self._in_annotation(node):
            return True
        if isinstance(parent, ast.Subscript):
            return True
        if isinstance(parent, ast.Call):
            return dotted(parent.func).rpartition(".")[2] in _TYPE_READERS
        if isinstance(parent, (ast.For, ast.comprehension)):
            return parent.iter is node
        if isinstance(parent, ast.Assign):
            return any(dotted(target) in self.enumeration_aliases for target in parent.targets)
        return False

    def _in_annotation(self, node: ast.AST) -> bool:
        while node in self.parents:
            parent = self.parents[node]
            if isinstance(parent, (ast.arg, ast.AnnAssign)) and parent.annotation is node:
                return True
            if isinstance(parent, _FUNCTIONS):
                return parent.returns is node
            if isinstance(parent, ast.stmt):
                return False
            node = parent
        return False


def scoped(owner: str, member: str) -> str:
    """Return a member with its enumeration, which is `<enumeration>` if it is not known here."""
    if owner == "Qt" and member in names.COLOURS:
        return f"Qt.GlobalColor.{member}"
    for start, enumeration in names.SCOPES.get(owner, ()):
        if member.startswith(start) and member not in names.SCOPE_OF:
            return f"{owner}.{enumeration}.{member}"
    return f"{owner}.{names.SCOPE_OF.get(member, '<enumeration>')}.{member}"


def main(words: list[str]) -> int:
    """Print the findings; return 1 if there are any."""
    places = [Path(word) for word in words] or [*folders(), *ROOT.glob("*.py")]
    found = 0
    for path in python_files(places):
        for finding in check(path.read_text(encoding="utf-8")):
            shown = path.resolve().relative_to(ROOT) if path.resolve().is_relative_to(ROOT) else path
            print(f"{shown}:{finding.line}: {finding.what}; write {finding.instead}")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
