"""What comes from outside is text: rules of the house for what shows texts and for what reads JSON."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("aggregation", "cluster_client", "mapping", "workflow", "algorithms", "ui", "democity")
SHIPPED = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))] + [ROOT / "plugin.py"]

PLAIN = "ui/widgets/plain_text.py"
SAFE = {"tip", "visible", "untagged", "in_html"}
"""Functions that make a text plain."""

TIPS = {"setToolTip", "setStatusTip", "setWhatsThis", "showText"}
FEEDBACK = {
    "pushInfo", "pushWarning", "reportError", "pushDebugInfo", "pushConsoleInfo", "pushCommandInfo",
    "setProgressText", "QgsProcessingException",
}  # fmt: skip

ONLY_IN = {
    "QLabel": (PLAIN,),  # takes a tag for HTML unless it is told not to
    "QMessageBox": (PLAIN,),
    "setInformativeText": (PLAIN,),
    "setDetailedText": (),
    "setMessageAsHtml": (),
    "pushFormattedMessage": (),
    "insertHtml": (),
    "setHtml": (
        "ui/run_dialog/progress_page.py",
        "ui/manual/window.py",
    ),  # of ui/runs/summary.py, which escapes; pages of the plugin's own
    "createMessage": ("ui/widgets/messages.py",),
    "pushMessage": ("ui/widgets/messages.py",),
    "loads": (
        "aggregation/trips/json_cuts.py",  # a key of a trip file, in quotes
        "aggregation/trips/trip_json.py",  # trip files, whose faults are counted
        "aggregation/inventory.py",  # an argument of the plugin's own
        "cluster_client/diagnosis/remote_probe.py",  # programs that run elsewhere, alone
        "cluster_client/diagnosis/nodes_job.py",
        "cluster_client/s3/models.py",  # files of botocore
        "democity/city.py",  # imports nothing of the plugin
    ),
    "load": (),
}
"""Calls by name, and the modules that may make them."""


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield name_of(node.func), node


def name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def is_plain(node: ast.AST) -> bool:
    """Whether an expression is a text of the plugin's own, or was made plain."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.IfExp):
        return is_plain(node.body) and is_plain(node.orelse)
    if not isinstance(node, ast.Call):
        return False
    if name_of(node.func) == "tr":
        return all(isinstance(argument, ast.Constant) for argument in node.args)
    return name_of(node.func) in SAFE


def where(path: Path, node: ast.Call) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:120]}"


def test_what_may_show_html_or_read_json_is_called_in_few_places() -> None:
    wrong = [
        where(path, node)
        for path in SHIPPED
        for name, node in calls(path)
        if name in ONLY_IN and path.relative_to(ROOT).as_posix() not in ONLY_IN[name]
        if name not in ("loads", "load") or ast.unparse(node.func).startswith("json.")
    ]
    assert wrong == []


def test_a_label_that_is_not_plain_is_one_of_two_that_escape() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in SHIPPED
        for name in ("RichText", "AutoText", "MarkdownText", "setAllowHtmlFormatting", "ModeHtml")
        if name in path.read_text(encoding="utf-8")
    }
    assert found == {(PLAIN, "RichText"), ("ui/widgets/notes.py", "RichText")}
    subclasses = {
        path.relative_to(ROOT).as_posix()
        for path in SHIPPED
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and "QLabel" in map(name_of, node.bases)
    }
    assert subclasses == {PLAIN, "ui/widgets/notes.py"}
    assert "in_html(" in (ROOT / "ui/widgets/notes.py").read_text(encoding="utf-8")


def test_tool_tips_are_plain() -> None:
    wrong = [
        where(path, node)
        for path in SHIPPED
        for name, node in calls(path)
        if (name in TIPS and not is_plain(node.args[-1]))
        or (name in ("setData", "setItemData") and tips_of(node) and not any(map(is_plain, node.args)))
    ]
    assert wrong == []


def tips_of(node: ast.Call) -> bool:
    return any(name_of(argument) == "ToolTipRole" for argument in node.args)


def test_a_model_answers_with_plain_tool_tips() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SHIPPED
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.If) and "ToolTipRole" in ast.unparse(node.test)
        for inner in node.body
        if isinstance(inner, ast.Return) and inner.value is not None and not is_plain(inner.value)
    ]
    assert wrong == []


def test_a_feedback_gets_plain_texts() -> None:
    """`qgis_process` prints them to a terminal, which acts on control characters."""
    wrong = [
        where(path, node)
        for path in SHIPPED
        for name, node in calls(path)
        if name in FEEDBACK and path.parts[-2] == "algorithms" and node.args
        if not is_plain(node.args[0]) and "invalidSourceError" not in ast.unparse(node)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("tr('Run')", True),
        ("tip(name)", True),
        ("tip(a) if b else 'c'", True),
        ("name", False),
        ("tr('{n} runs').format(n=n)", False),
        ("f'{name}'", False),
        ("tr(name)", False),
    ],
)
def test_the_rule_tells_plain_texts_from_others(source: str, plain: bool) -> None:
    assert is_plain(ast.parse(source, mode="eval").body) is plain
