"""A diagnosis: checks in order, each with a time limit of its own, told as soon as they are done.

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
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Found:
    """What a check found: `found` in words, `todo` what to do about it (empty: nothing)."""

    outcome: Outcome
    found: str
    todo: str = ""


@dataclass(frozen=True)
class Finding:
    """One line of a diagnosis. `name` is for programs, `title` for people."""

    name: str
    title: str
    outcome: Outcome
    found: str
    todo: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON-ready values."""
        return {**asdict(self), "outcome": self.outcome.value, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class Check:
    """One thing to look at. It is skipped unless the checks that it `needs` went well.

    `work` may raise `RunError`, whose message is then what was found; `give_up` is called when `timeout`
    (s) is over, to free what `work` waits for.
    """

    name: str
    title: str
    work: Callable[[], Found]
    needs: tuple[str, ...] = ()
    timeout: float = 30.0
    give_up: Optional[Callable[[], None]] = None


def ok(found: str) -> Found:
    """All is well."""
    return Found(Outcome.OK, found)


def warning(found: str, todo: str) -> Found:
    """A run will do, but not as well as it could, or perhaps."""
    return Found(Outcome.WARNING, found, todo)


def failed(found: str, todo: str) -> Found:
    """A run will not do."""
    return Found(Outcome.FAILED, found, todo)


def skipped(why: str) -> Found:
    """There is nothing to look at."""
    return Found(Outcome.SKIPPED, why)


def diagnose(
    checks: Iterable[Check],
    on_finding: Callable[[Finding], None] = lambda finding: None,
    cancelled: Callable[[], bool] = lambda: False,
    on_begin: Callable[[Check], None] = lambda check: None,
) -> list[Finding]:
    """Carry out checks and return their findings; `on_finding` gets each at once.

    After `cancelled` says yes the rest is skipped; a check that is going on is left within a tenth of a
    second. Nothing is raised for what the checks meet.
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
    """The outcome of a whole diagnosis: `OK`, `WARNING` or `FAILED`."""
    outcomes = {finding.outcome for finding in findings}
    return next((o for o in (Outcome.FAILED, Outcome.WARNING) if o in outcomes), Outcome.OK)


def _carry_out(check: Check, cancelled: Callable[[], bool]) -> Found:
    try:
        return within(check.timeout, lambda: _look(check), cancelled)
    except (Cancelled, TimeoutError) as error:
        if check.give_up is not None:
            check.give_up()
        if isinstance(error, Cancelled):
            return skipped("The diagnosis was stopped.")
    return failed(f"There was no answer within {check.timeout:.0f} s.", "Try again; if it stays, look there.")


def _look(check: Check) -> Found:
    try:
        return check.work()
    except RunError as error:
        what, _, todo = error.message.partition(". ")
        return failed(f"{what.rstrip('.')}.", todo)
    except Exception as error:  # noqa: BLE001  (a diagnosis tells, whatever it meets)
        return failed(f"This could not be looked at: {type(error).__name__}: {error}", "Tell the developers.")
