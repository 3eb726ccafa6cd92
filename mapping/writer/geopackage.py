"""Result and road geometry to one GeoPackage that explains itself.

GDAL makes the tables (so that every entry a GeoPackage needs is there), SQLite's own interface fills
them, GDAL builds the spatial index. Rows go in as they come out of numpy, without an object for each
feature in Python.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

import numpy as np
from numpy.typing import NDArray
from qgis.core import QgsCoordinateReferenceSystem

from ...aggregation.contract import statistic
from ...aggregation.contract.errors import Cancelled
from ...aggregation.contract.spec import RunSpec
from ...cluster_client.postgis.link_geometry import LinkGeometry
from ..columns import column_type, link_columns, unmatched_columns
from ..errors import MapError
from ..file_kinds import MAP
from ..output_file import Incomplete, written_whole
from ..own_tables import BINS_TABLE, GEOMETRY, LINKS_TABLE, RUN_TABLE, UNMATCHED_TABLE
from ..packed import DECIMALS, DIGITS, FEW, numbers, places, texts
from ..reference_system import find_system
from ..style.breaks import class_limits
from ..style.road_class import line_widths
from ..timeline import MOST_FRAMES
from .cells import Cells, frames_of
from .kept_styles import keep_styles
from .match_report import MatchReport
from .opposite_links import has_both_directions
from .shapes import Shapes, blobs, measure
from .street_names import street_names
from .tables import (
    BIN_COLUMNS,
    create_tables,
    create_view,
    describe_columns,
    opened,
    page_size,
    without_triggers,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LINKS_TABLE", "MatchReport", "write_geopackage"]

CHUNK_VALUES = 1 << 19
"""Values of one statistic that are packed at once, 4 MB."""
SMALLEST_CHUNK, CHUNK = 256, 8192
"""Links written at once: at least, at most."""

SHARE_OF_DIRECTED = 0.1
"""Share of links with another one the other way round, from which on each direction of a road is a link."""

MOST_BYTES = 2 << 30
"""Packed texts of a map file; statistics beyond it do not play."""


def write_geopackage(
    path: str | os.PathLike[str],
    speeds: pd.DataFrame,
    by_time: pd.DataFrame,
    links: LinkGeometry,
    manifest: dict[str, Any],
    spec: RunSpec,
    progress: Callable[[float], None] = lambda percent: None,
    cancelled: Callable[[], bool] = lambda: False,
    finish: Callable[[Path], None] = lambda path: None,
) -> MatchReport:
    """Write `links`, `bins`, `unmatched` and `run` to `path`, in place of an earlier map.

    `speeds` and `by_time` have the columns of the result CSVs (`bin` as `HH:MM`), `link_id` int64, or str,
    and distinct, or distinct with `days` and `bin`. `progress` is called with per cent; `finish` with the
    path of the new file before this takes the place of the earlier one, whose own styles it keeps. Raises
    `OutputInUse`, `MapError`, `StorageError` or `Cancelled`; after any of them an earlier file is as it was.
    """
    with written_whole(Path(path), MAP) as aside:
        try:
            report = _Writer(aside, speeds, by_time, links, manifest, spec, progress, cancelled).write()
            _finish(finish, aside)
            report = replace(report, styles_left_out=keep_styles(Path(path), aside))
        except (sqlite3.Error, RuntimeError) as error:  # of SQLite and of GDAL
            raise Incomplete(str(error)) from error
    progress(100.0)
    return report


def _finish(finish: Callable[[Path], None], aside: Path) -> None:
    """Call `finish`; what QGIS says of a file that the person does not know is a detail."""
    try:
        finish(aside)
    except MapError as error:
        raise Incomplete(error.detail or error.message) from error


class _Writer:
    """One file being written."""

    def __init__(
        self,
        path: Path,
        speeds: pd.DataFrame,
        by_time: pd.DataFrame,
        links: LinkGeometry,
        manifest: dict[str, Any],
        spec: RunSpec,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self.path, self.spec, self.manifest, self.links = path, spec, manifest, links
        self.progress, self.cancelled = progress, cancelled
        self.speeds = _indexed(speeds, "speeds")
        self.drawn = [key for key in spec.statistics if key in speeds and statistic.statistic(key).is_drawn]
        if not self.drawn:
            raise MapError(
                "The run computed no statistic that a map can be coloured by, only "
                f"{', '.join(spec.statistics)}. Run again with another one, such as mean."
            )
        # Without a link there is no coordinate that could be misread.
        self.crs = (
            find_system(links.srid_wkt_or_auth, links.definition)
            if len(links) or links.srid_wkt_or_auth
            else QgsCoordinateReferenceSystem("EPSG:4326")
        )
        self.first = statistic.first_drawn(self.drawn)
        self.by_time = by_time
        self.timeline, self.frame = frames_of(by_time, spec)
        self.playing, self.not_playing = self._which_play()
        self.text_ids = self.speeds.index.dtype.kind == "O"
        self.columns = link_columns(
            spec, self.playing, links.names is not None, links.classes is not None, text_ids=self.text_ids
        )
        self.seen = {key: np.zeros(len(numbers(_decimals(key))), np.int64) for key in self.playing}
        """Counts of each number of `packed.numbers` that is drawn, by statistic."""

    def _which_play(self) -> tuple[list[str], str]:
        """Return the keys of the statistics that play, that drawn at first leading; and why others do not."""
        able = [key for key in self.drawn if key in self.by_time and statistic.statistic(key).plays]
        able.sort(key=lambda key: key != self.first)
        n_frames = len(self.timeline)
        if n_frames > MOST_FRAMES:
            return [], (
                "The map shows the whole period and does not play: "
                f"{len(self.timeline.names):,} sets of days with {self.timeline.n_bins:,} bins each make "
                f"{n_frames:,} values a link, and a map file holds at most {MOST_FRAMES:,}. The CSVs have "
                "all of them. To see them play, choose longer bins, fewer dates or other days"
            )
        fit = MOST_BYTES // max(DIGITS * (1 + n_frames) * len(self.links), 1)
        if len(able) <= fit:
            return able, ""
        return able[:fit], (
            "These statistics are on the map for the whole period and do not play, as the map file would "
            f"have more than {MOST_BYTES >> 30} GB: {', '.join(able[fit:])}. The CSVs have their values of "
            "every bin. To see them play, choose longer bins or fewer statistics"
        )

    def write(self) -> MatchReport:
        shapes = measure(self.links.wkb, self.crs)
        self._step(5)
        report = self._report(shapes)
        unmatched = {name: column_type(name, self.text_ids) for name in unmatched_columns(self.first)}
        create_tables(self.path, self.crs, self.columns, shapes, unmatched)
        with closing(sqlite3.connect(self.path)) as database:
            database.isolation_level = None
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("PRAGMA cache_size = -65536")
            made = {name for (name,) in database.execute("SELECT table_name FROM gpkg_contents")}
            if not {LINKS_TABLE, BINS_TABLE, UNMATCHED_TABLE, RUN_TABLE} <= made:
                raise Incomplete  # GDAL says nothing of a commit that fails while it closes a file
            database.execute(f"PRAGMA page_size = {page_size(self._row_bytes())}")
            database.execute("VACUUM")
            with without_triggers(database):
                database.execute("BEGIN")
                self._write_links(database, shapes)
                self._write_bins(database)
                self._write_unmatched(database)
                self._write_run(database, report, shapes)
                self._write_catalogue(database, shapes)
                database.execute("COMMIT")
        self._step(85)
        with opened(self.path) as dataset:
            dataset.ExecuteSQL(f"SELECT CreateSpatialIndex('{LINKS_TABLE}', '{GEOMETRY}')")
        self._step(99)
        return report

    def _row_bytes(self) -> float:
        """Return about how many bytes a row of `links` takes that has all texts."""
        shape = sum(map(len, self.links.wkb[:1000])) / max(len(self.links.wkb[:1000]), 1) + 40
        return float(shape + 9 * len(self.columns) + DIGITS * (1 + len(self.timeline)) * len(self.playing))

    def _step(self, percent: float) -> None:
        if self.cancelled():
            raise Cancelled
        self.progress(percent)

    def _report(self, shapes: Shapes) -> MatchReport:
        import pandas as pd  # noqa: PLC0415  (what does without it works without)

        matched = self.speeds.index.isin(self.links.ids)
        points = self.speeds["n_points"].to_numpy()
        with_data = pd.Index(self.links.ids).isin(self.speeds.index)
        return MatchReport(
            links=len(self.speeds),
            matched_links=int(matched.sum()),
            points=int(points.sum()),
            matched_points=int(points[matched].sum()),
            source_links=len(self.links),
            matched_km=float(shapes.metres[with_data].sum() / 1000),
            source_km=float(shapes.metres.sum() / 1000),
            duplicates=self.links.duplicates,
            missing_geometry=self.links.missing_geometry,
            not_playing=self.not_playing,
        )

    def _write_links(self, database: sqlite3.Connection, shapes: Shapes) -> None:
        links = self.links
        stats = self.speeds.reindex(links.ids)
        trips = stats["n_trips"].to_numpy(dtype=float)
        widths = line_widths(links.classes, trips)
        srs_id = database.execute(
            "SELECT srs_id FROM gpkg_contents WHERE table_name = ?", (LINKS_TABLE,)
        ).fetchone()[0]
        # As they are drawn: never coloured first, then by width, the busier direction of a road last.
        by_id = np.argsort(np.argsort(links.ids, kind="stable"), kind="stable")
        order = np.lexsort((by_id, np.nan_to_num(trips), widths, trips >= self.spec.min_trips))
        cells = Cells.of(self.by_time, self.frame, links.ids[order])
        text_columns: list[Any] = []
        if links.names is not None:
            labels = street_names(links.names, shapes.metres, shapes.place, widths, links.classes)
            text_columns += [links.names, *labels]
        if links.classes is not None:
            text_columns.append(links.classes)
        columns = [stats[key].to_numpy(dtype=float) for key in self.spec.statistics]
        names = ["fid", GEOMETRY, *(column.name for column in self.columns)]
        insert = _insert(LINKS_TABLE, names)
        size = min(max(CHUNK_VALUES // (1 + len(self.timeline)), SMALLEST_CHUNK), CHUNK)
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            packed = self._packed(cells, start, rows, stats)
            values: list[list[Any]] = [
                list(range(start + 1, start + 1 + len(rows))),
                blobs(shapes.wkb[rows], srs_id, shapes.box[rows]),
                links.ids[rows].tolist(),
                *([column[row] for row in rows.tolist()] for column in text_columns),
                widths[rows].tolist(),
                *packed[:1],
                *(
                    column[rows].tolist() for column in columns
                ),  # NaN becomes NULL, and 5.0 becomes 5 if whole
                *packed[1:],
            ]
            database.executemany(insert, zip(*values))
            self._step(5 + 70 * (start + len(rows)) / len(order))
        database.execute(f"CREATE INDEX links_link_id ON {LINKS_TABLE} (link_id)")

    def _packed(
        self, cells: Cells, start: int, rows: NDArray[Any], stats: pd.DataFrame
    ) -> list[list[Optional[str]]]:
        """Return the packed texts of each statistic that plays, of the links `rows`, from `start` on."""
        if not self.playing:
            return []
        row, link, frame = cells.between(start, start + len(rows))
        shape = len(rows), 1 + len(self.timeline)
        trips = np.zeros(shape)
        trips[:, 0] = np.nan_to_num(stats["n_trips"].to_numpy(dtype=float)[rows])
        trips[link, 1 + frame] = self._column("n_trips")[row]
        enough = trips >= self.spec.min_trips
        found = []
        for key in self.playing:
            values = np.full(shape, np.nan)
            values[:, 0] = stats[key].to_numpy(dtype=float)[rows]
            values[link, 1 + frame] = self._column(key)[row]
            place = places(values, enough & np.isfinite(values), _decimals(key))
            self.seen[key] += np.bincount(place.ravel(), minlength=len(self.seen[key]))
            found.append(texts(place, _decimals(key)))
        return found

    def _column(self, name: str) -> NDArray[Any]:
        return self.by_time[name].to_numpy()

    def _write_bins(self, database: sqlite3.Connection) -> None:
        """Write the frames that play, in the order of the packed texts, each with its points."""
        n_frames = len(self.timeline) if self.playing else 0
        points = np.bincount(self.frame, weights=self._column("n_points"), minlength=len(self.timeline))
        names = np.repeat(np.array(self.timeline.names, dtype=object), self.timeline.n_bins)
        rows = zip(
            range(n_frames), names.tolist(), self.spec.bin_names * len(self.timeline.names), points.tolist()
        )
        database.executemany(_insert(BINS_TABLE, list(BIN_COLUMNS)), rows)
        if self.playing:
            create_view(database, self.playing)

    def _write_unmatched(self, database: sqlite3.Connection) -> None:
        lost = self.speeds[~self.speeds.index.isin(self.links.ids)]
        columns = unmatched_columns(self.first)
        rows = zip(lost.index.tolist(), *(lost[name].tolist() for name in columns[1:]))
        database.executemany(_insert(UNMATCHED_TABLE, list(columns)), rows)

    def _is_directed(self, shapes: Shapes) -> bool:
        """Return whether the directions of a road are known to be links of their own."""
        if self.spec.mapping.direction or shapes.opposed >= SHARE_OF_DIRECTED:
            return True
        return has_both_directions(self.speeds.index.tolist())

    def _write_run(self, database: sqlite3.Connection, report: MatchReport, shapes: Shapes) -> None:
        values = {
            "spec": self.spec.to_json(),
            "manifest": self.manifest,
            "match": report.to_json(),
            "drawn": {
                "statistic": self.first,
                "too_few": FEW,
                "min_trips": self.spec.min_trips,
                "limits": self._limits(),
                "has_classes": self.links.classes is not None,
                "directed": self._is_directed(shapes),
                "days": list(self.timeline.names) if self.playing else [],
                "not_playing": self.not_playing,
            },
        }
        rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in values.items()]
        database.executemany(_insert(RUN_TABLE, ["key", "value"]), rows)

    def _limits(self) -> dict[str, list[float]]:
        """Class limits of each statistic, from all that is drawn of it.

        That is the whole period of every link with a shape and, of what plays, every bin too.
        """
        of_map = self.speeds.index.isin(self.links.ids)
        drawn = self.speeds[of_map & (self.speeds["n_trips"].to_numpy() >= self.spec.min_trips)]
        limits = {}
        for key in self.drawn:
            unit = statistic.statistic(key).unit
            if key in self.playing:
                values, counts = numbers(_decimals(key))[1:], self.seen[key][1:]
                limits[key] = class_limits(values, self.spec.unit, unit, counts)
            else:
                limits[key] = class_limits(drawn[key].to_numpy(dtype=float), self.spec.unit, unit)
        return limits

    def _write_catalogue(self, database: sqlite3.Connection, shapes: Shapes) -> None:
        """Write the extent and the counts that GDAL would have kept up to date row by row."""
        if np.isfinite(shapes.box).any():
            low, high = np.nanmin(shapes.box, axis=0), np.nanmax(shapes.box, axis=0)
            database.execute(
                "UPDATE gpkg_contents SET min_x = ?, max_x = ?, min_y = ?, max_y = ? WHERE table_name = ?",
                (low[0], high[1], low[2], high[3], LINKS_TABLE),
            )
        for table in (LINKS_TABLE, BINS_TABLE, UNMATCHED_TABLE, RUN_TABLE):
            database.execute(
                f"UPDATE gpkg_ogr_contents SET feature_count = (SELECT count(*) FROM {table})"  # noqa: S608  # nosec B608
                " WHERE table_name = ?",
                (table,),
            )
        describe_columns(database, LINKS_TABLE, self.columns)


def _decimals(key: str) -> int:
    return DECIMALS[statistic.statistic(key).unit]


def _indexed(speeds: pd.DataFrame, what: str) -> pd.DataFrame:
    table = speeds.set_index("link_id")
    if not table.index.is_unique:
        raise MapError(f"The table of {what} has a link twice: {table.index[table.index.duplicated()][0]}.")
    return table


def _insert(table: str, columns: list[str]) -> str:
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # nosec B608
