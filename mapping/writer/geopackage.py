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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
from numpy.typing import NDArray
from qgis.core import QgsCoordinateReferenceSystem

from ...aggregation.contract import statistic
from ...aggregation.contract.errors import Cancelled
from ...aggregation.contract.spec import RunSpec
from ...cluster_client.postgis.link_geometry import LinkGeometry
from ..columns import UNMATCHED_COLUMNS, link_columns
from ..errors import MapError
from ..file_kinds import MAP
from ..output_file import Incomplete, written_whole
from ..own_tables import BY_TIME_TABLE, GEOMETRY, LINKS_TABLE, RUN_TABLE, UNMATCHED_TABLE
from ..packed import FEW, pack
from ..reference_system import find_system
from ..style.breaks import class_limits
from ..style.labels import label_texts
from ..style.road_class import line_widths
from .kept_styles import keep_styles
from .match_report import MatchReport
from .shapes import Shapes, blobs, measure
from .tables import create_tables, describe_columns, opened, without_triggers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LINKS_TABLE", "MatchReport", "write_geopackage"]

CHUNK = 8192
"""Links written at once: 288 bins of them are 38 MB."""


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
    """Write `links`, `link_speeds_by_time`, `unmatched` and `run` to `path`, in place of an earlier map.

    `speeds` and `by_time` have the columns of the result CSVs (`bin` as `HH:MM`), `link_id` int64 and
    distinct, or distinct with `bin`. `progress` is called with per cent; `finish` is called with the path of
    the new file before this takes the place of the earlier one, whose own styles it keeps. Raises
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
        self.by_time = by_time
        # Without a link there is no coordinate that could be misread.
        self.crs = (
            find_system(links.srid_wkt_or_auth, links.definition)
            if len(links) or links.srid_wkt_or_auth
            else QgsCoordinateReferenceSystem("EPSG:4326")
        )
        self.columns = link_columns(
            spec.bin_names, spec.speed_unit, links.names is not None, links.classes is not None
        )

    def write(self) -> MatchReport:
        shapes = measure(self.links.wkb, self.crs)
        self._step(5)
        report = self._report(shapes)
        create_tables(self.path, self.crs, self.columns, shapes, self.by_time)
        with closing(sqlite3.connect(self.path)) as database:
            database.isolation_level = None
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("PRAGMA cache_size = -65536")
            made = {name for (name,) in database.execute("SELECT table_name FROM gpkg_contents")}
            if not {LINKS_TABLE, BY_TIME_TABLE, UNMATCHED_TABLE, RUN_TABLE} <= made:
                raise Incomplete  # GDAL says nothing of a commit that fails while it closes a file
            with without_triggers(database):
                database.execute("BEGIN")
                self._write_links(database, shapes)
                self._write_by_time(database)
                self._write_unmatched(database)
                self._write_run(database, report)
                self._write_catalogue(database, shapes)
                database.execute("COMMIT")
        self._step(90)
        with opened(self.path) as dataset:
            dataset.ExecuteSQL(f"SELECT CreateSpatialIndex('{LINKS_TABLE}', '{GEOMETRY}')")
        self._step(99)
        return report

    def _step(self, percent: float) -> None:
        if self.cancelled():
            raise Cancelled
        self.progress(percent)

    def _report(self, shapes: Shapes) -> MatchReport:
        matched = self.speeds.index.isin(self.links.ids)
        points = self.speeds["n_points"].to_numpy()
        with_data = np.isin(self.links.ids, self.speeds.index.to_numpy())
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
        )

    def _write_links(self, database: sqlite3.Connection, shapes: Shapes) -> None:
        links, n_bins = self.links, self.spec.n_bins
        stats = self.speeds.reindex(links.ids)
        trips = stats["n_trips"].to_numpy(dtype=float)
        widths = line_widths(links.classes, trips)
        srs_id = database.execute(
            "SELECT srs_id FROM gpkg_contents WHERE table_name = ?", (LINKS_TABLE,)
        ).fetchone()[0]
        # As they are drawn: never coloured first, then by width, the busier direction of a road last.
        order = np.lexsort((links.ids, np.nan_to_num(trips), widths, trips >= self.spec.min_trips))
        day = self._bins_by_link(order)
        text_columns: list[Any] = []
        if links.names is not None:
            text_columns += [links.names, label_texts(links.names, shapes.metres, shapes.place)]
        if links.classes is not None:
            text_columns.append(links.classes)
        names = ["fid", GEOMETRY, *(column.name for column in self.columns)]
        insert = _insert(LINKS_TABLE, names)
        for start in range(0, len(order), CHUNK):
            rows = order[start : start + CHUNK]
            cells = np.full((len(rows), 2, n_bins), np.nan)
            link, bins, mean, n_trips = day.between(start, start + len(rows))
            cells[link, 0, bins], cells[link, 1, bins] = mean, n_trips
            part = stats.iloc[rows]
            packed = pack(
                np.column_stack([part["mean"].to_numpy(dtype=float), cells[:, 0]]),
                np.column_stack([trips[rows], cells[:, 1]]),
                self.spec.min_trips,
            )
            texts = [[column[row] for row in rows.tolist()] for column in text_columns]
            numbers = part[list(statistic.default_keys())].to_numpy(dtype=float)
            wide = np.concatenate([numbers, cells.transpose(0, 2, 1).reshape(len(rows), -1)], axis=1)
            columns: list[list[Any]] = [
                list(range(start + 1, start + 1 + len(rows))),
                blobs(shapes.wkb[rows], srs_id, shapes.box[rows]),
                links.ids[rows].tolist(),
                *texts,
                widths[rows].tolist(),
                packed,
                *wide.T.tolist(),  # NaN becomes NULL, and 5.0 becomes 5 in a column of whole numbers
            ]
            database.executemany(insert, zip(*columns))
            self._step(5 + 45 * (start + len(rows)) / len(order))

    def _bins_by_link(self, order: NDArray[Any]) -> _Cells:
        """Return the cells of `by_time`, sorted by the place of their link in `order`."""
        import pandas as pd  # noqa: PLC0415  (what does without it works without)

        place_of_sorted = np.argsort(self.links.ids[order], kind="stable")
        sorted_ids = self.links.ids[order][place_of_sorted]
        ids = self.by_time["link_id"].to_numpy(dtype=np.int64)
        at = np.searchsorted(sorted_ids, ids)
        found = at < len(sorted_ids)
        found[found] = sorted_ids[at[found]] == ids[found]
        number = {name: i for i, name in enumerate(self.spec.bin_names)}
        codes, names = pd.factorize(self.by_time["bin"])
        unknown = [str(name) for name in names if name not in number]
        if unknown:
            raise MapError(
                f"The result by time has the bin {unknown[0]}, which is not one of "
                f"{self.spec.bin_minutes} minutes. Run the aggregation again."
            )
        bins = np.array([number[name] for name in names], dtype=np.int64)[codes[found]]
        place = place_of_sorted[at[found]]
        by_place = np.argsort(place, kind="stable")
        return _Cells(
            place[by_place],
            bins[by_place],
            self.by_time["mean"].to_numpy(dtype=float)[found][by_place],
            self.by_time["n_trips"].to_numpy(dtype=float)[found][by_place],
        )

    def _write_by_time(self, database: sqlite3.Connection) -> None:
        names = list(self.by_time.columns)
        insert = _insert(BY_TIME_TABLE, names)
        chunk = 65536
        for start in range(0, len(self.by_time), chunk):
            part = self.by_time.iloc[start : start + chunk]
            database.executemany(insert, zip(*(part[name].tolist() for name in names)))
            self._step(50 + 35 * min(1.0, (start + chunk) / len(self.by_time)))
        database.execute(f"CREATE INDEX link_speeds_by_time_link ON {BY_TIME_TABLE} (link_id)")

    def _write_unmatched(self, database: sqlite3.Connection) -> None:
        lost = self.speeds[~self.speeds.index.isin(self.links.ids)]
        rows = zip(lost.index.tolist(), *(lost[name].tolist() for name in UNMATCHED_COLUMNS[1:]))
        database.executemany(_insert(UNMATCHED_TABLE, list(UNMATCHED_COLUMNS)), rows)

    def _write_run(self, database: sqlite3.Connection, report: MatchReport) -> None:
        values = {
            "spec": self.spec.to_json(),
            "manifest": self.manifest,
            "match": report.to_json(),
            "drawn": {
                "statistic": statistic.DEFAULT_DRAWN,
                "too_few": FEW,
                "min_trips": self.spec.min_trips,
                "limits": self._limits(),
                "has_classes": self.links.classes is not None,
            },
        }
        rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in values.items()]
        database.executemany(_insert(RUN_TABLE, ["key", "value"]), rows)

    def _limits(self) -> dict[str, list[float]]:
        """Class limits of each statistic, from all that is drawn of it.

        That is the whole day of every link with a shape and, of the mean, every bin too: one set for all.
        """
        tables = ((self.speeds, self.speeds.index), (self.by_time, self.by_time["link_id"]))
        drawn = [
            table[(table["n_trips"].to_numpy() >= self.spec.min_trips) & np.isin(ids, self.links.ids)]
            for table, ids in tables
        ]
        return {
            name: class_limits(
                np.concatenate(
                    [
                        table[name].to_numpy(dtype=float)
                        for table in drawn[: 1 + (name == statistic.DEFAULT_DRAWN)]
                    ]
                ),
                self.spec.speed_unit,
            )
            for name in statistic.drawn_keys()
            if name in self.speeds
        }

    def _write_catalogue(self, database: sqlite3.Connection, shapes: Shapes) -> None:
        """Write the extent and the counts that GDAL would have kept up to date row by row."""
        if np.isfinite(shapes.box).any():
            low, high = np.nanmin(shapes.box, axis=0), np.nanmax(shapes.box, axis=0)
            database.execute(
                "UPDATE gpkg_contents SET min_x = ?, max_x = ?, min_y = ?, max_y = ? WHERE table_name = ?",
                (low[0], high[1], low[2], high[3], LINKS_TABLE),
            )
        for table in (LINKS_TABLE, BY_TIME_TABLE, UNMATCHED_TABLE, RUN_TABLE):
            database.execute(
                f"UPDATE gpkg_ogr_contents SET feature_count = (SELECT count(*) FROM {table})"  # noqa: S608  # nosec B608
                " WHERE table_name = ?",
                (table,),
            )
        describe_columns(database, LINKS_TABLE, self.columns)


@dataclass(frozen=True)
class _Cells:
    """Cells of links and bins, sorted by `place`, the place of their link in the table."""

    place: NDArray[Any]
    bins: NDArray[Any]
    mean: NDArray[Any]
    n_trips: NDArray[Any]

    def between(self, start: int, end: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Cells of the links from `start` up to `end`, their places counted from `start`."""
        cut = slice(*np.searchsorted(self.place, [start, end]).tolist())
        return self.place[cut] - start, self.bins[cut], self.mean[cut], self.n_trips[cut]


def _indexed(speeds: pd.DataFrame, what: str) -> pd.DataFrame:
    table = speeds.set_index("link_id")
    if not table.index.is_unique:
        raise MapError(f"The table of {what} has a link twice: {table.index[table.index.duplicated()][0]}.")
    return table


def _insert(table: str, columns: list[str]) -> str:
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # nosec B608
