"""Pages as layouts of a project, to be edited."""

from __future__ import annotations

from qgis.core import QgsPrintLayout, QgsProject

from .page import SpeedPage


def keep_in_project(project: QgsProject, page: SpeedPage) -> QgsPrintLayout:
    """Add a page, which was built for `project`, to its layouts under a free name; return the layout.

    No layout of the person's is replaced. Its history begins here: undoing ends at the page as it was made.
    """
    manager, layout = project.layoutManager(), page.layout
    name, number = layout.name().strip() or "Roadpulse", 1
    unique = name
    while manager.layoutByName(unique) is not None:
        number += 1
        unique = f"{name} {number}"
    layout.setName(unique)
    layout.undoStack().stack().clear()
    manager.addLayout(layout)
    return layout
