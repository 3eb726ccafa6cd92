"""Print where the time of the tests went: by kind, the slowest, and those that take the most CPU.

python development/test_times.py build/tests-times.tsv
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

SLOWEST = 15


@dataclass(frozen=True)
class Times:
    """Seconds of one test; see `pytest_progress`."""

    kind: str
    setup: float
    call: float
    teardown: float
    cpu: float
    name: str

    @property
    def total(self) -> float:
        return self.setup + self.call + self.teardown


def read(file: Path) -> list[Times]:
    """Return all tests of a file that `pytest_progress` has written."""
    lines = (line.split("\t", 5) for line in file.read_text(encoding="utf-8").splitlines())
    return [Times(kind, *map(float, seconds), name) for kind, *seconds, name in lines]


def table(tests: list[Times]) -> list[str]:
    """Lines: time by kind of test, then the slowest tests, then those with the most CPU time."""
    kinds = list(dict.fromkeys(test.kind for test in tests))
    width = max(map(len, kinds), default=0)
    lines = [f"== {'seconds by kind of test':{width}}   tests   set-up  themselves   together      CPU"]
    for kind in kinds:
        own = [test for test in tests if test.kind == kind]
        setup, call, total, cpu = (sum(getattr(t, s) for t in own) for s in ("setup", "call", "total", "cpu"))
        lines.append(
            f"   {kind:{width}}  {len(own):6,}  {setup:7,.0f}  {call:10,.0f}  {total:9,.0f}  {cpu:7,.0f}"
        )
    lines.append(f"== the {SLOWEST} slowest tests: seconds, of these in set-up")
    for test in sorted(tests, key=lambda test: -test.total)[:SLOWEST]:
        lines.append(f"   {test.total:7.1f}  {test.setup:7.1f}  {test.name}")
    lines.append(f"== the {SLOWEST} tests with the most CPU: seconds of CPU, with their set-up")
    for test in sorted(tests, key=lambda test: -test.cpu)[:SLOWEST]:
        lines.append(f"   {test.cpu:7.1f}  {test.name}")
    return lines


def main(file: Path) -> int:
    """Print the table; nothing where no test has run."""
    tests = read(file) if file.exists() else []
    if tests:
        print("\n".join(table(tests)))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
