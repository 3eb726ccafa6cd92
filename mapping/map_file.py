"""A map file, as all that draws, prints or lists it reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np
from numpy.typing import NDArray
from qgis.core import QgsMapLayer, QgsProviderRegistry

from ..aggregation.contract import statistic as statistics
from ..aggregation.contract.errors import SpecError
from ..aggregation.contract.json_text import Entries, JsonFault, decode, shown
from ..aggregation.contract.link_ids import LinkId
from ..aggregation.contract.manifest import fingerprint
from ..aggregation.contract.spec import RunSpec
from .errors import MapError, UnknownLayer
from .own_tables import (
    BINS_TABLE,
    BY_TIME_TABLE,
    BY_TIME_VIEW,
    INDEX_TABLE,
    LINKS_TABLE,
    OWN_TABLES,
    RUN_TABLE,
)
from .packed import DIGITS, FEW_OF_0_1, FIRST_FIELD, counted, packed_field, unpack, unpack_all
from .sqlite_file import is_database, reading
from .timeline import MOST_FRAMES, Timeline

MOST_TRIPS = 1_000_000
"""Largest number of trips below which a link is drawn as one with too few."""

_MOST_ENTRIES = 100
"""Rows of the table `run` that are read."""
_LINKS_AT_ONCE = 256
"""Rows of packed texts that are read at once: the numbers of a week stay in the processor's cache."""
_BOXES_AT_ONCE = 4096
_STANDARD = ("gpkg_", INDEX_TABLE, "sqlite_")
"""Beginnings of the names of tables that the standard, its spatial index and SQLite itself need."""
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class MapFile:
    """The map of a run at `path`; `entries` is its table `run`: `spec`, `drawn`, `match`, `manifest`.

    A map file may be another person's, so each value is checked when it is asked for: all members raise
    `MapError` for a file that cannot be used. A `MapFile` keeps the table `run` as it was when it was read.
    """

    path: Path
    entries: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, layer: QgsMapLayer) -> MapFile:
        """The map file that a layer comes from, whichever way the layer came into the project.

        Raises `UnknownLayer` if Roadpulse did not write the file, `MapError` if it cannot be read.
        """
        path = path_of(layer)
        if path is None:
            raise UnknownLayer(_unknown(layer.name()))
        return cls.at(path, layer.name())

    @classmethod
    def at(cls, path: Path, name: str) -> MapFile:
        """The map file at a path, for a layer of that name; may be called in any thread.

        Raises `UnknownLayer` if Roadpulse did not write the file, `MapError` if it cannot be read.
        """
        entries = _run_table(path) if is_database(path) else {}
        if not {"spec", "drawn"} <= set(entries):
            raise UnknownLayer(_unknown(name))
        return cls(path, entries)

    # -- the run ------------------------------------------------------------------------------------------

    @cached_property
    def spec(self) -> RunSpec:
        """The run's specification."""
        with self._refusing():
            return RunSpec.from_json(self.entries["spec"])

    @cached_property
    def fingerprint(self) -> str:
        """Fingerprint of the run (`contract.manifest.fingerprint`); empty without a manifest."""
        manifest = self.entries.get("manifest")
        return fingerprint(manifest) if manifest else ""

    @property
    def dates(self) -> tuple[str, str]:
        """First and last local date of the points (ISO 8601), each empty where the manifest does not say."""
        found = self._manifest_part("dates")
        first, last = found.get("first"), found.get("last")
        return first if isinstance(first, str) else "", last if isinstance(last, str) else ""

    def left_out(self, reason: str) -> int:
        """Points that the run dropped for a reason of the manifest, 0 where it does not say."""
        reasons = self._manifest_part("points").get("reasons")
        return _whole(reasons.get(reason)) if isinstance(reasons, dict) else 0

    def matched(self, name: str) -> int:
        """A number of the match report (`MatchReport.to_json`), 0 where the file does not say."""
        return _whole(self.entries.get("match", {}).get(name))

    # -- how it is drawn ----------------------------------------------------------------------------------

    @property
    def statistic(self) -> str:
        """Key of the statistic that is drawn at first."""
        with self._refusing():
            return self._drawn.text("statistic")

    @property
    def min_trips(self) -> int:
        """Number of trips from which on a value is drawn."""
        with self._refusing():
            return self._drawn.whole("min_trips", 1, MOST_TRIPS)

    @property
    def too_few(self) -> float:
        """The number by which packed texts mark too few trips."""
        with self._refusing():
            return self._drawn.number("too_few") if "too_few" in self._drawn else FEW_OF_0_1

    def limits(self, statistic: str) -> Optional[tuple[Any, ...]]:
        """Class limits of a statistic as they stand in the file, None where it has none of it.

        Files of 0.1.0 hold one list, which is that of the mean.
        """
        with self._refusing():
            drawn = self._drawn
            if not isinstance(drawn.value("limits"), dict):
                return tuple(drawn.array("limits")) if statistic == "mean" else None
            limits = drawn.part("limits")
            return tuple(limits.array(statistic)) if statistic in limits else None

    @cached_property
    def statistics(self) -> tuple[str, ...]:
        """Keys of the statistics by which the map can be coloured: those that its links hold."""
        return tuple(
            name
            for name in self._columns
            if statistics.is_statistic(name) and statistics.statistic(name).is_drawn
        )

    @property
    def playing(self) -> tuple[str, ...]:
        """Those of `statistics` of which the links hold the value of each bin."""
        return tuple(filter(self.packed_column, self.statistics))

    def packed_column(self, statistic: str) -> str:
        """Return the column with the values of a statistic by bin, empty if it does not play."""
        first = FIRST_FIELD if statistic == statistics.DEFAULT_DRAWN else ""
        return next((name for name in (packed_field(statistic), first) if name in self._columns), "")

    @property
    def is_directed(self) -> bool:
        """True if each direction of a road is known to be a link of its own, or the file does not say."""
        with self._refusing():
            return self._drawn.flag("directed") if "directed" in self._drawn else True

    @property
    def not_playing(self) -> str:
        """The reason for which statistics do not play; empty if all with values by bin do."""
        with self._refusing():
            return self._drawn.text("not_playing") if "not_playing" in self._drawn else ""

    @cached_property
    def timeline(self) -> Timeline:
        """The frames in the order of the packed columns; none if nothing plays."""
        with self._refusing():
            names = self._drawn.texts("days") if "days" in self._drawn else ()
            if self.spec.days.is_divided and "days" not in self._drawn:
                raise self._drawn.fault("days", "missing")
            if len(names) > MOST_FRAMES:
                raise self._drawn.fault("days", f"longer than {MOST_FRAMES:,} sets")
            try:
                return Timeline.of(self.spec, names)
            except ValueError as error:
                raise self._drawn.fault("days", f"no list of dates: {error}") from error

    # -- the links ----------------------------------------------------------------------------------------

    def whole_day(self, statistic: str) -> NDArray[np.float64]:
        """Values of a statistic for the whole period of the links with enough trips, in no order."""
        column = statistics.statistic(statistic).key
        with reading(self.path) as database:
            rows = database.execute(
                f"SELECT {column} FROM links WHERE n_trips >= ?",  # noqa: S608  # nosec B608
                (self.min_trips,),
            )
            return np.array([value for (value,) in rows if isinstance(value, float)])

    def distribution(self, statistic: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return all that is drawn of a statistic: its values, ascending and each once, and how often each.

        These are the values of the whole period and of every bin of all links, as they are drawn.
        """
        column = self.packed_column(statistic)
        if not column:
            values, counts = np.unique(self.whole_day(statistic), return_counts=True)
            return values, counts
        with reading(self.path) as database:
            rows = database.execute(f"SELECT {column} FROM links WHERE {column} IS NOT NULL")  # noqa: S608  # nosec B608
            try:
                return counted((text for (text,) in rows), len(self.timeline), self.too_few)
            except (TypeError, ValueError) as error:
                raise self._damaged(LINKS_TABLE, f"in {column} {error}") from error

    def traffic(self, shares: Sequence[float]) -> list[float]:
        """Return the numbers of trips that a share of the links with data does not exceed, ascending."""
        with reading(self.path) as database:
            rows = database.execute("SELECT n_trips FROM links WHERE n_trips > 0")
            trips = np.array([trips for (trips,) in rows if isinstance(trips, (int, float))], dtype=float)
        trips = trips[np.isfinite(trips)]
        return np.quantile(trips, sorted(shares)).tolist() if len(trips) else [0.0] * len(shares)

    def boxes(self) -> NDArray[np.float64]:
        """Bounding boxes (n, 4) of the links with data: least x and y, largest x and y."""
        with reading(self.path) as database:
            rows = database.execute(
                "SELECT r.minx, r.miny, r.maxx, r.maxy FROM rtree_links_geom r "
                "JOIN links ON links.fid = r.id WHERE links.n_points > 0"
            )
            parts = [np.empty((0, 4))]
            while some := rows.fetchmany(_BOXES_AT_ONCE):  # all at once would keep other threads waiting
                parts.append(np.array(some, dtype=float))
        return np.concatenate(parts)

    def profile(self, link_id: LinkId, statistic: str) -> NDArray[np.float64]:
        """Return the values of a statistic on one link, (1 + frames,): the whole period, then each frame.

        As they are drawn: rounded up to the decimals that a packed number has, NaN where too few trips were
        counted, and all NaN for a link that is not on the map or a statistic that does not play.
        """
        column, n_frames = self.packed_column(statistic), len(self.timeline)
        if not column:
            return np.full(1 + n_frames, np.nan)
        with reading(self.path) as database:
            row = database.execute(
                f"SELECT {column} FROM links WHERE link_id = ?",  # noqa: S608  # nosec B608
                (link_id,),
            ).fetchone()
        text = row[0] if row else None
        if text is not None and (not isinstance(text, str) or len(text) != DIGITS * (1 + n_frames)):
            raise self._damaged(LINKS_TABLE, f"a text of another length for the link {shown(link_id)}")
        try:
            return unpack(text, n_frames, self.too_few)
        except ValueError as error:
            raise self._damaged(LINKS_TABLE, f"{shown(text)} for the link {shown(link_id)}") from error

    def bin_totals(self) -> list[float]:
        """Points in each frame of `timeline`."""
        totals = [0.0] * len(self.timeline)
        with reading(self.path) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            if BINS_TABLE in tables:
                for place, points in database.execute(
                    "SELECT place, n_points FROM bins LIMIT ?", (MOST_FRAMES,)
                ):
                    if type(place) is not int or not 0 <= place < len(totals) or type(points) is not int:
                        raise self._damaged(BINS_TABLE, f"{shown(points)} points in the place {shown(place)}")
                    totals[place] = float(points)
                return totals
            for name, points in database.execute(
                "SELECT bin, sum(n_points) FROM link_speeds_by_time GROUP BY bin"
            ):
                clock = _CLOCK.fullmatch(name) if isinstance(name, str) else None
                if clock is None or not isinstance(points, (int, float)):
                    raise self._damaged(BY_TIME_TABLE, f"{shown(points)} points in the bin {shown(name)}")
                totals[(int(clock[1]) * 60 + int(clock[2])) // self.spec.bin_minutes] = float(points)
        return totals

    def links_drawn(self, statistic: str, frame: int) -> int:
        """Return the number of links with a value of a statistic that plays, in a frame of `timeline`."""
        column, start = self.packed_column(statistic), 1 + DIGITS * (1 + frame)
        with reading(self.path) as database:
            texts = database.execute(
                f"SELECT substr({column}, {start}, {DIGITS}), count(*) FROM links "  # noqa: S608  # nosec B608
                f"WHERE length({column}) = ? GROUP BY 1",
                (DIGITS * (1 + len(self.timeline)),),
            ).fetchall()
        try:
            return sum(n for text, n in texts if float(text) != self.too_few)
        except ValueError as error:
            raise self._damaged(LINKS_TABLE, "a text that is no number") from error

    def worst_frame(self, statistic: str, check: Callable[[], None] = lambda: None) -> Optional[int]:
        """Return the frame in which traffic is furthest to the bad end of its usual, by a statistic.

        The total over all links of how much worse the frame's value is than the link's of the whole period,
        weighted by the link's trips. So neither a frame in which few links have data nor one in which only
        slow roads have is the worst for that alone. None where nothing plays, and for a statistic without a
        good end. The links are read one after the other; `check` is called in between.
        """
        column, good = self.packed_column(statistic), statistics.statistic(statistic).good
        n_frames = len(self.timeline)
        if not column or not n_frames or good == statistics.NEITHER:
            return None
        totals, counts = np.zeros(n_frames), np.zeros(n_frames, np.int64)
        with reading(self.path) as database:
            rows = database.execute(
                f"SELECT CAST({column} AS BLOB), n_trips FROM links WHERE {column} IS NOT NULL"  # noqa: S608  # nosec B608
            )
            while some := rows.fetchmany(_LINKS_AT_ONCE):
                check()
                values, trips = self._values(some, n_frames)
                worse = values[:, :1] - values[:, 1:]
                missing = np.isnan(worse)
                worse[missing] = 0.0
                totals += np.einsum("i,ij->j", trips, worse)  # without threads of a library for so few
                counts += len(some) - missing.sum(axis=0)
        if not counts.any():
            return None
        totals = totals if good == statistics.HIGH else -totals
        return int(np.argmax(np.where(counts > 0, totals, -np.inf)))

    def shapes_and_values(self, statistic: str) -> Iterator[tuple[list[Any], NDArray[np.float32]]]:
        """Yield all links, a few at once: rows of id, street or None, geometry; values (links, 1 + frames).

        The values are those of a statistic that plays, as they are drawn, NaN where too few trips were
        counted; geometries are as the GeoPackage has them.
        """
        column, n_frames = self.packed_column(statistic), len(self.timeline)
        street = "name" if "name" in self._columns else "NULL"
        with reading(self.path) as database:
            rows = database.execute(
                f"SELECT link_id, {street}, geom, CAST({column} AS BLOB), n_trips FROM links ORDER BY fid"  # noqa: S608  # nosec B608
            )
            while some := rows.fetchmany(_LINKS_AT_ONCE):
                values = np.full((len(some), 1 + n_frames), np.nan, np.float32)
                drawn = [at for at, row in enumerate(some) if row[3] is not None]
                if drawn:
                    values[drawn] = self._values([some[at][3:] for at in drawn], n_frames)[0]
                yield [row[:3] for row in some], values

    def _values(self, rows: list[Any], n_frames: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the values (links, 1 + frames) and the trips of rows of packed texts as bytes."""
        try:
            if any(len(text) != DIGITS * (1 + n_frames) for text, _ in rows):
                raise ValueError("a text of another length")
            values = unpack_all(b"".join(text for text, _ in rows), n_frames, self.too_few)
            trips = np.array([trips for _, trips in rows], np.float32)
        except (TypeError, ValueError) as error:
            raise self._damaged(LINKS_TABLE, f"values that cannot be read: {error}") from error
        return values, np.nan_to_num(trips)

    # -- checks -------------------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return f"The table 'run' of {self.path}"

    @property
    def _drawn(self) -> Entries:
        return Entries.of(self.entries["drawn"], self._name, "drawn")

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        with reading(self.path) as database:
            return tuple(row[1] for row in database.execute(f"PRAGMA table_info({LINKS_TABLE})"))

    def _damaged(self, table: str, what: str) -> MapError:
        return MapError(
            f"The map file {self.path} cannot be used: its table {table!r} has {what}. Make the map anew "
            "with 'Join links'."
        )

    def _manifest_part(self, entry: str) -> Mapping[str, Any]:
        found = self.entries.get("manifest", {}).get(entry)
        return found if isinstance(found, dict) else {}

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Raise `MapError` for values of other types than Roadpulse writes."""
        try:
            yield
        except JsonFault as error:
            raise MapError(f"{error}. Make the map anew with 'Join links'.") from error
        except SpecError as error:
            raise MapError(f"{self._name} cannot be used: {error.message}.") from error


def path_of(layer: QgsMapLayer) -> Optional[Path]:
    """Return the file that a layer comes from, which may be a map file; None if it cannot be one."""
    if layer.providerType() != "ogr":
        return None
    file = QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("path")
    return Path(file) if file else None


def why_not_ours(path: Path) -> str:
    """Return why a file is not a map of Roadpulse with nothing else in it; empty if it is.

    Raises `MapError` where it cannot be read.
    """
    if not is_database(path):
        return "it is not a GeoPackage"
    with reading(path) as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' OR type = 'view' AND name <> ?",
            (BY_TIME_VIEW,),
        ).fetchall()
        keys = set()
        if (RUN_TABLE,) in tables and {"key", "value"} <= {
            row[1] for row in database.execute(f"PRAGMA table_info({RUN_TABLE})")
        }:
            keys = {key for (key,) in database.execute("SELECT key FROM run")}
    others = sorted(name for (name,) in tables if name not in OWN_TABLES and not name.startswith(_STANDARD))
    if others:
        listed = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
        return f"it holds tables that Roadpulse did not write ({listed})"
    if not {"spec", "drawn"} <= keys:
        return "it is not a map that Roadpulse wrote"
    return ""


def _run_table(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of the table `run`; empty where there is no such table, or one of another program."""
    with reading(path) as database:
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({RUN_TABLE})")}
        if not {"key", "value"} <= columns:
            return {}
        rows = database.execute("SELECT key, value FROM run LIMIT ?", (_MOST_ENTRIES,)).fetchall()
    if not {"spec", "drawn"} <= {key for key, _ in rows}:
        return {}
    entries: dict[str, dict[str, Any]] = {}
    for key, value in rows:
        name = f"The entry {shown(key)} in the table 'run' of {path}"
        if not isinstance(key, str) or not isinstance(value, (str, bytes)):
            raise MapError(f"{name} is not a text. Make the map anew with 'Join links'.")
        try:
            entries[key] = dict(Entries.of(decode(value, name), name).values)
        except JsonFault as error:
            raise MapError(f"{error}. Make the map anew with 'Join links'.") from error
    return entries


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _unknown(name: str) -> str:
    return (
        f"The layer {name} cannot be styled: it is not the table 'links' of a "
        "map file written by Roadpulse. Choose such a layer, or make one with 'Join links'."
    )
