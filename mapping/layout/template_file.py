"""A layout template of QGIS (`.qpt`) from a file that may be another's: read without what acts in it.

A template may hold web pages, expressions that read the environment or files, pictures at addresses and the
styles of layers. QGIS gives an opened template no less trust than a layout that the person made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from qgis.core import QgsLayoutItemRegistry, QgsPrintLayout, QgsProject, QgsReadWriteContext
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from ...aggregation.contract.json_text import shown
from ...aggregation.storage.local.files import disk_errors
from ..errors import MapError
from ..style_check import LARGEST, active_parts, expression_risks
from .items import inert

ENDING = ".qpt"

_TYPES = QgsLayoutItemRegistry.ItemType
_KINDS = {
    int(kind)
    for kind in (
        _TYPES.LayoutGroup, _TYPES.LayoutPage, _TYPES.LayoutMap, _TYPES.LayoutPicture, _TYPES.LayoutLabel,
        _TYPES.LayoutLegend, _TYPES.LayoutShape, _TYPES.LayoutPolygon, _TYPES.LayoutPolyline,
        _TYPES.LayoutScaleBar, _TYPES.LayoutMarker,
    )
}  # fmt: skip
"""Items that show what a page of ours shows; others hold web pages, tables of layers and terrain."""

_OF_LAYERS = ("LayerSet", "LayerStyles", "layer-tree-group", "layer-tree")
"""Parts of an item that are given anew."""
_WHOLE = ("LayoutMultiFrame", "Atlas", "customproperties", "dataDefinedProperties")
_EXPRESSION = re.compile(r"\[%(.*?)%\]", re.DOTALL)


def read_template(path: Path, project: QgsProject) -> tuple[QgsPrintLayout, list[str]]:
    """Return the layout of a template for `project`, and what was left out of it, as clauses.

    Raises `MapError` or `StorageError`.
    """
    with disk_errors(f"read the template {path.name}", path):
        if path.stat().st_size > LARGEST:
            raise MapError(f"The template {path} has more than {LARGEST >> 20} MB. Choose a smaller one.")
        text = path.read_text(encoding="utf-8", errors="replace")
    document = QDomDocument()
    if "<!ENTITY" in text or not document.setContent(text)[0]:
        raise MapError(f"{path} is not a layout template: it is no plain XML. Save one in the layout window.")
    root = document.documentElement()
    if root.tagName() != "Layout":
        raise MapError(
            f"{path} is not a layout template, as it begins with {shown(root.tagName())}. Save one in the "
            "layout window with Layout, Save as Template."
        )
    left_out = list(dict.fromkeys([*_disarm_paper(root), *_disarm(root, path)]))
    layout = QgsPrintLayout(project)
    layout.loadFromTemplate(document, QgsReadWriteContext())
    if layout.pageCollection().pageCount() == 0:
        raise MapError(f"The template {path} has no page. Add one to it and save it again.")
    return layout, left_out


def _disarm(root: QDomElement, path: Path) -> Iterator[str]:
    """Remove from a template what acts; yield what that was."""
    for name in _WHOLE:
        for part in _parts(root, name):
            if name == "LayoutMultiFrame":
                yield "a table or a web page"
            part.parentNode().removeChild(part)
    for item in _parts(root, "LayoutItem"):
        name = f"“{item.attribute('id')}”" if item.attribute("id") else "an item"
        if item.attribute("type") not in map(str, _KINDS):
            yield f"{name}: an item of another kind"
            item.parentNode().removeChild(item)
            continue
        for kind in _OF_LAYERS:
            for part in _parts(item, kind):
                part.parentNode().removeChild(part)
        if item.hasAttribute("file") and not _is_near(item, path):
            yield f"{name}: a picture from elsewhere"
            item.setAttribute("file", "")
        words = item.attribute("labelText")
        item.setAttribute("labelText", "")
        if item.attribute("htmlState", "0") != "0":
            yield f"{name}: a text that is read as HTML"
            item.setAttribute("htmlState", "0")
        pages = [each for each in active_parts(_xml(item)) if each]
        if pages:
            yield f"{name}: {pages[0]}"
            item.parentNode().removeChild(item)
            continue
        risks = [risk for found in _EXPRESSION.findall(words) for risk in expression_risks(found)]
        if risks:
            yield f"{name}: {risks[0]}"
            words = inert(words)
        item.setAttribute("labelText", words)


def _disarm_paper(root: QDomElement) -> Iterator[str]:
    """Remove the look of the pages where it acts; the pages stay."""
    for symbol in _parts(root, "symbol"):
        of = symbol.parentNode().toElement()
        is_paper = of.tagName() == "PageCollection" or of.attribute("type") == str(int(_TYPES.LayoutPage))
        found = active_parts(_xml(symbol)) if is_paper else []
        if found:
            yield f"the paper: {found[0]}"
            symbol.parentNode().removeChild(symbol)


def _is_near(item: QDomElement, path: Path) -> bool:
    """Return True for a picture within the template, beside it, or of QGIS's own; its place is then whole."""
    place = item.attribute("file")
    if not place or place.startswith("base64:"):
        return True
    if "://" in place or place.startswith(("\\\\", "//")) or ".." in Path(place).parts:
        return False
    folder = path.absolute().parent
    beside = folder / place
    if beside.is_file() and beside.resolve().is_relative_to(folder.resolve()):
        item.setAttribute("file", str(beside))
        return True
    return not Path(place).is_absolute()  # of QGIS's folders of pictures


def _parts(element: QDomElement, name: str) -> list[QDomElement]:
    found = element.elementsByTagName(name)
    return [found.at(i).toElement() for i in range(found.length())]


def _xml(element: QDomElement) -> str:
    document = QDomDocument()
    document.appendChild(document.importNode(element, True))
    return document.toString()
