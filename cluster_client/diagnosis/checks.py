"""Execution of a diagnosis: checks in order, each with its own time limit.

report = diagnose(cluster_checks(profile, …), on_finding=print, cancelled=…)
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Callable, Optional

from ...aggregation.contract.errors import Cancelled, RunError
from ..time_limit import within


class Outcome(Enum):
    """Result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Found:
    """Result of a check's work: `outcome`, `found` in words, and `todo`, advice for the person (or empty)."""

    outcome: Outcome
    found: str
    todo: str = ""


@dataclass(frozen=True)
class Finding:
    """One line of a diagnosis; `name` identifies the check in programs, `title` is for people."""

    name: str
    title: str
    outcome: Outcome
    found: str
    todo: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON-ready values."""
        return {**asdict(self), "outcome": self.outcome.value, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class Check:
    """One check; it is skipped unless the checks that it `needs` have succeeded.

    `work` may raise `RunError`, whose message becomes the finding; `give_up` is called after `timeout`
    seconds, to unblock `work`.
    """

    name: str
    title: str
    work: Callable[[], Found]
    needs: tuple[str, ...] = ()
    timeout: float = 30.0
    give_up: Optional[Callable[[], None]] = None


def ok(found: str) -> Found:
    """Return a successful result."""
    return Found(Outcome.OK, found)


def warning(found: str, todo: str) -> Found:
    """Return a warning: a run may succeed, or only slowly."""
    return Found(Outcome.WARNING, found, todo)


def failed(found: str, todo: str) -> Found:
    """Return a failure: a run would not succeed."""
    return Found(Outcome.FAILED, found, todo)


def skipped(why: str) -> Found:
    """Return the result of a check that does not apply."""
    return Found(Outcome.SKIPPED, why)


def diagnose(
    checks: Iterable[Check],
    on_finding: Callable[[Finding], None] = lambda finding: None,
    cancelled: Callable[[], bool] = lambda: False,
    on_begin: Callable[[Check], None] = lambda check: None,
) -> list[Finding]:
    """Carry out checks and return their findings; `on_finding` is called with each immediately.

    Once `cancelled` returns True, the running check is abandoned within a tenth of a second and the others
    are skipped. Errors in checks are not raised.
    """
    findings: list[Finding] = []
    good: set[str] = set()
    titles: dict[str, str] = {}
    for check in checks:
        titles[check.name] = check.title
        missing = [titles[name] for name in check.needs if name not in good]
        began = time.monotonic()
        if cancelled():
            found = skipped("The diagnosis was stopped.")
        elif missing:
            found = skipped(f"Looked at once this is right: {', '.join(missing)}.")
        else:
            on_begin(check)
            found = _carry_out(check, cancelled)
        if found.outcome in (Outcome.OK, Outcome.WARNING):
            good.add(check.name)
        seconds = time.monotonic() - began
        finding = Finding(check.name, check.title, found.outcome, found.found, found.todo, seconds)
        findings.append(finding)
        on_finding(finding)
    return findings


def worst(findings: Iterable[Finding]) -> Outcome:
    """Return the outcome of a whole diagnosis: `OK`, `WARNING` or `FAILED`."""
    outcomes = {finding.outcome for finding in findings}
    return next((o for o in (Outcome.FAILED, Outcome.WARNING) if o in outcomes), Outcome.OK)


def _carry_out(check: Check, cancelled: Callable[[], bool]) -> Found:
    try:
        return within(check.timeout, lambda: _call(check), cancelled)
    except (Cancelled, TimeoutError) as error:
        if check.give_up is not None:
            check.give_up()
        if isinstance(error, Cancelled):
            return skipped("The diagnosis was stopped.")
    return failed(f"There was no answer within {check.timeout:.0f} s.", "Try again; if it stays, look there.")


def _call(check: Check) -> Found:
    try:
        return check.work()
    except RunError as error:
        what, _, todo = error.message.partition(". ")
        return failed(f"{what.rstrip('.')}.", todo)
    except Exception as error:  # noqa: BLE001  (a diagnosis reports any error)
        return failed(f"This could not be looked at: {type(error).__name__}: {error}", "Tell the developers.")
