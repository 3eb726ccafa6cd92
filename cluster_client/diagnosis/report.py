"""Formatting of a diagnosis as text, HTML and JSON."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

from ...aggregation.contract.visible_text import visible
from ..profiles.profile import Profile
from .checks import Finding, Outcome, worst

SIGNS = {Outcome.OK: "✓", Outcome.WARNING: "!", Outcome.FAILED: "✗", Outcome.SKIPPED: "–"}
SCHEMA = 1

_COLOURS = {
    Outcome.OK: "#1a7f4b", Outcome.WARNING: "#9a6700", Outcome.FAILED: "#c4314b", Outcome.SKIPPED: "#6e7781",
}  # fmt: skip
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;color:#1f2328;background:#fff;max-width:60em;margin:2em auto;"
    "padding:0 1em}h1{font-size:1.4em;margin:0 0 .2em}table{border-collapse:collapse;width:100%}"
    "td{padding:.5em .6em;vertical-align:top;border-top:1px solid #d8dee4}td.sign{font-weight:700}"
    "td.title{white-space:nowrap;font-weight:600}p.todo{margin:.2em 0 0;color:#57606a}"
    "p{margin:.2em 0 1em}td p{margin:0}"
)


def line(finding: Finding) -> str:
    """Return one finding as a line of text, for a log."""
    todo = f" → {finding.todo}" if finding.todo else ""
    return f"{SIGNS[finding.outcome]} {finding.title}: {finding.found}{todo}"


def summary(findings: Sequence[Finding]) -> str:
    """Return a summary of a diagnosis on one line."""
    counts = {outcome: sum(f.outcome is outcome for f in findings) for outcome in Outcome}
    parts = [f"{counts[Outcome.OK]} right"]
    parts += [f"{counts[o]} {word}" for o, word in _WORDS if counts[o]]
    return ", ".join(parts) + "."


_WORDS = ((Outcome.WARNING, "to look at"), (Outcome.FAILED, "wrong"), (Outcome.SKIPPED, "not looked at"))


def to_text(profile: Profile, findings: Sequence[Finding]) -> str:
    """Return a diagnosis as plain text, for a mail to an administrator."""
    lines = [f"Roadpulse: {profile.name}", summary(findings), "", *map(line, findings)]
    return visible("\n".join(lines) + "\n")


def to_json(profile: Profile, findings: Sequence[Finding]) -> str:
    """Return a diagnosis as JSON; it contains no secrets, as a profile contains none."""
    values = {
        "schema": SCHEMA,
        "profile": profile.name,
        "outcome": worst(findings).value,
        "findings": [finding.to_json() for finding in findings],
    }
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def to_html(profile: Profile, findings: Sequence[Finding]) -> str:
    """Return a diagnosis as a self-contained HTML page."""
    rows = "".join(_row(finding) for finding in findings)
    name = _escape(profile.name)
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>Roadpulse: {name}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{name}</h1><p>{_escape(summary(findings))}</p>"
        f"<table>{rows}</table></body></html>\n"
    )


def _escape(text: str) -> str:
    return html.escape(visible(text))


def _row(finding: Finding) -> str:
    colour = _COLOURS[finding.outcome]
    todo = f'<p class="todo">{_escape(finding.todo)}</p>' if finding.todo else ""
    return (
        f'<tr><td class="sign" style="color:{colour}" title="{finding.outcome.value}">'
        f'{SIGNS[finding.outcome]}</td><td class="title">{_escape(finding.title)}</td>'
        f"<td><p>{_escape(finding.found)}</p>{todo}</td></tr>"
    )
