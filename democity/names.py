"""Street names that sound like an English city and belong to none."""

from __future__ import annotations

from .chance import Chance

CITY = "Aldermere"
RIVER = "River Alder"

_TOWNS = tuple(
    """
    Halverton Brackwell Oxley Thornbury Marchwood Kelsham Stanwick Easterby Wyndale Caldon Fairholme
    Netherby Pellingham Ashcombe Rowsley Tarrant Windlesham Corby
    """.split()  # noqa: SIM905  (a list of one word a line would hide the module)
)
_FIRST = tuple(
    """
    Abbey Acorn Albert Alder Alma Arden Ash Avon Bank Barley Beech Bell Birch Bishop Bramble Bridge
    Brook Cable Canon Castle Cedar Chapel Charlotte Cherry Chestnut Church Clarence Clover College
    Cooper Copper Cross Dale Devon Dove Duke Earl Elder Elgin Elm Fair Falcon Fern Field Forge Fox
    Garden George Glebe Grange Green Grove Hamilton Harbour Harrow Haven Hazel Heath Heron Hill Holly
    Hope Ivy James Jubilee Juniper Kestrel King Lake Lark Laurel Lime Linden Long Manor Maple Market
    Mary Mason May Meadow Mill Mint Nelson Oak Olive Orchard Park Pear Pine Poplar Priory Quarry Queen
    Raven Regent Robin Rose Rowan Saddler Salisbury School Silver Smith Spring Station Stone Sycamore
    Tanner Temple Thistle Trinity Vale Victoria Vine Walnut Water Weaver Well West Wheat White Willow
    Windmill Wood York Yew
    """.split()  # noqa: SIM905  (a list of one word a line would hide the module)
)
_SECOND = ("",) * 4 + tuple(
    """
    field ton wood brook stone mead croft dale bury ham ridge well gate ford hurst ley
    """.split()  # noqa: SIM905  (a list of one word a line would hide the module)
)
_TYPES = {
    "core": ("Street", "Street", "Street", "Lane", "Row", "Place", "Court", "Square"),
    "tertiary": ("Road", "Road", "Road", "Avenue", "Street"),
    "secondary": ("Road", "Road", "Way"),
    "unclassified": ("Lane", "Lane", "Road"),
    "end": ("Close", "Close", "Court", "Mews", "Place"),
    "residential": ("Road", "Avenue", "Drive", "Gardens", "Street", "Crescent", "Grove", "Terrace"),
}
_BRIDGES = (
    "King's",
    "Queen's",
    "Trinity",
    "Old",
    "Victoria",
    "Mill",
    "Albert",
    "Abbey",
    "New",
    "Jubilee",
    "Railway",
)


class Names:
    """Gives every street its own name, as far as there are enough (about 20,000)."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._used: set[str] = set()
        self._bridges = 0

    def street(self, kind: str) -> str:
        """Return a name for a street of this kind: a highway class, `core` or `end` (of a dead end)."""
        types = _TYPES.get(kind, _TYPES["residential"])
        for _ in range(8):
            first, second = self._chance.pick(_FIRST), self._chance.pick(_SECOND)
            if second and first[-1] == second[0]:
                second = ""
            name = f"{first}{second} {self._chance.pick(types)}"
            if name not in self._used:
                break
        self._used.add(name)
        return name

    def radial(self, number: int) -> str:
        """Return the road to the next town."""
        return f"{_TOWNS[number % len(_TOWNS)]} Road"

    def bridge(self) -> str:
        """Return the next bridge's name."""
        name = _BRIDGES[self._bridges % len(_BRIDGES)]
        round_trip = self._bridges // len(_BRIDGES)
        self._bridges += 1
        return f"{name} Bridge" + (f" {round_trip + 1}" if round_trip else "")
