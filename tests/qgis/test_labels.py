"""Which links carry their street's name."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qgis.PyQt.QtGui import QFont, QFontInfo

from roadpulse.mapping.style import labels
from roadpulse.mapping.style.labels import REPEAT_KM, label_texts

pytestmark = pytest.mark.usefixtures("qgis_app")


def links(n: int, names: int, side: float) -> tuple[Any, Any, Any]:
    """n links of some names, spread over a square of `side` degrees."""
    random = np.random.default_rng(7)
    texts = np.array([f"Street {i}" for i in random.integers(0, names, n)], dtype=object)
    place = np.column_stack([random.uniform(-6, -6 + side, n), random.uniform(54, 54 + side, n)])
    return texts, np.round(random.uniform(20, 600, n)), place


def kilometres(place: Any) -> Any:
    return place * [111.32 * np.cos(np.radians(place[:, 1].mean())), 110.57]


def test_a_name_stands_on_the_longest_link_and_again_only_at_a_distance() -> None:
    names, metres, place = links(800, 5, 0.3)
    texts = label_texts(names, metres, place)
    km = kilometres(place)
    for name in set(names):
        of_street = np.flatnonzero(names == name)
        labelled = [row for row in of_street if texts[row] == name]
        assert metres[labelled].max() == metres[of_street].max()
        for row in of_street:
            near = [at for at in labelled if at != row and math.dist(km[at], km[row]) <= REPEAT_KM]
            if texts[row]:
                assert not near
            else:  # a longer link near by carries the name
                assert any(metres[at] >= metres[row] for at in near)


def test_short_streets_links_without_a_name_and_without_a_place_have_no_label() -> None:
    place = np.array([[-6.0, 54.0], [-6.0, 54.1], [np.nan, np.inf], [-6.0, 54.3]])
    names = np.array(["Short Lane", None, "Long Road", "King&apos;s Road"], dtype=object)
    texts = label_texts(names, np.array([400.0, 900.0, 900.0, 500.0]), place)
    assert texts == [None, None, None, "King's Road"]
    assert label_texts(names[:0], np.zeros(0), np.zeros((0, 2))) == []
    assert label_texts(names[2:3], np.array([900.0]), place[2:3]) == [None]


def test_four_times_the_links_of_one_name_cost_about_four_times_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def distances(n: int) -> int:
        measured = 0

        def hypot(*sides: float) -> float:
            nonlocal measured
            measured += 1
            return math.hypot(*sides)

        monkeypatch.setattr(labels, "math", SimpleNamespace(floor=math.floor, hypot=hypot))
        label_texts(*links(n, 1, 0.05 * n**0.5))
        return measured

    assert distances(8000) < 5 * distances(2000)


def test_the_font_is_one_that_this_computer_draws_with() -> None:
    assert QFontInfo(QFont(labels.font_family())).family() == labels.font_family()


@pytest.mark.parametrize("family", ["No such family", "Open", "Dej"])
def test_a_family_that_is_not_installed_by_its_whole_name_gives_way_to_the_default(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "FAMILY", family)
    assert labels.font_family() == QFont().family()
