"""The table by time as cells of links and frames, in the order of the links of a map file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...aggregation.contract.spec import RunSpec
from ...aggregation.contract.tables import BIN, DAYS, LINK_ID
from ...cluster_client.postgis.link_ids import LinkIds
from ..errors import MapError
from ..timeline import Timeline

if TYPE_CHECKING:
    import pandas as pd

AGAIN = "Run the aggregation again."


@dataclass(frozen=True)
class Cells:
    """The rows of `table`, each with the number of its `frame`, cut where the link changes.

    Cut number i has the rows from `start[i]`, `length[i]` of them, of the link at `place[i]` of the map file;
    cuts are sorted by place, and those of links without a shape left out.
    """

    table: pd.DataFrame
    frame: NDArray[np.int32]
    place: NDArray[np.int64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]

    @classmethod
    def of(cls, table: pd.DataFrame, frame: NDArray[np.int32], ids: LinkIds) -> Cells:
        """Find the rows of the links `ids`, which are distinct; rows of a link that follow on are one cut."""
        import pandas as pd  # noqa: PLC0415  (what does without it works without)

        of_row = table[LINK_ID].to_numpy()
        start = np.flatnonzero(np.append(True, of_row[1:] != of_row[:-1])[: len(of_row)])
        length = np.diff(np.append(start, len(of_row)))
        at = pd.Index(ids).get_indexer(pd.Index(of_row[start]))
        known = at >= 0
        place = at[known]
        by_place = np.argsort(place, kind="stable")
        return cls(table, frame, place[by_place], start[known][by_place], length[known][by_place])

    def between(self, first: int, end: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return rows of the table, places of their links counted from `first`, and their frames."""
        cut = slice(*np.searchsorted(self.place, [first, end]).tolist())
        length = self.length[cut]
        before = np.cumsum(length) - length
        rows = np.arange(int(length.sum())) + np.repeat(self.start[cut] - before, length)
        return rows, np.repeat(self.place[cut] - first, length), self.frame[rows]


def frames_of(table: pd.DataFrame, spec: RunSpec) -> tuple[Timeline, NDArray[np.int32]]:
    """Return the frames of a run, and the number of each row's; raises `MapError` for unknown ones."""
    bins = _codes(table, BIN, spec.bin_names, f"one of {spec.bin_minutes} minutes")
    if not spec.days.is_divided:
        return Timeline.of(spec), bins
    if DAYS not in table:
        raise MapError(f"The result by time has no column {DAYS!r}, though its days are divided. {AGAIN}")
    names = [one.name for one in spec.days.fixed_sets] or sorted(map(str, table[DAYS].unique()))
    try:
        timeline = Timeline.of(spec, names)
    except ValueError as error:
        raise MapError(f"The result by time has days that are no date: {error}. {AGAIN}") from error
    sets = _codes(table, DAYS, names, "one of the run's sets of days")
    return timeline, sets * np.int32(spec.n_bins) + bins


def _codes(table: pd.DataFrame, column: str, names: Sequence[str], what: str) -> NDArray[np.int32]:
    import pandas as pd  # noqa: PLC0415  (what does without it works without)

    number = {name: i for i, name in enumerate(names)}
    codes, found = pd.factorize(table[column])
    unknown = [str(name) for name in found if name not in number] + ["''"] * bool((codes < 0).any())
    if unknown:
        raise MapError(f"The result by time has the {column} {unknown[0]}, which is not {what}. {AGAIN}")
    return np.array([number[name] for name in found], dtype=np.int32)[codes]
