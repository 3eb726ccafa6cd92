"""The share of a result that has geometry."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class MatchReport:
    """The share of a result that has geometry.

    `links` and `points` count those of the run, `matched_…` those that have geometry. Kilometres can only be
    known of roads that have a shape: `matched_km` is the length of the matched links, `source_km` that of all
    links of the source (with or without data; equal to `matched_km` if only links with data were asked for),
    all parts of each. `duplicates` and `missing_geometry` are the source's, as in `LinkGeometry`.
    `not_playing` says which statistics do not play, though the run has their values by bin.
    `styles_left_out` names the styles of an earlier map that are not in the new one, each with the reason.
    """

    links: int
    matched_links: int
    points: int
    matched_points: int
    source_links: int
    matched_km: float
    source_km: float
    duplicates: int = 0
    missing_geometry: int = 0
    styles_left_out: tuple[str, ...] = ()
    not_playing: str = ""

    @property
    def link_rate(self) -> float:
        """Share of the links with data that have geometry, 0 to 1 (0 where there are none)."""
        return self.matched_links / self.links if self.links else 0.0

    @property
    def point_rate(self) -> float:
        """Share of the points that lie on links with geometry, 0 to 1 (0 where there are none)."""
        return self.matched_points / self.points if self.points else 0.0

    @property
    def km_rate(self) -> float:
        """Share of the source's road kilometres that have data, 0 to 1 (0 where there are none)."""
        return self.matched_km / self.source_km if self.source_km else 0.0

    @property
    def warnings(self) -> list[str]:
        """Warnings for the person, besides the numbers."""
        found = [f"{self.not_playing}."] if self.not_playing else []
        if self.styles_left_out:
            found.append(
                "Styles of the earlier map that act by themselves, or reach beyond it, are not in the new "
                f"one: {'; '.join(self.styles_left_out)}."
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """The report as JSON-ready values, rates included, as the map file holds it: without the styles."""
        numbers = asdict(self)
        del numbers["styles_left_out"], numbers["not_playing"]
        return {
            **numbers,
            "link_rate": self.link_rate,
            "point_rate": self.point_rate,
            "km_rate": self.km_rate,
        }
