"""Points of a layer as trips: written once, as lines of GeoJSON, to a file that runs read as any other.

The file's folder is named after its content, so that the points of an unchanged layer are read from the
point store.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import math
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Optional

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsVariantUtils,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime

from ..aggregation.contract.errors import Cancelled, RunError
from ..aggregation.contract.field_path import holds, keys_of
from ..aggregation.contract.spec import FieldMapping
from ..cluster_client.profiles.store import file_name
from ..cluster_client.runs.records import RunStore
from ..mapping.errors import MapError
from ..mapping.language import tr
from ..mapping.reference_system import is_known
from .roads import Cancelled as IsCancelled
from .roads import LayerSnapshot, Progress

KEPT_DAYS = 30
"""Days for which a file is kept that no run in the list has as trips: one of another user profile may."""

_CONTENT = re.compile(r"[0-9a-f]{32}")
_EVERY = 1000
_SORTED_AT_ONCE = 100_000
_POSITION = QgsCoordinateReferenceSystem("EPSG:4326")


@dataclass(frozen=True)
class LayerTrips:
    """The points of a layer at this moment, edits included, with some of its `fields`.

    Points of a database come in the order of `key`, others in the layer's.
    """

    layer: LayerSnapshot
    fields: tuple[str, ...]
    transform: Optional[QgsCoordinateTransform]
    key: str = ""

    def write(
        self, folder: Path, progress: Progress, cancelled: IsCancelled, runs: Optional[RunStore] = None
    ) -> Path:
        """Write the points to a file in `folder`, a feature of GeoJSON a line, and return its path.

        Positions are in EPSG:4326, times as `time_text` gives them. A file with this content stays as it is.
        Files of other content that no layer has had for `KEPT_DAYS` are removed, unless one of `runs` has
        them as trips. Raises `RunError` or `Cancelled`; an unfinished file is removed.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".", suffix=".part", dir=folder) as work:
                part = Path(work) / "points"
                lines = self._lines(progress, cancelled)
                digest = _write(part, _in_order(lines, Path(work)) if self.key else lines)
                path = folder / digest / f"{file_name(self.layer.name())}.jsonl"
                if not path.exists():
                    path.parent.mkdir(exist_ok=True)
                    os.replace(part, path)  # noqa: PTH105
                os.utime(path.parent)  # used now
        except OSError as error:
            raise RunError(
                tr("The points of the layer {name!r} cannot be written to {folder}: {why}.").format(
                    name=self.layer.name(), folder=folder, why=error.strerror or error
                )
            ) from error
        if runs is not None:
            _remove_unused(folder, runs)
        return path

    def _lines(self, progress: Progress, cancelled: IsCancelled) -> Iterator[bytes]:
        """Yield a line for each point; with a key, after the key and a tab."""
        count, known = 0, self.layer.featureCount()
        columns = [(name, self.layer.fields().lookupField(name)) for name in self.fields]
        key = self.layer.fields().lookupField(self.key) if self.key else -1
        request = QgsFeatureRequest().setSubsetOfAttributes(
            [at for at in (key, *dict(columns).values()) if at >= 0]
        )
        for feature in self.layer.getFeatures(request):
            if count % _EVERY == 0:
                if cancelled():
                    raise Cancelled
                progress(100 * min(count / known, 1.0) if known > 0 else 0.0)
            count += 1
            line = json.dumps(self._element(feature, columns), ensure_ascii=True)
            if key >= 0:
                line = f"{_sortable(feature.attribute(key))}\t{line}"
            yield f"{line}\n".encode("ascii")
        if not count:
            raise RunError(
                tr("The layer {name!r} has no features. Choose a layer with the points of trips.").format(
                    name=self.layer.name()
                )
            )

    def _element(self, feature: QgsFeature, columns: list[tuple[str, int]]) -> dict[str, Any]:
        return {
            "type": "Feature",
            "geometry": self._geometry(feature.geometry()),
            "properties": {name: _value(feature.attribute(at)) for name, at in columns},
        }

    def _geometry(self, geometry: QgsGeometry) -> Optional[dict[str, Any]]:
        """Return a point of GeoJSON; None for none, for several, and for one without a position on Earth."""
        if self.transform is None or geometry.isNull() or geometry.isEmpty():
            return None
        points = list(geometry.vertices())
        if len(points) != 1:
            return None
        try:
            position = self.transform.transform(points[0].x(), points[0].y())
        except QgsCsException:
            return None
        if not (math.isfinite(position.x()) and math.isfinite(position.y())):
            return None
        return {"type": "Point", "coordinates": [position.x(), position.y()]}


def _remove_unused(folder: Path, runs: RunStore) -> None:
    """Remove the files of layers that were not used for long, and that no run has as trips."""
    needed = {Path(str(run.spec.get("trips", ""))).parent.name for run in runs.runs().runs}
    oldest = time.time() - KEPT_DAYS * 86_400
    for found in folder.iterdir():
        if not _CONTENT.fullmatch(found.name) or found.name in needed:
            continue
        with suppress(OSError):  # another process may remove it, too
            if found.stat().st_mtime < oldest:
                for file in found.glob("*.jsonl"):
                    file.unlink()
                found.rmdir()


def _write(path: Path, lines: Iterator[bytes]) -> str:
    """Write lines, and return the hash of the content."""
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        for line in lines:
            digest.update(line)
            stream.write(line)
    return digest.hexdigest()[:32]


def _in_order(lines: Iterator[bytes], folder: Path) -> Iterator[bytes]:
    """Yield lines in the order of their keys, without these, by way of sorted files in a folder.

    A server gives rows in any order, and QGIS would sort all of them in memory.
    """
    with ExitStack() as stack:
        parts: list[IO[bytes]] = []
        while some := sorted(islice(lines, _SORTED_AT_ONCE)):
            part = stack.enter_context((folder / f"part-{len(parts):05}").open("w+b"))
            part.writelines(some)
            part.seek(0)
            parts.append(part)
            del some  # before the next ones are read
        for line in heapq.merge(*parts):
            yield line.partition(b"\t")[2]


def _sortable(key: Any) -> str:
    """Return a key as ASCII without tabs that sorts as the key does."""
    return f"{key + 2**63:020}" if isinstance(key, int) else json.dumps(str(key), ensure_ascii=True)


def trips_of_layer(
    layer: QgsVectorLayer, mapping: Optional[FieldMapping], context: QgsCoordinateTransformContext
) -> LayerTrips:
    """Return the points of a layer, with its filter and edits; for the main thread.

    Its fields are those that the mapping names; all, if there is none.
    Raises `RunError` for a layer of lines or areas, one that lacks a field of link ids, speeds or trips, and
    one whose reference system is not known.
    """
    kind, name = layer.geometryType(), layer.name()
    if kind not in (Qgis.GeometryType.Point, Qgis.GeometryType.Null):
        raise MapError(
            tr("The layer {name!r} has no points. Choose a point layer, or a table.").format(name=name)
        )
    transform = None
    if kind == Qgis.GeometryType.Point:
        if not is_known(layer.crs()):
            raise MapError(
                tr(
                    "The layer {name!r} does not say in which reference system its points are. Set it in "
                    "QGIS."
                ).format(name=name)
            )
        transform = QgsCoordinateTransform(layer.crs(), _POSITION, context)
    keys = layer.primaryKeyAttributes() if layer.providerType() == "postgres" else []
    key = layer.fields()[keys[0]].name() if keys else ""
    all_fields = tuple(field.name() for field in layer.fields())
    fields = all_fields if mapping is None else _fields(layer, mapping)
    return LayerTrips(LayerSnapshot(layer, layer.crs()), fields, transform, key)


def _fields(layer: QgsVectorLayer, mapping: FieldMapping) -> tuple[str, ...]:
    """Return the fields that the mapping names; raises `MapError` for one that is needed and not there."""
    known = [field.name() for field in layer.fields()]
    needed = ["link_id", "trip_id", "vehicle_id", "direction", *([] if mapping.speed_from else ["speed"])]
    found: list[str] = []
    for entry in (*needed, "time", "longitude", "latitude"):
        path = getattr(mapping, entry)
        if not path:
            continue
        keys, points = keys_of(path), keys_of(mapping.points)
        first = keys[len(points)] if holds(points, keys) and len(keys) > len(points) else keys[0]
        field = next((name for name in (path, ".".join(keys), first) if name in known), "")
        if field:
            found.append(field)
        elif entry in needed:
            raise MapError(
                tr(
                    "The layer {layer!r} has no field {field!r}, which MAPPING names for “{entry}”. Its "
                    "fields are {known}."
                ).format(layer=layer.name(), field=path, entry=entry, known=", ".join(known))
            )
    return tuple(dict.fromkeys(found))


def _value(value: Any) -> Any:
    """Return an attribute as JSON has it: what JSON lacks becomes its text."""
    if QgsVariantUtils.isNull(value):
        return None
    if isinstance(value, QDateTime):
        return time_text(value)
    if isinstance(value, (QDate, QTime)):
        return value.toString(Qt.DateFormat.ISODate)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float, str, list, dict)) else str(value)


def time_text(time: QDateTime) -> str:
    """Return a time in ISO 8601: with its offset if it has one, else without, as it is local to nowhere."""
    return str(time.toString(Qt.DateFormat.ISODateWithMs))
