"""Which links carry their street's name, and from which scale on."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..style.labels import SIDE_STREETS_SCALE, SMALLEST_SCALE
from ..style.road_class import MAIN_ROAD_WIDTH
from ..style.zoom import zoom_of_scale

SPACINGS = ((6.0, SMALLEST_SCALE), (3.0, 32_000), (1.5, 20_000))
"""Kilometres between names of one street, and the scale (1:n) from which on main roads have them so close.

On paper that is 8 to 10 cm at least.
"""

REPEAT_KM = SPACINGS[-1][0]

SHORTEST_STREET_M, SHORTEST_NEAR_M = 500.0, 240.0
"""Metres of a street, both directions together, from which on it has a name, and on near views."""

MIDDLE_ROAD_WIDTH, MIDDLE_SCALE = 0.95, 22_000
"""Width from which on a road has its name from that scale (1:n) on."""

NEAR_SCALE = 7_500
"""Scale (1:n) from which on short streets have names."""

WITHIN_1 = 0.7
"""Side of a square whose places all lie within 1 of each other."""

NO_STREETS = re.compile(
    r"(slip|link|service|access|connecting|private|unnamed|unclassified) ?(road|street|way|lane)s?|"
    r"(on|off|entry|exit|entrance)?[ -]?(ramp|slip)s?|entrance|exit|junction|interchange|driveway|alley|"
    r"(mini[ -]?)?roundabout|traffic circle|rotary|u-turn|crossover|parking aisle|footpath|cycle ?path|"
    r"(auf|ab|aus|ein)fahrt|(auf|ab)fahrts?rampe|rampe|kreisverkehr|kreisel|anschlussstelle|zubringer|zufahrt|"
    r"verbindungs(straße|strasse|rampe)|parkplatz|unbenannt|ohne namen?|"
    r"bretelle( d'accès| de sortie)?|rond-point|giratoire|sortie|entrée|échangeur|sans nom|voie d'accès|"
    r"enlace|rotonda|glorieta|salida|entrada|sin nombre|vía de servicio|"
    r"svincolo|rotatoria|rampa|uscita|ingresso|senza nome|"
    r"(op|af)rit|rotonde|knooppunt|parallelweg|"
    r"rondo|zjazd|wjazd|łącznica|rotunda|saída|nó|rundkörning|rundkjøring|rundkørsel|påfart|avfart|"
    r"n/?a|none|null|unknown|no ?name|-+|\?+",
    re.IGNORECASE,
)
"""Names of a thing on the road, not of a street; a name such as "Shaftesbury Square Roundabout" is one."""

_FAR = 1 << 17
"""Largest number of a square, that of a place off the earth."""

Names = NDArray[Any]


def street_names(
    names: Names,
    metres: NDArray[Any],
    place: NDArray[Any],
    widths: NDArray[Any],
    classes: Optional[Names] = None,
) -> tuple[list[Optional[str]], list[Optional[float]]]:
    """Return the names to label n links with, and the zoom level from which on each is shown.

    A street is cut into links at every junction and has two directions; labelled link by link it would carry
    its name a dozen times. The name stands on the longest link, on main roads (by their width) before side
    streets, and again every `REPEAT_KM`; on smaller scales main roads alone have names, as far apart as
    `SPACINGS` says. `names` and `classes` are object
    (n,), `metres` and `widths` (n,), `place` (n, 2) in degrees. A street with less than `SHORTEST_NEAR_M`
    near its name has none there, nor has a link road (`primary_link`), a name such as "Slip road"
    (`NO_STREETS`), or a link whose place is not finite. The cost grows as n log n.
    """
    texts: list[Optional[str]] = [None] * len(names)
    zooms: list[Optional[float]] = [None] * len(names)
    named = _named(names, classes) & np.isfinite(place).all(axis=1)
    if not named.any():
        return texts, zooms
    latitude = np.radians(place[named, 1].mean())
    km = place * [111.32 * np.cos(latitude), 110.57]
    near = _metres_near(names, metres, km, named)
    named &= near >= SHORTEST_NEAR_M
    order = np.lexsort((-metres, widths < MAIN_ROAD_WIDTH))
    labelled = _apart(names, km, order[named[order]].tolist(), REPEAT_KM)
    main = [row for row in labelled if widths[row] >= MAIN_ROAD_WIDTH and near[row] >= SHORTEST_STREET_M]
    shown: dict[int, int] = {}  # scale by link
    for distance, scale in SPACINGS:
        for row in _apart(names, km, main, distance, list(shown)):
            shown.setdefault(row, scale)
    for row in labelled:
        usual = MIDDLE_SCALE if widths[row] >= MIDDLE_ROAD_WIDTH else SIDE_STREETS_SCALE
        if near[row] < SHORTEST_STREET_M:
            usual = NEAR_SCALE
        zooms[row] = zoom_of_scale(shown.get(row, usual))
        texts[row] = html.unescape(names[row])  # exports of OpenStreetMap write "King&apos;s Road"
    return texts, zooms


def _named(names: Names, classes: Optional[Names]) -> NDArray[np.bool_]:
    """Return which links (n,) lie in a street with a name of its own."""
    own = {name: bool(name) and not NO_STREETS.fullmatch(name.strip()) for name in set(names.tolist())}
    named = np.array([own[name] for name in names.tolist()], dtype=bool)
    if classes is not None:
        road = {text: not (text or "").strip().lower().endswith("_link") for text in set(classes.tolist())}
        named &= np.array([road[text] for text in classes.tolist()], dtype=bool)
    return named


def _metres_near(
    names: Names, metres: NDArray[Any], km: NDArray[Any], named: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return for each link (n,) how much of its street lies in the squares of `REPEAT_KM` about it.

    Another street of that name far away does not make a short one long.
    """
    near = np.zeros(len(names))
    rows = np.flatnonzero(named)
    numbers: dict[str, int] = {}
    street = np.array([numbers.setdefault(name, len(numbers)) for name in names[rows].tolist()])
    column, line = np.clip(np.floor(km[rows] / REPEAT_KM), -_FAR, _FAR).astype(np.int64).T
    squares, which = np.unique((street * 4 * _FAR + column) * 4 * _FAR + line, return_inverse=True)
    length = np.bincount(which, weights=metres[rows])
    about = np.zeros(len(squares))
    for beside in (-4 * _FAR, 0, 4 * _FAR):
        for above in (-1, 0, 1):
            wanted = squares + beside + above
            at = np.minimum(np.searchsorted(squares, wanted), len(squares) - 1)
            about += np.where(squares[at] == wanted, length[at], 0.0)
    near[rows] = about[which]
    return near


def _apart(
    names: Names, km: NDArray[Any], rows: Sequence[int], distance: float, taken: Sequence[int] = ()
) -> list[int]:
    """Return those of `rows`, in their order, that lie more than `distance` km from others of their name.

    The others are those returned before them, and `taken`.
    """
    found: list[int] = []
    full: set[tuple[str, int, int]] = set()  # squares of which every place is near a name
    at: dict[tuple[str, int, int], list[tuple[float, float]]] = {}  # by name and square of 1
    before = len(taken)
    for number, row in enumerate([*taken, *rows]):
        name, x, y = names[row], km[row, 0] / distance, km[row, 1] / distance
        fine = name, math.floor(x / WITHIN_1), math.floor(y / WITHIN_1)
        if fine in full and number >= before:
            continue
        column, line = math.floor(x), math.floor(y)
        near = (
            at.get((name, column + i, line + j), ()) for i in (-1, 0, 1) for j in (-1, 0, 1)
        )  # a square holds only a few, since they lie apart
        if number < before or all(math.hypot(x - u, y - v) > 1 for square in near for u, v in square):
            at.setdefault((name, column, line), []).append((x, y))
            full.add(fine)
            if number >= before:
                found.append(row)
    return found
