"""A page as a file."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsLayoutExporter, QgsLayoutRenderContext

from ..file_kinds import PAGE_KINDS, PDF, PNG
from ..output_file import Incomplete, kind_of, write_picture, written_whole
from .page import SpeedPage


def export_page(page: SpeedPage, path: Path, dpi: int = 300) -> None:
    """Write the page as PDF, PNG or SVG, by the ending of `path`.

    Raises `MapError` or `StorageError`; an earlier file is then as it was.
    """
    exporter = QgsLayoutExporter(page.layout)
    kind = kind_of(path, PAGE_KINDS)
    with written_whole(path, kind) as aside:
        if kind is PNG:
            # Not exportToImage: it would try to write the map's place on earth into the finished picture.
            write_picture(exporter.renderPageToImage(0, dpi=dpi), aside, path)
            return
        if kind is PDF:
            pdf = QgsLayoutExporter.PdfExportSettings()
            pdf.dpi = dpi
            pdf.textRenderFormat = Qgis.TextRenderFormat.AlwaysText  # so that it is found and copied
            # JPEG would blur the thin lines of small maps that are pictures.
            pdf.flags = pdf.flags | QgsLayoutRenderContext.Flag.FlagLosslessImageRendering
            result = exporter.exportToPdf(str(aside), pdf)
        else:
            svg = QgsLayoutExporter.SvgExportSettings()
            svg.dpi = dpi
            result = exporter.exportToSvg(str(aside), svg)
        if result != QgsLayoutExporter.ExportResult.Success:
            raise Incomplete(exporter.errorMessage())
