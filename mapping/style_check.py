"""The active parts of a saved style: the styles in a map file may be malicious.

A style (QML) holds more than a look: actions, map tips and forms in which HTML, QML or Python runs, pictures
that are fetched from other computers, expressions that read the environment, files and other layers. A style
without them is harmless, no matter who wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qgis.core import QgsExpression
from qgis.PyQt.QtCore import QXmlStreamAttributes, QXmlStreamReader

from ..aggregation.contract.json_text import shown

LARGEST = 4 << 20
"""Most characters of a style; one of ours has 100,000."""
DEEPEST = 100
"""Most elements within each other."""

_ACTIVE = {
    "actionsetting": "an action",
    "attributeEditorHtmlElement": "a web page in its form",
    "attributeEditorQmlElement": "a program in its form",
    "relation": "a relation to another layer",
    "ShapeSVGFile": "a picture whose place is computed",  # as QGIS 2 wrote it
}
"""Elements that act, with what each is."""
_ACTIVE_WITH_TEXT = {
    "mapTip": "a map tip",
    "editform": "a form of its own",
    "editforminit": "code in its form",
    "editforminitfilepath": "code in its form",
}
_INIT_SOURCE = "editforminitcodesource"
"""Source of the code of a form; 0: no code is run."""

_TEMPLATE = "[%"
_ELSEWHERE = re.compile(r"[a-z]://|^\s*([\\/]{2}|file:)|[\"'=(]\s*(//\w|file:)|\\\\[\w.-]+\\", re.IGNORECASE)
"""Addresses, and folders on other Windows computers, which learn the user's name from a request."""
_COMPUTED_PLACE = re.compile(r"(name|file|imagefile|svgfile|shapesvgfile)", re.IGNORECASE)
"""Data-defined properties of symbols and labels that hold the place of a picture."""
_COMPUTED_BEFORE = re.compile(
    r"(name|file|imagefile|svgfile)_(dd_\w+|expression|field)|labeling/dataDefined/ShapeSVGFile",
    re.IGNORECASE,
)
"""The same as QGIS 2 wrote them, which QGIS 3 still reads."""
_WIDGETS = frozenset(
    ("", "Hidden", "TextEdit", "Range", "CheckBox", "ValueMap", "UniqueValues", "Enumeration",
     "Classification", "DateTime", "Color", "List", "KeyValue", "JsonEdit", "UuidGenerator",
     "Geometry", "Binary")
)  # fmt: skip
"""Entries of a form that show a value; others open web pages, files and layers."""

_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_CALL = re.compile(r"(\w+)\s*\(")
_VARIABLE = re.compile(
    r"(?:(?<![\w.])|\b(?:and|or|not|in|like|ilike|is|then|else|when|case|between))@([^\W\d]\w*|\s*\")",
    re.IGNORECASE,
)
"""A variable, behind a sign or a word of an expression, but no address of mail and no symbol in a symbol."""
_MAPS_OWN = re.compile(
    r"map_\w+|zoom_level|vector_tile_zoom|symbol_\w+|geometry\w*|cluster_\w+|value|id|feature|row_number|"
    r"layer_name|element|index|counter|frame_\w+|animation_\w+",
    re.IGNORECASE,
)
"""Variables about the map, the symbol and the link; others know the person, their computer and project."""

_GROUPS = frozenset(
    ("Math", "GeometryGroup", "Conversions", "String", "Date and Time", "Conditionals", "Aggregates",
     "Arrays", "Fuzzy Matching", "Color", "Maps", "Record and Attributes", "deprecated")
)  # fmt: skip
"""QGIS's groups of functions that compute with what the link holds."""
_OTHERS = frozenset(
    ("aggregate", "relation_aggregate", "get_feature", "get_feature_by_id", "maptip", "display_expression",
     "represent_value", "represent_attributes", "sqlite_fetch_and_increment", "exif_geotag", "project_color",
     "project_color_object")
)  # fmt: skip
"""Functions in these groups that reach other layers, files, the project or a template."""


def active_parts(qml: str) -> list[str]:
    """Return the active parts of a style, as clauses, each once; empty for a harmless style."""
    if len(qml) > LARGEST:
        return ["more than a style may hold"]
    return list(dict.fromkeys(_found(qml)))


def expression_risks(text: str) -> list[str]:
    """Return what an expression reaches beyond the map, as clauses; empty for a harmless one."""
    return list(dict.fromkeys(_of_value(text, risky_functions())))


def _found(qml: str) -> Iterator[str]:
    reader, risky = QXmlStreamReader(qml), risky_functions()
    texts: list[list[str]] = []
    while not reader.atEnd():
        kind = reader.readNext()
        if kind == QXmlStreamReader.TokenType.StartElement:
            texts.append([])
            if len(texts) > DEEPEST:
                yield "more than a style may hold"
                return
            yield from _of_element(reader.name(), reader.attributes())
            attributes = reader.attributes()
            for i in range(attributes.size()):
                yield from _of_value(attributes.at(i).value(), risky)
        elif kind == QXmlStreamReader.TokenType.Characters and texts:
            texts[-1].append(reader.text())
        elif kind == QXmlStreamReader.TokenType.EndElement:
            text = "".join(texts.pop())  # with the texts of the elements within, as QGIS reads it
            yield from _of_text(reader.name(), text.strip())
            yield from _of_value(text, risky)
            if texts:
                texts[-1].append(text)
        elif kind == QXmlStreamReader.TokenType.DTD and "[" in reader.text():
            yield "entities"
            return
    if reader.hasError():
        yield "what is not XML"


def _of_element(name: str, attributes: QXmlStreamAttributes) -> Iterator[str]:
    key = attributes.value("name") or attributes.value("k") or attributes.value("key")
    kind = attributes.value("type")
    if name in _ACTIVE:
        yield _ACTIVE[name]
    if (kind == "Map" and _COMPUTED_PLACE.fullmatch(key)) or _COMPUTED_BEFORE.fullmatch(key):
        yield "a picture whose place is computed"
    if name == "editWidget" and kind not in _WIDGETS:
        yield f"an entry of its form of the kind {shown(kind)}"
    html = attributes.value("allowHtml"), key == "UseHtml" and attributes.value("value")
    if not {"1", "true"}.isdisjoint(html):
        yield "texts that are read as HTML"


def _of_text(name: str, text: str) -> Iterator[str]:
    if name in _ACTIVE_WITH_TEXT and text not in ("", "."):
        yield _ACTIVE_WITH_TEXT[name]
    if name == _INIT_SOURCE and text not in ("", "0"):
        yield "code in its form"


def _of_value(text: str, risky: frozenset[str]) -> Iterator[str]:
    """Yield the effects of one value, taken as an expression and as the place of a picture."""
    if _TEMPLATE in text:
        yield "an expression in a text"
    if _ELSEWHERE.search(text):
        yield "an address"
    if "(" not in text and "@" not in text:
        return
    for part in (text, _COMMENT.sub(" ", text)):
        for call in _CALL.findall(part):
            if call.lower() in risky:
                yield f"the function {call.lower()}"
        for variable in _VARIABLE.findall(part):
            if not _MAPS_OWN.fullmatch(variable):
                yield f"the variable {shown(variable)}"


def risky_functions() -> frozenset[str]:
    """Names, in lower case, of QGIS's functions that reach beyond the link, and of all that plugins added."""
    builtin, risky = frozenset(QgsExpression.BuiltinFunctions()), set()
    for function in QgsExpression.Functions():
        name = function.name()
        known = name in builtin and _GROUPS.issuperset(function.groups())
        if not known or name in _OTHERS or name.startswith("overlay_"):
            risky |= {each.lower() for each in (name, *function.aliases())}
    return frozenset(risky)
