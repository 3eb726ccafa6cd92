"""`roadpulse:democity`: a generated city to try everything with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingOutputFolder,
    QgsProcessingOutputNumber,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsVectorFileWriter,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QMetaType

from ..aggregation.contract.errors import Cancelled, RunError, StorageError
from ..aggregation.contract.visible_text import visible
from ..mapping.foreign_style import bare_layer
from ..mapping.ground.meaning import GREEN, ROADS, WATER
from ..mapping.ground.quiet import COLOURS
from ..mapping.language import many, tr
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import Destination
from .post_processing import colour_when_loaded
from .progress import part
from .reader import Reader

if TYPE_CHECKING:
    from ..democity import City, Network

SEED, SIZE, RICH, LOAD = "SEED", "SIZE", "RICH", "LOAD"
SIZES = ("small", "medium", "large", "huge")

LINK_FIELDS = (
    ("link_id", QMetaType.Type.LongLong),
    ("name", QMetaType.Type.QString),
    ("highway", QMetaType.Type.QString),
    ("oneway", QMetaType.Type.Bool),
    ("limit", QMetaType.Type.Int),
    ("length", QMetaType.Type.Double),
)
"""Fields of links.gpkg; `limit` is in mph, `length` in metres."""

GROUND = ("water", "parks")


class DemoCity(RoadpulseAlgorithm):
    """Writes trips, roads, water and ready-made settings into a folder."""

    ID = "democity"
    NEEDS = ("numpy",)
    TAGS = ("demo", "example", "generate", "test data")

    def title(self) -> str:
        return tr("Demo city")

    def section(self) -> tuple[str, str]:
        return "try", tr("Try out")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Generates a city with a day of GPS trips in the format of 2019, to try Roadpulse with: "
                "ring and radial roads, a river with bridges, one-way streets, two rush hours. The same "
                "seed gives the same files."
            ),
            tr(
                "The folder then holds trips/, links.gpkg (the roads), ground.gpkg (water and parks), "
                "local.json (a profile that keeps its runs in the folder) and speedmap.json, with which a "
                "map is made at once:"
            ),
            tr("qgis_process run roadpulse:speedmap - < speedmap.json"),
            tr("A second call with the same settings finds the city there and changes nothing."),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        whole = Qgis.ProcessingNumberParameterType.Integer
        for name, label, default, low, high, text in (
            (p.TRIPS, tr("Number of trips"), 1500, 1, 10_000_000, tr("One file each, of about 60 kB.")),
            (SEED, tr("Seed"), 1, 0, 2_147_483_647, tr("Another seed, another city.")),
        ):
            number = QgsProcessingParameterNumber(name, label, whole, default, False, low, high)
            number.setHelp(text)
            self.addParameter(number)
        size = QgsProcessingParameterEnum(SIZE, tr("Size"), list(SIZES), False, "medium", False, True)
        size.setHelp(tr("Of the network: about 1,500, 6,000, 20,000 or 170,000 links."))
        self.addParameter(size)
        rich = QgsProcessingParameterBoolean(RICH, tr("Files as large as in 2019"), False)
        rich.setHelp(tr("About 1,600 points a trip, and 280 bytes a point."))
        rich.setFlags(rich.flags() | Qgis.ProcessingParameterFlag.Advanced)
        self.addParameter(rich)
        load = QgsProcessingParameterBoolean(LOAD, tr("Add roads, water and parks to the project"), True)
        load.setHelp(tr("Only where QGIS loads outputs: not in scripts."))
        self.addParameter(load)
        folder = QgsProcessingParameterFolderDestination(p.OUTPUT, tr("Folder of the city"))
        folder.setHelp(tr("New or empty."))
        self.addParameter(folder)
        self.addOutput(QgsProcessingOutputFolder("TRIPS_FOLDER", tr("Trips")))
        for name, label in (("LINKS", tr("Roads")), ("WATER", tr("Water")), ("PARKS", tr("Parks"))):
            self.addOutput(QgsProcessingOutputVectorLayer(name, label))
        self.addOutput(QgsProcessingOutputFile("PROFILE", tr("Profile")))
        self.addOutput(QgsProcessingOutputFile("SETTINGS", tr("Settings of a speed map")))
        self.addOutput(QgsProcessingOutputNumber("TRIP_COUNT", tr("Trips made")))
        self.addOutput(QgsProcessingOutputNumber("LINK_COUNT", tr("Links")))

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..mapping.output_file import check_folder  # noqa: PLC0415

        folder = Destination(self, parameters, context, p.OUTPUT).path
        if folder is not None:
            check_folder(folder)

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..democity import make_network  # noqa: PLC0415  (needs numpy)

        reader = Reader(self, parameters, context)
        city = generate(
            Path(reader.text(p.OUTPUT)), reader.number(p.TRIPS), reader.number(SEED), reader.choice(SIZE),
            reader.flag(RICH), feedback,
        )  # fmt: skip
        network = city.network or make_network(city.seed, city.size)
        links, ground = city.folder / "links.gpkg", city.folder / "ground.gpkg"
        if not links.exists():
            write_links(network, links, context)
        if not ground.exists():
            write_areas(ground, {"water": network.water, "parks": network.parks}, context)
        results = {
            p.OUTPUT: str(city.folder),
            "TRIPS_FOLDER": str(city.trips),
            "LINKS": f"{links}|layername=links",
            "WATER": f"{ground}|layername=water",
            "PARKS": f"{ground}|layername=parks",
            **write_settings(city),
            "TRIP_COUNT": city.totals.trips,
            "LINK_COUNT": len(network),
        }
        feedback.pushInfo(
            visible(
                tr("{trips} trips with {points} points on {links} links, in {folder}").format(
                    trips=f"{city.totals.trips:,}",
                    points=many(city.totals.points),
                    links=f"{len(network):,}",
                    folder=city.folder,
                )
            )
        )
        if reader.flag(LOAD) and context.project() is not None:
            for order, (output, name, colour) in enumerate(
                (
                    ("WATER", tr("Water"), COLOURS["light"][WATER]),
                    ("PARKS", tr("Parks"), COLOURS["light"][GREEN]),
                    ("LINKS", tr("Roads"), COLOURS["light"][ROADS]),
                )
            ):
                details = QgsProcessingContext.LayerDetails(name, context.project(), output)
                details.forceName = True
                details.layerSortKey = order
                colour_when_loaded(details, results[output], colour)
                context.addLayerToLoadOnCompletion(results[output], details)
        return results


def generate(
    folder: Path, n_trips: int, seed: int, size: str, rich: bool, feedback: QgsProcessingFeedback
) -> City:
    """Generate the city; raises `RunError` or `Cancelled`."""
    from .. import democity  # noqa: PLC0415  (needs numpy)

    progress = part(feedback, 0, 90)
    feedback.setProgressText(tr("Driving through the city"))
    try:
        return democity.generate(
            folder, n_trips, seed, size, rich=rich, cancelled=feedback.isCanceled,
            progress=lambda done, total: progress(100 * done / max(total, 1)),
        )  # fmt: skip
    except democity.GenerationCancelled as error:
        raise Cancelled from error
    except (democity.FolderInUse, ValueError) as error:
        raise RunError(str(error)) from error
    except OSError as error:
        raise StorageError(
            f"The city cannot be written to {folder}: {error.strerror or error}. Choose another folder, or "
            "free some space.",
            repr(error),
        ) from error


def write_links(network: Network, path: Path, context: QgsProcessingContext) -> None:
    """Write the roads to a GeoPackage, table `links`, one LineString a link; raises `StorageError`."""
    columns = zip(
        network.wkb(), network.link_id.tolist(), network.names, network.highway_names(),
        network.oneway.tolist(), network.limit.tolist(), network.length.tolist(),
    )  # fmt: skip
    rows = ((wkb, list(values)) for wkb, *values in columns)
    _write(path, {"links": (LINK_FIELDS, Qgis.WkbType.LineString, rows)}, context)


def write_areas(path: Path, areas: dict[str, Iterable[Any]], context: QgsProcessingContext) -> None:
    """Write rings of (longitude, latitude) as polygons, one table each; raises `StorageError`."""

    def polygons(rings: Iterable[Any]) -> Iterator[tuple[bytes, list[Any]]]:
        for ring in rings:
            text = ", ".join(f"{x:.7f} {y:.7f}" for x, y in ring.tolist())
            yield bytes(QgsGeometry.fromWkt(f"POLYGON(({text}))").asWkb()), []

    tables = {name: ((), Qgis.WkbType.Polygon, polygons(rings)) for name, rings in areas.items()}
    _write(path, tables, context)


def _write(path: Path, tables: dict[str, tuple[Any, Any, Any]], context: QgsProcessingContext) -> None:
    from ..mapping.file_kinds import whole_database  # noqa: PLC0415
    from ..mapping.output_file import incomplete  # noqa: PLC0415

    aside = path.with_name(f".{path.name}.part.gpkg")
    aside.unlink(missing_ok=True)
    for name, (columns, kind, rows) in tables.items():
        fields = QgsFields()
        for column, type_ in columns:
            fields.append(QgsField(column, type_))
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", name
        if aside.exists():
            options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
        writer = QgsVectorFileWriter.create(
            str(aside), fields, QgsWkbTypes.singleType(kind), QgsCoordinateReferenceSystem("EPSG:4326"),
            context.transformContext(), options,
        )  # fmt: skip
        written = 0
        for wkb, values in rows:
            feature = QgsFeature(fields)
            geometry = QgsGeometry()
            geometry.fromWkb(wkb)
            feature.setGeometry(geometry)
            feature.setAttributes(values)
            if not writer.addFeature(feature):
                break
            written += 1
        writer.flushBuffer()
        fault = writer.errorMessage() if writer.hasError() else ""
        del writer
        # GDAL keeps silent about a commit that fails when the file is closed.
        there = bare_layer(f"{aside}|layername={name}", name).featureCount()
        if fault or there != written or not whole_database(aside):
            raise incomplete(aside, path, fault)
    aside.replace(path)


def write_settings(city: City) -> Results:
    """Write the city's profile and the settings of its speed map; gives the paths of both."""
    from ..aggregation.storage.local.files import disk_errors, write_json  # noqa: PLC0415
    from ..cluster_client.profiles.profile import LOCAL, Folders  # noqa: PLC0415

    folder = city.folder.absolute()
    profile = folder / "local.json"
    folders = Folders(str(folder / "runs"), str(folder / "points"))
    replace(LOCAL, name="Demo city", folders=folders).write(profile)
    settings = folder / "speedmap.json"
    inputs = {
        p.PROFILE: str(profile),
        p.TRIPS: str(city.trips.absolute()),
        p.LINKS: f"{folder / 'links.gpkg'}|layername=links",
        p.LINK_ID_FIELD: "link_id",
        p.SPEED_UNIT: city.speed_unit,
        p.TIME_ZONE: city.time_zone,
        p.OUTPUT: str(folder / "speeds.gpkg"),
    }
    with disk_errors(f"write {settings.name}", folder):
        write_json(settings, {"inputs": inputs})
    return {"PROFILE": str(profile), "SETTINGS": str(settings)}
