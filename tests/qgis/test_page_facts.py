"""What a page says beside its map."""

from __future__ import annotations

import pytest

from roadpulse.mapping.layout.facts import span


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2025-06-10", "2025-06-10", "10 June 2025"),
        ("2025-06-10", "2025-06-12", "10 – 12 June 2025"),
        ("2025-05-30", "2025-06-02", "30 May – 2 June 2025"),
        ("2024-12-31", "2025-01-01", "31 December 2024 – 1 January 2025"),
        (None, None, ""),
    ],
)
def test_dates_are_said_as_people_say_them(first: str, last: str, words: str) -> None:
    assert span(first, last) == words
