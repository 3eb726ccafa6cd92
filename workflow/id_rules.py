"""Rules that bring together the link ids of trips and roads which write the same ids in different ways.

A rule gives the normal form of an id, and ids of trips and roads are the same if their normal forms are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
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
        "end_sign", "Take a letter or sign at the end for the direction",
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
    """Numbers of ids of trips: all, those among the roads' as they are, and those by the best `rule`.

    `by_key` has for each rule the number of ids of trips in their normal forms, and of those that match.
    """

    asked: int
    plain: int
    rule: Optional[IdRule]
    by_rule: int
    by_key: Mapping[str, tuple[int, int]]


def best_rule(trips: Iterable[LinkId], roads: Iterable[LinkId]) -> Matching:
    """Return how well ids of trips and roads fit, and the rule that makes most of them match.

    There is no rule where none makes more match than there are without. Ids of trips that a rule makes one
    count once. Ids in the opposite direction of a road match it. The roads' ids are gone through once, and
    not kept.
    """
    of_trips = set(trips)
    plain, by_rule = _Search(of_trips, _as_it_is), [_Search(of_trips, rule.normal) for rule in ID_RULES]
    for road in roads:
        for search in (plain, *by_rule):
            search.note(road)
    counts = [len(search.found) for search in by_rule]
    most, without = max(counts, default=0), len(plain.found)
    rule = ID_RULES[counts.index(most)] if most > without else None
    by_key = {rule.key: (search.asked, count) for rule, search, count in zip(ID_RULES, by_rule, counts)}
    return Matching(len(of_trips), without, rule, most if rule else without, by_key)


def _as_it_is(link_id: LinkId) -> LinkId:
    return link_id


class _Search:
    """A search for the normal forms of ids of trips among those of roads."""

    def __init__(self, trips: Iterable[LinkId], normal: Callable[[LinkId], LinkId]) -> None:
        self._normal = normal
        self._sought: dict[LinkId, list[LinkId]] = {}
        self.found: set[LinkId] = set()
        forms = {normal(link) for link in trips}
        self.asked = len(forms)
        for form in forms:
            for road in (form, road_of_opposite(form)):
                if road is not None:
                    self._sought.setdefault(road, []).append(form)

    def note(self, road: LinkId) -> None:
        """Note the ids of trips that the id of a road is for."""
        self.found.update(self._sought.get(self._normal(road), ()))
