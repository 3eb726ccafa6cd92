"""Skipping of tests that need abilities which this computer lacks (see `development/machine.py`)."""

from __future__ import annotations

from collections import Counter

import pytest

from development.machine import ABILITIES, lack

COUNTS: Counter[str] = Counter()
"""How many tests were left out in strict mode, by reason."""


def need(name: str) -> None:
    """Leave the test out where the computer lacks an ability."""
    if lack(name):
        pytest.skip(lack(name))


def needs(name: str) -> pytest.MarkDecorator:
    """The mark of a test that needs an ability of the computer."""
    return pytest.mark.skipif(bool(lack(name)), reason=lack(name) or name)


def counted(reason: str) -> bool:
    """Count a test that was skipped for a lack of the computer; False for any other reason."""
    known = reason in {ability.sentence for ability in ABILITIES.values()}
    if known:
        COUNTS[reason] += 1
    return known
