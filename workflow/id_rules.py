"""Rules that bring together the link ids of trips and roads which write the same ids in different ways.

A rule gives the normal form of an id, and ids of trips and roads are the same if their normal forms are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Optional

from ..aggregation.contract.link_ids import LinkId, link_id_of, opposite, road_of_opposite

_ZEROS = re.compile("(?<![0-9])0+(?=[0-9])")
_SUFFIX = re.compile(r"(.+)[_:#/|;, ][^_:#/|;, ]*", re.DOTALL)
_DIRECTION = re.compile(r"(.*[0-9A-Za-z])[ _:/-]?([-+FfTt])", re.DOTALL)
_TMC = re.compile("([0-9A-Za-z]{3})([-+NnPp])([0-9]{5})")


@dataclass(frozen=True)
class IdRule:
    """A rule with its `key` in scripts, a `label` for people, an `example` and its function."""

    key: str
    label: str
    example: str
    normal: Callable[[LinkId], LinkId]


def _read(text: str, otherwise: LinkId) -> LinkId:
    """Return the id of a text, or another one if it has none."""
    found = link_id_of(text)[0]
    return otherwise if found is None else found


def _without_zeros(link_id: LinkId) -> LinkId:
    return _read(_ZEROS.sub("", link_id), link_id) if isinstance(link_id, str) else link_id


def _unsuffixed(link_id: LinkId) -> LinkId:
    match = _SUFFIX.fullmatch(link_id) if isinstance(link_id, str) else None
    return _read(match[1], link_id) if match else link_id


def _with_sign(link_id: LinkId) -> LinkId:
    match = _DIRECTION.fullmatch(link_id) if isinstance(link_id, str) else None
    if not match:
        return link_id
    link = _read(match[1], link_id)
    return opposite(link) if match[2] in "-Tt" else link


def _tmc(link_id: LinkId) -> LinkId:
    match = _TMC.fullmatch(link_id) if isinstance(link_id, str) else None
    if not match:
        return link_id
    return f"{match[1].upper()}{'+' if match[2] in '+Pp' else '-'}{match[3]}"


def _plain(link_id: LinkId) -> LinkId:
    return _read(link_id.casefold().strip("{}"), link_id) if isinstance(link_id, str) else link_id


ID_RULES = (
    IdRule("tmc", "TMC codes with P and N for + and -", "110P04099 is 110+04099", _tmc),
    IdRule("strip_zeros", "Leave out leading zeros of numbers in texts", "A-0101 is A-101", _without_zeros),
    IdRule(
        "sign_to_direction", "Take a letter or sign at the end for the direction",
        "101T and 101- are the opposite direction of 101, 101F and 101+ are 101", _with_sign,
    ),
    IdRule("cut_suffix", "Leave out what follows the last separator", "101_2 and 101:2 are 101", _unsuffixed),
    IdRule("ignore_case", "Capitals and braces do not count", "{3F2B} is 3f2b", _plain),
)  # fmt: skip
"""All rules; of two that fit equally well, the first is proposed."""


def id_rule(key: str) -> Optional[IdRule]:
    """Return the rule with a key; None for another text, such as `none`."""
    return next((rule for rule in ID_RULES if rule.key == key), None)


@dataclass(frozen=True)
class Matching:
    """Numbers of ids of trips: all, those among the roads' as they are, and those by the best `rule`."""

    asked: int
    plain: int
    rule: Optional[IdRule]
    by_rule: int


def best_rule(trips: Iterable[LinkId], roads: Iterable[LinkId]) -> Matching:
    """Return how well ids of trips and roads fit, and the rule that makes most of them match.

    There is no rule where none makes more match than there are without. Ids of trips that a rule makes one
    count once. Ids in the opposite direction of a road match it.
    """
    of_trips, of_roads = set(trips), set(roads)
    plain = _matching(of_trips, of_roads)
    counts = [
        _matching({rule.normal(link) for link in of_trips}, {rule.normal(link) for link in of_roads})
        for rule in ID_RULES
    ]
    most = max(counts, default=0)
    rule = ID_RULES[counts.index(most)] if most > plain else None
    return Matching(len(of_trips), plain, rule, most if rule else plain)


def _matching(of_trips: set[LinkId], of_roads: set[LinkId]) -> int:
    return sum(link in of_roads or road_of_opposite(link) in of_roads for link in of_trips)
