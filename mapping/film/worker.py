"""A process that draws pictures of a film: `python -m roadpulse.mapping.film.worker SNAPSHOT`.

It reads a `Job`, a line of JSON each, from its standard input until that ends, as it does when the process
that started it goes, and answers each with a line that begins with `MARK`: `{}` or what went wrong.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QLocale

from ...aggregation.contract.errors import RunError
from ...aggregation.contract.json_text import decode
from ..output_file import write_picture
from .moments import Moment
from .pictures import FramePicture, Painter
from .snapshot import read_snapshot

_GENTLE = 5
"""Niceness, so that windows answer while pictures are drawn."""

MARK = "picture: "
"""QGIS may write other lines to the standard output."""


def main() -> int:
    start = decode(sys.argv[1], "the arguments")
    with suppress(AttributeError, OSError):  # not on Windows, where it is started so
        os.nice(_GENTLE)
    QgsApplication.setPrefixPath(start["prefix"], True)
    application = QgsApplication([], False)
    QLocale.setDefault(QLocale(start["locale"]))
    application.initQgis()
    try:
        project = QgsProject.instance()
        layout = read_snapshot(Path(start["snapshot"]), project)
        painter = Painter(layout, project.mapLayer(start["layer"]), tuple(start["size"]))
        _answer({})
        for line in sys.stdin:
            job = decode(line, "the standard input")
            moment = Moment(job["number"], job["share"])
            image = painter.draw(FramePicture(moment, job["items"], job["value"], start["usual"]))
            write_picture(image, Path(job["path"]), Path(start["target"]), start["quality"])
            _answer({})
    except RunError as error:
        _answer({"error": error.message, "detail": error.detail})
        return 1
    return 0


def _answer(values: dict[str, str]) -> None:
    print(f"\n{MARK}{json.dumps(values)}", flush=True)


if __name__ == "__main__":
    # QGIS's own end takes time, and may crash on layers that Python still holds.
    code = main()
    sys.stdout.flush()
    os._exit(code)
