"""A page as a file: one writer for each kind of file."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Callable

import numpy as np
from osgeo import gdal
from qgis.core import Qgis, QgsLayoutExporter, QgsLayoutRenderContext, QgsPrintLayout, QgsProjectMetadata
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QImage

from ...aggregation.runners.head_capacity import free_megabytes
from ..errors import MapError
from ..file_kinds import PAGE_KINDS, PDF, PNG, SVG, TIFF, WORLD_FILE, FileKind
from ..language import number_text, tr
from ..output_file import Incomplete, kind_of, write_picture, written_whole
from .page import SpeedPage

_MM = 25.4
"""Of an inch."""

_LONGEST_SIDE = 32_767
"""Points of a side up to which Qt's painter draws."""

_LARGEST_PICTURE = 2**31 - 1
"""Bytes of a picture in Qt 5."""

_BYTES = 4
"""Bytes of a point while it is drawn."""

_PAGE_BOX = re.compile(rb"/MediaBox \[ 0 0 (\d+) (\d+) \]")
"""Size of a page as GDAL writes it into a PDF."""

_ROUNDED_UP = {(1, 0), (0, 1), (1, 1)}
"""Points across and down by which that size may be too large."""

_ROWS = 256
"""Rows of a picture that are written at once."""


@dataclass(frozen=True)
class Export:
    """A layout to be written to `target` at `dpi`, with the PDF's layers if wanted."""

    layout: QgsPrintLayout
    target: Path
    dpi: int
    layers: bool

    def picture(self) -> QImage:
        """Draw the page. Raises `MapError`."""
        # Not exportToImage: it would try to write the map's place on earth into the finished picture.
        # By its points, as QGIS would cut a part of one that the resolution gives.
        points = QSize(*_points(self.layout, self.dpi))
        picture = QgsLayoutExporter(self.layout).renderPageToImage(0, points, self.dpi)
        if picture.isNull():
            raise MapError(_too_large(self.layout, self.dpi, tr("this computer has no room for it")))
        return picture


def export_page(page: SpeedPage, path: Path, dpi: int = 300, layers: bool = False) -> None:
    """Write the page as PDF, PNG, SVG or TIFF, by the ending of `path`; a TIFF has a world file beside it.

    With `layers` the layers of the maps can be switched on and off in a PDF. Raises `MapError` or
    `StorageError`, also for a picture that is too large, before it is drawn; an earlier file is then as it
    was.
    """
    kind = kind_of(path, PAGE_KINDS)
    pages = page.layout.pageCollection().pageCount()
    if pages > 1 and kind is not PDF:
        raise MapError(
            tr(
                "{file} can hold one page, and the layout has {pages}. Nothing was written; export a PDF, or "
                "remove pages of the layout."
            ).format(file=path.name, pages=number_text(pages))
        )
    if kind in (PNG, TIFF):
        check_picture(page.layout, dpi)
    with ExitStack() as files:
        besides = [
            files.enter_context(written_whole(path.with_suffix(beside.ending), beside))
            for beside in _BESIDE.get(kind, ())
        ]
        aside = files.enter_context(written_whole(path, kind))  # the last takes its place first
        files.enter_context(_named(page.layout))
        _WRITERS[kind](Export(page.layout, path, dpi, layers), aside, *besides)


def check_picture(layout: QgsPrintLayout, dpi: int) -> None:
    """Raise `MapError` for a picture of the page that Qt cannot draw, or that memory has no room for."""
    width, height = _points(layout, dpi)
    if max(width, height) > _LONGEST_SIDE or _BYTES * width * height > _LARGEST_PICTURE:
        most = math.sqrt(_LARGEST_PICTURE / (_BYTES * width * height))
        most = math.floor(dpi * min(most, _LONGEST_SIDE / max(width, height)))
        raise MapError(
            _too_large(layout, dpi, tr("no picture can be so large"))
            + " "
            + tr("{dpi} dpi is the most here.").format(dpi=number_text(most))
        )
    needed, free = _BYTES * width * height / 1e6, free_megabytes()
    if 0 < free < needed:
        raise MapError(
            _too_large(
                layout,
                dpi,
                tr("it takes {needed} MB of memory, of which {free} MB are free").format(
                    needed=number_text(needed, 0), free=number_text(free, 0)
                ),
            )
        )


def _points(layout: QgsPrintLayout, dpi: int) -> tuple[int, int]:
    size = layout.pageCollection().page(0).rect()
    return round(size.width() / _MM * dpi), round(size.height() / _MM * dpi)


def _too_large(layout: QgsPrintLayout, dpi: int, why: str) -> str:
    width, height = _points(layout, dpi)
    return tr(
        "At {dpi} dpi the page is a picture of {width} × {height} points, and {why}. Nothing was written; "
        "choose fewer dpi, smaller paper, or a PDF or SVG, which are drawn as lines."
    ).format(dpi=number_text(dpi), width=number_text(width), height=number_text(height), why=why)


@contextmanager
def _named(layout: QgsPrintLayout) -> Iterator[None]:
    """Give the project the page's title while a file is written, as QGIS takes the file's from there."""
    project = layout.project()
    before, changed = QgsProjectMetadata(project.metadata()), project.isDirty()
    named = QgsProjectMetadata(before)
    named.setTitle(layout.name())
    project.setMetadata(named)
    try:
        yield
    finally:
        project.setMetadata(before)
        project.setDirty(changed)


# -- the kinds of files ----------------------------------------------------------------------------------


def _write_pdf(export: Export, aside: Path) -> None:
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.dpi = export.dpi
    settings.textRenderFormat = Qgis.TextRenderFormat.AlwaysText  # so that it is found and copied
    # JPEG would blur the thin lines of small maps that are pictures.
    settings.flags = settings.flags | QgsLayoutRenderContext.Flag.FlagLosslessImageRendering
    if export.layers:
        driver = gdal.GetDriverByName("PDF")
        if driver is None or "COMPOSITION_FILE" not in (
            driver.GetMetadataItem("DMD_CREATIONOPTIONLIST") or ""
        ):
            raise MapError(
                tr(
                    "A PDF with layers cannot be written: the GDAL of this QGIS composes no PDF. Nothing was "
                    "written; export it without layers."
                )
            )
        settings.writeGeoPdf = True
        settings.includeGeoPdfFeatures = False
    exporter = QgsLayoutExporter(export.layout)
    _check(exporter, exporter.exportToPdf(str(aside), settings))
    if export.layers:
        _cut_to_size(export.layout, aside)


def _cut_to_size(layout: QgsPrintLayout, path: Path) -> None:
    """Give the pages of a PDF with layers the size at which its parts are drawn, in whole points.

    Qt rounds the size of a part; GDAL, which lays the parts from the lower edge upwards, rounds that of the
    page up. So A4 had a white line above, and its place on earth was a point off.
    """
    page = layout.pageCollection().page(0).rect()
    width, height = (round(side / _MM * 72) for side in (page.width(), page.height()))
    with path.open("r+b") as file, mmap(file.fileno(), 0) as pdf:
        for found in list(_PAGE_BOX.finditer(pdf)):
            if (int(found[1]) - width, int(found[2]) - height) in _ROUNDED_UP:
                box = f"/MediaBox [ 0 0 {width} {height} ]".encode()
                pdf[found.start() : found.end()] = box.ljust(found.end() - found.start())


def _write_svg(export: Export, aside: Path) -> None:
    settings = QgsLayoutExporter.SvgExportSettings()
    settings.dpi = export.dpi
    exporter = QgsLayoutExporter(export.layout)
    _check(exporter, exporter.exportToSvg(str(aside), settings))


def _check(exporter: QgsLayoutExporter, result: QgsLayoutExporter.ExportResult) -> None:
    if result != QgsLayoutExporter.ExportResult.Success:
        raise Incomplete(exporter.errorMessage())


def _write_png(export: Export, aside: Path) -> None:
    write_picture(export.picture(), aside, export.target)


def _write_tiff(export: Export, aside: Path, world_file: Path) -> None:
    """Write a GeoTIFF, and the same place as a world file, which has the middle of the first point."""
    picture = export.picture().convertToFormat(QImage.Format.Format_RGB32)
    across, skew_x, left, skew_y, down, top = QgsLayoutExporter(export.layout).computeWorldFileParameters(
        export.dpi
    )
    shown = export.layout.referenceMap()
    with _gdal_errors():
        options = ("COMPRESS=DEFLATE", "PREDICTOR=2", "ZLEVEL=6", "PHOTOMETRIC=RGB", "INTERLEAVE=PIXEL")
        driver = gdal.GetDriverByName("GTiff")
        tiff = driver.Create(str(aside), picture.width(), picture.height(), 3, gdal.GDT_Byte, list(options))
        tiff.SetGeoTransform((left, across, skew_x, top, skew_y, down))
        tiff.SetProjection(shown.crs().toWkt(Qgis.CrsWktVariant.Preferred))
        tiff.SetMetadata(
            {
                "TIFFTAG_DOCUMENTNAME": export.layout.name(),
                "TIFFTAG_XRESOLUTION": str(export.dpi),
                "TIFFTAG_YRESOLUTION": str(export.dpi),
                "TIFFTAG_RESOLUTIONUNIT": "2 (pixels/inch)",
            }
        )
        _write_rows(picture, tiff)
        tiff.FlushCache()
        del tiff
    x, y = left + (across + skew_x) / 2, top + (skew_y + down) / 2
    lines = "".join(f"{value:.12f}\n" for value in (across, skew_y, skew_x, down, x, y))
    world_file.write_text(lines, encoding="ascii")


def _write_rows(picture: QImage, tiff: gdal.Dataset) -> None:
    """Copy a picture of 32 bits a point, some rows at once."""
    width, height = picture.width(), picture.height()
    bits = picture.constBits()
    bits.setsize(picture.bytesPerLine() * height)
    points = np.frombuffer(bits, np.uint8).reshape(height, picture.bytesPerLine())
    points = points[:, : _BYTES * width].reshape(height, width, _BYTES)
    rgb = (2, 1, 0) if sys.byteorder == "little" else (1, 2, 3)
    for row in range(0, height, _ROWS):
        some = np.ascontiguousarray(points[row : row + _ROWS, :, rgb])
        tiff.WriteRaster(
            0, row, width, len(some), some.tobytes(),
            buf_pixel_space=3, buf_line_space=3 * width, buf_band_space=1, band_list=[1, 2, 3],
        )  # fmt: skip


@contextmanager
def _gdal_errors() -> Iterator[None]:
    """Let GDAL raise inside the block alone, as the setting is the process's; its words end a file."""
    raised = gdal.GetUseExceptions()
    gdal.UseExceptions()
    try:
        yield
    except RuntimeError as error:
        raise Incomplete(str(error)) from error
    finally:
        if not raised:
            gdal.DontUseExceptions()


_WRITERS: dict[FileKind, Callable[..., None]] = {
    PDF: _write_pdf,
    PNG: _write_png,
    SVG: _write_svg,
    TIFF: _write_tiff,
}
"""The writer of a kind, called with the export, a path for its file and one for each file beside it."""

_BESIDE: dict[FileKind, tuple[FileKind, ...]] = {TIFF: (WORLD_FILE,)}
"""Kinds of files that are written with one of a kind, under its name."""
