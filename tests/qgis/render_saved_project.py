"""Run in a process of its own, without the plugin: opens a project and draws it at each hour given.

python render_saved_project.py project.qgz folder hour …
"""

from __future__ import annotations

import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsDateTimeRange,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize


def main(project_file: str, folder: str, *hours: str) -> int:
    if any(Path(entry, "roadpulse").exists() for entry in sys.path if entry):
        print("the plugin is on the path")
        return 3
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    if not project.read(project_file):
        return 4
    day = project.timeSettings().temporalRange().begin()
    for hour in hours:
        settings = QgsMapSettings()
        layers = list(project.mapLayers().values())
        settings.setLayers(layers)
        settings.setDestinationCrs(layers[0].crs())
        settings.setBackgroundColor(project.backgroundColor())
        settings.setOutputSize(QSize(800, 800))
        settings.setOutputDpi(96)
        settings.setExtent(QgsRectangle(499900, 5999400, 501100, 6000600))
        if hour != "day":
            start = day.addSecs(int(hour) * 3600)
            settings.setIsTemporal(True)
            settings.setTemporalRange(QgsDateTimeRange(start, start.addSecs(3600), True, False))
        # What QGIS does for its own maps:
        context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layers[0]))
        context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
        settings.setExpressionContext(context)
        job = QgsMapRendererSequentialJob(settings)
        job.start()
        job.waitForFinished()
        job.renderedImage().save(f"{folder}/{hour}.png")
    print("roadpulse" in sys.modules)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
