"""Print the structure of the shipped code in figures: rooms, imports, circles, and what a change touches.

    build/venv/bin/python development/house.py              a table, one row a folder of the root
    build/venv/bin/python development/house.py --modules    also each module with a single importer

Read from the imports of the modules as they stand; nothing is executed.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("aggregation", "cluster_client", "mapping", "workflow", "algorithms", "ui", "democity")
PACKAGE = "roadpulse"
SMALL = 80
"""Lines below which a module with a single importer belongs into that importer, unless it is a seam."""
BACKENDS = "cluster_client/backends"
_MAY_NAME_KINDS = (f"{BACKENDS}/", "cluster_client/profiles/", "aggregation/", "democity/")
"""Folders of the kinds, of the profiles with an entry of that name, and those that know neither."""


@dataclass(frozen=True)
class Figures:
    """The structure of one folder: counts of its own modules and of the imports between them.

    A room is a folder with modules; `between` and `room_floors` count what `arrows` and `floors` count of
    modules.
    """

    folder: str
    modules: int
    lines: int
    subfolders: int
    arrows: int
    floors: int
    circles: int
    single: int
    names_kind: int
    between: int
    room_floors: int


def module_name(path: Path, root: Path = ROOT) -> str:
    """Dotted name of a module below the package, such as `ui.run_dialog`."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, known: Iterable[str], root: Path = ROOT) -> set[str]:
    """Return names of the package's modules that a file imports, at its top or inside of functions."""
    names = set(known)
    tops = {PACKAGE, *(name.split(".")[0] for name in names)}
    package = list(path.relative_to(root).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [a.name.removeprefix(f"{PACKAGE}.") for a in node.names]
            found |= {target for target in targets if target in names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
            elif node.module and node.module.split(".")[0] in tops:
                base = []
            else:
                continue
            module = (node.module or "").removeprefix(PACKAGE).lstrip(".") if not node.level else node.module
            stem = ".".join([*base, *([module] if module else [])])
            for alias in node.names:
                whole = f"{stem}.{alias.name}".lstrip(".")
                found.add(whole if whole in names else stem)
    return found & names


def graph(root: Path = ROOT, folders: Iterable[str] = FOLDERS) -> dict[str, set[str]]:
    """Return for each module of some folders (by default the shipped code) the modules that it imports."""
    paths = {module_name(path, root): path for path in source_files(root, folders)}
    return {name: imports(path, paths, root) - {name} for name, path in paths.items()}


def source_files(root: Path = ROOT, folders: Iterable[str] = FOLDERS) -> list[Path]:
    """Return the modules of some folders, by default the shipped ones, sorted by path."""
    return [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import one another in a circle (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(arrows.get(name, ())):
            if target not in arrows:
                continue
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            at = stack.index(name)
            if len(stack) - at > 1:
                groups.append(sorted(stack[at:]))
            del stack[at:]

    for name in sorted(arrows):
        if name not in index:
            visit(name)
    return groups


def rooms(arrows: Mapping[str, set[str]], root: Path = ROOT) -> dict[str, set[str]]:
    """Return for each folder with modules the other folders whose modules it imports."""

    def room(name: str) -> str:
        return name if (root / name.replace(".", "/")).is_dir() else name.rpartition(".")[0]

    found: dict[str, set[str]] = {room(name): set() for name in arrows}
    for name, targets in arrows.items():
        found[room(name)] |= {room(target) for target in targets} - {room(name)}
    return found


def floors(arrows: Mapping[str, set[str]]) -> int:
    """Return length of the longest chain of imports, in modules; circles count once."""
    depth: dict[str, int] = {}

    def of(name: str, above: frozenset[str]) -> int:
        if name not in depth:
            below = [target for target in arrows[name] if target in arrows and target not in above]
            depth[name] = 1 + max((of(target, above | {name}) for target in below), default=0)
        return depth[name]

    return max((of(name, frozenset()) for name in sorted(arrows)), default=0)


def importers(arrows: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return for each module the modules that import it."""
    found: dict[str, set[str]] = {name: set() for name in arrows}
    for name, targets in arrows.items():
        for target in targets:
            found[target].add(name)
    return found


def single_importer(arrows: Mapping[str, set[str]], root: Path = ROOT) -> list[tuple[str, int, str]]:
    """Modules with one importer: name, lines, the importer; packages' own files are left out."""
    rows = []
    for name, users in sorted(importers(arrows).items()):
        path = root / (name.replace(".", "/") + ".py")
        if len(users) == 1 and path.exists():
            rows.append((name, len(path.read_text(encoding="utf-8").splitlines()), next(iter(users))))
    return rows


def kinds(root: Path = ROOT) -> set[str]:
    """Return the kinds of backends: names of their folders."""
    return {path.parent.name for path in (root / BACKENDS).glob("*/backend_type.py")} - {"base"}


def names_kind(path: Path, known: Optional[Set[str]] = None, root: Path = ROOT) -> bool:
    """Return True if a module asks a profile for its kind, or names one of the `known` kinds in a text.

    Texts within sentences, and the words by which an algorithm is searched for (`TAGS`), are none.
    """
    known = kinds(root) if known is None else known
    if path.relative_to(root).as_posix().startswith(_MAY_NAME_KINDS):
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tags = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "TAGS" for target in node.targets)
    ]
    words = {id(node) for tag in tags for node in ast.walk(tag)}
    return any(
        (isinstance(node, ast.Attribute) and node.attr == "kind" and _is_profile(node.value))
        or (isinstance(node, ast.Constant) and node.value in known and id(node) not in words)
        for node in ast.walk(tree)
    )


def _is_profile(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.strip("_") == "profile"


def figures(folder: str, arrows: Mapping[str, set[str]], root: Path = ROOT) -> Figures:
    """Return the figures of one folder of the root."""
    paths = sorted((root / folder).rglob("*.py"))
    names = {module_name(path, root) for path in paths}
    own = {name: arrows[name] & names for name in names}
    texts = [path.read_text(encoding="utf-8") for path in paths]
    between = {room: targets for room, targets in rooms(arrows, root).items() if room.split(".")[0] == folder}
    single = [row for row in single_importer(arrows, root) if row[0] in names and row[1] < SMALL]
    known = kinds(root)
    inner = {name: targets & set(between) for name, targets in between.items()}
    return Figures(
        folder,
        modules=sum(path.name != "__init__.py" for path in paths),
        lines=sum(len(text.splitlines()) for text in texts),
        subfolders=len({path.parent for path in paths}) - 1,
        arrows=sum(len(targets) for targets in own.values()),
        floors=floors(own),
        circles=len(circles(own)),
        single=len(single),
        names_kind=sum(names_kind(path, known, root) for path in paths),
        between=sum(map(len, inner.values())),
        room_floors=floors(inner),
    )


def main(words: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--modules", action="store_true", help="list modules with a single importer")
    asked = parser.parse_args(words)
    arrows = graph()
    rows = [figures(folder, arrows) for folder in FOLDERS if (ROOT / folder).is_dir()]
    print(
        f"{'folder':15} modules   lines  arrows  floors  circles  single<{SMALL}  name a kind   "
        "rooms  arrows  floors between them"
    )
    for row in rows:
        print(
            f"{row.folder:15} {row.modules:7} {row.lines:7} {row.arrows:7} {row.floors:7} {row.circles:8} "
            f"{row.single:10} {row.names_kind:12} {row.subfolders + 1:7} {row.between:7} {row.room_floors:7}"
        )
    between = rooms(arrows)
    print(
        f"{'all':15} {sum(r.modules for r in rows):7} {sum(r.lines for r in rows):7} "
        f"{sum(map(len, arrows.values())):7} {floors(arrows):7} {len(circles(arrows)):8} "
        f"{sum(r.single for r in rows):10} {sum(r.names_kind for r in rows):12} {len(between):7} "
        f"{sum(map(len, between.values())):7} {floors(between):7}"
    )
    for group in circles(arrows) + circles(between):
        print("circle:", ", ".join(group))
    if asked.modules:
        for name, lines, user in single_importer(arrows):
            print(f"{lines:5}  {name}  <-  {user}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
