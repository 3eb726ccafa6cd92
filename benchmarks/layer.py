"""Building the layer: 170,000 links × 24, 168 or 288 bins × 3 statistics to a GeoPackage.

With 24 bins it is compared with QgsVectorFileWriter, which gets ready-made features of a tenth of the links
with a column for each bin of one statistic (their making counts, as it does for us); its time is multiplied
by ten. The worst bin is found in the file, as the time bar does.

    python -m benchmarks.layer [--links 170000] [--filled 1.0] [--bins 24 168]
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pandas as pd
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsVectorFileWriter,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QMetaType

from benchmarks.measure import SCRATCH
from benchmarks.synthetic import CITIES, city, spec_of
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.writer.geopackage import write_geopackage


def through_qgis(path: Path, speeds: pd.DataFrame, by_time: pd.DataFrame, links: LinkGeometry) -> None:
    """The table `links` alone, feature by feature."""
    fields = QgsFields()
    fields.append(QgsField("link_id", QMetaType.Type.LongLong))
    wide = by_time.pivot(index="link_id", columns="bin", values=["mean", "n_trips"]).reindex(links.ids)
    for what, name in wide.columns:
        kind = QMetaType.Type.Double if what == "mean" else QMetaType.Type.Int
        fields.append(QgsField(f"{what}_{name.replace(':', '')}", kind))
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    writer = QgsVectorFileWriter.create(
        str(path), fields, QgsWkbTypes.Type.LineString, QgsCoordinateReferenceSystem("EPSG:32630"),
        QgsCoordinateTransformContext(), options,
    )  # fmt: skip
    for link, shape, values in zip(links.ids.tolist(), links.wkb, wide.to_numpy().tolist()):
        feature = QgsFeature(fields)
        feature.setAttributes([link, *values])
        geometry = QgsGeometry()
        geometry.fromWkb(shape)
        feature.setGeometry(geometry)
        writer.addFeature(feature)
    del writer


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=170_000)
    parser.add_argument("--filled", type=float, default=1.0)
    parser.add_argument("--bins", nargs="+", default=["24", "168"], choices=list(CITIES))
    wanted = parser.parse_args(arguments or [])
    application = QgsApplication([], False)
    application.initQgis()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    for bins in wanted.bins:
        measure(wanted.links, wanted.filled, bins)


def measure(wanted: int, filled: float, bins: str) -> None:
    """Print time and size of the map file, with 24 bins also the other way's."""
    ours, theirs = SCRATCH / "layer.gpkg", SCRATCH / "layer_qgis.gpkg"
    spec = spec_of(bins)
    speeds, by_time, links = city(wanted, filled, spec=spec)
    begin, cpu = time.perf_counter(), time.process_time()
    write_geopackage(ours, speeds, by_time, links, {}, spec)
    took, cpu = time.perf_counter() - begin, time.process_time() - cpu
    print(
        f"{len(links):,} links × {bins} bins × 3 statistics, {len(by_time):,} cells filled: "
        f"{took:.1f} s ({cpu:.1f} CPU), {ours.stat().st_size / 1e6:.0f} MB"
    )
    file = MapFile.at(ours, ours.stem)
    cpu = time.process_time()
    worst = file.timeline.span(file.worst_frame(file.statistic) or 0)
    print(f"  its worst bin, {worst}: {time.process_time() - cpu:.2f} CPU s")
    if bins != "24":
        return
    tenth = wanted // 10
    small = LinkGeometry(links.ids[:tenth], links.wkb[:tenth], links.srid_wkt_or_auth)
    part = by_time[by_time["link_id"] <= links.ids[tenth - 1]]
    theirs.unlink(missing_ok=True)
    begin = time.perf_counter()
    begin_cpu = time.process_time()
    through_qgis(theirs, speeds, part, small)
    other, other_cpu = (time.perf_counter() - begin) * 10, (time.process_time() - begin_cpu) * 10
    print(
        f"  QgsVectorFileWriter, one statistic (ten times a tenth): {other:.1f} s ({other_cpu:.1f} CPU), "
        f"{other / took:.1f} ×"
    )


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
