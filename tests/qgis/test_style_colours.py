"""The ramps' colours: contrast by published formulas, on what is drawn, and as green-blind people see it."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.PyQt.QtGui import QColor

from roadpulse.mapping.style.contrast import (
    as_deuteranope,
    ciede2000,
    contrast_ratio,
    difference,
    faults,
    lab,
)
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.mapping.style.ramps import RAMPS, class_colours, middle_of

SHARMA = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""
"""The test data of Sharma, Wu and Dalal (2005), table 1: two colours in L*, a*, b*, and their difference."""


@pytest.mark.parametrize("line", SHARMA.strip().splitlines())
def test_differences_are_those_of_the_published_test_data(line: str) -> None:
    l1, a1, b1, l2, a2, b2, expected = map(float, line.split())
    assert ciede2000((l1, a1, b1), (l2, a2, b2)) == pytest.approx(expected, abs=5e-5)
    assert ciede2000((l2, a2, b2), (l1, a1, b1)) == pytest.approx(expected, abs=5e-5)


def test_colours_become_lab_as_published() -> None:
    for name, expected in (("#ffffff", (100, 0, 0)), ("#ff0000", (53.24, 80.09, 67.20))):
        assert lab(QColor(name)) == pytest.approx(expected, abs=0.02)
    assert contrast_ratio(QColor("black"), QColor("white")) == pytest.approx(21)
    assert contrast_ratio(QColor("#767676"), QColor("white")) == pytest.approx(4.54, abs=0.01)  # WCAG's grey


def vienot(colour: QColor) -> QColor:
    """A colour as seen with deuteranopia, by Viénot, Brettel and Mollon (1999), another model than ours."""
    linear = [(part / 255) ** 2.2 for part in colour.getRgb()[:3]]
    linear = [0.992052 * part + 0.003974 for part in linear]
    lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    seen = np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]) @ (lms @ linear)
    return QColor(*(round(255 * min(max(part, 0), 1) ** (1 / 2.2)) for part in np.linalg.inv(lms) @ seen))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("key", ["viridis", "cividis", "magma", "diverging"])
@pytest.mark.parametrize("n", [6, 7, 8])
def test_ramps_hold_the_rules_of_contrast(key: str, theme: str, n: int) -> None:
    """Six to eight classes; of nine the dialog says where two are closer."""
    colours, ground = class_colours(n, theme, False, key), PALETTES[theme].ground
    matters = [0, n - 1] if RAMPS[key].diverging else [0]
    assert faults(colours, [str(i) for i in range(n)], ground, matters) == []
    assert contrast_ratio(colours[0], ground) >= 3
    for one, other in zip(colours, colours[1:]):
        assert difference(one, other) >= 9.95
        assert difference(as_deuteranope(one), as_deuteranope(other)) >= 9.95
        assert (
            difference(vienot(one), vienot(other)) >= 7
        )  # the models differ; classes are told apart in both


def test_nine_classes_of_the_default_are_named_where_they_are_close() -> None:
    colours = class_colours(9, "dark", False)
    found = faults(colours, list("abcdefghi"), PALETTES["dark"].ground, [0])
    assert found
    for fault in found:
        assert "differ by 9" in fault
        assert "fewer classes" in fault


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_red_to_green_is_told_to_fail_and_does(theme: str) -> None:
    options = StyleOptions(ramp="redgreen", theme=theme)
    assert "cannot tell red from green" in options.faults[0]
    assert any("deuteranopia" in fault for fault in options.faults[1:])
    seen = [vienot(colour) for colour in options.colours]
    apart = [difference(seen[i], seen[j]) for j in range(len(seen)) for i in range(j - 1)]
    assert min(apart) < 10


def test_what_is_lost_in_the_ground_is_named() -> None:
    pale = [QColor("#e8e8e2"), QColor("#f8f8f4")]
    found = faults(pale, ["0 – 5", "over 5"], PALETTES["light"].ground, [0])
    assert any("“0 – 5” matters most and has a contrast of 1.2:1" in text for text in found)
    assert any("“0 – 5”, “over 5” can hardly be told from the ground" in text for text in found)


@pytest.mark.parametrize("key", sorted(RAMPS))
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_matters_stands_out_more_than_the_other_end(key: str, theme: str) -> None:
    ground = PALETTES[theme].ground
    for high_contrasts in (False, True):
        colours = class_colours(7, theme, high_contrasts, key)
        low, high = (contrast_ratio(colours[i], ground) for i in (0, -1))
        if RAMPS[key].diverging:
            middle = contrast_ratio(colours[3], ground)
            assert min(low, high) > 2 * middle
        else:
            assert (high > low) == high_contrasts


def test_no_difference_is_the_middle_of_a_diverging_ramp_wherever_it_lies() -> None:
    limits = (-4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0)
    colours = class_colours(6, "light", False, "diverging", middle_of(limits))
    grey = RAMPS["diverging"].between("light", 0.5)
    nearness = [difference(colour, grey) for colour in colours]
    assert nearness[1] == pytest.approx(nearness[2], abs=8)  # the classes on both sides of 0
    assert min(nearness) in nearness[1:3]
    assert nearness[-1] == max(nearness)
    assert middle_of((-3.0, -1.0, 1.0, 3.0)) == 1  # a class about 0
    assert middle_of((0.0, 1.0, 2.0)) is None
